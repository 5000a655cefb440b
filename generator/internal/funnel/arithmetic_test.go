package funnel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Newcombe (1998), table II, method 10.
func TestNewcombeGolden(t *testing.T) {
	for _, c := range []struct {
		k, n, kk, nn int
		low, high    float64
	}{
		{56, 70, 48, 80, 0.0524, 0.3339}, {9, 10, 3, 10, 0.1705, 0.8090}, {6, 7, 2, 7, 0.0582, 0.8062}, {5, 56, 0, 29, -0.0381, 0.1926},
		{0, 10, 0, 20, -0.1611, 0.2775}, {0, 10, 0, 10, -0.2775, 0.2775}, {10, 10, 0, 20, 0.6791, 1}, {10, 10, 0, 10, 0.6075, 1},
	} {
		low, high := Newcombe(c.k, c.n, c.kk, c.nn)
		if math.Round(low*1e4)/1e4 != c.low || math.Round(high*1e4)/1e4 != c.high {
			t.Errorf("Newcombe(%d, %d, %d, %d) = %.4f to %.4f, want %.4f to %.4f", c.k, c.n, c.kk, c.nn, low, high, c.low, c.high)
		}
	}
}

func TestNewcombeProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 8))
	for range 20_000 {
		n, nn := 1+random.IntN(20_000), 1+random.IntN(20_000)
		k, kk := random.IntN(n+1), random.IntN(nn+1)
		low, high := Newcombe(k, n, kk, nn)
		d := float64(k)/float64(n) - float64(kk)/float64(nn)
		if !(-1 <= low && low <= d && d <= high && high <= 1) {
			t.Fatalf("Newcombe(%d, %d, %d, %d) = %v, %v does not contain %v", k, n, kk, nn, low, high, d)
		}
		backLow, backHigh := Newcombe(kk, nn, k, n)
		if math.Abs(backLow+high) > 1e-12 || math.Abs(backHigh+low) > 1e-12 {
			t.Fatalf("Newcombe(%d, %d, %d, %d) is not the mirror of its reverse", k, n, kk, nn)
		}
		if moreLow, moreHigh := Newcombe(2*k, 2*n, 2*kk, 2*nn); moreHigh-moreLow >= high-low {
			t.Fatalf("Newcombe(%d, %d, %d, %d) does not narrow with twice as many", k, n, kk, nn)
		}
		if c := ChangeOf(k, n, kk, nn); c.Direction() != 0 && (low <= 0 && high >= 0) {
			t.Fatalf("a direction where the interval holds 0: %+v", c)
		}
	}
	if low, high := Newcombe(0, 0, 0, 0); low != -1 || high != 1 {
		t.Errorf("nothing against nothing: %v to %v", low, high)
	}
	if ChangeOf(1, 0, 1, 10).Known {
		t.Error("a change without readers")
	}
}

// How often the interval holds the true difference, added up over every outcome
// that may be.
func TestNewcombeCovers(t *testing.T) {
	for _, c := range []struct {
		n, nn int
		p, q  float64
	}{{50, 50, 0.1, 0.1}, {60, 30, 0.05, 0.2}, {80, 80, 0.5, 0.3}, {40, 90, 0.02, 0.04}} {
		held := 0.0
		for k := range c.n + 1 {
			for kk := range c.nn + 1 {
				if low, high := Newcombe(k, c.n, kk, c.nn); low <= c.p-c.q && c.p-c.q <= high {
					held += chance(k, c.n, c.p) * chance(kk, c.nn, c.q)
				}
			}
		}
		if held < 0.935 || held > 0.995 {
			t.Errorf("%+v: the interval holds the difference in %.2f %% of cases", c, held*100)
		}
	}
}

func chance(k, n int, p float64) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	won, _ := math.Lgamma(float64(k + 1))
	missed, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(all - won - missed + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
}

// The ends of the interval are the ratios r at which the score test of two
// Poisson counts, (x − r·y)² / (r·(x+y)), reaches z².
func TestGrowth(t *testing.T) {
	for _, c := range []struct{ now, before int }{{31, 22}, {1, 5}, {400, 380}, {12, 12}} {
		g := GrowthOf(c.now, 30, c.before, 30)
		x, y := float64(c.now), float64(c.before)
		for _, r := range []float64{g.Low, g.High} {
			if score := (x - r*y) * (x - r*y) / (r * (x + y)); math.Abs(score-z95*z95) > 1e-9 {
				t.Errorf("%+v: score %v at %v", c, score, r)
			}
		}
		if math.Abs(g.Times-x/y) > 1e-12 || g.Low >= g.Times || g.High <= g.Times {
			t.Errorf("%+v: %+v", c, g)
		}
		half := GrowthOf(c.now, 15, c.before, 30)
		if math.Abs(half.Low-2*g.Low) > 1e-12 || math.Abs(half.High-2*g.High) > 1e-9 {
			t.Errorf("%+v in half the days: %+v", c, half)
		}
	}
	if GrowthOf(0, 30, 0, 30).Known {
		t.Error("nothing grew out of nothing")
	}
	if g := GrowthOf(5, 30, 0, 30); !math.IsInf(g.High, 1) || g.Low <= 0 {
		t.Errorf("%+v", g)
	}
}

// The boys among the first twelve children of 6,115 families in Saxony, as
// counted by Geissler (1889) and fitted in J. K. Lindsey and P. M. E. Altham,
// "Analysis of the human sex ratio by using overdispersion models", Applied
// Statistics 47 (1998) 149–157: log-likelihood −12492.9 at about α 34.10, β 31.57.
// The further digits solve the likelihood equations in forty-digit arithmetic.
func TestFitGolden(t *testing.T) {
	var families []Trials
	ways := 0.0 // logarithm of the binomial coefficients, which the fit leaves out
	for boys, times := range []int{3, 24, 104, 286, 670, 1033, 1343, 1112, 829, 478, 181, 45, 7} {
		ways += float64(times) * math.Log(chance(boys, 12, 0.5)*4096)
		for range times {
			families = append(families, Trials{boys, 12})
		}
	}
	p := fit(families, false)
	if a, b := p.Mean*p.Strength, (1-p.Mean)*p.Strength; math.Abs(a-34.1028576158) > 1e-4 || math.Abs(b-31.5782341550) > 1e-4 {
		t.Errorf("α %.6f, β %.6f", a, b)
	}
	top := likelihood(grouped(families), point{math.Log(p.Mean / (1 - p.Mean)), math.Log(p.Strength)}).value + ways
	if math.Round(top*10)/10 != -12492.9 {
		t.Errorf("log-likelihood %.2f", top)
	}
	// So many families leave next to nothing of the belief.
	if q := FitPrior(families); math.Abs(q.Mean-p.Mean) > 1e-4 || math.Abs(q.Strength/p.Strength-1) > 0.1 {
		t.Errorf("with the belief %+v, without %+v", q, p)
	}
}

// Published values: Abramowitz and Stegun, tables 6.1 and 6.2; ψ(1) = −γ, ψ'(1) = π²/6.
func TestGammaGolden(t *testing.T) {
	for _, c := range []struct{ x, di, tri float64 }{
		{1, -0.5772156649015329, math.Pi * math.Pi / 6}, {0.5, -1.9635100260214235, math.Pi * math.Pi / 2},
		{2, 0.4227843350984671, math.Pi*math.Pi/6 - 1}, {1.5, 0.0364899740, 0.9348022005},
	} {
		if g := gammaAt(c.x); math.Abs(g.di-c.di) > 1e-9 || math.Abs(g.tri-c.tri) > 1e-9 {
			t.Errorf("at %v: %v, %v", c.x, g.di, g.tri)
		}
	}
}

// The derivatives are those of the likelihood.
func TestSlope(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const h = 1e-5
	for range 50 {
		var posts []Trials
		for range 1 + random.IntN(20) {
			n := random.IntN(2000)
			posts = append(posts, Trials{random.IntN(n/20 + 1), n})
		}
		groups := grouped(posts)
		at := point{-6 + 5*random.Float64(), 2 + 5*random.Float64()}
		hill := func(theta, lambda float64) slope {
			s := likelihood(groups, point{theta, lambda})
			s.believe(point{theta, lambda}, 0.02, 50)
			return s
		}
		s := hill(at.theta, at.lambda)
		near := func(what string, got, want float64) {
			if math.Abs(got-want) > 1e-4*(1+math.Abs(want)) {
				t.Fatalf("%s: %v, by differences %v", what, got, want)
			}
		}
		right, left := hill(at.theta+h, at.lambda), hill(at.theta-h, at.lambda)
		near("dt", s.dt, (right.value-left.value)/(2*h))
		near("dtt", s.dtt, (right.dt-left.dt)/(2*h))
		near("dtl", s.dtl, (right.dl-left.dl)/(2*h))
		up, down := hill(at.theta, at.lambda+h), hill(at.theta, at.lambda-h)
		near("dl", s.dl, (up.value-down.value)/(2*h))
		near("dll", s.dll, (up.dl-down.dl)/(2*h))
	}
}

// A site whose posts really differ is told from one whose posts do not, and
// nothing is made of next to nothing.
func TestFitPrior(t *testing.T) {
	random := rand.New(rand.NewPCG(20, 26))
	site := func(posts, readers int, strength float64) []Trials {
		out := make([]Trials, posts)
		for i := range out {
			rate := beta(random, 0.03*strength, 0.97*strength)
			n := 1 + random.IntN(2*readers)
			for range n {
				if random.Float64() < rate {
					out[i].Successes++
				}
			}
			out[i].N = n
		}
		return out
	}
	for _, strength := range []float64{20, 100, 500} {
		p := FitPrior(site(400, 1000, strength))
		if math.Abs(p.Mean-0.03) > 0.005 || p.Strength < strength/1.6 || p.Strength > strength*1.6 {
			t.Errorf("strength %v, mean 0.03: found %+v", strength, p)
		}
	}
	same := make([]Trials, 300)
	for i := range same {
		same[i] = Trials{30, 1000}
	}
	if p := FitPrior(same); p.Strength < 5000 {
		t.Errorf("posts that do not differ at all: %+v", p)
	}
	for _, c := range []struct {
		posts []Trials
		low   float64
		high  float64
	}{
		{nil, 0.4, 0.6}, {[]Trials{{0, 0}, {0, 0}}, 0.4, 0.6}, {[]Trials{{0, 40}}, 0.005, 0.03}, {[]Trials{{1, 10}, {0, 5}, {2, 200}}, 0.008, 0.04},
		{[]Trials{{40, 40}}, 0.97, 0.995}, {[]Trials{{12, 1000}}, 0.011, 0.0135}, {[]Trials{{0, 1_000_000}, {0, 3}}, 1e-8, 3e-6},
	} {
		p := FitPrior(c.posts)
		if !(p.Mean > c.low && p.Mean < c.high) || !(p.Strength > 1 && p.Strength < 1e5) {
			t.Errorf("%v: %+v", c.posts, p)
		}
	}
	// The climb ends at a top: no neighbour is likelier.
	for range 200 {
		posts := site(1+random.IntN(30), 1+random.IntN(500), 10+300*random.Float64())
		p := fit(posts, false)
		if p.Strength > 1e6 || p.Mean < 1e-4 {
			continue // posts that do not differ, or have no success: the hill has no top
		}
		groups := grouped(posts)
		at := point{math.Log(p.Mean / (1 - p.Mean)), math.Log(p.Strength)}
		top := likelihood(groups, at).value
		for _, d := range []point{{0.01, 0}, {-0.01, 0}, {0, 0.01}, {0, -0.01}, {0.3, 0.3}, {-0.5, 1}, {0, 3}, {0, -3}} {
			if v := likelihood(groups, point{at.theta + d.theta, at.lambda + d.lambda}).value; v > top+1e-6 {
				t.Fatalf("%v: %+v is no top: %v is %v higher", posts, p, d, v-top)
			}
		}
	}
}

// beta draws from a beta distribution, by two gamma variates (G. Marsaglia and
// W. W. Tsang, 2000).
func beta(random *rand.Rand, a, b float64) float64 {
	gamma := func(shape float64) float64 {
		boost := 1.0
		if shape < 1 {
			boost = math.Pow(random.Float64(), 1/shape)
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
	x := gamma(a)
	return x / (x + gamma(b))
}

func TestShrunk(t *testing.T) {
	p := Prior{Mean: 0.012, Strength: 200}
	if got := p.Shrunk(1, 10); math.Abs(got-3.4/210) > 1e-15 {
		t.Errorf("1 of 10: %v", got)
	}
	random := rand.New(rand.NewPCG(9, 9))
	for range 5000 {
		n := 1 + random.IntN(5000)
		k := random.IntN(n + 1)
		raw := float64(k) / float64(n)
		s := p.Shrunk(k, n)
		if s < min(raw, p.Mean)-1e-12 || s > max(raw, p.Mean)+1e-12 {
			t.Fatalf("%d of %d is shrunk to %v, not between %v and %v", k, n, s, raw, p.Mean)
		}
		if more := p.Shrunk(10*k, 10*n); math.Abs(more-raw) > math.Abs(s-raw)+1e-12 {
			t.Fatalf("%d of %d: more readers shrink more", k, n)
		}
	}
	if p.Shrunk(0, 0) != p.Mean {
		t.Error("without readers there is only the site")
	}
}

func TestReadersNeeded(t *testing.T) {
	for _, c := range []struct {
		k, n  int
		rate  float64
		want  int
		known bool
	}{
		{19, 540, 0.03, 0, true}, {0, 0, 0.01, 500, true}, {1, 50, 0.02, 200, true}, {3, 200, 0.02, 100, true}, {29, 29, 0.5, 1, true},
		{0, 100, 0, 0, false}, {4, 400, 0, 0, false}, {5, 5, 0, 25, true},
	} {
		if got, ok := ReadersNeeded(c.k, c.n, c.rate); got != c.want || ok != c.known {
			t.Errorf("ReadersNeeded(%d, %d, %v) = %d, %v, want %d, %v", c.k, c.n, c.rate, got, ok, c.want, c.known)
		}
	}
	// It is the inverse of the rule: with so many it is enough, with one fewer not.
	random := rand.New(rand.NewPCG(4, 2))
	for range 3000 {
		n := random.IntN(1000)
		k := random.IntN(min(n, 8) + 1)
		rate := 0.002 + 0.3*random.Float64()*random.Float64()
		more, ok := ReadersNeeded(k, n, rate)
		if !ok {
			t.Fatalf("%d of %d at %v: never", k, n, rate)
		}
		first := 0
		for !RateOf(k+int(float64(first)*rate+1e-9), n+first).Enough {
			first++
		}
		if more != first {
			t.Fatalf("%d of %d at %v: %d, but %d are enough", k, n, rate, more, first)
		}
	}
}

func TestValuePerHundred(t *testing.T) {
	if v, ok := ValuePerHundred(4000, 500); v != 800 || !ok {
		t.Error(v, ok)
	}
	if _, ok := ValuePerHundred(4000, 29); ok {
		t.Error("29 readers are too few")
	}
}

// 20 of 31 submitters were seen: 65 % visible, likely 47 to 79.
func TestHidden(t *testing.T) {
	h := HiddenOf(20, 31)
	if math.Round(h.Share*100) != 35 || math.Round(h.Low*100) != 21 || math.Round(h.High*100) != 53 || !h.Known || !h.Enough {
		t.Errorf("%+v", h)
	}
	likely, low, high := h.Real(1240)
	if math.Round(likely) != 1922 || !(1240 < low && low < likely && likely < high && high < 2700) {
		t.Errorf("%v (%v to %v)", likely, low, high)
	}
	if h := HiddenOf(19, 19); h.Enough || h.Share != 0 || h.Low != 0 || h.High == 0 {
		t.Errorf("%+v", h)
	}
	if _, _, high := HiddenOf(0, 30).Real(10); !math.IsInf(high, 1) {
		t.Error(high)
	}
	if HiddenOf(0, 0).Known {
		t.Error("nobody sent anything")
	}
}

// Altman et al. (2000), table 18.4: the ranks for the 95 % interval of a median.
func TestRanksGolden(t *testing.T) {
	for _, c := range []struct{ n, l, u int }{
		{5, 0, 6}, {6, 1, 6}, {8, 1, 8}, {9, 2, 8}, {10, 2, 9}, {15, 4, 12}, {20, 6, 15}, {30, 10, 21}, {50, 18, 33}, {100, 40, 61},
	} {
		if l, u := ranks(c.n, 0.5); l != c.l || u != c.u {
			t.Errorf("of %d: %d and %d, want %d and %d", c.n, l, u, c.l, c.u)
		}
	}
}

func TestQuantiles(t *testing.T) {
	// Hyndman and Fan's definition 7 of 1…10: 3.25, 5.5, 7.75 (as R's quantile has it).
	var ten []time.Duration
	for i := range 10 {
		ten = append(ten, time.Duration(10-i)*100*time.Hour)
	}
	s := SpreadOf(ten)
	if s.N != 10 || s.Quarter.Value != 325*time.Hour || s.Median.Value != 550*time.Hour || s.Most.Value != 775*time.Hour {
		t.Errorf("%+v", s)
	}
	if s.Median.Low != 200*time.Hour || s.Median.High != 900*time.Hour || !s.Median.Bounded {
		t.Errorf("%+v", s.Median)
	}
	if q := QuantileOf([]time.Duration{time.Hour}, 0.5); q.Value != time.Hour || q.Bounded || !q.Known || q.Low != time.Hour {
		t.Errorf("%+v", q)
	}
	if QuantileOf(nil, 0.5).Known {
		t.Error("a median of nothing")
	}
	// Whatever the distribution, the interval holds the true median in at least 95 % of samples.
	random := rand.New(rand.NewPCG(12, 1))
	held, times := 0, 4000
	for range times {
		waits := make([]time.Duration, 40)
		for i := range waits {
			waits[i] = time.Duration(math.Exp(random.NormFloat64()*2) * float64(time.Hour)) // median: an hour
		}
		before := slices.Clone(waits)
		q := QuantileOf(waits, 0.5)
		if !slices.Equal(before, waits) {
			t.Fatal("the durations were sorted in place")
		}
		if q.Low <= time.Hour && time.Hour <= q.High {
			held++
		}
		if q.Value < q.Low || q.Value > q.High {
			t.Fatalf("%+v", q)
		}
	}
	if share := float64(held) / float64(times); share < 0.945 {
		t.Errorf("the interval holds the median in %.1f %% of samples", share*100)
	}
}

// However durations are handed over, the answer is the same.
func TestSpreadOfWaits(t *testing.T) {
	random := rand.New(rand.NewPCG(12, 2))
	for range 300 {
		var waits []Wait
		var each []time.Duration
		for range random.IntN(12) {
			w := Wait{Took: time.Duration(random.IntN(20)) * time.Minute, Count: random.IntN(6) - 1}
			waits = append(waits, w)
			for range w.Count {
				each = append(each, w.Took)
			}
		}
		if got, want := SpreadOfWaits(waits), SpreadOf(each); got != want {
			t.Fatalf("%v: %+v, want %+v", waits, got, want)
		}
	}
}

// The ranks of many are those that all of the sum, and the normal approximation
// of Conover (1999), 3.2, give.
func TestRanksOfMany(t *testing.T) {
	for _, n := range []int{145, 1000, 4999} {
		for _, q := range []float64{0.25, 0.5, 0.75} {
			l, u := ranks(n, q)
			below := 0.0 // P(B < l)
			for i := range l {
				below += chance(i, n, q)
			}
			if next := below + chance(l, n, q); below > 0.025 || next <= 0.025 {
				t.Errorf("the %v of %d: below %d lie %v", q, n, l, below)
			}
			mean, sd := float64(n)*q, math.Sqrt(float64(n)*q*(1-q))
			if math.Abs(float64(l)-(mean-1.96*sd)) > 2 || math.Abs(float64(u)-(mean+1.96*sd)) > 2 {
				t.Errorf("the %v of %d: %d and %d", q, n, l, u)
			}
		}
	}
	if l, u := ranks(200_000, 0.5); math.Abs(float64(l)-99_562) > 2 || math.Abs(float64(u)-100_439) > 2 {
		t.Errorf("of 200,000: %d and %d", l, u)
	}
}

func BenchmarkFitPrior(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	posts := make([]Trials, 1000)
	for i := range posts {
		n := random.IntN(20_000)
		posts[i] = Trials{int(float64(n) * beta(random, 3, 97)), n}
	}
	for b.Loop() {
		FitPrior(posts)
	}
}
