package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"cardbowl/generator/internal/asset"
	"cardbowl/generator/internal/asset/picture"
	"cardbowl/generator/internal/cache"
	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/layout"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/page"
	"cardbowl/generator/internal/public"
	"cardbowl/generator/internal/site"
	"cardbowl/generator/internal/source"
)

// Options say which site is built and how.
type Options struct {
	Site    string                 // the site folder
	Out     string                 // the output folder
	Durable bool                   // the output survives a power cut
	Twins   bool                   // texts get compressed twins beside them, for servers that send those
	Private bool                   // nobody else writes the output folder while the Builder lives
	BaseURL string                 // in place of site.yaml's; empty: site.yaml's
	Local   bool                   // forms and counts go to whoever serves the pages, whatever site.yaml says
	Drafts  bool                   // show drafts
	Future  bool                   // show what is scheduled
	Expired bool                   // show what has expired
	Strict  bool                   // warnings are errors
	Theme   fs.FS                  // the built-in templates
	Now     func() time.Time       // decides what is published by now
	Clock   func() time.Time       // the machine's clock, to judge the times of files; nil: Now
	Workers int                    // 0: one per processor
	Kept    string                 // folder for what is remembered from one process to the next; empty: nothing is
	Cache   string                 // folder for pictures that were made; empty: <site>/.cardbowl/pictures
	WebP    func() picture.Encoder // finds the machine's cwebp, zero where it has none; nil: it is not looked for
	Doing   func(string)           // is told what is being done, for who waits; nil: nobody does

	// Ahead is told what the site will be, before a byte of the output changes; nil:
	// nobody is.
	Ahead func(manifest.Manifest)
}

// Result is what one build found and did. With errors in Problems nothing was
// written.
type Result struct {
	Config   config.Config
	Site     *site.Site        // nil when the build failed before it was assembled; not to be changed
	Manifest manifest.Manifest // empty when the build failed before its frame was rendered

	Documents []*content.Document // every one, by file, with a page or without; site.Page's Number counts them

	Problems diag.List // sorted; warnings too
	Pages    int       // HTML pages of the site
	Parsed   int       // documents parsed, not remembered
	Rendered int       // pages rendered, not remembered
	Assets   int       // files published as they are
	Output   public.Result
}

// Failed tells whether anything keeps the result from being published.
func (r Result) Failed() bool { return r.Problems.HasErrors() }

// Builder builds one site again and again. It is not safe for concurrent use.
type Builder struct {
	options Options
	reader  *source.Reader
	memo    *memo.Memo
	shelf   content.Shelf // every document of the last build
	plan    page.Plan     // of the last build

	planned  []*page.Planned // of the last build that wrote
	files    []public.File   // of each
	renderer *renderer       // of the build under way
	folder   *public.Folder

	asked    bool              // somebody wants to know everything
	kept     *cache.Cache      // opened by the first build
	workshop *picture.Workshop // of the last build

	before      memo.Digest        // of the site when Recall looked at it
	settled     bool               // nothing of it was too young for that to mean much
	asksWebP    bool               // of the last build, as the next two
	links       []page.OutsideLink // of the last Check, as the next two
	config      config.Config
	line        func(file string, line int) (string, error)
	from, until time.Time   // the schedule does not change from here to before there
	shown       memo.Digest // heads of the documents of which that is true
}

// New prepares to build.
func New(o Options) *Builder {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Cache == "" {
		o.Cache = filepath.Join(o.Site, ".cardbowl", "pictures")
	}
	if o.Clock == nil {
		o.Clock = o.Now
	}
	if o.Doing == nil {
		o.Doing = func(string) {}
	}
	return &Builder{options: o, reader: source.NewReader(o.Site, o.Theme, o.Clock), memo: memo.New(), folder: public.Open(o.Out, public.Options{Durable: o.Durable, Private: o.Private})}
}

// Close lets go of what other processes may want.
func (b *Builder) Close() {
	if b.kept != nil {
		b.kept.Close()
	}
}

// Build brings the output folder up to date. The error is for what is no fault
// of the site: a full disk, a foreign folder, the context's end.
func (b *Builder) Build(ctx context.Context) (Result, error) {
	return b.again(ctx, nil, func(t trunk) (Result, error) { return b.sync(ctx, t, false) })
}

// Rebuild is Build where nothing but some files of the site, named by whole
// paths, can have changed since the last one: only they are looked at. Names of
// folders, and of files that are no part of the site, may be among them.
func (b *Builder) Rebuild(ctx context.Context, changed []string) (Result, error) {
	names := []string{}
	site, err := filepath.Abs(b.options.Site)
	if err != nil {
		return b.Build(ctx)
	}
	for _, name := range changed {
		below, err := filepath.Rel(site, name)
		if err != nil {
			return b.Build(ctx)
		}
		names = append(names, filepath.ToSlash(below))
	}
	return b.again(ctx, names, func(t trunk) (Result, error) { return b.sync(ctx, t, false) })
}

// Verify computes everything remembered once more and compares it, the output
// folder included. Each difference is an error in Problems: a fault of this
// program.
func (b *Builder) Verify(ctx context.Context) (Result, error) {
	b.memo.Verify()
	r, err := b.again(ctx, nil, func(t trunk) (Result, error) { return b.sync(ctx, t, true) })
	for _, where := range append(b.memo.Mismatches(), r.Output.Mismatches...) {
		r.Problems = append(r.Problems, diag.Diagnostic{Message: "verification found another result for " + where,
			Hint: "this is a fault of Cardbowl and worth a report"})
	}
	return r, err
}

// Check does everything but write.
func (b *Builder) Check(ctx context.Context) (Result, error) {
	b.asked = true
	defer func() { b.asked = false }()
	return b.again(ctx, nil, func(t trunk) (Result, error) { return b.discard(ctx, t) })
}

// Pages goes no further than the manifest, and renders nothing.
func (b *Builder) Pages(ctx context.Context) (Result, error) {
	return b.again(ctx, nil, func(t trunk) (Result, error) {
		r := t.result
		if !r.Failed() {
			r.Manifest = t.plan.Manifest("")
			r.Manifest.Mail, r.Manifest.Webhooks, r.Manifest.Retention = t.mail(), t.result.Config.Webhooks, t.retention()
		}
		return r, nil
	})
}

// attempts is how often a build starts anew because a file changed under it.
const attempts = 5

// again builds until no file changes meanwhile. changed are the only files that
// can be others than at the last build; nil: any.
func (b *Builder) again(ctx context.Context, changed []string, finish func(trunk) (Result, error)) (Result, error) {
	if b.kept == nil {
		b.open()
	}
	for n := 1; ; n++ {
		t, err := b.trunk(ctx, changed)
		changed = nil
		var r Result
		if err == nil {
			r, err = finish(t)
		}
		if errors.Is(err, cache.ErrLost) {
			b.memo, b.shelf, b.plan = b.memo.Fresh(), content.Shelf{}, page.Plan{} // what was remembered speaks of texts that are gone
			err = fmt.Errorf("%w: %w", source.ErrChanged, err)
		}
		if !errors.Is(err, source.ErrChanged) || n == attempts {
			r.Problems = r.Problems.Sorted()
			r.Parsed = b.memo.Runs(content.Stage)
			if err == nil && !r.Failed() {
				b.memo.Sweep()
			}
			return r, err
		}
	}
}

// trunk is the straight line from the folder to planned pages.
type trunk struct {
	layouts  layout.Set
	assets   asset.Set
	files    []site.File // as the site has them, in the tree of now
	pictures map[string]page.Picture
	sources  map[string]source.File // of pictures, by site path
	settings picture.Settings
	letters  map[string]string // templates of mails, by name
	plan     page.Plan
	data     []string // the data files
	result   Result
}

func (b *Builder) trunk(ctx context.Context, changed []string) (trunk, error) {
	var t trunk
	o := b.options
	note := func(problems diag.List) { t.result.Problems = append(t.result.Problems, problems...) }

	o.Doing("reading the site")
	var tree source.Tree
	var problems diag.List
	var err error
	if changed != nil {
		tree, problems, err = b.reader.ReadAgain(ctx, changed)
	} else {
		tree, problems, err = b.reader.Read(ctx)
	}
	note(problems)
	if _, isSite := tree.File(source.ConfigFile); err != nil || !isSite {
		return t, err
	}
	cfg, problems, err := config.Load(tree, o.BaseURL)
	note(problems)
	if err != nil || problems.HasErrors() {
		return t, err // every page would complain of the same
	}
	if o.Local {
		cfg = cfg.Local()
	}
	t.assets, problems, err = asset.Load(tree, asset.Look(cfg.Theme), b.memo)
	note(append(problems, cfg.CheckTheme(t.assets.Variables)...))
	if err != nil {
		return t, err
	}
	settings := layout.Settings{BaseURL: cfg.BaseURL, BasePath: cfg.BasePath(), Assets: t.assets.URLs, Integrity: t.assets.Integrity, Language: cfg.Language}
	layouts, err := memo.Held(b.memo, "layouts", layout.Recipe(tree, settings), func() (f found[layout.Set], err error) {
		f.value, f.problems, err = layout.Load(tree, settings)
		return f, err
	})
	note(layouts.problems)
	if err != nil {
		return t, err
	}
	t.layouts = layouts.value
	t.letters, problems, err = letters(tree)
	note(append(problems, deliveries(tree, cfg)...))
	if err != nil {
		return t, err
	}
	o.Doing("parsing the documents")
	shelf, err := content.ParseAll(ctx, tree, content.Settings{Zone: cfg.Zone(), Taxonomies: cfg.Taxonomies, HTML: cfg.HTML, Plain: !cfg.Highlight, Search: cfg.Search, Language: cfg.Language}, b.shelf, b.memo, b.kept, o.Workers)
	if err != nil {
		return t, err
	}
	b.shelf = shelf
	note(shelf.Problems)
	o.Doing("planning the pages")
	data, problems, err := content.LoadData(tree, b.memo)
	note(problems)
	if err != nil {
		return t, err
	}
	t.data = data.Files
	now := o.Now()
	if b.shown != shelf.Seen || now.Before(b.from) || !b.until.IsZero() && !now.Before(b.until) {
		b.from, b.until = site.Window(shelf.Heads, now)
		b.shown = shelf.Seen
	}
	b.asksWebP = cfg.Images.WebP != config.NoWebP
	options := site.Options{Drafts: o.Drafts, Future: o.Future, Expired: o.Expired, Now: now}
	recipe := site.Recipe(cfg, shelf, tree, reserved(t.assets), options, b.from, b.until)
	assembled, _ := memo.Held(b.memo, "site", recipe, func() (found[*site.Site], error) {
		s, problems := site.Assemble(cfg, shelf.Heads, tree, reserved(t.assets), options)
		s.Seen = recipe
		return found[*site.Site]{&s, problems}, nil
	})
	note(assembled.problems)
	s := assembled.value
	t.files = slices.Clone(s.Files)
	for i := range t.files {
		t.files[i].Source, _ = tree.File(t.files[i].Source.Path)
	}
	if problems, err = b.pictures(&t, cfg); err != nil {
		return t, err
	}
	note(problems)
	last := b.plan
	if b.memo.Verifies() {
		last = page.Plan{}
	}
	t.plan, err = page.Make(s, page.Inputs{Layouts: t.layouts, Documents: shelf.Documents, Data: data, Pictures: t.pictures, Texts: b.kept, Line: lines(tree), Memo: b.memo, Failed: t.result.Failed(), Workers: o.Workers}, last)
	if err != nil {
		return t, err
	}
	if !t.result.Failed() {
		b.plan = t.plan
	}
	note(t.plan.Problems)
	t.result.Problems = b.judged(t.result.Problems, cfg)
	if b.asked {
		b.links, b.config, b.line = page.OutsideLinks(s, shelf.Documents), cfg, lines(tree)
	}
	t.result.Config, t.result.Site, t.result.Pages = cfg, s, len(t.plan.Pages)
	t.result.Documents = shelf.Documents
	t.result.Assets = len(t.assets.Files) + len(s.Files)
	return t, nil
}

// found is the result of a stage and what it complains of.
type found[T any] struct {
	value    T
	problems diag.List
}

// lines finds the text of a line in a document, for problems whose finder knew
// only its number: lines are not held for each link of a site that might be
// broken.
func lines(tree source.Tree) func(file string, line int) (string, error) {
	var mu sync.Mutex
	last, text := "", []byte(nil)
	return func(file string, line int) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if file != last {
			f, found := tree.File(file)
			if !found {
				return "", nil
			}
			var err error
			if text, err = f.Read(); err != nil {
				return "", err
			}
			last = file
		}
		return content.Line(text, line), nil
	}
}

// pictures measures those of the site.
func (b *Builder) pictures(t *trunk, cfg config.Config) (diag.List, error) {
	t.pictures, t.sources = map[string]page.Picture{}, map[string]source.File{}
	t.settings = picture.Settings{Widths: cfg.Images.Widths, Quality: cfg.Images.Quality}
	var problems diag.List
	if cfg.Images.WebP != config.NoWebP {
		if b.options.WebP != nil {
			t.settings.WebP = b.options.WebP()
		}
		if t.settings.WebP.Version == "" {
			severity := diag.Warning
			if cfg.Images.WebP == config.NeedWebP {
				severity = diag.Error
			}
			problems = append(problems, cfg.At(severity, "the program cwebp is not installed, so no picture becomes WebP", "it comes with the package webp of Debian and Homebrew", "images", "webp"))
		}
	}
	for _, f := range t.files {
		if !picture.Is(f.Path) && !picture.IsDrawing(f.Path) {
			continue
		}
		m, err := picture.MeasureFile(f.Source, b.memo)
		if err != nil {
			return nil, err
		}
		if m.Wrong != "" {
			problems = append(problems, diag.Diagnostic{File: f.Source.Path, Severity: diag.Warning, Message: "the picture is published as it is: " + m.Wrong})
		}
		if m.Width == 0 {
			continue
		}
		at := "/" + f.Path
		t.sources[at] = f.Source
		t.pictures[at] = page.Picture{Measure: m, Variants: picture.Variants(f.Source, m, t.settings)}
	}
	return problems, nil
}

func reserved(assets asset.Set) map[string]string {
	out := map[string]string{}
	for _, f := range assets.Files {
		out[f.Path] = f.Source
	}
	return out
}

// renderer counts, and collects what goes wrong in templates.
type renderer struct {
	layouts  layout.Set
	rendered atomic.Int64
	counted  sync.Map  // *page.Planned that were: a page with packed copies is rendered for each of them
	rooms    sync.Pool // of buffers that pages are rendered into
	mu       sync.Mutex
	problems diag.List
}

func newRenderer(layouts layout.Set) *renderer {
	return &renderer{layouts: layouts, rooms: sync.Pool{New: func() any { return new(bytes.Buffer) }}}
}

var errTemplate = errors.New("a template failed")

func (r *renderer) fail(d diag.Diagnostic) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, d)
	return errTemplate
}

func (r *renderer) render(p *page.Planned, w io.Writer) error {
	l, found := r.layouts.Get(p.Layout)
	if !found {
		return r.fail(diag.Diagnostic{File: "templates/" + p.Layout + ".html", Message: "template is missing", Hint: "the built-in theme has one; is it shadowed by a broken file?"})
	}
	data, err := p.Filled()
	if err != nil {
		return err
	}
	if d := l.Render(w, data); d != nil {
		return r.fail(*d)
	}
	return nil
}

// output lists everything the output folder should have, pages last: what they
// refer to is in place before they are.
func (b *Builder) output(t trunk, r *renderer) []public.File {
	var out []public.File
	for _, a := range t.assets.Files {
		out = append(out, public.File{Path: a.Path, Recipe: a.Recipe, Bytes: a.Open})
	}
	for _, f := range t.files {
		file := public.File{Path: f.Path, Recipe: f.Source.Digest, Bytes: f.Source.Open}
		if picture.Is(f.Path) && strings.HasPrefix(f.Source.Path, "content/") {
			file.Recipe, file.Bytes = picture.StrippedRecipe(f.Source), func() (io.ReadSeekCloser, error) { return picture.Stripped(f.Source) }
		}
		out = append(out, file)
	}
	out = append(out, b.drawn(t)...)
	for _, f := range t.plan.Written {
		out = append(out, public.File{Path: f.Output, Recipe: f.Recipe, Bytes: func() (io.ReadSeekCloser, error) {
			text, err := f.Bytes()
			return inMemory(text), err
		}})
	}
	return append(out, b.pages(t.plan.Pages, r)...)
}

// pages are the files of planned pages, each the one of the last build where its
// page is.
func (b *Builder) pages(planned []*page.Planned, r *renderer) []public.File {
	b.renderer = r
	if len(planned) != len(b.planned) {
		b.planned, b.files = make([]*page.Planned, len(planned)), make([]public.File, len(planned))
	}
	for i, p := range planned {
		if p != b.planned[i] {
			b.planned[i] = p
			b.files[i] = public.File{Path: p.Output, Recipe: p.Recipe, Bytes: func() (io.ReadSeekCloser, error) { return b.renderer.file(p) }}
		}
	}
	return b.files
}

// file renders a page into room that is lent.
func (r *renderer) file(p *page.Planned) (io.ReadSeekCloser, error) {
	room := r.rooms.Get().(*bytes.Buffer)
	room.Reset()
	room.Grow(p.Size())
	if _, counted := r.counted.LoadOrStore(p, true); !counted {
		r.rendered.Add(1)
	}
	if err := r.render(p, room); err != nil {
		return nil, err
	}
	return lentFile{bytes.NewReader(room.Bytes()), func() { r.rooms.Put(room) }}, nil
}

// drawn are the variants of the pictures that pages show, and the pictures to
// share. The first variants of all pictures come first, so that workers do not
// wait for one another over the same picture.
func (b *Builder) drawn(t trunk) []public.File {
	total := len(t.plan.Pictures)
	w := picture.Open(b.options.Cache, t.settings, func(made int) {
		b.options.Doing(fmt.Sprintf("making pictures: %d of %d", made, total))
	})
	b.workshop = w
	var out []public.File
	for n, more := 0, true; more; n++ {
		more = false
		for _, at := range t.plan.Pictures {
			known, from := t.pictures[at], t.sources[at]
			if n >= len(known.Variants) {
				continue
			}
			more = true
			v := known.Variants[n]
			out = append(out, public.File{Path: v.Path, Recipe: v.Recipe, Bytes: func() (io.ReadSeekCloser, error) {
				return w.Bytes(from, known.Measure, known.Variants, v)
			}})
		}
	}
	faces := sync.OnceValues(picture.LoadFaces)
	for _, card := range t.plan.Cards {
		out = append(out, public.File{Path: card.Path(), Recipe: card.Recipe(), Bytes: func() (io.ReadSeekCloser, error) {
			return w.Drawn(card.Recipe(), func() ([]byte, error) {
				f, err := faces()
				if err != nil {
					return nil, err
				}
				return f.Draw(card)
			})
		}})
	}
	return out
}

// lentFile is a text in room that is used again once it is closed.
type lentFile struct {
	*bytes.Reader
	end func()
}

func (f lentFile) Close() error {
	f.end()
	return nil
}

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

func inMemory(text []byte) io.ReadSeekCloser { return memoryFile{bytes.NewReader(text)} }

// sync renders what is not known and writes what differs.
func (b *Builder) sync(ctx context.Context, t trunk, verify bool) (Result, error) {
	result := t.result
	if result.Failed() {
		return result, nil
	}
	r := newRenderer(t.layouts)
	if err := b.frame(t, r, &result); err != nil {
		result.Problems = append(result.Problems, r.problems...)
		return result, nil
	}
	b.options.Doing(fmt.Sprintf("rendering and writing %d pages", result.Pages))
	files := b.output(t, r)
	if b.options.Twins {
		files = public.WithTwins(files)
	}
	if b.options.Ahead != nil {
		b.options.Ahead(result.Manifest)
	}
	output, err := b.folder.Sync(ctx, files, b.options.Workers, verify)
	result.Output = output
	result.Rendered = int(r.rendered.Load())
	result.Problems = append(result.Problems, r.problems...)
	if errors.Is(err, errTemplate) {
		err = nil
	} else if err == nil {
		b.workshop.Sweep(b.options.Clock())
	}
	return result, err
}

// frame renders the page that the tracker's answers stand in, as it belongs to
// no file of the output.
func (b *Builder) frame(t trunk, r *renderer, result *Result) error {
	var text bytes.Buffer
	if err := r.render(t.plan.Frame, &text); err != nil {
		return err
	}
	result.Manifest = t.plan.Manifest(text.String())
	result.Manifest.Mail, result.Manifest.Webhooks, result.Manifest.Retention = t.mail(), t.result.Config.Webhooks, t.retention()
	return nil
}

// discard renders every page to see whether it can be.
func (b *Builder) discard(ctx context.Context, t trunk) (Result, error) {
	result := t.result
	if result.Failed() {
		return result, nil
	}
	r := newRenderer(t.layouts)
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(b.options.Workers)
	b.options.Doing(fmt.Sprintf("rendering %d pages", result.Pages))
	for _, p := range append(slices.Clone(t.plan.Pages), t.plan.Frame) {
		group.Go(func() error {
			if working.Err() != nil {
				return working.Err()
			}
			r.rendered.Add(1)
			if err := r.render(p, io.Discard); err != nil && !errors.Is(err, errTemplate) {
				return fmt.Errorf("render %s: %w", p.Output, err)
			}
			return nil
		})
	}
	err := group.Wait()
	result.Rendered = int(r.rendered.Load())
	result.Problems = append(result.Problems, r.problems...)
	return result, err
}
