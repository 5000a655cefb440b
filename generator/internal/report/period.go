package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Period is the days a report is about, both included, as YYYY-MM-DD. An empty
// Since means from the beginning.
type Period struct {
	Since, Until string
}

// maxDays is how far back a number of days may reach; "all" reaches further.
const maxDays = 36_500

// ParsePeriod reads the since and until of a command line or a query: a date
// (2026-10-24), a number of days (30d, the last of them included), or all. now
// carries the site's time zone. Empty words mean the last 30 days.
func ParsePeriod(since, until string, now time.Time) (Period, error) {
	last := now
	if until != "" {
		day, err := time.ParseInLocation(time.DateOnly, until, now.Location())
		if err != nil {
			return Period{}, fmt.Errorf("until %q is not a date like %s", until, now.Format(time.DateOnly))
		}
		last = day
	}
	p := Period{Until: last.Format(time.DateOnly)}
	if since == "" {
		since = "30d"
	}
	if since == "all" {
		return p, nil
	}
	if number, ok := strings.CutSuffix(since, "d"); ok {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > maxDays {
			return Period{}, fmt.Errorf("since %q is not a number of days like 30d", since)
		}
		// By calendar date, so that a day of 23 hours does not shift it.
		p.Since = time.Date(last.Year(), last.Month(), last.Day()-n+1, 12, 0, 0, 0, time.UTC).Format(time.DateOnly)
		return p, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, since, now.Location())
	if err != nil {
		return Period{}, fmt.Errorf("since %q is neither a date like %s, a number of days like 30d, nor all", since, now.Format(time.DateOnly))
	}
	p.Since = day.Format(time.DateOnly)
	if p.Since > p.Until {
		return Period{}, fmt.Errorf("since %s is after until %s", p.Since, p.Until)
	}
	return p, nil
}

// Before is as many days before the period; false when it has no first day.
func (p Period) Before() (Period, bool) {
	since, err1 := time.Parse(time.DateOnly, p.Since)
	until, err2 := time.Parse(time.DateOnly, p.Until)
	if err1 != nil || err2 != nil {
		return Period{}, false
	}
	days := int(until.Sub(since).Hours()/24+0.5) + 1
	return Period{since.AddDate(0, 0, -days).Format(time.DateOnly), since.AddDate(0, 0, -1).Format(time.DateOnly)}, true
}

// daysBetween is every calendar date from since to until, both included; none
// when either is no date.
func daysBetween(since, until string) []string {
	first, err := time.Parse(time.DateOnly, since)
	if err != nil {
		return nil
	}
	last, err := time.Parse(time.DateOnly, until)
	if err != nil {
		return nil
	}
	var days []string
	for d := first; !d.After(last) && len(days) <= 2*maxDays; d = d.AddDate(0, 0, 1) {
		days = append(days, d.Format(time.DateOnly))
	}
	return days
}
