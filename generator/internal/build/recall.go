package build

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/public"
	"cardbowl/generator/internal/source"
)

// record is the last build of a site by another process: what it could see, by
// stat, and what it left. It is true of a build of now exactly when that would
// see and leave the same.
type record struct {
	Program memo.Digest // this program's file
	Options memo.Digest
	Inputs  memo.Digest // source.Stamp of the site
	Outputs memo.Digest // of the output folder, and of the files written beside it
	WebP    memo.Digest // the encoder, where the site asks for one
	Asks    bool
	From    time.Time // the schedule stands from here
	Until   time.Time // to before here; zero: for ever

	Problems diag.List
	Pages    int
	Assets   int
	Files    int // in the output folder
}

// sealed is a record as it lies on disk.
type sealed struct {
	Record json.RawMessage
	Digest string // of Record
}

// Recall tells whether the site, the program, the clock and the output folder
// are as the last Keep into the same file left them, and what that build's
// result was: then nothing is to be done. Only names and times are looked at, no
// file is opened. also are files written after a build that must be unchanged
// too. A record that is missing, damaged or another version's is no error.
func (b *Builder) Recall(ctx context.Context, file string, also ...string) (Result, bool) {
	seen := make(chan outputs, 1)
	go func() { seen <- b.outputs(ctx, also) }() // the system answers two at a time
	before, err := source.StampSite(ctx, b.options.Site, b.options.Clock())
	there := <-seen
	b.before, b.settled = before.Digest, err == nil && before.Settled && before.Told
	var s sealed
	var r record
	text, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(text, &s) != nil || memo.OfBytes(s.Record).String() != s.Digest || json.Unmarshal(s.Record, &r) != nil {
		return Result{}, false
	}
	now := b.options.Now()
	program, known := programStamp()
	if !known || r.Program != program || r.Options != b.optionsDigest() || r.Inputs != b.before ||
		now.Before(r.From) || !r.Until.IsZero() && !now.Before(r.Until) || r.Asks && r.WebP != b.encoder() {
		return Result{}, false
	}
	if !b.settled || !there.whole || there.digest != r.Outputs {
		return Result{}, false
	}
	result := Result{Problems: r.Problems, Pages: r.Pages, Assets: r.Assets}
	result.Output.Kept = there.files
	return result, true
}

// Keep notes a good build for Recall, unless something about it is too fresh to
// be sure of. Failing to is a loss of time, and no error.
func (b *Builder) Keep(ctx context.Context, file string, r Result, also ...string) {
	if r.Failed() {
		return
	}
	b.Leave()
	if !b.settled {
		return
	}
	// A change within one tick of the clock after a file was written would not
	// show: let the tick pass before looking.
	const tick = 20 * time.Millisecond
	time.Sleep(tick)
	inputs, err := source.StampSite(ctx, b.options.Site, b.options.Clock())
	program, known := programStamp()
	there := b.outputs(ctx, also)
	if err != nil || !known || !there.whole || inputs.Digest != b.before || there.files != len(r.Output.Written)+r.Output.Kept {
		return
	}
	rec := record{Program: program, Options: b.optionsDigest(), Inputs: inputs.Digest, Outputs: there.digest, Asks: b.asksWebP,
		From: b.from, Until: b.until, Problems: r.Problems, Pages: r.Pages, Assets: r.Assets, Files: there.files}
	if rec.Asks {
		rec.WebP = b.encoder()
	}
	inner, err := json.Marshal(rec)
	if err != nil {
		return
	}
	text, err := json.Marshal(sealed{inner, memo.OfBytes(inner).String()})
	if err != nil {
		return
	}
	temp := file + ".new"
	if os.MkdirAll(filepath.Dir(file), 0o755) != nil || os.WriteFile(temp, text, 0o644) != nil || os.Rename(temp, file) != nil {
		_ = os.Remove(temp)
	}
}

// optionsDigest is of all options that a result depends on.
func (b *Builder) optionsDigest() memo.Digest {
	o := b.options
	site, _ := filepath.Abs(o.Site)
	out, _ := filepath.Abs(o.Out)
	return memo.Of(site, out, o.Durable, o.Twins, o.Private, o.BaseURL, o.Local, o.Drafts, o.Future, o.Expired, o.Strict)
}

func (b *Builder) encoder() memo.Digest {
	if b.options.WebP == nil {
		return memo.Digest{}
	}
	return memo.Of(b.options.WebP())
}

// programStamp tells one build of this program from another.
func programStamp() (memo.Digest, bool) {
	name, err := os.Executable()
	if err != nil {
		return memo.Digest{}, false
	}
	info, err := os.Stat(name)
	if err != nil {
		return memo.Digest{}, false
	}
	stamp, told := source.StampOf(name, info)
	return memo.Of(stamp), told
}

// outputs is what stat says of everything in the output folder but dot-files, of
// its mark, and of the files beside it.
type outputs struct {
	digest memo.Digest
	files  int  // in the folder
	whole  bool // nothing is missing, and the system tells enough
}

func (b *Builder) outputs(ctx context.Context, also []string) outputs {
	out, err := filepath.EvalSymlinks(b.options.Out)
	if err != nil {
		return outputs{}
	}
	names := append([]string{out, filepath.Join(out, public.Mark)}, also...)
	s, err := source.StampFiles(ctx, b.options.Clock(), func(base string) bool { return strings.HasPrefix(base, ".") }, names...)
	if err != nil || !s.Told {
		return outputs{}
	}
	for _, name := range names[1:] {
		if _, err := os.Lstat(name); err != nil {
			return outputs{}
		}
	}
	return outputs{s.Digest, s.Files - len(names) + 1, true}
}

// Next is the moment at which the schedule changes what is shown, if nothing else
// does: a post appears, or goes. Zero when there is none.
func (b *Builder) Next() time.Time { return b.until }
