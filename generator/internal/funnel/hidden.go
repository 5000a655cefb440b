package funnel

import "math"

// Hidden is the share of readers whose views were not counted, because something
// in their browser kept the count from us.
type Hidden struct {
	Share, Low, High float64
	Known            bool // false without a submitter
	Enough           bool // there were EnoughSubmitters
}

// EnoughSubmitters is how many submitters it takes to speak of all readers.
const EnoughSubmitters = 20

// HiddenOf estimates the share of views that blockers hide. Everybody who sends a
// form is known to have read a page that day, and so is a sample of the truth: of
// so many submitters, a view was seen of some. It assumes that submitters block as
// often as readers do. What else tears a submission from its view (a form sent
// after midnight, from another network, on a page that was not read that day)
// counts as hidden, too, so the share is rather too high.
//
// The interval is Wilson's, of the share that was not seen.
func HiddenOf(seen, submitters int) Hidden {
	if submitters <= 0 {
		return Hidden{}
	}
	seen = min(max(seen, 0), submitters)
	low, high := Wilson(submitters-seen, submitters)
	return Hidden{Share: shareOf(submitters-seen, submitters), Low: low, High: high, Known: true, Enough: submitters >= EnoughSubmitters}
}

// Real is how many there are likely to have been where so many were seen, with
// the ends of its interval. An end is +Inf where everything may be hidden.
func (h Hidden) Real(seen int) (likely, low, high float64) {
	real := func(share float64) float64 {
		switch {
		case seen <= 0:
			return 0
		case share >= 1:
			return math.Inf(1)
		}
		return float64(seen) / (1 - share)
	}
	return real(h.Share), real(h.Low), real(h.High)
}
