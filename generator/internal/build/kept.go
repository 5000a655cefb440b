package build

import (
	"os"
	"path/filepath"
	"sync"

	"cardbowl/generator/internal/asset/picture"
	"cardbowl/generator/internal/cache"
	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/page"
	"cardbowl/generator/internal/public"
	"cardbowl/generator/internal/source"
)

// index is what a build leaves to the next process. All of it is results of pure
// functions under the digest of what they saw, or stands beside what stat said
// when it was true; nothing has to be believed.
type index struct {
	Site, Out string // whole paths: stamps and files are of these
	Stamps    []source.Stamped
	Settings  memo.Digest // of the documents
	Documents []*content.Document
	Measures  []memo.Kept[picture.Measure]
	Words     []memo.Kept[cache.Row]
	Files     []output
}

// output is a file of the output folder and what stat said of it.
type output struct {
	public.Known
	Stamp string
}

// open prepares what is kept between processes. A folder that cannot be used,
// because another build does, costs time and no more.
func (b *Builder) open() {
	b.kept = cache.InMemory()
	program, known := programStamp()
	if _, err := os.Stat(filepath.Join(b.options.Site, source.ConfigFile)); b.options.Kept == "" || !known || err != nil {
		return
	}
	kept, err := cache.Open(b.options.Kept)
	if err != nil {
		return
	}
	b.kept = kept
	found, ok := cache.Load(kept, program, usedBy)
	if !ok {
		return
	}
	b.shelf = content.Stored(found.Settings, found.Documents)
	memo.Fill(b.memo, picture.Stage, found.Measures)
	memo.Fill(b.memo, page.WordsStage, found.Words)
	site, out := b.places()
	if found.Site == site {
		b.reader.Assume(found.Stamps)
	}
	if found.Out == out {
		b.folder.Assume(b.unchanged(found.Files))
	}
}

func usedBy(i index) int64 {
	n := int64(0)
	for _, d := range i.Documents {
		n += int64(d.Body.Kept.Length + d.Terms.Kept.Length)
	}
	for _, row := range i.Words {
		n += row.Result.Size()
	}
	return n
}

// places are the whole paths of the site and of the output folder.
func (b *Builder) places() (site, out string) {
	site, _ = filepath.Abs(b.options.Site)
	out, _ = filepath.Abs(b.options.Out)
	return site, out
}

// unchanged are the files that stat still says the same of.
func (b *Builder) unchanged(files []output) []public.Known {
	same := make([]bool, len(files))
	b.each(len(files), func(i int) {
		name := filepath.Join(b.options.Out, filepath.FromSlash(files[i].Path))
		info, err := os.Lstat(name)
		if err != nil {
			return
		}
		stamp, told := source.StampOf(files[i].Path, info)
		same[i] = told && stamp == files[i].Stamp
	})
	var out []public.Known
	for i, f := range files {
		if same[i] {
			out = append(out, f.Known)
		}
	}
	return out
}

// each calls do for 0 to n-1 on all processors.
func (b *Builder) each(n int, do func(int)) {
	var group sync.WaitGroup
	for w := range b.options.Workers {
		group.Go(func() {
			for i := w; i < n; i += b.options.Workers {
				do(i)
			}
		})
	}
	group.Wait()
}

// Leave keeps what the last build knows for the next process. Failing to is a
// loss of time, and no error.
func (b *Builder) Leave() {
	program, known := programStamp()
	if b.kept == nil || !known {
		return
	}
	i := index{Stamps: b.reader.Stamps(), Settings: b.shelf.Settings, Documents: b.shelf.Documents, Measures: memo.All[picture.Measure](b.memo, picture.Stage), Words: memo.All[cache.Row](b.memo, page.WordsStage)}
	i.Site, i.Out = b.places()
	files := b.folder.Known()
	all := make([]output, len(files))
	b.each(len(files), func(n int) {
		info, err := os.Lstat(filepath.Join(b.options.Out, filepath.FromSlash(files[n].Path)))
		if err != nil || info.Size() != files[n].Size || !info.ModTime().Equal(files[n].Modified) {
			return // somebody wrote it since
		}
		if stamp, told := source.StampOf(files[n].Path, info); told {
			all[n] = output{files[n], stamp}
		}
	})
	for _, f := range all {
		if f.Stamp != "" {
			i.Files = append(i.Files, f)
		}
	}
	_ = cache.Save(b.kept, program, i)
}
