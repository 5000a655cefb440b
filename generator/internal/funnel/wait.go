package funnel

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Quantile is a point below which a share of all waits lies: 0.5 is the median.
type Quantile struct {
	Value     time.Duration
	Low, High time.Duration // 95 % interval
	Known     bool          // false without waits
	Bounded   bool          // false where there are too few waits for an interval: Low and High are then the shortest and the longest
}

// QuantileOf is the q-quantile of durations, in any order, for 0 < q < 1, with
// an interval that needs no assumption about how they are distributed: between
// the l-th and the u-th of them in order, where for a binomial count B of n with
// share q, l is the largest with P(B < l) ≤ 2.5 % and u the smallest with
// P(B < u) ≥ 97.5 %. For the median that takes six.
//
// Sources: W. J. Conover, Practical Nonparametric Statistics, 3rd ed. (1999),
// 3.2; D. G. Altman et al., Statistics with Confidence, 2nd ed. (2000), table
// 18.4 for the ranks. The value itself is interpolated between the two nearest as
// in R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The
// American Statistician 50 (1996) 361–365, definition 7.
func QuantileOf(waits []time.Duration, q float64) Quantile {
	sorted := slices.Sorted(slices.Values(waits))
	return quantile(len(sorted), func(i int) time.Duration { return sorted[i] }, q)
}

// quantile is QuantileOf n durations in order.
func quantile(n int, sorted func(i int) time.Duration, q float64) Quantile {
	if n == 0 {
		return Quantile{}
	}
	at := q * float64(n-1)
	below := min(int(at), n-1)
	above := min(below+1, n-1)
	value := float64(sorted(below)) + (at-float64(below))*float64(sorted(above)-sorted(below))
	l, u := ranks(n, q)
	out := Quantile{Value: time.Duration(math.Round(value)), Known: true, Bounded: l >= 1 && u <= n}
	out.Low, out.High = sorted(max(l, 1)-1), sorted(min(u, n)-1)
	return out
}

// ranks is l and u of QuantileOf. l is 0 and u is n+1 where no rank will do.
func ranks(n int, q float64) (l, u int) {
	const tail = 0.025
	u = n + 1
	// What lies so far below the mean adds nothing to a sum of 0.025 (Hoeffding's
	// bound makes it less than 1e-31), and need not be gone through.
	first := max(0, int(float64(n)*q-6*math.Sqrt(float64(n))))
	term := logChoose(n, first) + float64(first)*math.Log(q) + float64(n-first)*math.Log1p(-q) // logarithm of P(B = i), for i from the first
	ratio := math.Log(q) - math.Log1p(-q)
	sum := 0.0
	for i := first; i <= n; i++ {
		sum += math.Exp(term) // P(B ≤ i)
		if sum <= tail {
			l = i + 1
		}
		if sum >= 1-tail {
			u = i + 1
			break
		}
		term += math.Log(float64(n-i)) - math.Log(float64(i+1)) + ratio
	}
	return l, u
}

// logChoose is the logarithm of n over k.
func logChoose(n, k int) float64 {
	gamma := func(x int) float64 {
		l, _ := math.Lgamma(float64(x + 1))
		return l
	}
	return gamma(n) - gamma(k) - gamma(n-k)
}

// Spread is how long something takes: half of all in Median or less.
type Spread struct {
	N                     int
	Quarter, Median, Most Quantile // 25, 50 and 75 % of all took no longer
}

// SpreadOf describes durations.
func SpreadOf(waits []time.Duration) Spread {
	return Spread{N: len(waits), Quarter: QuantileOf(waits, 0.25), Median: QuantileOf(waits, 0.5), Most: QuantileOf(waits, 0.75)}
}

// Wait is how often something took so long.
type Wait struct {
	Took  time.Duration
	Count int
}

// SpreadOfWaits describes what took each so long so often, in any order, as
// SpreadOf does each by itself. A count below one is none.
func SpreadOfWaits(waits []Wait) Spread {
	sorted := slices.DeleteFunc(slices.Clone(waits), func(w Wait) bool { return w.Count < 1 })
	slices.SortFunc(sorted, func(a, b Wait) int { return cmp.Compare(a.Took, b.Took) })
	upTo := make([]int, len(sorted)) // how many took as long or less
	n := 0
	for i, w := range sorted {
		n += w.Count
		upTo[i] = n
	}
	at := func(i int) time.Duration {
		place, _ := slices.BinarySearch(upTo, i+1)
		return sorted[place].Took
	}
	return Spread{N: n, Quarter: quantile(n, at, 0.25), Median: quantile(n, at, 0.5), Most: quantile(n, at, 0.75)}
}
