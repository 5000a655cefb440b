package funnel

import "math"

// z95 is the 97.5 % point of the normal distribution, for 95 % intervals.
const z95 = 1.959963984540054

// Wilson is the 95 % score interval for k successes among n, as fractions
// between 0 and 1. Without trials nothing is known: 0 to 1.
//
// Source: E. B. Wilson, "Probable inference, the law of succession, and
// statistical inference", JASA 22 (1927). With p = k/n and d = 1 + z²/n the
// centre is (p + z²/2n)/d and the half-width z·√(p(1−p)/n + z²/4n²)/d. Unlike
// p ± z·√(p(1−p)/n) it is honest when k is 0 or n small.
func Wilson(k, n int) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	k = min(max(k, 0), n)
	trials := float64(n)
	p := float64(k) / trials
	d := 1 + z95*z95/trials
	centre := (p + z95*z95/(2*trials)) / d
	half := z95 * math.Sqrt(p*(1-p)/trials+z95*z95/(4*trials*trials)) / d
	low, high = max(centre-half, 0), min(centre+half, 1)
	// At the ends the formula gives p exactly; rounding must not.
	if k == 0 {
		low = 0
	}
	if k == n {
		high = 1
	}
	return low, high
}

// Rate is a share with its 95 % interval.
type Rate struct {
	Share, Low, High float64
	Known            bool // false without trials: then there is no rate at all
	Enough           bool // see EnoughTrials
}

// The rule for when a rate means something.
const (
	// EnoughTrials is below how many readers no percentage is shown.
	EnoughTrials = 30
	// EnoughSuccesses makes a rate worth reading however wide its interval.
	EnoughSuccesses = 5
	// EnoughWidth is how many times its lower end an interval may be wide.
	EnoughWidth = 4
)

// RateOf is the rate of k successes among n trials. It is enough from
// EnoughTrials on, when there are EnoughSuccesses or the interval is narrower
// than EnoughWidth times its lower end.
func RateOf(k, n int) Rate {
	if n <= 0 {
		return Rate{}
	}
	low, high := Wilson(k, n)
	return Rate{
		Share: float64(min(k, n)) / float64(n), Low: low, High: high, Known: true,
		Enough: n >= EnoughTrials && (k >= EnoughSuccesses || high-low < EnoughWidth*low),
	}
}
