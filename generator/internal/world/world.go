package world

import (
	"cmp"
	"encoding/binary"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"cardbowl/generator/internal/funnel"
)

// Post is a post as nobody but its maker can know it.
type Post struct {
	Path     string
	Revision string
	Form     string  // at its end
	Weight   float64 // how often it is read, beside the others
	Rate     float64 // the chance that who reads it on a day sends its form
	Since    int     // the day it appears; 0 is the first
}

// World is a blog and its readers. It is a plain value: the same one tells the
// same.
type World struct {
	Seed    uint64
	Start   time.Time // midnight of the first day, in the site's zone
	Days    int
	Readers float64 // a day, on average
	Posts   []Post
	Home    string    // path of a page that is no post, through which some come in; empty: none
	Blocked float64   // the share of readers whose views no script can tell of
	Stages  []string  // of sales, in their order
	Until   time.Time // nothing happens from this moment on; zero: it goes on to the last day
	// Confirms is, by form that asks for it, the share of people who press the button
	// in the mail after their first card.
	Confirms map[string]float64
}

// Reader is one browser on one day.
type Reader struct {
	ID     uint64 // no two readers of a world share one
	At     time.Time
	Origin funnel.Origin
	Blocks bool
	Home   bool // came in by the page that is no post
	Reads  []Reading
}

// Reading is one post that a reader read.
type Reading struct {
	Post   *Post
	At     time.Time
	Views  int // how often the page was opened, at least once
	Sees   bool
	Begins bool
	Sends  *Person // who turned out to sit there; nil: nobody sent anything
}

// Person is somebody who sends cards. The address is what tells people apart.
type Person struct {
	First, Last, Email string
}

// Step is a person who comes to a stage of sales, or is lost.
type Step struct {
	Person *Person
	At     time.Time
	Stage  string
	Value  float64 // 0: nobody says
}

// Confirmation is a person who presses the button in a mail.
type Confirmation struct {
	Person *Person
	Form   string
	At     time.Time
}

// Day is everything that happens on one day, in the order it happens.
type Day struct {
	Number        int
	Readers       []Reader
	Confirmations []Confirmation
	Steps         []Step
}

// Some is how a World of many posts is made up.
type Some struct {
	Seed          uint64
	Posts         int
	Days          int
	Views         int     // in all, about
	Rate          float64 // that the posts' own rates lie around
	Strength      float64 // how closely: that of a beta distribution
	Form          string
	Start         time.Time
	Stages        []string
	Blocked       float64
	AllFromTheDay bool // every post is there from the first day
}

// Make makes up a world. Few posts are read by many, many by few (weights fall as
// one over the place, to the power of 0.8), and what is read most has no better
// rate than the rest.
func Make(s Some) World {
	w := World{Seed: s.Seed, Start: s.Start, Days: s.Days, Blocked: s.Blocked, Stages: s.Stages}
	random := rand.New(rand.NewPCG(s.Seed, 1))
	for i, place := range random.Perm(s.Posts) {
		p := Post{Path: "/posts/" + word(i) + "/", Revision: "r1", Form: s.Form, Weight: math.Pow(float64(place+1), -0.8), Rate: beta(random, s.Rate*s.Strength, (1-s.Rate)*s.Strength)}
		if !s.AllFromTheDay {
			p.Since = max(random.IntN(s.Days*5/4)-s.Days/4, 0)
		}
		w.Posts = append(w.Posts, p)
	}
	w.Readers = float64(s.Views) / float64(max(s.Days, 1)) / viewsEach
	return w
}

// What readers do, besides sending forms.
const (
	readsOn   = 0.3 // reads one more post
	reopens   = 0.1 // opens the same page once more
	seesForm  = 0.5
	begins    = 0.04
	returns   = 0.1  // a card is from somebody who has sent one before
	byHome    = 0.15 // comes in by the page that is no post
	advances  = 0.35 // goes from one stage of sales to the next
	isLost    = 0.3  // of those who do not, are given up
	viewsEach = (1 + reopens) / (1 - readsOn)
	mostReads = 12
)

// All tells the days of the world one after the other.
func (w World) All() iter.Seq[Day] {
	return func(yield func(Day) bool) {
		people := &people{taken: map[string]int{}}
		var ahead []Step          // what is still to come of people, by time
		var mailed []Confirmation // likewise
		for n := range w.Days {
			random := rand.New(rand.NewPCG(w.Seed, uint64(n)+1000))
			// A stream of its own, so that mail changes nothing else that happens.
			post := rand.New(rand.NewPCG(w.Seed, uint64(n)+1_000_000))
			d := Day{Number: n, Readers: w.readers(random, n, people)}
			for _, r := range d.Readers {
				for _, x := range r.Reads {
					if x.Sends != nil && people.isNew(x.Sends) {
						ahead = append(ahead, w.sales(random, x.Sends, x.At)...)
						if post.Float64() < w.Confirms[x.Post.Form] {
							soon := time.Duration(1+post.ExpFloat64()*180) * time.Minute
							mailed = append(mailed, Confirmation{x.Sends, x.Post.Form, x.At.Add(soon)})
						}
					}
				}
			}
			slices.SortStableFunc(ahead, func(a, b Step) int { return a.At.Compare(b.At) })
			end := w.Start.AddDate(0, 0, n+1)
			if !w.Until.IsZero() && end.After(w.Until) {
				end = w.Until
			}
			due := 0
			for due < len(ahead) && ahead[due].At.Before(end) {
				due++
			}
			d.Steps, ahead = slices.Clone(ahead[:due]), slices.Clone(ahead[due:])
			slices.SortStableFunc(mailed, func(a, b Confirmation) int { return a.At.Compare(b.At) })
			due = 0
			for due < len(mailed) && mailed[due].At.Before(end) {
				due++
			}
			d.Confirmations, mailed = slices.Clone(mailed[:due]), slices.Clone(mailed[due:])
			if !yield(d) {
				return
			}
		}
	}
}

// readers are those of one day, the earliest first.
func (w World) readers(random *rand.Rand, n int, people *people) []Reader {
	var open []*Post
	var sums []float64
	total := 0.0
	for i := range w.Posts {
		if p := &w.Posts[i]; p.Since <= n {
			total += p.Weight
			open, sums = append(open, p), append(sums, total)
		}
	}
	if len(open) == 0 {
		return nil
	}
	morning := w.Start.AddDate(0, 0, n)
	expected := w.Readers * (0.7 + 0.6*float64(n)/float64(max(w.Days-1, 1)))
	if day := morning.Weekday(); day == time.Saturday || day == time.Sunday {
		expected *= 0.65
	} else {
		expected *= 1.14
	}
	out := make([]Reader, poisson(random, expected))
	for i := range out {
		r := &out[i]
		// Ends before the evening does: nobody reads over midnight.
		r.At = morning.Add(time.Duration(random.Float64() * 23 * float64(time.Hour)))
		r.ID = uint64(n)<<32 | uint64(i)
		r.Origin, r.Blocks = origin(random), random.Float64() < w.Blocked
		r.Home = w.Home != "" && random.Float64() < byHome
		at := r.At
		for len(r.Reads) < mostReads {
			at = at.Add(time.Duration(5+random.IntN(240)) * time.Second)
			k, _ := slices.BinarySearch(sums, random.Float64()*total)
			p := open[min(k, len(open)-1)]
			if !slices.ContainsFunc(r.Reads, func(x Reading) bool { return x.Post == p }) {
				r.Reads = append(r.Reads, w.reading(random, p, at, people))
			}
			if random.Float64() >= readsOn {
				break
			}
		}
	}
	if !w.Until.IsZero() {
		// Whoever has not finished by then has not come yet.
		out = slices.DeleteFunc(out, func(r Reader) bool { return !r.Reads[len(r.Reads)-1].At.Before(w.Until) })
	}
	slices.SortStableFunc(out, func(a, b Reader) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return out
}

func (w World) reading(random *rand.Rand, p *Post, at time.Time, people *people) Reading {
	x := Reading{Post: p, At: at, Views: 1}
	if random.Float64() < reopens {
		x.Views++
	}
	if p.Form == "" {
		return x
	}
	x.Sees = random.Float64() < seesForm
	x.Begins = x.Sees && random.Float64() < begins
	if random.Float64() < p.Rate {
		x.Sees, x.Begins, x.Sends = true, true, people.somebody(random)
	}
	return x
}

// sales is what becomes of a person: one stage after the other, some days apart,
// until nothing more comes.
func (w World) sales(random *rand.Rand, who *Person, at time.Time) []Step {
	var out []Step
	for i, stage := range w.Stages {
		wait := time.Duration((1+random.ExpFloat64()*9)*24*60) * time.Minute
		at = at.Add(wait)
		if random.Float64() >= advances+0.1*float64(i) {
			if i > 0 && random.Float64() < isLost {
				out = append(out, Step{Person: who, At: at, Stage: string(funnel.Lost)})
			}
			break
		}
		s := Step{Person: who, At: at, Stage: stage}
		if i == len(w.Stages)-2 {
			s.Value = float64(500 + 250*random.IntN(30))
		}
		out = append(out, s)
	}
	return out
}

// origin is where a reader comes from.
func origin(random *rand.Rand) funnel.Origin {
	switch x := random.Float64(); {
	case x < 0.35:
		return funnel.Origin{Source: funnel.Direct}
	case x < 0.65:
		return funnel.Origin{Source: "search.example", Referrer: "search.example"}
	case x < 0.80:
		return funnel.Origin{Source: "letter", Medium: "email", Campaign: "monthly"}
	case x < 0.92:
		return funnel.Origin{Source: "news.example", Referrer: "news.example"}
	}
	return funnel.Origin{Source: "social.example", Referrer: "social.example"}
}

// Visitor is the hash a tracker would know the reader by, if it had this salt.
func (r Reader) Visitor() []byte { return binary.BigEndian.AppendUint64(nil, r.ID) }

// poisson draws how many there are of so many expected; for many, by the normal
// distribution.
func poisson(random *rand.Rand, expected float64) int {
	if expected > 50 {
		return max(int(math.Round(expected+math.Sqrt(expected)*random.NormFloat64())), 0)
	}
	n, left := -1, expected
	for left >= 0 {
		left -= random.ExpFloat64()
		n++
	}
	return n
}

// beta draws from a beta distribution, by two gamma variates.
func beta(random *rand.Rand, a, b float64) float64 {
	x := gamma(random, a)
	return x / (x + gamma(random, b))
}

// gamma draws from a gamma distribution of this shape.
//
// Source: G. Marsaglia and W. W. Tsang, "A simple method for generating gamma
// variables", ACM Transactions on Mathematical Software 26 (2000) 363–372.
func gamma(random *rand.Rand, shape float64) float64 {
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
