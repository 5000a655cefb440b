package report

import (
	"fmt"
	"time"

	"cardbowl/generator/internal/funnel"
)

// Waits is how long it took from the first card of a person to a stage of sales,
// of those who came that far: the first time, where there were several.
func Waits(leads []Lead, stage string) funnel.Spread {
	var waits []time.Duration
	for _, l := range leads {
		for _, e := range l.History {
			if e.Stage == stage {
				waits = append(waits, max(e.At.Sub(l.Cards[0].At), 0))
				break
			}
		}
	}
	return funnel.SpreadOf(waits)
}

// WaitsSentence says it in a line; nothing while nobody came that far.
func WaitsSentence(s funnel.Spread, stage string) string {
	if s.N == 0 {
		return ""
	}
	words := fmt.Sprintf("From the first card to %s: ", printable(stage))
	if !s.Median.Bounded {
		return words + fmt.Sprintf("%s in the middle, of %d; too few to say what is likely", days(s.Median.Value), s.N)
	}
	return words + fmt.Sprintf("half within %s (likely %s–%s), a quarter within %s, three quarters within %s, of %s", days(s.Median.Value),
		grouped(wholeDays(s.Median.Low)), days(s.Median.High), days(s.Quarter.Value), days(s.Most.Value), grouped(s.N))
}

func wholeDays(d time.Duration) int { return int((d + 12*time.Hour) / (24 * time.Hour)) }

func days(d time.Duration) string { return counted(wholeDays(d), "day") }
