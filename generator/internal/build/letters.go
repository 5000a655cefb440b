package build

import (
	"fmt"
	"maps"
	"path"
	"strings"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/letter"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/source"
)

// Where letters stand, and the files they hand over.
const (
	lettersFolder = "templates/email/"
	FilesFolder   = "content/_files/"
)

// letters reads the templates of mails, the frame among them, and tries each with
// sample data.
func letters(tree source.Tree) (map[string]string, diag.List, error) {
	out := map[string]string{}
	files := map[string]source.File{}
	for _, f := range tree.Under(lettersFolder) {
		name := strings.TrimSuffix(path.Base(f.Path), path.Ext(f.Path))
		if name == letter.Frame != (path.Ext(f.Path) == ".html") {
			continue
		}
		text, err := f.Read()
		if err != nil {
			return nil, nil, err
		}
		out[name], files[name] = string(text), f
	}
	var problems diag.List
	for _, name := range letter.Names() {
		_, err := letter.Write(name, out[name], out[letter.Frame], letter.Sample())
		if err == nil {
			continue
		}
		at, message := letter.Place(err)
		if at.Name == letter.Frame {
			name = letter.Frame
		}
		d := diag.Diagnostic{File: files[name].Path, Line: at.Line, Message: message, Hint: "`cardbowl help letters` lists what a letter may say"}
		if line := strings.Split(out[name], "\n"); at.Line > 0 && at.Line <= len(line) {
			d.Source, d.Column = line[at.Line-1], max(at.Column, 1)
		}
		if d.File == "" {
			d.File = lettersFolder + name + ".txt"
		}
		problems = append(problems, d)
	}
	return out, problems, nil
}

// deliveries complains of forms that hand over a file that is not there.
func deliveries(tree source.Tree, c config.Config) (problems diag.List) {
	for _, f := range c.Forms {
		if f.Deliver == "" {
			continue
		}
		if _, found := tree.File(FilesFolder + f.File()); !found {
			problems = append(problems, c.At(diag.Error, fmt.Sprintf("the form `%s` delivers `%s`, and there is no such file", f.Name, f.Deliver),
				"put it at "+FilesFolder+f.File(), "forms", f.Name, "deliver"))
		}
	}
	return problems
}

// mail is what the tracker needs to write mails.
func (t trunk) mail() manifest.Mail {
	c := t.result.Config
	m := manifest.Mail{Sender: letter.Sender(c.Sender), Letters: maps.Clone(t.letters), Frame: t.letters[letter.Frame], PerDay: c.Mail.PerDay}
	delete(m.Letters, letter.Frame)
	return m
}

// retention is what the tracker needs to know when people's time is over.
func (t trunk) retention() manifest.Retention {
	return manifest.Retention(t.result.Config.Tracker.Retention)
}
