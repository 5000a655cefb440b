package funnel

import "math"

// Newcombe is the 95 % interval of the difference p − q of two shares, p of k
// successes among n and q of kk among nn, as fractions between −1 and 1. Where
// one of them has no trials nothing is known: the interval is as wide as what
// the other leaves open.
//
// Source: R. G. Newcombe, "Interval estimation for the difference between
// independent proportions: comparison of eleven methods", Statistics in Medicine
// 17 (1998) 873–890, method 10 (square-and-add of Wilson's intervals, without
// continuity correction). With the intervals (l, u) and (ll, uu) of the two it is
// p − q − √((p−l)² + (uu−q)²) to p − q + √((u−p)² + (q−ll)²).
func Newcombe(k, n, kk, nn int) (low, high float64) {
	l, u := Wilson(k, n)
	ll, uu := Wilson(kk, nn)
	if n <= 0 || nn <= 0 {
		return max(l-uu, -1), min(u-ll, 1)
	}
	p, q := shareOf(k, n), shareOf(kk, nn)
	low = p - q - math.Hypot(p-l, uu-q)
	high = p - q + math.Hypot(u-p, q-ll)
	return max(low, -1), min(high, 1)
}

// shareOf is k/n, at most 1. n is positive.
func shareOf(k, n int) float64 { return float64(min(max(k, 0), n)) / float64(n) }

// Change is how a rate differs from what it was, in fractions: 0.01 is one
// percentage point more.
type Change struct {
	Difference, Low, High float64
	Known                 bool // false where one of the two had no trials: then there is no difference
	Enough                bool // both had EnoughArm trials, and EnoughSuccesses each: below that no direction is named
}

// EnoughArm is how many readers each side of a comparison needs before it may
// be said to have gone up or down. Fewer make a difference out of luck.
const EnoughArm = 100

// ChangeOf compares k successes among n trials with kk among nn before.
func ChangeOf(k, n, kk, nn int) Change {
	if n <= 0 || nn <= 0 {
		return Change{}
	}
	low, high := Newcombe(k, n, kk, nn)
	return Change{
		Difference: shareOf(k, n) - shareOf(kk, nn), Low: low, High: high, Known: true,
		Enough: min(n, nn) >= EnoughArm && min(k, kk) >= EnoughSuccesses,
	}
}

// Direction is 1 where the rate went up and −1 where it went down, beyond what
// chance alone would do in one case of twenty; else 0.
func (c Change) Direction() int {
	switch {
	case !c.Known || !c.Enough:
		return 0
	case c.Low > 0:
		return 1
	case c.High < 0:
		return -1
	}
	return 0
}

// Growth is how many times as many there are now as before, with its 95 %
// interval. High is +Inf where there were none before.
type Growth struct {
	Times, Low, High float64
	Known            bool // false without a count on either side
}

// GrowthOf compares a count of events with another of a period before, over so
// many days each. Given their sum, the count now is binomial with the share
// r/(1+r) of it, where r is the ratio of the expected counts; Wilson's interval of
// that share is turned back into one of r, and divided by the ratio of the days.
//
// Source: J. Przyborowski and H. Wilenski, "Homogeneity of results in testing
// samples from Poisson series", Biometrika 31 (1940) 313–323, for the
// conditioning. It holds for events that come independently of one another, such
// as submissions; the views of one reader do not.
func GrowthOf(now, days, before, daysBefore int) Growth {
	if now < 0 || before < 0 || now+before == 0 || days <= 0 || daysBefore <= 0 {
		return Growth{}
	}
	low, high := Wilson(now, now+before)
	per := float64(daysBefore) / float64(days)
	return Growth{Times: odds(shareOf(now, now+before)) * per, Low: odds(low) * per, High: odds(high) * per, Known: true}
}

func odds(p float64) float64 {
	if p >= 1 {
		return math.Inf(1)
	}
	return p / (1 - p)
}
