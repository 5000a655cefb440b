// Package store keeps what visitors sent and what was counted.
//
// In go submissions, events, salts and the site's pages; out come receipts and
// funnel.Counts. Success means committed to disk: one transaction serves every
// request that waits, and each is answered only after its COMMIT. A submission
// and the counts it causes are one transaction, so they cannot disagree. The
// statements are written so that SQLite and PostgreSQL both take them; only
// opening, migrating and tending a database is a dialect's own.
//
// It deliberately does not decide what counts: bots, validity, what is a
// duplicate's fingerprint and which pages exist are its caller's affair. It
// reads no clock (time comes with every request), never sees an address or a
// user agent, and never opens a database file by any way but the database's own.
package store
