package cli

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/site"
	"cardbowl/generator/internal/source"
)

// starter is the site that `new site` writes. Its files are text templates with
// the site's title and today's date in the zone its site.yaml names; the
// machine's may be a day ahead, which would make the first post a scheduled one.
//
//go:embed starter
var starter embed.FS

func newCommand(w World) *cobra.Command {
	c := &cobra.Command{
		Use: "new", Short: "Start a site or a post",
		Example: "  cardbowl new site my-blog\n  cardbowl new post \"Is sales a part of marketing?\"",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return wrong("`cardbowl new` makes a site or a post, not `%s`", args[0])
			}
			return c.Help()
		},
	}
	c.AddCommand(newSiteCommand(w), newPostCommand(w))
	return c
}

func newSiteCommand(w World) *cobra.Command {
	return &cobra.Command{
		Use: "site DIR", Short: "Write a starter site that builds at once", Example: "  cardbowl new site my-blog", Args: one("the new folder: `cardbowl new site my-blog`"),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := args[0]
			if err := emptyFolder(dir); err != nil {
				return failure{problem, err}
			}
			if err := writeStarter(dir, starterData{Title: titleFrom(dir), Day: w.Now().UTC().Format(time.DateOnly)}); err != nil {
				return failure{problem, err}
			}
			if err := writeSchema(dir); err != nil {
				return failure{problem, err}
			}
			fmt.Fprintf(w.Stdout, "A new site stands in %s. Look at it with:\n\n  cardbowl serve -s %s\n", dir, quoted(dir))
			return nil
		},
	}
}

// one wants a single argument and says which.
func one(wanted string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 1 && args[0] != "" {
			return nil
		}
		return wrong("`%s` takes %s", c.CommandPath(), wanted)
	}
}

// emptyFolder makes the folder, or sees that nothing in it could be overwritten.
func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			return fmt.Errorf("%s is not empty; a new site needs a folder of its own", dir)
		}
	}
	return nil
}

// writeSchema puts the schema of site.yaml where its first line says, so that an
// editor checks it without a network and by the rules of this very program.
func writeSchema(dir string) error {
	at := filepath.Join(dir, cardbowlFolder, "site.schema.json")
	if known, err := os.ReadFile(at); err == nil && bytes.Equal(known, config.Schema()) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	return os.WriteFile(at, config.Schema(), 0o644)
}

type starterData struct{ Title, Day string }

func writeStarter(dir string, data starterData) error {
	return fs.WalkDir(starter, "starter", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := template.ParseFS(starter, name)
		if err != nil {
			return err
		}
		at := strings.TrimPrefix(name, "starter/")
		if at == "gitignore" { // a name with a dot would not be embedded
			at = ".gitignore"
		}
		out := filepath.Join(dir, filepath.FromSlash(at))
		if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		return errors.Join(text.Execute(f, data), f.Close())
	})
}

// titleFrom makes a title of a folder's name, safe to stand in YAML.
func titleFrom(dir string) string {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		absolute = dir
	}
	words := strings.FieldsFunc(filepath.Base(absolute), func(r rune) bool { return strings.ContainsRune("-_. ", r) })
	title := strings.Join(words, " ")
	if title == "" {
		title = "My site"
	}
	first, size := utf8.DecodeRuneInString(title)
	return strconv.Quote(string(unicode.ToUpper(first)) + title[size:])
}

// quoted is a path as a shell takes it.
func quoted(s string) string {
	if strings.ContainsAny(s, " \t'\"\\$&;()<>|*?[]#~`!{}") {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

func newPostCommand(w World) *cobra.Command {
	var dir, kind string
	var bundle bool
	c := &cobra.Command{
		Use: "post TITLE", Short: "Write a post with its front matter filled in",
		Long: "Writes content/posts/NAME.md, the name made of the title. What stands in it comes from the site's own\n" +
			"templates/archetypes/posts.md or default.md, or is a plain beginning where there is neither. An archetype\n" +
			"may also be a folder with an index.md and what belongs to it.",
		Example: "  cardbowl new post \"Is sales a part of marketing?\"\n  cardbowl new post --bundle \"Five photographs of a bowl\"\n  cardbowl new post --kind letter \"The October letter\"", Args: one("the title in quotes: `cardbowl new post \"My second post\"`"),
		RunE: func(_ *cobra.Command, args []string) error {
			title := strings.TrimSpace(args[0])
			slug := site.Slug(title)
			if slug == "" {
				return wrong("the title `%s` holds nothing that an address may hold", title)
			}
			if _, err := os.Stat(filepath.Join(dir, source.ConfigFile)); err != nil {
				return failure{problem, fmt.Errorf("no site.yaml in %s; name the site folder with -s DIR", dir)}
			}
			zone, err := zoneOf(w, dir)
			if err != nil {
				return err
			}
			post := newPost{Title: title, Name: slug, Date: w.Now().In(zone).Format(time.DateOnly), Section: "posts"}
			post.File.ContentBaseName = slug
			files, err := fill(dir, kind, post)
			if err != nil {
				return failure{problem, err}
			}
			at, err := writePost(dir, post.Section, slug, files, bundle)
			if err != nil {
				return failure{problem, err}
			}
			out := filepath.Join(dir, filepath.FromSlash(at))
			fmt.Fprintf(w.Stdout, "%s\n", out)
			if draft.MatchString(files["index.md"]) {
				fmt.Fprintf(w.Stderr, "It is a draft: `cardbowl serve -D` shows it, and taking out `draft: true` publishes it.\n")
			}
			return nil
		},
	}
	c.Flags().StringVarP(&dir, "source", "s", ".", "the site folder, the one with site.yaml")
	c.Flags().StringVarP(&kind, "kind", "k", "", "the archetype: letter for templates/archetypes/letter.md")
	c.Flags().BoolVarP(&bundle, "bundle", "b", false, "make the post a folder, with room for its pictures")
	complete := func(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return archetypeNames(os.DirFS(dir)), cobra.ShellCompDirectiveNoFileComp
	}
	if err := c.RegisterFlagCompletionFunc("kind", complete); err != nil {
		panic(err) // the flag stands just above
	}
	return c
}

var draft = regexp.MustCompile(`(?m)^"?draft"?\s*[:=]\s*true`)
