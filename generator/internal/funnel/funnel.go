package funnel

import "slices"

// Step is a station of the funnel. These are the names on the wire, in the
// store, in JSON and in the report.
type Step string

// The marketing side, one to many, in order. The sales stages, one to one, come
// after and are named by the site.
const (
	PageView      Step = "page_view"      // a page was served or shown to a reader
	FormView      Step = "form_view"      // half of the form was on screen for a second
	FormStart     Step = "form_start"     // the first input in a real field
	FormSubmit    Step = "form_submit"    // a counted submission
	LeadConfirmed Step = "lead_confirmed" // the address was confirmed by its owner
)

// Conversion is no step of the funnel but is reached like one: by a reader who,
// on one day, saw a page and sent a form on it.
const Conversion Step = "conversion"

// Marketing is the steps before the line, in order.
func Marketing() []Step {
	return []Step{PageView, FormView, FormStart, FormSubmit, LeadConfirmed}
}

// Side is where of the line a step stands.
type Side string

// The two sides of the line.
const (
	MarketingSide Side = "marketing"
	SalesSide     Side = "sales"
)

// DefaultSales is the stages after the line of a site that names none.
func DefaultSales() []string { return []string{"call", "meeting", "proposal", "client"} }

// Steps is every step of a site in order: the marketing steps, then its sales
// stages, DefaultSales when it names none. A stage that repeats a name is left out.
func Steps(sales []string) []Step {
	if len(sales) == 0 {
		sales = DefaultSales()
	}
	steps := Marketing()
	for _, s := range sales {
		if !slices.Contains(steps, Step(s)) {
			steps = append(steps, Step(s))
		}
	}
	return steps
}

// SideOf says on which side of the line a step stands.
func SideOf(s Step) Side {
	if slices.Contains(Marketing(), s) {
		return MarketingSide
	}
	return SalesSide
}

// Where a count belongs that belongs to no page of the site. Real paths begin
// with a slash.
const (
	Other    = ""  // in a Tally: a post the site does not know
	SiteWide = "*" // in a Reach: the whole site, each reader once
)

// Tally is how often a step was reached.
type Tally struct {
	Post      string // URL path, or Other
	Form      string // empty for page_view
	Placement string // empty for page_view
	Step      Step
	Count     int
}

// Reach is by how many different readers a step was reached, in visitor-days:
// one browser on one day. Such numbers add up over days, but not over posts.
type Reach struct {
	Post     string // URL path, or SiteWide
	Step     Step   // or Conversion
	Visitors int
}

// LeadCount is how many different people sent a form on a post. It does not add
// up over posts: one person may have done so on several.
type LeadCount struct {
	Post  string // URL path, or Other
	Leads int
}

// Lost is the stage of a lead from which nothing is expected any more. It is no
// step of the funnel: what the lead had reached stays counted.
const Lost Step = "lost"

// Value is what the leads of a post brought, in the site's currency.
type Value struct {
	Post   string // URL path, or Other
	Amount float64
}

// DayCount is how often a step was reached on one day, on the whole site.
type DayCount struct {
	Day   string // YYYY-MM-DD in the site's zone
	Step  Step
	Count int
}

// PostDay is one day of a post.
type PostDay struct {
	Post        string // URL path
	Day         string // YYYY-MM-DD in the site's zone
	Visitors    int
	Submissions int
}

// PastPost is a page as it was last built, so that one that is gone keeps its name.
type PastPost struct {
	Path, Title, Kind, Date string
}

// Counts is everything that was counted from one day to another, both included.
// No part has an order that means anything but Days, which go forward.
type Counts struct {
	Since, Until string // YYYY-MM-DD; Since is the first day with a count when all was asked for
	Tallies      []Tally
	Reach        []Reach
	Leads        []LeadCount
	Values       []Value
	Days         []DayCount
	Past         []PastPost // every page the site has ever had, by its newest title
}

// Attribution is which post a submission is credited to.
type Attribution string

// The attributions.
const (
	ConvertedOn Attribution = "converted_on" // the post whose form was sent
	FirstPost   Attribution = "first_post"   // the first post that visitor read that day
	Assist      Attribution = "assist"       // posts read that day besides; does not add up
)
