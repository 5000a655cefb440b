// Package cli is the command line: one file per command.
//
// In go arguments and a World (environment, streams, clock), out comes an exit
// status: 0 done, 1 the site or the data has a problem, 2 the command line is
// wrong. It is the only room that sees both wings, the clock, the environment
// and the terminal, and it hands one wing's handlers and functions to the other.
//
// It deliberately holds no rule of its own about sites, forms or numbers.
package cli
