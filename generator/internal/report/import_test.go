package report

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/store"
)

func importing(text string, with ...func(*ImportFile)) ([]store.ImportedLead, []string, []string) {
	f := ImportFile{Name: "leads.csv", Stages: []string{"call", "client"}, Zone: time.UTC}
	for _, change := range with {
		change(&f)
	}
	people, ignored, problems, err := ReadLeads(strings.NewReader(text), f)
	var said []string
	for _, p := range problems {
		said = append(said, fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message))
	}
	if err != nil {
		said = append(said, err.Error())
	}
	return people, ignored, said
}

func TestReadLeads(t *testing.T) {
	people, ignored, said := importing("\ufeffID,E-Mail,Name,Phone Number,stage,value,note,submitted_at,unsubscribed_at\r\n" +
		"7,Ana@Example.com,\"Ana \"\"A\"\" Silva\",'=1+1,client,4000,\"two\r\nlines\",2026-11-22,\r\n" +
		",ben@example.com,,+1 416 555,,,,2026-11-22T09:30:00-05:00,2026-11-23\r\n")
	want := []store.ImportedLead{
		{Email: "Ana@example.com", Stage: "client", Value: new(4000.0), Note: "two\nlines", Since: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
			Fields: []form.Answer{{Name: "name", Value: `Ana "A" Silva`}, {Name: "phone", Value: "=1+1"}}},
		{Email: "ben@example.com", Since: time.Date(2026, 11, 22, 14, 30, 0, 0, time.UTC), UnsubscribedAt: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC),
			Fields: []form.Answer{{Name: "phone", Value: "+1 416 555"}}},
	}
	if !reflect.DeepEqual(people, want) || len(said) > 0 || !reflect.DeepEqual(ignored, []string{"ID"}) {
		t.Errorf("%+v %v %v", people, ignored, said)
	}
	people, _, said = importing("Wer;Wo;Woher\nana@example.com;Ana;Messe\n", func(f *ImportFile) {
		f.Map, f.Answers = map[string]string{"email": "wer", "name": "Wo", "fair": "Woher"}, []string{"fair"}
	})
	if len(said) > 0 || len(people) != 1 || people[0].Fields[1] != (form.Answer{Name: "fair", Value: "Messe"}) {
		t.Errorf("%+v %v", people, said)
	}
	for text, want := range map[string]string{
		"":                                            "1:1: the file is empty",
		"name\nAna\n":                                 "1:1: no column has the addresses",
		"email,value\nana@example.com,x\n":            `2:17: "x" is no amount`,
		"email,value\na@b.example,-1\n":               `2:13: "-1" is no amount`,
		"email,stage\na@b.example,clint\n":            `2:13: there is no stage "clint"`,
		"email\nnobody\n":                             `2:1: "nobody" is no address`,
		"email,name\na@b.example\n":                   "2:1: the line has 1 cell and the header 2",
		"email\na@b.example\nA@b.example\n":           "3:1: A@b.example stands on line 2 already",
		"email,submitted_at\na@b.example,yesterday\n": `2:13: "yesterday" is no time`,
		"email\n\"a\"b\n":                             `2:3: extraneous or missing " in quoted-field`,
		"email,name\na@b.example,\"x\ny\"\nc@d.example,z,z\n": "4:1: the line has 3 cells and the header 2",
	} {
		if people, _, said := importing(text); len(said) != 1 || said[0] != want || len(people) > 1 {
			t.Errorf("%q: %q, %d people", text, said, len(people))
		}
	}
	if _, _, said := importing("email\na@b.example\n", func(f *ImportFile) { f.Map = map[string]string{"name": "Wo"} }); len(said) != 1 || !strings.Contains(said[0], `no column "Wo", which --map names for name`) {
		t.Error(said)
	}
}

// What we export is what we import: everybody, and nothing more than before.
func TestImportTakesOurExport(t *testing.T) {
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	var b strings.Builder
	leads := []Lead{{ID: "1", Email: "ana@example.com", Name: "=Ana", Phone: "+1 416", Company: "Silva; Sons, \"Ltd\"", Stage: "client", Value: new(99.5), UnsubscribedAt: &at, Cards: []Card{{At: at, Form: "f", Post: "/posts/a/"}}}}
	if err := WriteLeadsCSV(&b, leads, "CAD"); err != nil {
		t.Fatal(err)
	}
	people, ignored, said := importing(b.String())
	if len(said) > 0 || len(people) != 1 {
		t.Fatal(said, people)
	}
	p := people[0]
	if p.Email != "ana@example.com" || p.Fields[0].Value != "=Ana" || p.Fields[1].Value != "+1 416" || p.Fields[2].Value != "Silva; Sons, \"Ltd\"" ||
		*p.Value != 99.5 || p.Stage != "client" || !p.Since.Equal(at) || !p.UnsubscribedAt.Equal(at) || len(ignored) != len(leadColumns())-8 {
		t.Errorf("%+v %v", p, ignored)
	}
}

func FuzzReadLeads(f *testing.F) {
	f.Add("email,name\na@b.example,Ana\n")
	f.Add("\ufeffemail;value\n\"a@b.example\";1\n")
	f.Fuzz(func(t *testing.T, text string) {
		people, _, problems, err := ReadLeads(strings.NewReader(text), ImportFile{Zone: time.UTC})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range people {
			if _, ok := form.NormaliseEmail(p.Email); !ok {
				t.Errorf("%q is no address", p.Email)
			}
		}
		for _, p := range problems {
			if p.Message == "" {
				t.Error("a problem without words")
			}
		}
	})
}
