package report

import (
	"fmt"
	"time"

	"cardbowl/generator/internal/funnel"
)

// Waited is how long it took from one step of the funnel to a later one, of all
// who took the later one in the days of a report.
type Waited struct {
	From, To funnel.Step
	Times    []funnel.Wait
}

// Wait is a Waited in numbers. Where nobody came so far it has a count of zero,
// and nothing else is known.
type Wait struct {
	From          funnel.Step `json:"from"`
	To            funnel.Step `json:"to"`
	Count         int         `json:"count"`
	Median        *int64      `json:"median_seconds"`
	Low           *int64      `json:"low_seconds"` // 95 % interval of the median (funnel.QuantileOf); null where there are too few
	High          *int64      `json:"high_seconds"`
	Quarter       *int64      `json:"quarter_seconds"`        // a quarter of all took no longer
	ThreeQuarters *int64      `json:"three_quarters_seconds"` // likewise
	Enough        bool        `json:"enough"`                 // there are enough for the interval
}

func waitsOf(all []Waited) []Wait {
	out := []Wait{}
	for _, w := range all {
		s := funnel.SpreadOfWaits(w.Times)
		wait := Wait{From: w.From, To: w.To, Count: s.N}
		if s.N > 0 {
			wait.Median, wait.Quarter, wait.ThreeQuarters = seconds(s.Median.Value), seconds(s.Quarter.Value), seconds(s.Most.Value)
		}
		if s.Median.Bounded {
			wait.Low, wait.High, wait.Enough = seconds(s.Median.Low), seconds(s.Median.High), true
		}
		out = append(out, wait)
	}
	return out
}

func seconds(d time.Duration) *int64 { return new(int64(d.Round(time.Second) / time.Second)) }

// name says what was waited for.
func (w Wait) name() string {
	return "From the first card to " + printable(string(w.To))
}

// said is how long it took, in words; nothing while nobody came so far.
func (w Wait) said() string {
	if w.Median == nil {
		return ""
	}
	of := func(s *int64) time.Duration { return time.Duration(*s) * time.Second }
	if w.Low == nil || w.High == nil {
		return fmt.Sprintf("%s in the middle, of %s; too few to say what is likely", lasting(of(w.Median)), grouped(w.Count))
	}
	return fmt.Sprintf("half within %s (likely %s), a quarter within %s, three quarters within %s, of %s", lasting(of(w.Median)),
		between(of(w.Low), of(w.High)), lasting(of(w.Quarter)), lasting(of(w.ThreeQuarters)), grouped(w.Count))
}

// waited are sentences of how long it took.
func waited(r Report) (out []string) {
	for _, w := range r.Waits {
		if words := w.said(); words != "" {
			out = append(out, w.name()+": "+words+".")
		}
	}
	return out
}

// Waits is how long it took from the first card of a person to a stage of sales,
// of those who came that far: the first time, where there were several.
func Waits(leads []Lead, stage string) Wait {
	w := Waited{From: funnel.FormSubmit, To: funnel.Step(stage)}
	for _, l := range leads {
		for _, e := range l.History {
			if e.Stage == stage {
				w.Times = append(w.Times, funnel.Wait{Took: max(e.At.Sub(l.Cards[0].At), 0), Count: 1})
				break
			}
		}
	}
	return waitsOf([]Waited{w})[0]
}

// WaitsSentence says it in a line; nothing while nobody came that far.
func WaitsSentence(w Wait) string {
	words := w.said()
	if words == "" {
		return ""
	}
	return w.name() + ": " + words
}

// unitOf is the unit that a duration is told in.
func unitOf(d time.Duration) (unit time.Duration, word string) {
	switch {
	case d < 90*time.Second:
		return time.Second, "second"
	case d < 90*time.Minute:
		return time.Minute, "minute"
	case d < 36*time.Hour:
		return time.Hour, "hour"
	}
	return 24 * time.Hour, "day"
}

func in(unit, d time.Duration) int { return int((d + unit/2) / unit) }

// lasting is a duration in one unit: "40 seconds", "2 hours", "15 days".
func lasting(d time.Duration) string {
	unit, word := unitOf(d)
	return counted(in(unit, d), word)
}

// between is two durations, in the unit of the longer one where that is not too
// coarse for the shorter: "2–8 days", "40 minutes – 3 days".
func between(low, high time.Duration) string {
	unit, word := unitOf(high)
	if own, _ := unitOf(low); own != unit && low > 0 && low < 2*unit {
		return lasting(low) + " – " + lasting(high)
	}
	return grouped(in(unit, low)) + "–" + counted(in(unit, high), word)
}
