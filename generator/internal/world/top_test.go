package world

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cardbowl/generator/internal/funnel"
)

// The prior is fitted as well as it needs to be: of the ten best posts of sites
// that are made up, ranking by it finds more than the raw rate does, and as many
// as ranking by the distribution the posts were really drawn from.
func TestFittedRankFindsTheBest(t *testing.T) {
	for _, site := range []struct {
		readers float64 // of 200 posts, few of which are read by many
		truth   funnel.Prior
	}{
		{1_150_000, funnel.Prior{Mean: 0.0022, Strength: 400}}, {60_000, funnel.Prior{Mean: 0.0022, Strength: 400}}, {300_000, funnel.Prior{Mean: 0.0022, Strength: 2000}}, {300_000, funnel.Prior{Mean: 0.02, Strength: 100}},
	} {
		const sites = 150
		raw, fitted, known := 0, 0, 0
		for seed := range sites {
			random := rand.New(rand.NewPCG(uint64(seed), 9))
			rates, posts := drawn(random, site.readers, site.truth)
			fit := funnel.FitPrior(posts)
			best := topOf(posts, func(i int) float64 { return rates[i] })
			found := func(of func(funnel.Trials) float64) (n int) {
				for _, i := range topOf(posts, func(i int) float64 { return of(posts[i]) }) {
					if slices.Contains(best, i) {
						n++
					}
				}
				return n
			}
			raw += found(func(p funnel.Trials) float64 { return float64(p.Successes) / float64(p.N) })
			fitted += found(func(p funnel.Trials) float64 { return fit.Shrunk(p.Successes, p.N) })
			known += found(func(p funnel.Trials) float64 { return site.truth.Shrunk(p.Successes, p.N) })
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
func drawn(random *rand.Rand, readers float64, from funnel.Prior) (rates []float64, posts []funnel.Trials) {
	const count = 200
	total := 0.0
	for i := range count {
		total += math.Pow(float64(i+1), -0.8)
	}
	for i := range count {
		rate := beta(random, from.Mean*from.Strength, (1-from.Mean)*from.Strength)
		n := 1 + int(readers*math.Pow(float64(i+1), -0.8)/total*random.Float64())
		k := -1
		for left := float64(n) * rate; left >= 0; k++ {
			left -= random.ExpFloat64()
		}
		rates, posts = append(rates, rate), append(posts, funnel.Trials{Successes: min(k, n), N: n})
	}
	return rates, posts
}

// topOf are the numbers of the ten posts with the most of something; among equals
// those with more readers.
func topOf(posts []funnel.Trials, of func(i int) float64) []int {
	order := make([]int, len(posts))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(of(b), of(a)), cmp.Compare(posts[b].N, posts[a].N), cmp.Compare(a, b))
	})
	return order[:10]
}
