package memo

import (
	"html/template"
	"testing"
	"time"
)

type plain struct {
	Name   string
	Counts map[string]int
	When   time.Time
	Body   template.HTML `digest:"-"`
	Any    any
	Next   *plain
}

func TestOfTellsValuesApart(t *testing.T) {
	day := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	toronto := time.FixedZone("EST", -5*3600)
	base := func() plain {
		return plain{Name: "a", Counts: map[string]int{"x": 1, "y": 2}, When: day, Any: []string{"p", "q"}, Next: &plain{Name: "n"}}
	}
	if first, second := Of(base()), Of(base()); first != second {
		t.Fatal("equal values, different digests")
	}
	same := base()
	same.Body = "ignored"
	if Of(same) != Of(base()) {
		t.Error("a field tagged digest:\"-\" was seen")
	}
	changes := map[string]func(*plain){
		"name":         func(p *plain) { p.Name = "b" },
		"map value":    func(p *plain) { p.Counts["x"] = 3 },
		"map key":      func(p *plain) { p.Counts["z"] = 1 },
		"zone":         func(p *plain) { p.When = day.In(toronto) },
		"instant":      func(p *plain) { p.When = day.Add(1) },
		"dynamic type": func(p *plain) { p.Any = []any{"p", "q"} },
		"split":        func(p *plain) { p.Any = []string{"pq"} },
		"nil pointer":  func(p *plain) { p.Next = nil },
		"deep":         func(p *plain) { p.Next.Name = "m" },
	}
	seen := map[Digest]string{Of(base()): "base"}
	for what, change := range changes {
		p := base()
		change(&p)
		if other, clash := seen[Of(p)]; clash {
			t.Errorf("%s has the digest of %s", what, other)
		}
		seen[Of(p)] = what
	}
	if Of("ab", "c") == Of("a", "bc") {
		t.Error("the boundary between values is not seen")
	}
}

func TestOfIsStableAcrossProcesses(t *testing.T) {
	// A change of this figure is a change of the encoding: harmless, but know that you did it.
	const want = "b7d65a5d"
	if got := Of("cardbowl", 1, true, []string{"x"}, map[string]int{"a": 1}).Short(); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestOfRefusesWhatItCannotSee(t *testing.T) {
	for what, v := range map[string]any{
		"function":   func() {},
		"unexported": struct{ hidden int }{1},
		"channel":    make(chan int),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a value with a %s got a digest", what)
				}
			}()
			Of(v)
		}()
	}
}

func TestDoRemembersUntilSwept(t *testing.T) {
	m := New()
	calls := 0
	ask := func(recipe string) int {
		return Do(m, "double", Of(recipe), func() int { calls++; return 2 * len(recipe) })
	}
	for range 2 {
		if got := ask("aa"); got != 4 || calls != 1 {
			t.Fatalf("%d after %d calls for one recipe", got, calls)
		}
	}
	m.Sweep()
	ask("aa")
	if calls != 1 || m.Runs("double") != 0 {
		t.Fatal("what the last generation used was forgotten")
	}
	m.Sweep()
	ask("b")
	m.Sweep()
	ask("aa")
	if calls != 3 {
		t.Fatalf("%d calls, want 3: an unused result must be forgotten", calls)
	}
}

func TestVerifyFindsAnImpureFunction(t *testing.T) {
	m := New()
	n := 0
	impure := func() int { n++; return n }
	Do(m, "clock", Of("x"), impure)
	Do(m, "pure", Of("x"), func() int { return 7 })
	m.Verify()
	Do(m, "clock", Of("x"), impure)
	Do(m, "pure", Of("x"), func() int { return 7 })
	if got := m.Mismatches(); len(got) != 1 {
		t.Fatalf("mismatches %v, want the clock's alone", got)
	}
}

func BenchmarkOf(b *testing.B) {
	p := plain{Name: "a title of ordinary length", Counts: map[string]int{"x": 1}, When: time.Unix(0, 0), Any: []string{"p", "q"}}
	for b.Loop() {
		Of(p)
	}
}
