// Command sitebench measures what building a site costs, beside a floor and
// beside Hugo.
//
//	go run ./generator/cmd/sitebench -n 10000 -rounds 3
//
// It writes a corpus, or takes the content folder it is given, and builds it in
// turns (A B C D, A B C D, …), each time in a new process and into a fresh
// folder:
//
//   - floor: a program of a hundred lines that reads, converts with goldmark,
//     fills an html/template and writes one file per page;
//   - minimal: Cardbowl with a theme that prints what the floor prints;
//   - default: Cardbowl with its own theme, related posts, JSON-LD, three feeds
//     per list and all;
//   - hugo: Hugo with the same theme as the floor's, where it is on PATH.
//
// All write the same pages: posts, the paginated home page, section and tags,
// the list of tags, a feed, the sitemap, a form under each post. Pictures,
// highlighting and minifying are off. After each cold build it builds the same
// folder again without a change, and once more with one body edited.
//
// With -live it edits one body while each of them serves its site, and measures
// how long it takes from saving the file until the page is served with the
// change; of Cardbowl also how long from the moment that changes have calmed down
// until everything is written and open pages are told:
//
//	go run ./generator/cmd/sitebench -n 10000 -live 20
//
// Absolute figures move with the machine and its neighbours; the ratios, taken
// pair by pair from one round, do not.
package main

import (
	"embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed all:themes
var themes embed.FS

func main() {
	n := flag.Int("n", 1000, "posts to write")
	seed := flag.Uint64("seed", 1, "seed of the corpus")
	corpus := flag.String("corpus", "", "a content folder to build instead, with posts/*.md in it")
	rounds := flag.Int("rounds", 3, "rounds")
	program := flag.String("cardbowl", "", "the cardbowl to measure (default: built from this repository)")
	only := flag.String("only", "floor,minimal,default,hugo", "what to measure")
	live := flag.Int("live", 0, "in place of building, edit one body so many times while each serves its site")
	asFloor := flag.Bool("floor", false, "be the floor: build SITE into OUT and end")
	flag.Parse()
	err := func() error {
		if *asFloor {
			return floor(flag.Arg(0), flag.Arg(1))
		}
		b := bench{out: os.Stdout}
		var err error
		if b.dir, err = os.MkdirTemp("", "sitebench-"); err != nil {
			return err
		}
		defer os.RemoveAll(b.dir)
		if *corpus == "" {
			*corpus = filepath.Join(b.dir, "corpus")
			if err := writeCorpus(*corpus, *n, *seed); err != nil {
				return err
			}
		}
		if err := b.prepare(*corpus, *program, strings.Split(*only, ",")); err != nil {
			return err
		}
		if *live > 0 {
			return b.live(*live)
		}
		return b.run(*rounds)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sitebench:", err)
		os.Exit(1)
	}
}

// contender is one program with its own copy of the site.
type contender struct {
	name    string
	site    string
	command func(out string) *exec.Cmd
	serve   func(port string) *exec.Cmd // nil: it does not
	again   bool                        // it is worth building the same folder again
	cold    []sample
	nothing []sample
	edited  []sample
}

type sample struct {
	took, cpu time.Duration
	memory    int64 // bytes at the peak; 0 where the system does not tell
	files     int
}

type bench struct {
	dir        string
	out        *os.File
	contenders []*contender
}

const (
	cardbowlSettings = "title: Bench\nbaseURL: https://bench.example/\ndescription: A corpus\npaginate: 10\nimages: {share: false}\nmarkdown: {highlight: false}\n" +
		"forms: {newsletter: {button: Send it to me, fields: [{name: email, type: email, required: true}]}}\n"
	hugoSettings = "title: Bench\nbaseURL: https://bench.example/\npaginate: 10\ntaxonomies: {tag: tags}\nmarkup: {highlight: {codeFences: false}, goldmark: {parser: {attribute: {block: true}}}}\n" +
		"outputs: {home: [HTML, RSS], section: [HTML], taxonomy: [HTML], term: [HTML]}\nservices: {rss: {limit: 20}}\n"
)

func (b *bench) prepare(corpus, program string, only []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if program == "" {
		program = filepath.Join(b.dir, "cardbowl")
		if out, err := exec.Command("go", "build", "-o", program, "cardbowl/generator/cmd/cardbowl").CombinedOutput(); err != nil {
			return fmt.Errorf("build cardbowl: %w\n%s", err, out)
		}
	}
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	cardbowl := func(site string) func(string) *exec.Cmd {
		return func(out string) *exec.Cmd { return exec.Command(program, "build", "-s", site, "-d", out) }
	}
	for _, name := range only {
		c := &contender{name: name, site: filepath.Join(b.dir, name), again: name != "floor"}
		if err := os.MkdirAll(c.site, 0o755); err != nil {
			return err
		}
		if err := copyFolder(os.DirFS(corpus), filepath.Join(c.site, "content")); err != nil {
			return err
		}
		settings, theme, themeTo := "", "", ""
		switch name {
		case "floor":
			c.command = func(out string) *exec.Cmd { return exec.Command(self, "-floor", c.site, out) }
		case "minimal":
			c.command, settings, theme, themeTo = cardbowl(c.site), "site.yaml", "themes/cardbowl", "templates"
			c.serve = cardbowlServe(program, c.site)
		case "default":
			c.command, settings = cardbowl(c.site), "site.yaml"
			c.serve = cardbowlServe(program, c.site)
		case "hugo":
			hugo, err := exec.LookPath("hugo")
			if err != nil {
				fmt.Fprintln(b.out, "hugo is not on PATH and is left out")
				continue
			}
			if version, err := exec.Command(hugo, "version").Output(); err == nil {
				fmt.Fprint(b.out, string(version))
			}
			c.command = func(out string) *exec.Cmd { return exec.Command(hugo, "--quiet", "-s", c.site, "-d", out) }
			c.serve = hugoServe(hugo, c.site)
			settings, theme, themeTo = "config.yaml", "themes/hugo", "layouts"
		default:
			return fmt.Errorf("there is no contender %q", name)
		}
		text := cardbowlSettings
		if name == "hugo" {
			text = hugoSettings
		}
		if settings != "" {
			if err := os.WriteFile(filepath.Join(c.site, settings), []byte(text), 0o644); err != nil {
				return err
			}
		}
		if theme != "" {
			from, err := fs.Sub(themes, theme)
			if err != nil {
				return err
			}
			if err := copyFolder(from, filepath.Join(c.site, themeTo)); err != nil {
				return err
			}
		}
		b.contenders = append(b.contenders, c)
	}
	return nil
}

// copyFolder copies the files of a folder; what is there already is written over.
func copyFolder(from fs.FS, to string) error {
	return fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		return write(filepath.Join(to, filepath.FromSlash(name)), text)
	})
}

func (b *bench) run(rounds int) error {
	// Digests are kept of files that are older than the coarsest clock; none of
	// these may be so young that its time proves nothing.
	time.Sleep(2500 * time.Millisecond)
	for round := range rounds {
		for _, c := range b.contenders {
			out := filepath.Join(b.dir, "out-"+c.name)
			if err := errors.Join(os.RemoveAll(out), os.RemoveAll(filepath.Join(c.site, ".cardbowl"))); err != nil {
				return err
			}
			if err := b.measure(c, out, &c.cold); err != nil {
				return err
			}
			if c.again {
				if err := b.measure(c, out, &c.nothing); err != nil {
					return err
				}
				if err := edit(c.site, round); err != nil {
					return err
				}
				if err := b.measure(c, out, &c.edited); err != nil {
					return err
				}
			}
			if err := os.RemoveAll(out); err != nil {
				return err
			}
		}
		fmt.Fprintf(b.out, "round %d of %d\n", round+1, rounds)
	}
	b.report()
	return nil
}

// edit appends to a post in the middle of the corpus.
func edit(site string, round int) error {
	posts, err := filepath.Glob(filepath.Join(site, "content", "posts", "*.md"))
	if err != nil || len(posts) == 0 {
		return fmt.Errorf("no posts in %s: %w", site, err)
	}
	f, err := os.OpenFile(posts[len(posts)/2], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "\nEdited in round %d.\n", round)
	return errors.Join(err, f.Close())
}

func (b *bench) measure(c *contender, out string, to *[]sample) error {
	_ = exec.Command("sync").Run() // what the one before left to be written is not this one's
	command := c.command(out)
	begin := time.Now()
	said, err := command.CombinedOutput()
	took := time.Since(begin)
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", c.name, err, said)
	}
	s := sample{took: took, cpu: command.ProcessState.UserTime() + command.ProcessState.SystemTime(), memory: peak(command.ProcessState)}
	err = filepath.WalkDir(out, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			s.files++
		}
		return err
	})
	*to = append(*to, s)
	return err
}

func (b *bench) report() {
	row := func(c *contender, what string, samples []sample) {
		if len(samples) == 0 {
			return
		}
		fmt.Fprintf(b.out, "%-10s %-10s %8.3f s  (CPU %7.3f s)  %6d MiB  %d files\n", c.name, what,
			median(samples, func(s sample) float64 { return s.took.Seconds() }), median(samples, func(s sample) float64 { return s.cpu.Seconds() }),
			int(median(samples, func(s sample) float64 { return float64(s.memory) / (1 << 20) })), samples[0].files)
	}
	fmt.Fprintln(b.out, "\nmedians")
	for _, c := range b.contenders {
		row(c, "cold", c.cold)
		row(c, "nothing", c.nothing)
		row(c, "one body", c.edited)
	}
	fmt.Fprintln(b.out, "\nratios, pair by pair: median (least to most)")
	for i, x := range b.contenders {
		for _, y := range b.contenders[i+1:] {
			b.ratio(y.name+" / "+x.name+", cold", y.cold, x.cold)
			b.ratio(y.name+" / "+x.name+", nothing changed", y.nothing, x.nothing)
			b.ratio(y.name+" / "+x.name+", one body", y.edited, x.edited)
		}
	}
}

func (b *bench) ratio(name string, above, below []sample) {
	if len(above) == 0 || len(above) != len(below) {
		return
	}
	var ratios []float64
	for i := range above {
		ratios = append(ratios, above[i].took.Seconds()/below[i].took.Seconds())
	}
	fmt.Fprintf(b.out, "%-36s %7.2f  (%.2f to %.2f)\n", name, middle(ratios), slices.Min(ratios), slices.Max(ratios))
}

func median(samples []sample, of func(sample) float64) float64 {
	var values []float64
	for _, s := range samples {
		values = append(values, of(s))
	}
	return middle(values)
}

func middle(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}
