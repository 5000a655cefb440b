package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"unicode"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

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
	cardMargin  = 80
	cardMeasure = CardWidth - 2*cardMargin
	cardFoot    = CardHeight - 64 // where the site's name stands
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

// Draw is the card as a PNG file. Of a title that the letters do not cover nothing
// is drawn, rather than boxes: the site's name takes its place, and where that is
// not covered either, the bowl stands alone.
func (f Faces) Draw(c Card) ([]byte, error) {
	paper, ink, muted := color.RGBA{0xF8, 0xF6, 0xF1, 0xFF}, color.RGBA{0x1D, 0x1B, 0x18, 0xFF}, color.RGBA{0x59, 0x54, 0x4B, 0xFF}
	accent := legible(c.Accent, paper, ink)
	tint := mixed(paper, c.Accent, 0.10)
	white := color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
	canvas, palette := image.NewRGBA(image.Rect(0, 0, CardWidth, CardHeight)), shades(paper, tint, white, ink, muted, accent, c.Accent)
	fill(canvas, canvas.Rect, paper)

	title, titled := f.covered(c.Title)
	name, named := f.covered(c.Site)
	byline, _ := f.covered(c.Byline)
	fill(canvas, image.Rect(0, 0, CardWidth, 16), c.Accent)
	if !titled && !named {
		bowl(canvas, CardWidth/2-11*16, 146, 11, c.Accent, white, c.Accent)
		return encoded(canvas, palette)
	}
	bowl(canvas, 752, 184, 16.5, tint, paper, tint)
	shade := ink
	if !titled {
		title, name, shade = name, "", accent
	}
	if err := f.title(canvas, title, shade); err != nil {
		return nil, err
	}
	if err := f.line(canvas, f.bold, 34, name, cardMargin, cardFoot, accent); err != nil {
		return nil, err
	}
	width, err := f.width(f.regular, 32, byline)
	if err == nil && byline != name && width < cardMeasure/2 {
		err = f.line(canvas, f.regular, 32, byline, CardWidth-cardMargin-width, cardFoot, muted)
	}
	if err != nil {
		return nil, err
	}
	return encoded(canvas, palette)
}

// encoded is a drawing in the colours of a palette: a third of the bytes.
func encoded(canvas *image.RGBA, palette color.Palette) ([]byte, error) {
	out := image.NewPaletted(canvas.Rect, palette)
	nearest := map[color.RGBA]uint8{} // a drawing has few colours, and looking one up is slow
	var last color.RGBA
	var index uint8
	for i := range out.Pix {
		c := color.RGBA{canvas.Pix[4*i], canvas.Pix[4*i+1], canvas.Pix[4*i+2], 0xFF}
		if c != last {
			var known bool
			if index, known = nearest[c]; !known {
				index = uint8(palette.Index(c))
				nearest[c] = index
			}
			last = c
		}
		out.Pix[i] = index
	}
	var b bytes.Buffer
	err := png.Encode(&b, out)
	return b.Bytes(), err
}

// bowl draws the sign of the house: a bowl, and a card that falls into it, within
// 32 by 28 units of a size from x and y on.
func bowl(canvas draw.Image, x, y int, unit float32, dish, card, edge color.Color) {
	where := image.Rect(x, y, x+int(32*unit), y+int(28*unit)+1).Intersect(canvas.Bounds())
	shape := func(c color.Color, draws func(*vector.Rasterizer)) {
		r := vector.NewRasterizer(where.Dx(), where.Dy())
		draws(r)
		r.ClosePath()
		r.Draw(canvas, where, image.NewUniform(c), image.Point{})
	}
	at := func(px, py float32) (float32, float32) { return px * unit, py * unit }
	paper := func(grown float32) func(*vector.Rasterizer) {
		const middleX, middleY = 16.25, 11
		corner := func(px, py float32) (float32, float32) {
			return at(middleX+(px-middleX)*grown, middleY+(py-middleY)*grown)
		}
		return func(r *vector.Rasterizer) {
			r.MoveTo(corner(11, 3.5))
			r.LineTo(corner(24.5, 7))
			r.LineTo(corner(21.5, 18.5))
			r.LineTo(corner(8, 15))
		}
	}
	shape(edge, paper(1.06))
	shape(card, paper(0.94))
	shape(dish, func(r *vector.Rasterizer) {
		const round = 0.5523 // of a circle's quarter as a curve
		r.MoveTo(at(2, 15))
		r.LineTo(at(30, 15))
		cube(r, at, 30, 15+13*round, 16+14*round, 28, 16, 28)
		cube(r, at, 16-14*round, 28, 2, 15+13*round, 2, 15)
	})
}

func cube(r *vector.Rasterizer, at func(x, y float32) (float32, float32), ax, ay, bx, by, x, y float32) {
	ax, ay = at(ax, ay)
	bx, by = at(bx, by)
	x, y = at(x, y)
	r.CubeTo(ax, ay, bx, by, x, y)
}

// mixed is a with a share of b in it.
func mixed(a, b color.RGBA, share float64) color.RGBA {
	part := func(a, b uint8) uint8 { return uint8(float64(a)*(1-share) + float64(b)*share + 0.5) }
	return color.RGBA{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B), 0xFF}
}

// legible is a colour, darkened until large words in it can be read: 4.5 to 1 by
// the Web Content Accessibility Guidelines 2.
func legible(c, ground, ink color.RGBA) color.RGBA {
	out := c
	for share := 0.1; share < 1 && (luminance(ground)+0.05)/(luminance(out)+0.05) < 4.5; share += 0.1 {
		out = mixed(c, ink, share)
	}
	return out
}

// luminance is the relative luminance of sRGB, 0 to 1, by the same guidelines.
func luminance(c color.RGBA) float64 {
	part := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
}

// shades is a palette with steps between the ground and each colour, for the
// edges of letters.
func shades(ground color.RGBA, colours ...color.RGBA) color.Palette {
	out := color.Palette{ground}
	const steps = 24
	for _, c := range colours {
		for i := 1; i <= steps; i++ {
			out = append(out, mixed(ground, c, float64(i)/steps))
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

// title is set as large as it fits, in at most four lines, and in the middle of
// the room there is.
func (f Faces) title(canvas draw.Image, title string, ink color.Color) error {
	const top, bottom, most, leading = 84, cardFoot - 84, 4, 1.14
	const largest, least, whole = 104.0, 52.0, 68.0 // whole: a word is rather broken than set smaller
	var lines []string
	size := largest
	for ; ; size -= 4 {
		var broken bool
		var err error
		if lines, broken, err = f.wrap(f.bold, size, title); err != nil {
			return err
		}
		if fits := len(lines) <= most && float64(len(lines))*size*leading <= bottom-top; fits && (!broken || size <= whole) || size <= least {
			break
		}
	}
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] = strings.TrimRight(lines[most-1], " ,.;:-") + " …"
	}
	height := float64(len(lines)) * size * leading
	first := float64(top) + (float64(bottom-top)-height)/2 + size*0.92
	for i, line := range lines {
		if err := f.line(canvas, f.bold, size, line, cardMargin, int(first+float64(i)*size*leading), ink); err != nil {
			return err
		}
	}
	return nil
}

// wrap parts a text into lines that fit, the last of them not much shorter than
// the others. A word that is longer than a line is broken.
func (f Faces) wrap(letters *opentype.Font, size float64, text string) (lines []string, broken bool, err error) {
	face, err := f.face(letters, size)
	if err != nil {
		return nil, false, err
	}
	defer face.Close()
	width := func(s string) int { return font.MeasureString(face, s).Ceil() }
	var words []string
	for word := range strings.FieldsSeq(text) {
		for width(word) > cardMeasure {
			runes, n := []rune(word), 1
			for n+1 < len(runes) && width(string(runes[:n+1])+"-") <= cardMeasure {
				n++
			}
			words, word, broken = append(words, string(runes[:n])+"-"), string(runes[n:]), true
		}
		words = append(words, word)
	}
	fit := func(measure int) []string {
		var out []string
		line := ""
		for _, word := range words {
			longer := strings.TrimSpace(line + " " + word)
			if width(longer) > measure && line != "" {
				out = append(out, line)
				longer = word
			}
			line = longer
		}
		return append(out, line)
	}
	lines = fit(cardMeasure)
	for measure := cardMeasure - 40; measure > cardMeasure/2; measure -= 40 {
		narrower := fit(measure)
		if len(narrower) > len(lines) {
			break
		}
		lines = narrower
	}
	return lines, broken, nil
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
