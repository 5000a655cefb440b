package funnel

import "math"

// ReadersNeeded is how many more readers it takes until a rate of k successes
// among n is enough (see RateOf), if the readers to come convert at the rate
// given: the site's, or the post's own as it is shrunk toward that. It is 0 when
// there are enough, and false when at that rate there never will be.
func ReadersNeeded(k, n int, rate float64) (more int, ok bool) {
	k, n = max(k, 0), max(n, 0)
	if RateOf(k, n).Enough {
		return 0, true
	}
	best := math.Inf(1)
	// With the same successes more readers only make an interval wider beside its
	// lower end, so only the first reader after each success has to be tried.
	for extra := 0; extra <= EnoughSuccesses; extra++ {
		wait := 0.0
		if extra > 0 {
			if !(rate > 0) {
				break
			}
			wait = math.Ceil(float64(extra)/rate - 1e-9)
		}
		wait = max(wait, float64(EnoughTrials-n))
		if wait >= best || wait > math.MaxInt32 {
			break
		}
		if RateOf(k+max(extra, int(wait*rate+1e-9)), n+int(wait)).Enough {
			best = wait
		}
	}
	if math.IsInf(best, 1) {
		return 0, false
	}
	return int(best), true
}

// ValuePerHundred is what a hundred readers brought, in the currency of the
// value; false below EnoughTrials readers.
func ValuePerHundred(value float64, readers int) (float64, bool) {
	if readers < EnoughTrials {
		return 0, false
	}
	return value / float64(readers) * 100, true
}
