package funnel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Published values of the 95 % Wilson interval, in percent.
func TestWilsonGolden(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{
		{0, 40, 0, 8.76}, {0, 120, 0, 3.10}, {1, 50, 0.35, 10.50}, {1, 200, 0.09, 2.78}, {2, 40, 1.38, 16.50},
		{3, 200, 0.51, 4.32}, {5, 300, 0.71, 3.84}, {8, 400, 1.02, 3.90}, {12, 400, 1.72, 5.17}, {30, 2000, 1.05, 2.13},
		{60, 1400, 3.34, 5.48}, {1, 1, 20.65, 100}, {3, 3, 43.85, 100}, {0, 0, 0, 100}, {19, 540, 2.26, 5.43},
	} {
		low, high := Wilson(c.k, c.n)
		if math.Round(low*1e4)/100 != c.low || math.Round(high*1e4)/100 != c.high {
			t.Errorf("Wilson(%d, %d) = %.2f–%.2f, want %.2f–%.2f", c.k, c.n, low*100, high*100, c.low, c.high)
		}
	}
}

func TestWilsonProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	for range 20_000 {
		n := 1 + random.IntN(100_000)
		k := random.IntN(n + 1)
		low, high := Wilson(k, n)
		p := float64(k) / float64(n)
		if !(0 <= low && low <= p && p <= high && high <= 1) {
			t.Fatalf("Wilson(%d, %d) = %v, %v does not contain %v", k, n, low, high, p)
		}
		wideLow, wideHigh := low, high
		low, high = Wilson(2*k, 2*n)
		if high-low >= wideHigh-wideLow {
			t.Fatalf("Wilson(%d, %d) does not narrow with twice as many", k, n)
		}
		missLow, missHigh := Wilson(n-k, n)
		if math.Abs(missLow-(1-wideHigh)) > 1e-12 || math.Abs(missHigh-(1-wideLow)) > 1e-12 {
			t.Fatalf("Wilson(%d, %d) is not symmetric", k, n)
		}
	}
}

func TestEnough(t *testing.T) {
	for _, c := range []struct {
		k, n   int
		known  bool
		enough bool
	}{
		{0, 0, false, false},
		{29, 29, true, false}, // too few readers, whatever they did
		{30, 30, true, true},
		{0, 100_000, true, false}, // an interval from 0 is never narrow beside its lower end
		{4, 400, true, false},
		{5, 400, true, true},
		{19, 540, true, true},
		{4, 30, true, false}, // 5.3–29.7: 24.4 against 21.2
		{1, 200, true, false},
	} {
		r := RateOf(c.k, c.n)
		if r.Known != c.known || r.Enough != c.enough {
			t.Errorf("RateOf(%d, %d) = %+v", c.k, c.n, r)
		}
	}
	if r := RateOf(5, 3); r.Share != 1 {
		t.Errorf("more successes than trials: %+v", r)
	}
}

func TestSteps(t *testing.T) {
	want := []Step{PageView, FormView, FormStart, FormSubmit, LeadConfirmed, "call", "meeting", "proposal", "client"}
	if diff := cmp.Diff(want, Steps(nil)); diff != "" {
		t.Error(diff)
	}
	want = []Step{PageView, FormView, FormStart, FormSubmit, LeadConfirmed, "demo"}
	if diff := cmp.Diff(want, Steps([]string{"demo", "page_view", "demo"})); diff != "" {
		t.Error(diff)
	}
	if SideOf(LeadConfirmed) != MarketingSide || SideOf("demo") != SalesSide {
		t.Error("the line is in the wrong place")
	}
}
