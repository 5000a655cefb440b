package picture

import (
	"bufio"
	"encoding/xml"
	"io"
	"math"
	"strconv"
	"strings"
)

// headOfDrawing is how far the root element of an SVG file is looked for.
const headOfDrawing = 64 << 10 // bytes

// measureDrawing reads the size of an SVG picture from its root element: width
// and height in pixels, else those of its viewBox. Without them a browser cannot
// keep a lazy picture's place free, and the page jumps when it comes. The zero
// value is for a file that states no size.
func measureDrawing(r io.Reader) Measure {
	d := xml.NewDecoder(bufio.NewReader(io.LimitReader(r, headOfDrawing)))
	d.Strict = false
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // sizes are ASCII in any of them
	for {
		token, err := d.Token()
		if err != nil {
			return Measure{}
		}
		root, isElement := token.(xml.StartElement)
		if !isElement {
			continue
		}
		if root.Name.Local != "svg" {
			return Measure{}
		}
		return sizeOf(root)
	}
}

func sizeOf(root xml.StartElement) Measure {
	var width, height float64
	var box []string
	for _, a := range root.Attr {
		switch a.Name.Local {
		case "width":
			width = pixels(a.Value)
		case "height":
			height = pixels(a.Value)
		case "viewBox":
			box = strings.FieldsFunc(a.Value, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
		}
	}
	if (width == 0 || height == 0) && len(box) == 4 {
		across, down := pixels(box[2]), pixels(box[3])
		switch {
		case across == 0 || down == 0:
		case width > 0:
			height = width * down / across
		case height > 0:
			width = height * across / down
		default:
			width, height = across, down
		}
	}
	m := Measure{Width: int(math.Round(width)), Height: int(math.Round(height)), Kind: "svg", Turn: 1}
	if m.Width <= 0 || m.Height <= 0 {
		return Measure{}
	}
	return m
}

// pixels is a length without a unit or in px; 0 for any other.
func pixels(length string) float64 {
	n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(length), "px"), 64)
	const most = 100_000
	if err != nil || !(n > 0 && n <= most) {
		return 0
	}
	return n
}
