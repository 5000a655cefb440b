// Package report turns counts into something a person can read.
//
// In go the site's manifest and the counts of a period; out comes one Report
// value: a line for every page, the funnel, and what could not be placed. The
// same value is written as text for a terminal, as JSON for programs, as CSV for
// a spreadsheet and as one HTML page fit to be mailed. Stored submissions become
// the people behind them, as text and as the CSV that other programs read.
//
// It deliberately opens no store and sees no clock and no terminal: whoever
// calls it has counted, says what day it is, and says whether colour is welcome.
package report
