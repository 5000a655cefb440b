// Package store keeps what visitors sent and what was counted.
//
// In go submissions, events, salts and the site's pages; out come receipts and
// funnel.Counts. Success means committed to disk: one transaction serves every
// request that waits, and each is answered only after its COMMIT. A submission
// and the counts it causes are one transaction, so they cannot disagree.
//
// SQLite is the store of one tracker; several may share one in PostgreSQL. The
// methods are written once, on the type database, and the statements so that both
// take them; only opening, tending and what dialect lists is a database's own.
// PostgreSQL adds three rules to a statement: it runs at read committed, so what
// it decides by must be in the statement itself (on conflict, where) and not in an
// earlier select; a request that meets another tracker's is run again from its
// beginning, so it may not change anything outside its transaction; and sums of
// integers, comparisons of texts and JSON are written as both understand them.
//
// What a report asks for is summed up beforehand: each day and month that is over
// has its counts packed in sheets, which Purge makes, whoever writes into the day
// removes, and a test holds against the rows after random histories (sums.go).
//
// What people agreed to is written down a second time, as evidence, in entries
// that are only ever added and sealed in one chain (evidence.go). Erasing a person
// empties rows and removes none that is counted; an entry of the evidence holds a
// keyed hash of the address alone, whose key goes with the person (erase.go).
//
// A new step of the schema is two files of one number and name, in
// migrations/sqlite and in migrations/postgres: text is text collate "C" there,
// integer is bigint, real is double precision, blob is bytea, and strict and
// without rowid are left out. A step that moves what is stored does so in both.
// A table is added to the list in copy.go, too, so that it moves with the store.
// Tests compare the steps, and the tables and columns that come of them.
//
// It deliberately does not decide what counts: bots, validity, what is a
// duplicate's fingerprint and which pages exist are its caller's affair. It
// reads no clock (time comes with every request), never sees an address or a
// user agent, and never opens a database file by any way but the database's own.
package store
