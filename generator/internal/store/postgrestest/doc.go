// Package postgrestest starts a real PostgreSQL for tests.
//
// Start finds the server on this machine, makes a cluster in a folder of its own
// and runs it at a free port of 127.0.0.1, with fsync on and a password as in
// earnest. It ends with the test, and also when the test binary is killed: a
// shell beside it waits for that. Root may not run PostgreSQL, so where the tests
// are root's the server runs as another user. A machine without PostgreSQL skips
// the tests that need it and says so; with CI in the environment it fails them.
//
// It deliberately knows nothing of stores: what it gives are addresses of empty
// databases, and ways to stop and start the server under whoever uses them.
package postgrestest
