package world

import (
	"math"
	"math/rand/v2"
	"time"

	"cardbowl/generator/internal/manifest"
)

// Of is a World of readers of a site: its posts as the manifest has them, from
// their dates on, each with the first form placed on it. Posts, Form and
// AllFromTheDay of s say nothing here.
func Of(m manifest.Manifest, s Some) World {
	w := World{Seed: s.Seed, Start: s.Start, Days: s.Days, Blocked: s.Blocked, Stages: m.Sales, Readers: float64(s.Views) / float64(max(s.Days, 1)) / viewsEach}
	random := rand.New(rand.NewPCG(s.Seed, 1))
	for _, page := range m.Pages {
		if page.Kind == "home" {
			w.Home = page.Path
		}
		if page.Kind != "post" {
			continue
		}
		p := Post{Path: page.Path, Revision: page.Revision, Weight: math.Exp(random.NormFloat64()), Rate: beta(random, s.Rate*s.Strength, (1-s.Rate)*s.Strength)}
		if len(page.Forms) > 0 {
			p.Form = page.Forms[0]
		}
		if date, err := time.ParseInLocation(time.DateOnly, page.Date, s.Start.Location()); err == nil {
			p.Since = max(int(math.Round(date.Sub(s.Start).Hours()/24)), 0)
		}
		w.Posts = append(w.Posts, p)
	}
	return w
}
