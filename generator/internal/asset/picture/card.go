package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"unicode"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"cardbowl/generator/internal/memo"
)

// Card is what social networks show beside a link to a page: its title, and
// whose it is.
type Card struct {
	Title  string
	Site   string
	Byline string
	Accent color.RGBA
}

// The size that all networks take.
const (
	CardWidth  = 1200
	CardHeight = 630
)

// Recipe is the digest of all that a card shows.
func (c Card) Recipe() memo.Digest { return memo.Of("card", revision, c) }

// Path is where a card is published.
func (c Card) Path() string {
	return fmt.Sprintf("assets/share/%s.png", c.Recipe().String()[:16])
}

const (
	cardMargin  = 88
	cardMeasure = CardWidth - 2*cardMargin
)

// Faces are the letters that cards are drawn with. They cover Latin, Greek and
// Cyrillic.
type Faces struct{ bold, regular *opentype.Font }

// LoadFaces reads the letters.
func LoadFaces() (Faces, error) {
	bold, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return Faces{}, fmt.Errorf("read letters: %w", err)
	}
	regular, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return Faces{}, fmt.Errorf("read letters: %w", err)
	}
	return Faces{bold, regular}, nil
}

// Draw is the card as a PNG file. A script that the letters do not cover is not
// drawn at all rather than as boxes; the site's name stands alone then.
func (f Faces) Draw(c Card) ([]byte, error) {
	paper, ink, muted := color.RGBA{0xF8, 0xF6, 0xF1, 0xFF}, color.RGBA{0x1D, 0x1B, 0x18, 0xFF}, color.RGBA{0x59, 0x54, 0x4B, 0xFF}
	canvas := image.NewPaletted(image.Rect(0, 0, CardWidth, CardHeight), shades(paper, ink, muted, c.Accent))
	fill(canvas, canvas.Rect, paper)
	fill(canvas, image.Rect(0, CardHeight-18, CardWidth, CardHeight), c.Accent)

	title, whole := f.covered(c.Title)
	if whole {
		if err := f.title(canvas, title, ink); err != nil {
			return nil, err
		}
	}
	name, _ := f.covered(c.Site)
	byline, _ := f.covered(c.Byline)
	if err := f.line(canvas, f.bold, 34, name, cardMargin, CardHeight-84, c.Accent); err != nil {
		return nil, err
	}
	width, err := f.width(f.regular, 30, byline)
	if err == nil && byline != name && width < cardMeasure/2 {
		err = f.line(canvas, f.regular, 30, byline, CardWidth-cardMargin-width, CardHeight-84, muted)
	}
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.DefaultCompression}
	err = encoder.Encode(&b, canvas)
	return b.Bytes(), err
}

// shades is a palette with steps between the ground and each colour, for the
// edges of letters.
func shades(ground color.RGBA, colours ...color.RGBA) color.Palette {
	out := color.Palette{ground}
	const steps = 24
	for _, c := range colours {
		for i := 1; i <= steps; i++ {
			mix := func(a, b uint8) uint8 { return uint8((int(a)*(steps-i) + int(b)*i) / steps) }
			out = append(out, color.RGBA{mix(ground.R, c.R), mix(ground.G, c.G), mix(ground.B, c.B), 0xFF})
		}
	}
	return out
}

func fill(canvas draw.Image, where image.Rectangle, c color.Color) {
	draw.Draw(canvas, where, image.NewUniform(c), image.Point{}, draw.Src)
}

// covered is a text without what the letters cannot show, and whether little was
// lost.
func (f Faces) covered(text string) (shown string, whole bool) {
	var b strings.Builder
	lost, letters := 0, 0
	var buffer sfnt.Buffer
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
		}
		if index, err := f.bold.GlyphIndex(&buffer, r); err != nil || index == 0 {
			if unicode.IsLetter(r) {
				lost++
			}
			continue
		}
		b.WriteRune(r)
	}
	shown = strings.Join(strings.Fields(b.String()), " ")
	return shown, shown != "" && lost*10 <= letters
}

// title is set as large as it fits into four lines.
func (f Faces) title(canvas draw.Image, title string, ink color.Color) error {
	const top, bottom, most = 96, CardHeight - 150, 4
	var lines []string
	size := 84.0
	for ; size >= 44; size -= 4 {
		var err error
		if lines, err = f.wrap(f.bold, size, title); err != nil {
			return err
		}
		if len(lines) <= most && float64(len(lines))*size*1.18 <= bottom-top {
			break
		}
	}
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] = strings.TrimRight(lines[most-1], " ,.;:") + " …"
	}
	for i, line := range lines {
		baseline := top + int(size*0.9) + int(float64(i)*size*1.18)
		if err := f.line(canvas, f.bold, size, line, cardMargin, baseline, ink); err != nil {
			return err
		}
	}
	return nil
}

// wrap parts a text into lines that fit, the last of them not much shorter than
// the others.
func (f Faces) wrap(letters *opentype.Font, size float64, text string) ([]string, error) {
	fit := func(measure int) ([]string, error) {
		var out []string
		line := ""
		for word := range strings.FieldsSeq(text) {
			longer := strings.TrimSpace(line + " " + word)
			width, err := f.width(letters, size, longer)
			if err != nil {
				return nil, err
			}
			if width > measure && line != "" {
				out = append(out, line)
				longer = word
			}
			line = longer
		}
		return append(out, line), nil
	}
	lines, err := fit(cardMeasure)
	for measure := cardMeasure - 40; err == nil && measure > cardMeasure/2; measure -= 40 {
		narrower, failed := fit(measure)
		if failed != nil || len(narrower) > len(lines) {
			break
		}
		lines = narrower
	}
	return lines, err
}

func (f Faces) face(letters *opentype.Font, size float64) (font.Face, error) {
	return opentype.NewFace(letters, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
}

func (f Faces) width(letters *opentype.Font, size float64, text string) (int, error) {
	face, err := f.face(letters, size)
	if err != nil {
		return 0, err
	}
	defer face.Close()
	return font.MeasureString(face, text).Ceil(), nil
}

func (f Faces) line(canvas draw.Image, letters *opentype.Font, size float64, text string, x, y int, c color.Color) error {
	face, err := f.face(letters, size)
	if err != nil {
		return err
	}
	defer face.Close()
	d := font.Drawer{Dst: canvas, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(text)
	return nil
}
