package funnel

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The prior is fitted as well as it needs to be: of the ten best posts of sites
// that are made up, ranking by it finds more than the raw rate does, and as many
// as ranking by the distribution the posts were really drawn from.
func TestFittedRankFindsTheBest(t *testing.T) {
	for _, site := range []struct {
		readers float64 // of 200 posts, few of which are read by many
		truth   Prior
	}{
		{1_150_000, Prior{0.0022, 400}}, {60_000, Prior{0.0022, 400}}, {300_000, Prior{0.0022, 2000}}, {300_000, Prior{0.02, 100}},
	} {
		const sites = 150
		raw, fitted, known := 0, 0, 0
		for seed := range sites {
			random := rand.New(rand.NewPCG(uint64(seed), 9))
			rates, posts := drawn(random, site.readers, site.truth)
			fit := FitPrior(posts)
			best := topOf(posts, func(i int) float64 { return rates[i] })
			found := func(of func(Trials) float64) (n int) {
				for _, i := range topOf(posts, func(i int) float64 { return of(posts[i]) }) {
					if slices.Contains(best, i) {
						n++
					}
				}
				return n
			}
			raw += found(func(p Trials) float64 { return float64(p.Successes) / float64(p.N) })
			fitted += found(func(p Trials) float64 { return fit.Shrunk(p.Successes, p.N) })
			known += found(func(p Trials) float64 { return site.truth.Shrunk(p.Successes, p.N) })
		}
		per := func(n int) float64 { return float64(n) / sites }
		t.Logf("%v readers, %+v: of the best ten the raw rate finds %.2f, the fitted prior %.2f, the true one %.2f", site.readers, site.truth, per(raw), per(fitted), per(known))
		if fitted <= raw || float64(fitted) < 0.96*float64(known) {
			t.Errorf("the fitted prior finds %.2f of the best ten, the raw rate %.2f, the true prior %.2f", per(fitted), per(raw), per(known))
		}
	}
}

// drawn is a site of 200 posts: true rates from a beta distribution, readers that
// fall with the place, and how many of them converted (Poisson, as good as
// binomial where so few do).
func drawn(random *rand.Rand, readers float64, from Prior) (rates []float64, posts []Trials) {
	const count = 200
	total := 0.0
	for i := range count {
		total += math.Pow(float64(i+1), -0.8)
	}
	for i := range count {
		a, b := gammaDraw(random, from.Mean*from.Strength), gammaDraw(random, (1-from.Mean)*from.Strength)
		rate := a / (a + b)
		n := 1 + int(readers*math.Pow(float64(i+1), -0.8)/total*random.Float64())
		k := -1
		for left := float64(n) * rate; left >= 0; k++ {
			left -= random.ExpFloat64()
		}
		rates, posts = append(rates, rate), append(posts, Trials{Successes: min(k, n), N: n})
	}
	return rates, posts
}

// gammaDraw is a gamma variate (Marsaglia and Tsang 2000).
func gammaDraw(random *rand.Rand, shape float64) float64 {
	boost := 1.0
	if shape < 1 {
		boost = math.Pow(1-random.Float64(), 1/shape)
		shape++
	}
	d := shape - 1.0/3
	for {
		x := random.NormFloat64()
		v := math.Pow(1+x/math.Sqrt(9*d), 3)
		if v > 0 && math.Log(1-random.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v * boost
		}
	}
}

// topOf are the numbers of the ten posts with the most of something; among equals
// those with more readers.
func topOf(posts []Trials, of func(i int) float64) []int {
	order := make([]int, len(posts))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(of(b), of(a)), cmp.Compare(posts[b].N, posts[a].N), cmp.Compare(a, b))
	})
	return order[:10]
}
