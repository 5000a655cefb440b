package memo

import (
	"html/template"
	"math"
	"reflect"
	"testing"
	"time"
)

type packed struct {
	Name    string
	Counts  map[string]int
	When    time.Time
	Body    template.HTML `digest:"-"`
	Any     any
	Next    *packed
	List    []packed
	None    []string
	Empty   []string
	Nested  map[string][]struct{ A, B string }
	Digest  Digest
	Digests []Digest
	Real    float64
	Small   uint8
	Bytes   []byte
}

func samplePacked() packed {
	toronto, err := time.LoadLocation("America/Toronto")
	if err != nil {
		toronto = time.FixedZone("EST", -5*3600)
	}
	return packed{Name: "a", Counts: map[string]int{"x": 1, "y": -2}, When: time.Date(2026, 7, 1, 9, 0, 0, 5, toronto), Body: "<p>",
		Any:  map[string]any{"n": nil, "i": 1, "f": 2.5, "b": true, "s": "s", "l": []any{"p", 1, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, "z": time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))},
		Next: &packed{Name: "n", When: time.Time{}}, List: []packed{{Name: "in list"}}, Empty: []string{}, Nested: map[string][]struct{ A, B string }{"k": {{"1", "2"}}},
		Digest: Of("d"), Digests: []Digest{Of(1), Of(2)}, Real: math.Inf(1), Small: 200, Bytes: []byte{0, 1}}
}

func TestPackedValuesAreEqual(t *testing.T) {
	v := samplePacked()
	text, err := Pack(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Unpack[packed](string(text))
	if err != nil {
		t.Fatal(err)
	}
	if Of(got) != Of(v) || got.Body != v.Body {
		t.Errorf("got %+v\nof  %+v", got, v)
	}
	if got.None != nil || got.Empty == nil || got.Next.List != nil {
		t.Error("nil and empty lists are mixed up")
	}
	if got.When.Location().String() != v.When.Location().String() || !got.Next.When.IsZero() || !reflect.DeepEqual(got.Any, v.Any) {
		t.Errorf("got %#v\nof  %#v", got.Any, v.Any)
	}
	again, err := Pack(got)
	if err != nil || string(again) != string(text) {
		t.Errorf("packed again it is other bytes (%v)", err)
	}
	if _, err := Pack(packed{Any: struct{ A int }{1}}); err == nil {
		t.Error("a type that cannot be told again was packed")
	}
}

// FuzzUnpack gives bytes that nobody packed.
func FuzzUnpack(f *testing.F) {
	text, err := Pack(samplePacked())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := Unpack[packed](string(text))
		if err != nil {
			return
		}
		once, err := Pack(v)
		if err != nil {
			t.Fatalf("what was unpacked cannot be packed: %v", err)
		}
		again, err := Unpack[packed](string(once))
		if err != nil || Of(again) != Of(v) {
			t.Fatalf("packed once more it is another value (%v)", err)
		}
	})
}
