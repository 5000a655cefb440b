// Package memo remembers the results of pure functions.
//
// A Digest names a value by everything it says; Of takes it from any plain
// value. A Memo keeps results under a stage's name and the digest of everything
// the function can see, and Do asks it before computing. Nothing is ever
// invalidated: another input is another digest. Forgetting costs time, never a
// byte of a result. Sweep drops what the last build did not use, and a verifying
// Memo computes every hit again and tells where the two results differ.
//
// It deliberately does no input or output, and knows no stage by name. What is no
// plain value it holds too (Held), and cannot compare: what is made of it is.
package memo
