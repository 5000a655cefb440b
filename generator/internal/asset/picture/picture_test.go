package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

const secret = "52.5200 N 13.4050 E"

// corners is a picture whose four quarters can be told apart.
func corners(width, height int) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{220, 30, 30, 255}
			switch {
			case x >= width/2 && y < height/2:
				c = color.RGBA{30, 200, 30, 255}
			case x < width/2 && y >= height/2:
				c = color.RGBA{30, 30, 220, 255}
			case x >= width/2:
				c = color.RGBA{230, 230, 40, 255}
			}
			p.SetRGBA(x, y, c)
		}
	}
	return p
}

// camera is a JPEG file as a camera writes it: orientation, place, comment,
// colour profile.
func camera(t testing.TB, p image.Image, turn int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	part := func(marker byte, body string) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{0xFF, marker}, uint16(len(body)+2)), body...)
	}
	exif := string(turned(turn)[4:]) + secret
	out := []byte{0xFF, 0xD8}
	out = append(out, part(0xE1, exif)...)
	out = append(out, part(0xE1, "http://ns.adobe.com/xap/1.0/\x00<x>"+secret+"</x>")...)
	out = append(out, part(0xE2, iccHead+"\x01\x01the profile")...)
	out = append(out, part(0xFE, "taken at "+secret)...)
	return append(out, b.Bytes()[2:]...)
}

func file(t testing.TB, name string, text []byte) source.File {
	t.Helper()
	dir := t.TempDir()
	for at, text := range map[string][]byte{"site.yaml": []byte("title: T\n"), "content/" + name: text} {
		at = filepath.Join(dir, filepath.FromSlash(at))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tree, problems, err := source.NewReader(dir, fstest.MapFS{}, time.Now).Read(context.Background())
	if err != nil || problems.HasErrors() {
		t.Fatal(err, problems)
	}
	f, found := tree.File("content/" + name)
	if !found {
		t.Fatal("the file is not read")
	}
	return f
}

func measured(t testing.TB, f source.File) Measure {
	t.Helper()
	m, err := MeasureFile(f, memo.New())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func everything(t testing.TB, open func() (io.ReadSeekCloser, error)) []byte {
	t.Helper()
	opened, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	text, err := io.ReadAll(opened)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// In whatever way a camera was held, the quarters stand where they stood.
func TestUpright(t *testing.T) {
	upside := func(p image.Image) [4]string {
		b := p.Bounds()
		name := func(x, y int) string {
			r, g, bl, _ := p.At(x, y).RGBA()
			return fmt.Sprint(r>>15, g>>15, bl>>15)
		}
		w, h := b.Dx(), b.Dy()
		return [4]string{name(w/4, h/4), name(3*w/4, h/4), name(w/4, 3*h/4), name(3*w/4, 3*h/4)}
	}
	red, green, blue, yellow := "1 0 0", "0 1 0", "0 0 1", "1 1 0"
	// By the definition of the tag: where row 0 and column 0 of the file are seen.
	want := map[int][4]string{
		1: {red, green, blue, yellow}, 2: {green, red, yellow, blue}, 3: {yellow, blue, green, red}, 4: {blue, yellow, red, green},
		5: {red, blue, green, yellow}, 6: {blue, red, yellow, green}, 7: {yellow, green, blue, red}, 8: {green, yellow, red, blue},
	}
	s := Settings{Widths: []int{100, 5000}, Quality: 90}
	for turn := 1; turn <= 8; turn++ {
		f := file(t, "p.jpg", camera(t, corners(640, 400), turn))
		m := measured(t, f)
		if size := [2]int{m.Width, m.Height}; turn < 5 && size != [2]int{640, 400} || turn >= 5 && size != [2]int{400, 640} {
			t.Errorf("turn %d: %v", turn, size)
		}
		w := Open(t.TempDir(), s, func(int) {})
		all := Variants(f, m, s)
		if len(all) != 2 {
			t.Fatalf("turn %d: %d variants", turn, len(all))
		}
		for _, v := range all {
			text := everything(t, func() (io.ReadSeekCloser, error) { return w.Bytes(f, m, all, v) })
			p, err := jpeg.Decode(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if size := p.Bounds().Size(); size.X != v.Width || size.Y != v.Height {
				t.Errorf("turn %d: a variant of %d × %d has %v", turn, v.Width, v.Height, size)
			}
			if got := upside(p); got != want[turn] {
				t.Errorf("turn %d, width %d: %v, not %v", turn, v.Width, got, want[turn])
			}
			if bytes.Contains(text, []byte(secret)) || !bytes.Contains(text, []byte("the profile")) {
				t.Errorf("turn %d: the place is in it, or the colour profile is not", turn)
			}
		}
	}
}

// The file itself loses what nobody should know, and no pixel.
func TestStripped(t *testing.T) {
	pixels := func(text []byte) string {
		p, _, err := image.Decode(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(p.Bounds(), p.At(10, 10), p.At(300, 200))
	}
	for _, turn := range []int{1, 6} {
		whole := camera(t, corners(640, 400), turn)
		f := file(t, "p.jpg", whole)
		out := everything(t, func() (io.ReadSeekCloser, error) { return Stripped(f) })
		if bytes.Contains(out, []byte(secret)) || !bytes.Contains(out, []byte("the profile")) {
			t.Errorf("turn %d: the place is still told, or the colours are lost", turn)
		}
		if got := orientation(bytes.NewReader(out)); got != turn {
			t.Errorf("turn %d became %d", turn, got)
		}
		if pixels(out) != pixels(whole) {
			t.Error("other pixels")
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, corners(640, 400)); err != nil {
		t.Fatal(err)
	}
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len("Comment\x00"+secret)))
	body := "tEXtComment\x00" + secret
	chunk = append(chunk, body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE([]byte(body)))
	end := b.Len() - 12
	whole := slices.Concat(b.Bytes()[:end], chunk, b.Bytes()[end:])
	f := file(t, "p.png", whole)
	if out := everything(t, func() (io.ReadSeekCloser, error) { return Stripped(f) }); !bytes.Equal(out, b.Bytes()) {
		t.Error("a PNG file without its comment is not what it was before it had one")
	}
	// A telephone's file ends where its picture ends, whatever lies behind.
	trailed := append(slices.Clone(camera(t, corners(64, 40), 1)), camera(t, corners(64, 40), 1)...)
	f = file(t, "p.jpg", trailed)
	if out := everything(t, func() (io.ReadSeekCloser, error) { return Stripped(f) }); bytes.Contains(out, []byte(secret)) || !bytes.HasSuffix(out, []byte{0xFF, 0xD9}) || pixelsSmall(t, out) != pixelsSmall(t, trailed) {
		t.Error("what lies behind a picture is published with it")
	}
	for _, broken := range [][]byte{nil, []byte("GIF89a"), whole[:40], camera(t, corners(64, 40), 1)[:60], []byte("RIFF\x10\x00\x00\x00WEBPVP8X")} {
		f := file(t, "p.jpg", broken)
		if out := everything(t, func() (io.ReadSeekCloser, error) { return Stripped(f) }); !bytes.Equal(out, broken) {
			t.Errorf("%q became %q", broken, out)
		}
	}
}

func pixelsSmall(t *testing.T, text []byte) string {
	t.Helper()
	p, _, err := image.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(p.Bounds(), p.At(10, 10), p.At(60, 30))
}

// PNG and WebP files may be turned too, and know a place.
func TestTurnedChunks(t *testing.T) {
	tiff := append(turnedTIFF(6), secret...)
	var b bytes.Buffer
	if err := png.Encode(&b, corners(640, 400)); err != nil {
		t.Fatal(err)
	}
	chunk := append([]byte("eXIf"), tiff...)
	whole := binary.BigEndian.AppendUint32(nil, uint32(len(tiff)))
	whole = binary.BigEndian.AppendUint32(append(whole, chunk...), crc32.ChecksumIEEE(chunk))
	end := b.Len() - 12
	whole = slices.Concat(b.Bytes()[:end], whole, b.Bytes()[end:], []byte(secret))
	f := file(t, "p.png", whole)
	m := measured(t, f)
	if m.Turn != 6 || m.Width != 400 || m.Height != 640 {
		t.Errorf("%+v", m)
	}
	out := everything(t, func() (io.ReadSeekCloser, error) { return Stripped(f) })
	if bytes.Contains(out, []byte(secret)) || orientationPNG(bytes.NewReader(out)) != 6 {
		t.Error("the place is still told, or the picture lies on its side")
	}
	if _, err := png.Decode(bytes.NewReader(out)); err != nil {
		t.Error(err)
	}
	s := Settings{Widths: []int{100}, Quality: 80}
	all := Variants(f, m, s)
	p, err := png.Decode(bytes.NewReader(everything(t, func() (io.ReadSeekCloser, error) { return Open(t.TempDir(), s, func(int) {}).Bytes(f, m, all, all[0]) })))
	if err != nil || p.Bounds().Dx() != 100 || p.Bounds().Dy() != 160 {
		t.Fatal(err, p.Bounds())
	}
	if r, _, blue, _ := p.At(25, 40).RGBA(); blue < r { // what lay below left stands above left
		t.Error("the variant is not turned")
	}

	// One white pixel, as cwebp -lossless makes it, in the extended form.
	pixel := []byte("VP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00\x00")[:8+14]
	webp := slices.Concat([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00"), pixel, []byte("EXIF"))
	webp = append(binary.LittleEndian.AppendUint32(webp, uint32(len(exifHead)+len(tiff))), exifHead...)
	webp = append(append(webp, tiff...), make([]byte, (len(exifHead)+len(tiff))%2)...)
	webp = append(webp, "XMP \x04\x00\x00\x00<x/>"...)
	binary.LittleEndian.PutUint32(webp[4:], uint32(len(webp)-8))
	f = file(t, "p.webp", webp)
	if m := measured(t, f); m.Turn != 6 {
		t.Errorf("%+v", m)
	}
	out = everything(t, func() (io.ReadSeekCloser, error) { return Stripped(f) })
	if bytes.Contains(out, []byte(secret)) || bytes.Contains(out, []byte("XMP ")) || orientationWebP(bytes.NewReader(out)) != 6 {
		t.Errorf("%q", out)
	}
	if size := binary.LittleEndian.Uint32(out[4:]); int(size) != len(out)-8 {
		t.Errorf("the file says it has %d bytes, and has %d", size+8, len(out))
	}
}

// What was made once is not made again, by another process either; a damaged
// cache heals.
func TestCache(t *testing.T) {
	s := Settings{Widths: []int{100, 200}, Quality: 80}
	f := file(t, "p.jpg", camera(t, corners(640, 400), 1))
	m := measured(t, f)
	all := Variants(f, m, s)
	dir := t.TempDir()
	var made []int
	ask := func() []byte {
		w := Open(dir, s, func(n int) { made = append(made, n) })
		return everything(t, func() (io.ReadSeekCloser, error) { return w.Bytes(f, m, all, all[0]) })
	}
	first := ask()
	if again := ask(); len(made) != 1 || !bytes.Equal(first, again) {
		t.Errorf("made %d times", len(made))
	}
	err := filepath.WalkDir(dir, func(at string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		text[len(text)/2]++
		return os.WriteFile(at, text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if again := ask(); len(made) != 2 || !bytes.Equal(first, again) {
		t.Errorf("made %d times after damage", len(made))
	}
	w := Open(dir, s, func(int) {})
	w.Sweep(time.Now())
	if again := ask(); len(made) != 2 || !bytes.Equal(first, again) {
		t.Error("what was used a moment ago is swept away")
	}
	w.Sweep(time.Now().Add(2 * keptFor))
	if ask(); len(made) != 3 {
		t.Error("what nobody used for long is kept")
	}
}

func TestVariants(t *testing.T) {
	s := Settings{Widths: []int{400, 800}, Quality: 80, WebP: Encoder{Program: "cwebp", Version: "1"}}
	list := func(name string, text []byte) string {
		f := file(t, name, text)
		var out []string
		for _, v := range Variants(f, measured(t, f), s) {
			out = append(out, fmt.Sprintf("%s %d×%d", v.Type, v.Width, v.Height))
		}
		return strings.Join(out, ", ")
	}
	var small, gray bytes.Buffer
	if err := png.Encode(&small, corners(401, 3)); err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(&gray, image.NewGray16(image.Rect(0, 0, 100, 50))); err != nil {
		t.Fatal(err)
	}
	bomb := slices.Clone(gray.Bytes())
	binary.BigEndian.PutUint32(bomb[16:], 60_000)
	binary.BigEndian.PutUint32(bomb[20:], 60_000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	for _, c := range []struct {
		name string
		text []byte
		want string
	}{
		{"large photo ü.JPG", camera(t, corners(1000, 500), 1), "image/webp 400×200, image/webp 800×400, image/jpeg 400×200, image/jpeg 800×400"},
		{"p.png", small.Bytes(), "image/webp 400×3, image/webp 401×3, image/png 400×3, image/png 401×3"},
		{"gray.png", gray.Bytes(), "image/webp 100×50, image/png 100×50"},
		{"bomb.png", bomb, ""},
		{"broken.jpg", []byte("nothing"), ""},
		{"p.svg", []byte("<svg/>"), ""},
	} {
		if got := list(c.name, c.text); got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
	f := file(t, "a b/large photo ü.JPG", camera(t, corners(1000, 500), 1))
	if at := Variants(f, measured(t, f), s)[0].Path; !strings.HasPrefix(at, "assets/pictures/large-photo--.") || !strings.HasSuffix(at, ".400.webp") {
		t.Error(at)
	}
}

func TestWebP(t *testing.T) {
	program, err := exec.LookPath("cwebp")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: there is no cwebp on PATH; the package webp has it")
	}
	s := Settings{Widths: []int{200}, Quality: 80, WebP: Encoder{Program: program, Version: "as it is here"}}
	f := file(t, "p.jpg", camera(t, corners(640, 400), 6))
	m := measured(t, f)
	all := Variants(f, m, s)
	w := Open(t.TempDir(), s, func(int) {})
	text := everything(t, func() (io.ReadSeekCloser, error) { return w.Bytes(f, m, all, all[0]) })
	config, kind, err := image.DecodeConfig(bytes.NewReader(text))
	if err != nil || kind != "webp" || config.Width != 200 || config.Height != 320 {
		t.Errorf("%s %+v %v", kind, config, err)
	}
	s.WebP.Program = "/bin/false"
	if _, err := Open(t.TempDir(), s, func(int) {}).Bytes(f, m, all, all[0]); err == nil || !strings.Contains(err.Error(), "content/p.jpg") {
		t.Errorf("an encoder that fails: %v", err)
	}
}

func TestCards(t *testing.T) {
	f, err := LoadFaces()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, title := range []string{"Short", strings.Repeat("A long title goes on and on ", 12), "Größe, ÉTÉ, Ελλάδα, Привет", "日本語の題", "Emoji 🎉 party", "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen", ""} {
		c := Card{Title: title, Site: "Site", Byline: "Ann", Accent: color.RGBA{10, 90, 70, 255}}
		text, err := f.Draw(c)
		if err != nil {
			t.Fatal(err)
		}
		p, err := png.Decode(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if size := p.Bounds().Size(); size.X != CardWidth || size.Y != CardHeight {
			t.Errorf("%q: %v", title, size)
		}
		if again, _ := f.Draw(c); !bytes.Equal(text, again) {
			t.Errorf("%q: drawn twice it differs", title)
		}
		if other, found := seen[string(text)]; found && title != "" && title != "日本語の題" {
			t.Errorf("%q looks like %q", title, other)
		}
		seen[string(text)] = title
		if len(text) > 60<<10 {
			t.Errorf("%q: %d bytes", title, len(text))
		}
	}
}

// No title leaves its card, and none of its words is lost on the way.
func TestCardLines(t *testing.T) {
	f, err := LoadFaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, title := range []string{"Short", "Which of your posts brought you a client?", "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen", strings.Repeat("W", 200), "https://example.com/" + strings.Repeat("very/", 30)} {
		lines, broken, err := f.wrap(f.bold, 68, title)
		if err != nil {
			t.Fatal(err)
		}
		joined := strings.Join(lines, " ")
		if broken {
			joined = strings.ReplaceAll(strings.ReplaceAll(joined, "- ", ""), " ", "")
		}
		if joined != title {
			t.Errorf("%q became %q", title, lines)
		}
		for _, line := range lines {
			if width, err := f.width(f.bold, 68, line); err != nil || width > cardMeasure {
				t.Errorf("%q is %d wide (%v)", line, width, err)
			}
		}
	}
}

// Words in a pale accent are darkened until they can be read.
func TestLegible(t *testing.T) {
	paper, ink := color.RGBA{0xF8, 0xF6, 0xF1, 0xFF}, color.RGBA{0x1D, 0x1B, 0x18, 0xFF}
	for _, c := range []color.RGBA{{0xF0, 0xD0, 0x49, 0xFF}, {0xFF, 0xFF, 0xFF, 0xFF}, {0x0E, 0x5C, 0x49, 0xFF}} {
		if contrast := (luminance(paper) + 0.05) / (luminance(legible(c, paper, ink)) + 0.05); contrast < 4.5 {
			t.Errorf("%v: %.1f to 1", c, contrast)
		}
	}
	if c := (color.RGBA{0x0E, 0x5C, 0x49, 0xFF}); legible(c, paper, ink) != c {
		t.Error("an accent that can be read is changed")
	}
}

func FuzzHeads(f *testing.F) {
	f.Add(camera(f, corners(64, 40), 6))
	f.Add([]byte("\xFF\xD8\xFF\xE1\x00\x20Exif\x00\x00II*\x00\x08\x00\x00\x00\xFF\xFF"))
	f.Add([]byte(pngHead + "\xFF\xFF\xFF\xFFIEND"))
	f.Add([]byte("RIFF\xFF\xFF\xFF\xFFWEBPEXIF\xFF\xFF\xFF\x7F"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if turn := orientation(bytes.NewReader(text)); turn < 1 || turn > 8 {
			t.Errorf("turn %d", turn)
		}
		if out := strip(text); len(out) > len(text)+len(turned(1))+2 {
			t.Errorf("%d bytes became %d", len(text), len(out))
		}
		measure(bytes.NewReader(text))
	})
}

func BenchmarkPhotograph(b *testing.B) {
	s := Settings{Widths: []int{400, 800, 1200, 1600}, Quality: 80}
	f := file(b, "p.jpg", camera(b, corners(6000, 4000), 1))
	m := measured(b, f)
	all := Variants(f, m, s)
	for b.Loop() {
		w := Open(b.TempDir(), s, func(int) {})
		if _, err := w.Bytes(f, m, all, all[0]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCard(b *testing.B) {
	f, err := LoadFaces()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := f.Draw(Card{Title: "Which of your posts brought you a client?", Site: "Site", Byline: "Ann"}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestDrawingSizes(t *testing.T) {
	for text, want := range map[string]string{
		`<svg xmlns="http://www.w3.org/2000/svg" width="480" height="336.4px" viewBox="0 0 1 1"/>`: "480×336",
		"<?xml version='1.0' encoding='latin1'?>\n<!-- by hand -->\n<svg viewBox='0, 0 640 420'>":  "640×420",
		`<svg width="320" viewBox="0 0 640 420">`:                                                  "320×210",
		`<svg height="210" viewBox="0 0 640 420">`:                                                 "320×210",
		`<svg width="100%" height="100%" viewBox="-5 -5 10 20">`:                                   "10×20",
		`<svg width="3cm" height="2cm">`:                                                           "0×0",
		`<svg>`:                                                                                    "0×0",
		`<svg viewBox="0 0 0 10">`:                                                                 "0×0",
		`<svg viewBox="0 0 NaN 1e9">`:                                                              "0×0",
		`<html width="3" height="4">`:                                                              "0×0",
		strings.Repeat("<!-- long -->", 6000) + `<svg width="3" height="4">`:                       "0×0",
		"": "0×0",
	} {
		m := measured(t, file(t, "p.SVG", []byte(text)))
		if got := fmt.Sprintf("%d×%d", m.Width, m.Height); got != want || m.Wrong != "" || m.Resizable() {
			t.Errorf("%.80s: %s, not %s %+v", text, got, want, m)
		}
	}
}
