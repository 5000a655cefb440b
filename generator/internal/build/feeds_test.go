package build_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/build"
)

// TestFeedsOfPictures writes many feeds whose posts show pictures with several
// workers: what a text says is worked out by all of them at the same time, so
// none may note anything in the plan.
func TestFeedsOfPictures(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	writeBlog(t, dir, 0)
	var photo bytes.Buffer
	if err := png.Encode(&photo, image.NewGray(image.Rect(0, 0, 8, 6))); err != nil {
		t.Fatal(err)
	}
	const posts = 24
	for n := range posts {
		put(t, dir, fmt.Sprintf("content/posts/p%d.png", n), photo.String())
		put(t, dir, postFile(n), blogText(n, fmt.Sprintf("Post %d", n), fmt.Sprintf("categories: [a%d, b%d]\n", n, n%5), strings.Repeat(fmt.Sprintf("![A picture](p%d.png)\n\n", n), 20)))
	}
	o := options(dir, out, time.Now)
	o.Workers = 16
	mustBuild(t, build.New(o))
	for name, text := range folder(t, out) {
		if strings.HasSuffix(name, "/index.xml") && strings.Count(text, "<img ") == 0 {
			t.Errorf("%s shows no picture", name)
		}
	}
}
