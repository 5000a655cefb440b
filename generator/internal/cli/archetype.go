package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"unicode"

	"cardbowl/generator/internal/diag"
)

// archetypes is where a site keeps what its new posts begin as: a file
// NAME.md, or a folder NAME with an index.md and what belongs to it.
const archetypes = "templates/archetypes"

// plainPost is what a new post begins as where a site has no archetype.
const plainPost = "---\ntitle: {{quote .Title}}\ndate: {{.Date}}\ndescription: \"\"\ntags: []\ndraft: true\n---\n\n"

// newPost is what an archetype may say of the post; the names are Hugo's.
type newPost struct {
	Title   string // as it was given
	Name    string // the file's name without its ending
	Date    string // today, where the site is
	Section string // the folder below content
	File    struct{ ContentBaseName string }
}

// fill makes the files of a new post from its archetype, by their paths beside
// the post: index.md is the text. With kind it must be that one; without, it is
// the section's, or the default, or the built-in one.
func fill(dir, kind string, p newPost) (map[string]string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	site := root.FS()
	wanted := []string{p.Section, strings.TrimSuffix(p.Section, "s"), "default"}
	if kind != "" {
		wanted = []string{kind}
	}
	for _, name := range wanted {
		if !fs.ValidPath(name) || strings.Contains(name, "/") {
			return nil, fmt.Errorf("`%s` is no name of an archetype", name)
		}
		at := path.Join(archetypes, name)
		if text, err := fs.ReadFile(site, at+".md"); err == nil {
			filled, err := fillText(at+".md", string(text), p)
			return map[string]string{"index.md": filled}, err
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if _, err := fs.Stat(site, at+"/index.md"); err == nil {
			return fillFolder(site, at, p)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if kind != "" {
		return nil, noArchetype(site, kind)
	}
	text, err := fillText("the built-in archetype", plainPost, p)
	return map[string]string{"index.md": text}, err
}

// fillFolder fills the markdown files of a folder; the others are taken as they
// are.
func fillFolder(site fs.FS, folder string, p newPost) (map[string]string, error) {
	out := map[string]string{}
	err := fs.WalkDir(site, folder, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		read, err := fs.ReadFile(site, at)
		if err != nil {
			return err
		}
		text := string(read)
		if path.Ext(at) == ".md" {
			if text, err = fillText(at, text, p); err != nil {
				return err
			}
		}
		out[strings.TrimPrefix(at, folder+"/")] = text
		return nil
	})
	return out, err
}

func fillText(name, text string, p newPost) (string, error) {
	// Shortcodes stay as they are: their signs begin nothing of ours.
	text = strings.NewReplacer("{{<", "{{`{{<`}}", "{{%", "{{`{{%`}}").Replace(text)
	t, err := template.New(name).Option("missingkey=error").Funcs(template.FuncMap{
		"quote":   strconv.Quote,
		"replace": func(s, from, to string) string { return strings.ReplaceAll(s, from, to) },
		"title":   eachWordLarge,
	}).Parse(text)
	var out strings.Builder
	if err == nil {
		err = t.Execute(&out, p)
	}
	if err != nil {
		return "", fmt.Errorf("%s\nhint: an archetype may say `.Title`, `.Name`, `.Date` and `.Section`, and `quote`, `replace` and `title`", strings.TrimPrefix(err.Error(), "template: "))
	}
	return out.String(), nil
}

// eachWordLarge begins each word with a capital letter, as Hugo's title does.
func eachWordLarge(s string) string {
	before := ' '
	return strings.Map(func(r rune) rune {
		first := unicode.IsSpace(before)
		if before = r; first {
			return unicode.ToTitle(r)
		}
		return r
	}, s)
}

// noArchetype names those there are.
func noArchetype(site fs.FS, kind string) error {
	names := archetypeNames(site)
	if near := diag.Nearest(kind, names); near != "" {
		return fmt.Errorf("there is no archetype `%s`; did you mean `%s`?", kind, near)
	}
	if len(names) > 0 {
		return fmt.Errorf("there is no archetype `%s`; this site has %s", kind, strings.Join(names, ", "))
	}
	return fmt.Errorf("there is no archetype `%s`; write one as %s/%s.md", kind, archetypes, kind)
}

func archetypeNames(site fs.FS) []string {
	entries, _ := fs.ReadDir(site, archetypes) // a site without the folder has none
	var out []string
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".md"); e.IsDir() || name != e.Name() {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// writePost writes the files of a new post and tells where its text lies. Nothing
// that is there already is touched.
func writePost(dir, section, name string, files map[string]string, folder bool) (string, error) {
	single := path.Join("content", section, name+".md")
	bundle := path.Join("content", section, name)
	for _, at := range []string{single, bundle} {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(at))); err == nil {
			return "", fmt.Errorf("%s is there already", at)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	if !folder && len(files) == 1 {
		return single, writeNew(filepath.Join(dir, filepath.FromSlash(single)), files["index.md"])
	}
	for at, text := range files {
		if err := writeNew(filepath.Join(dir, filepath.FromSlash(path.Join(bundle, at))), text); err != nil {
			return "", err
		}
	}
	return path.Join(bundle, "index.md"), nil
}

func writeNew(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
