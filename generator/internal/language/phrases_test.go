package language

import (
	"io/fs"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every phrase that a template of the theme says is in the table, in every
// language, and none is there for nothing.
func TestPhrases(t *testing.T) {
	said := map[string]bool{"Page not found": true} // by the plan of a site
	call := regexp.MustCompile(`\bsay "([^"]*)"`)
	theme := os.DirFS("../../../templates")
	err := fs.WalkDir(theme, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".html" && path.Ext(name) != ".txt" {
			return err
		}
		text, err := fs.ReadFile(theme, name)
		for _, m := range call.FindAllStringSubmatch(string(text), -1) {
			said[m[1]] = true
			if !slices.Contains(Phrases(), m[1]) {
				t.Errorf("%s says %q, which has no translation", name, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	spoken := regexp.MustCompile(`\b(?:say|Say|count)\("([^"]*)"[,)]`)
	for _, name := range []string{"../form/markup.go", "../form/validate.go", "../config/config.go", "../tracker/consent.go", "../tracker/dossier.go", "../tracker/submit.go", "../tracker/answer.go", "../tracker/files.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range spoken.FindAllStringSubmatch(string(source), -1) {
			said[m[1]] = true
			if !slices.Contains(Phrases(), m[1]) {
				t.Errorf("%s says %q, which has no translation", name, m[1])
			}
		}
	}
	for phrase, translations := range phrases() {
		if !said[phrase] {
			t.Errorf("nothing says %q", phrase)
		}
		for i, words := range translations {
			if strings.Count(words, "#") != strings.Count(phrase, "#") {
				t.Errorf("%q in %s lacks a number: %q", phrase, tags()[i], words)
			}
			if strings.TrimSpace(words) == "" || strings.ContainsAny(words, `<>&"`) {
				t.Errorf("%q in %s: %q", phrase, tags()[i], words)
			}
		}
	}
}

// Every sentence that an owner may say otherwise is one of those that are said,
// or the owner's words would go nowhere, and no two keys are the same one.
func TestMessages(t *testing.T) {
	key := map[string]string{}
	of := reflect.TypeFor[Messages]()
	for i := range of.NumField() {
		said := of.Field(i).Tag.Get("says")
		if !slices.Contains(Phrases(), said) {
			t.Errorf("%s says %q, which nobody says", of.Field(i).Name, said)
		}
		if other, taken := key[said]; taken {
			t.Errorf("%s and %s say the same: %q", other, of.Field(i).Name, said)
		}
		key[said] = of.Field(i).Name
	}
	own := Of("de").With(Messages{NothingTitle: "Weg"})
	if own.Say("Nothing here") != "Weg" || Of("de").Say("Nothing here") == "Weg" {
		t.Error("own words are not said, or by everybody")
	}
}

func TestDates(t *testing.T) {
	day := time.Date(2026, 3, 2, 15, 4, 0, 0, time.UTC)
	for tag, want := range map[string][3]string{
		"":      {"2 March 2006", "Mon, 2 Mar", "15:04"},
		"en-CA": {"2 March 2006", "Mon, 2 Mar", "15:04"},
		"de":    {"2. März 2026", "Mo, 2 März", "15:04"},
		"de-AT": {"2. März 2026", "Mo, 2 März", "15:04"},
		"fr":    {"2 mars 2026", "lun., 2 mars", "15:04"},
		"es":    {"2 de marzo de 2026", "lun, 2 mar", "15:04"},
		"it":    {"2 marzo 2026", "lun, 2 mar", "15:04"},
		"pt-BR": {"2 de março de 2026", "seg., 2 mar.", "15:04"},
		"nl":    {"2 maart 2026", "ma, 2 mrt", "15:04"},
		"pl":    {"2 marca 2026", "pon, 2 mar", "15:04"},
		"xx":    {"2 March 2006", "Mon, 2 Mar", "15:04"},
	} {
		w := Of(tag)
		for i, form := range []string{w.Say("2 January 2006"), "Mon, 2 Jan", "15:04"} {
			if got, want := w.Date(form, day), strings.Replace(want[i], "2006", "2026", 1); got != want {
				t.Errorf("%s: %s, not %s", tag, got, want)
			}
		}
	}
	for _, tag := range tags() {
		if got := len(names(tag)); got != len(english()) {
			t.Errorf("%s has %d names of months and days, not %d", tag, got, len(english()))
		}
	}
	// A long name is not read as a short one with something behind it.
	may := time.Date(2026, 5, 24, 0, 0, 0, 0, time.UTC)
	if got := Of("de").Date("Monday 2 January Jan Mon", may); got != "Sonntag 24 Mai Mai So" {
		t.Error(got)
	}
}
