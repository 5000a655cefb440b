package funnel

// Origin is where a reader came from on a day: what the first page that was
// opened said of it. The zero value is a reader of whom that is not known.
type Origin struct {
	Source   string `json:"source,omitempty"`   // utm_source, source or ref, in lower case; else the Referrer; else Direct
	Medium   string `json:"medium,omitempty"`   // utm_medium, in lower case
	Campaign string `json:"campaign,omitempty"` // utm_campaign, in lower case
	Term     string `json:"term,omitempty"`     // utm_term
	Content  string `json:"content,omitempty"`  // utm_content
	Referrer string `json:"referrer,omitempty"` // host of the other site that linked here, without www.
}

// Direct is the Source of a reader who came by no link that tells of itself.
const Direct = "direct"

// Dimension is what counts may be told apart by, besides the post they belong to.
type Dimension string

// The dimensions. By a credit, what followed a card is told apart by the post it
// is credited to; the key is that post's path.
const (
	BySource    Dimension = "source"
	ByCampaign  Dimension = "campaign"
	ByForm      Dimension = "form"
	ByPlacement Dimension = "placement"
	ByRevision  Dimension = "revision"
	ByFirstPost Dimension = "first_post"
	ByAssist    Dimension = "assist"
)

// Brought is no step of the funnel: under it stands, in a Part, what leads brought.
const Brought Step = "value"

// Part is the share of one key in a Dimension.
//
// Visitors are visitor-days, as in a Reach, for the steps that are told apart by
// visitor and for Conversion. Of a form or a placement, a Conversion is a reader
// who saw the form and sent it; of a credit, one whose card is credited to the
// post.
type Part struct {
	Post     string // URL path, SiteWide, or Other
	Key      string // empty: not known, or none
	Step     Step
	Count    int
	Visitors int
	Amount   float64 // of Brought, in the site's currency
}

// KeyLeads is how many different people sent a card under a key. It does not add
// up: one person may have done so under several.
type KeyLeads struct {
	Post, Key string // as in Part
	Leads     int
}

// Revision is what a page said from a day on.
type Revision struct {
	Path, Digest, Title string
	Since               string // YYYY-MM-DD, the first day it was seen by the tracker
}

// Breakdown is counts by a Dimension.
type Breakdown struct {
	Dimension Dimension
	Parts     []Part
	Leads     []KeyLeads
	Revisions []Revision // of ByRevision: every revision there ever was, by path, the oldest first
}
