// Package funnel holds the nouns of the count and the arithmetic over them.
//
// A Step is a station between a reader who came and a client who pays; a Tally
// says how often a step was reached on a post, a Reach by how many different
// readers. From whole numbers come rates, and with every rate the interval it
// may as well be, since a blog counts dozens, not thousands: Wilson for a share,
// Newcombe for the difference of two, ranks for a median. A Prior, fitted from all
// posts, keeps a post with ten readers from standing first. Each formula names
// its source.
//
// It deliberately reads no clock, stores nothing and formats nothing: the same
// counts always give the same answer.
package funnel
