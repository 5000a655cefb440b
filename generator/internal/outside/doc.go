// Package outside asks other sites whether the addresses that a site links to
// still answer.
//
// Ask is polite: each host gets one request at a time with a pause before the
// next, HEAD before GET, and is left alone as long as it asks for. What was
// answered is kept in a file, so that nothing is asked twice within an age.
// Private networks are not asked: a check of links must not become a way into
// the machine's neighbourhood.
//
// Deliberately absent: what a finding looks like, and where a link stands. The
// room knows addresses and answers, and is the only one that asks the network.
package outside
