package funnel

import (
	"cmp"
	"math"
	"slices"
)

// Trials is what a rate is made of: so many successes among so many trials.
type Trials struct {
	Successes, N int
}

// Prior is what is believed of the rate of a post before anything is counted
// for it: a beta distribution with this mean, as strong as so many readers.
type Prior struct {
	Mean     float64 // between 0 and 1, neither of them
	Strength float64 // in readers, positive
}

// What is believed of a site before anything is known of its posts: their rates
// differ about as much as if each had been seen in usualStrength readers. The
// belief is weak: the logarithm of the strength is normal around that of
// usualStrength, with this standard deviation (so 10 and 3,800 are still likely).
const (
	usualStrength  = 200
	strengthSpread = 1.5
)

// FitPrior finds the prior of a site's posts from the posts themselves: the beta
// distribution under which their counts are likeliest, if each post has a rate of
// its own and its successes are binomial (the beta-binomial distribution). A weak
// belief keeps the answer sensible while there are few posts, or none has a
// success: the strength is about 200 readers, and the mean is the rate of all
// posts together, with half a success and half a failure added. That of the mean
// has the weight of one success. Many posts outweigh both.
//
// Sources: J. G. Skellam, "A probability distribution derived from the binomial
// distribution by regarding the probability of success as variable between the
// sets of trials", J. R. Statist. Soc. B 10 (1948) 257–261; D. A. Griffiths,
// "Maximum likelihood estimation for the beta-binomial distribution and an
// application to the household distribution of the total number of cases of a
// disease", Biometrics 29 (1973) 637–648; B. Efron and C. Morris, "Data analysis
// using Stein's estimator and its generalizations", JASA 70 (1975) 311–319, for
// shrinking toward what all share.
func FitPrior(posts []Trials) Prior { return fit(posts, true) }

// Shrunk is the rate of a post as it is best ranked by: its own counts and the
// prior's together. Few readers leave it near the site's rate; many make it
// their own. It is the mean of the posterior distribution.
func (p Prior) Shrunk(k, n int) float64 {
	k = min(max(k, 0), max(n, 0))
	return (float64(k) + p.Mean*p.Strength) / (float64(max(n, 0)) + p.Strength)
}

// fit climbs to the top of the log-likelihood, with or without the belief, in
// the logit of the mean and the logarithm of the strength. In these the hill is
// smooth and nearly round; where it is not, a step is shortened until it climbs.
func fit(posts []Trials, believing bool) Prior {
	groups := grouped(posts)
	successes, trials := 0, 0
	for _, g := range groups {
		successes += g.times * g.Successes
		trials += g.times * g.N
	}
	mean := (float64(successes) + 0.5) / (float64(trials) + 1)
	at := point{theta: math.Log(mean / (1 - mean)), lambda: math.Log(usualStrength)}
	belief := 0.0
	if believing {
		belief = 1 / min(mean, 1-mean)
	}
	hill := func(at point) slope {
		s := likelihood(groups, at)
		if belief > 0 {
			s.believe(at, mean, belief)
		}
		return s
	}
	here := hill(at)
	for range 200 {
		step := here.newton()
		next, found := here, false
		for shorter := 1.0; shorter > 1e-9; shorter /= 2 {
			to := point{at.theta + shorter*step.theta, at.lambda + shorter*step.lambda}
			if math.Abs(to.theta) > 30 || math.Abs(to.lambda) > 20 {
				continue // no rate is that small, and no strength tells from another there
			}
			if next = hill(to); next.value > here.value {
				at, found = to, true
				break
			}
		}
		ahead := here.dt*step.theta + here.dl*step.lambda // how much the step was to gain, twice
		here = next
		if !found || ahead < 1e-12 {
			break
		}
	}
	return Prior{Mean: at.mean(), Strength: math.Exp(at.lambda)}
}

// group is several posts with the same counts.
type group struct {
	Trials
	times int
}

// grouped leaves out posts without trials: they say nothing.
func grouped(posts []Trials) []group {
	sorted := make([]Trials, 0, len(posts))
	for _, t := range posts {
		if t.N > 0 {
			sorted = append(sorted, Trials{min(max(t.Successes, 0), t.N), t.N})
		}
	}
	slices.SortFunc(sorted, func(a, b Trials) int { return cmp.Or(cmp.Compare(a.N, b.N), cmp.Compare(a.Successes, b.Successes)) })
	var out []group
	for _, t := range sorted {
		if last := len(out) - 1; last >= 0 && out[last].Trials == t {
			out[last].times++
			continue
		}
		out = append(out, group{t, 1})
	}
	return out
}

// point is where on the hill we stand.
type point struct {
	theta  float64 // logit of the mean
	lambda float64 // logarithm of the strength
}

func (p point) mean() float64 { return 1 / (1 + math.Exp(-p.theta)) }

// slope is the log-likelihood at a point with its first and second derivatives.
type slope struct {
	value         float64
	dt, dl        float64
	dtt, dtl, dll float64
}

// newton is the step to where the slope would end if the hill were a parabola;
// made shorter and more uphill where it is not curved downwards.
func (s slope) newton() point {
	for damp := 0.0; ; damp = max(2*damp, 1e-3*(math.Abs(s.dtt)+math.Abs(s.dll)+1)) {
		a, b, c := damp-s.dtt, -s.dtl, damp-s.dll
		if det := a*c - b*b; a > 0 && det > 1e-12*a*a {
			return point{(c*s.dt - b*s.dl) / det, (a*s.dl - b*s.dt) / det}
		}
	}
}

// likelihood is, with a = mean·strength and b = (1−mean)·strength, the sum over
// the posts of ln B(k+a, n−k+b) − ln B(a, b).
func likelihood(groups []group, at point) slope {
	mean, m := at.mean(), math.Exp(at.lambda)
	a, b := mean*m, (1-mean)*m
	var s slope
	var da, db, daa, dbb, dab float64
	baseA, baseB, baseM := gammaAt(a), gammaAt(b), gammaAt(m)
	for _, g := range groups {
		times, k, n := float64(g.times), float64(g.Successes), float64(g.N)
		won, missed, all := gammaAt(a+k), gammaAt(b+n-k), gammaAt(m+n)
		s.value += times * (won.log - baseA.log + missed.log - baseB.log - all.log + baseM.log)
		da += times * (won.di - baseA.di - all.di + baseM.di)
		db += times * (missed.di - baseB.di - all.di + baseM.di)
		daa += times * (won.tri - baseA.tri - all.tri + baseM.tri)
		dbb += times * (missed.tri - baseB.tri - all.tri + baseM.tri)
		dab += times * (baseM.tri - all.tri)
	}
	v := mean * (1 - mean) // of the mean by its logit
	s.dt = (da - db) * v * m
	s.dl = da*a + db*b
	s.dtt = (daa-2*dab+dbb)*v*v*m*m + (da-db)*v*(1-2*mean)*m
	s.dtl = (daa*a+dab*(b-a)-dbb*b)*v*m + (da-db)*v*m
	s.dll = daa*a*a + 2*dab*a*b + dbb*b*b + da*a + db*b
	return s
}

// believe adds what is believed beforehand: trials of that weight with the mean
// expected, and the normal density of the logarithm of the strength.
func (s *slope) believe(at point, expected, weight float64) {
	mean := at.mean()
	s.value += weight * (expected*math.Log(mean) + (1-expected)*math.Log1p(-mean))
	s.dt += weight * (expected - mean)
	s.dtt -= weight * mean * (1 - mean)
	off := (at.lambda - math.Log(usualStrength)) / strengthSpread
	s.value -= off * off / 2
	s.dl -= off / strengthSpread
	s.dll -= 1 / (strengthSpread * strengthSpread)
}

// gammas is the logarithm of the gamma function and its first two derivatives.
type gammas struct{ log, di, tri float64 }

// gammaAt computes them for x > 0: by recurrence up to ten, then by their
// asymptotic series (Abramowitz and Stegun, Handbook of Mathematical Functions,
// 6.3.5, 6.3.18, 6.4.6, 6.4.12).
func gammaAt(x float64) gammas {
	var g gammas
	g.log, _ = math.Lgamma(x)
	for x < 10 {
		g.di -= 1 / x
		g.tri += 1 / (x * x)
		x++
	}
	r := 1 / (x * x)
	g.di += math.Log(x) - 0.5/x - r*(1.0/12-r*(1.0/120-r*(1.0/252-r*(1.0/240-r*(1.0/132)))))
	g.tri += 1/x + r/2 + r/x*(1.0/6-r*(1.0/30-r*(1.0/42-r*(1.0/30-r*(5.0/66)))))
	return g
}
