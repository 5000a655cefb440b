// Package storetest holds what every store must do, as tests.
//
// Run takes a way to open a store and puts it through the promises of
// store.Store: counted once, folded, retried, purged, added up. Whoever writes a
// new kind of store passes these before anything else.
//
// It deliberately knows no SQL and no file: faults of one database (a full disk,
// a killed process) are tested beside that database.
package storetest
