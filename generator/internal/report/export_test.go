package report

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
)

func TestWriteLeads(t *testing.T) {
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	leads := []Lead{
		{ID: "1", Email: "Ana@example.com", Name: "Ana da Silva", Phone: "+1 (416) 555-0100", Company: "=cmd()", ConfirmedAt: &at, Stage: "client", Value: new(4000.0),
			Cards: []Card{{At: at, Form: "newsletter", Post: "/posts/a/", Origin: funnel.Origin{Source: "letter", Campaign: "autumn"}}, {At: at, Form: "call"}, {At: at, Form: "call"}}},
		{ID: "2", Email: "ben@example.com", Stage: "call", Cards: []Card{{At: at, Form: "newsletter", Consent: "c0ffee",
			Answers: []form.Answer{{Name: "first_name", Value: "Ben"}, {Name: "last_name", Value: "van Dijk"}}}}},
		{ID: "3", Email: "left@example.com", ConfirmedAt: &at, UnsubscribedAt: &at, Stage: "lost", Cards: []Card{{At: at, Form: "newsletter", Consent: "c0ffee"}}},
		{ID: "4", Email: "asked@example.com", Cards: []Card{{At: at, Form: "call"}}},
		{ID: "5", Name: "Nobody", Cards: []Card{{At: at, Form: "call"}}},
	}
	for format, want := range map[string]struct {
		text string
		out  Exported
	}{
		"hubspot": {"Email,First Name,Last Name,Phone Number,Company Name,Lifecycle Stage\r\n" +
			"Ana@example.com,Ana,da Silva,+14165550100,'=cmd(),Customer\r\n" +
			"ben@example.com,Ben,van Dijk,,,Opportunity\r\n" +
			"left@example.com,,,,,Other\r\n" +
			"asked@example.com,,,,,Lead\r\n", Exported{4, 1, 0, 0}},
		"mailchimp": {"Email Address,First Name,Last Name,Phone Number,Company,Tags\r\n" +
			"Ana@example.com,Ana,da Silva,+14165550100,'=cmd(),\"newsletter, call, client\"\r\n" +
			"ben@example.com,Ben,van Dijk,,,\"newsletter, call\"\r\n", Exported{2, 1, 1, 1}},
		"kit": {"Email,First Name,Last Name,Tags\r\n" +
			"Ana@example.com,Ana,da Silva,\"newsletter,call,client\"\r\n" +
			"ben@example.com,Ben,van Dijk,\"newsletter,call\"\r\n", Exported{2, 1, 1, 1}},
	} {
		var b strings.Builder
		out, err := WriteLeads(&b, leads, format, "CAD", funnel.DefaultSales())
		if err != nil || b.String() != want.text || out != want.out {
			t.Errorf("%s: %+v %v\n%s", format, out, err, b.String())
		}
	}
	var b strings.Builder
	if _, err := WriteLeads(&b, leads, "listmonk", "CAD", funnel.DefaultSales()); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil || len(rows) != 3 || !slices.Equal(rows[0], []string{"email", "name", "attributes"}) || rows[1][0] != "ana@example.com" {
		t.Fatal(rows, err)
	}
	var attributes map[string]any
	if err := json.Unmarshal([]byte(rows[1][2]), &attributes); err != nil || attributes["value"] != 4000.0 || attributes["currency"] != "CAD" || attributes["campaign"] != "autumn" {
		t.Error(attributes, err)
	}
	if _, err := WriteLeads(io.Discard, leads, "abacus", "", nil); !errors.Is(err, ErrFormat) || !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "mailchimp") {
		t.Error(err)
	}
	if out, err := WriteLeads(io.Discard, leads, "plain", "CAD", nil); err != nil || out.Written != 5 {
		t.Error(out, err)
	}
}

// No cell of any format is one that a spreadsheet would run.
func TestNoFormulas(t *testing.T) {
	for _, bad := range []string{"=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "+1 416 =1"} {
		l := Lead{ID: bad, Email: bad, Name: bad + " " + bad, Phone: bad, Company: bad, Stage: bad, ConfirmedAt: new(time.Now()),
			Cards: []Card{{Form: bad, Post: bad, Origin: funnel.Origin{Source: bad, Medium: bad, Campaign: bad, Term: bad, Content: bad, Referrer: bad}}}}
		for _, format := range LeadFormats() {
			var b strings.Builder
			if _, err := WriteLeads(&b, []Lead{l}, format, bad, nil); err != nil {
				t.Fatal(err)
			}
			rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, cell := range rows[1] {
				if _, err := strconv.ParseFloat(cell, 64); err != nil && strings.IndexAny(cell, "=+-@\t\r\n") == 0 { // a number is none
					t.Errorf("%s writes %q", format, cell)
				}
			}
		}
	}
}
