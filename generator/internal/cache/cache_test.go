package cache

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cardbowl/generator/internal/memo"
)

type value struct {
	Name   string
	Places []Place
}

func used(v value) int64 {
	n := int64(0)
	for _, p := range v.Places {
		n += int64(p.Length)
	}
	return n
}

func textOf(c *Cache, p Place) (text string, err error) {
	err = c.Text(p, func(b []byte) error { text = string(b); return nil })
	return text, err
}

// filled is a folder in which a value with two texts was saved.
func filled(t *testing.T, program memo.Digest) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cache")
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	v := value{Name: "v"}
	for _, text := range []string{"first text", "second"} {
		v.Places = append(v.Places, c.Keep([]byte(text)))
	}
	if err := Save(c, program, v); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAnotherProcessFindsWhatWasKept(t *testing.T) {
	program := memo.Of("this program")
	dir := filled(t, program)
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	v, found := Load(c, program, used)
	if !found || v.Name != "v" || len(v.Places) != 2 {
		t.Fatalf("found %v %+v", found, v)
	}
	third := c.Keep([]byte("third, after the others"))
	if text, err := textOf(c, third); err != nil || text != "third, after the others" {
		t.Errorf("the third text is %q (%v)", text, err)
	}
	for i, want := range []string{"first text", "second"} {
		if text, err := textOf(c, v.Places[i]); err != nil || text != want {
			t.Errorf("text %d is %q (%v)", i, text, err)
		}
	}
	if _, err := Open(dir); err == nil {
		t.Error("two use one folder at a time")
	}
}

// TestNothingSpoiltIsTrusted changes every byte of the index in turn, and cuts
// both files everywhere.
func TestNothingSpoiltIsTrusted(t *testing.T) {
	program := memo.Of("this program")
	dir := filled(t, program)
	index, err := os.ReadFile(filepath.Join(dir, indexName))
	if err != nil {
		t.Fatal(err)
	}
	texts, err := os.ReadFile(filepath.Join(dir, textsName))
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, program memo.Digest, index, texts []byte, wantIndex bool) {
		t.Helper()
		for name, text := range map[string][]byte{indexName: index, textsName: texts} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		c, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		v, found := Load(c, program, used)
		if found != wantIndex {
			t.Fatalf("%s: found is %v", what, found)
		}
		for i, p := range v.Places {
			want := []string{"first text", "second"}[i]
			if text, err := textOf(c, p); err == nil && text != want || err != nil && !errors.Is(err, ErrLost) {
				t.Errorf("%s: text %d is %q (%v)", what, i, text, err)
			}
		}
	}
	for i := range index {
		spoilt := append([]byte(nil), index...)
		spoilt[i] ^= 0x10
		try("a byte changed", program, spoilt, texts, false)
		try("cut", program, index[:i], texts, false)
	}
	for i := range texts {
		spoilt := append([]byte(nil), texts...)
		spoilt[i] ^= 0x10
		try("a text changed", program, index, spoilt, true)
		try("texts cut", program, index, texts[:i], true)
	}
	try("another program", memo.Of("another"), index, texts, false)
	try("far more texts than are used", program, index, append(append([]byte(nil), texts...), make([]byte, spare+100)...), false)
	if info, err := os.Stat(filepath.Join(dir, textsName)); err != nil || info.Size() != 0 {
		t.Errorf("what nothing refers to stays: %v (%v)", info.Size(), err)
	}
}

// TestRow reads each of several texts by itself, on disk and held, and none that
// was touched.
func TestRow(t *testing.T) {
	onDisk, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer onDisk.Close()
	for name, c := range map[string]*Cache{"on disk": onDisk, "held": InMemory()} {
		c.Keep([]byte("something before"))
		want := []string{"one", "", "three, and more", "four"}
		var texts [][]byte
		for _, text := range want {
			texts = append(texts, []byte(text))
		}
		row := c.KeepRow(texts)
		c.Keep([]byte("something after"))
		if row.Len() != len(want) || row.Size() != int64(len(strings.Join(want, ""))) {
			t.Errorf("%s: a row of %d with %d bytes", name, row.Len(), row.Size())
		}
		for n, w := range want {
			got := ""
			err := c.TextOf(row, n, func(text []byte) error { got = string(text); return nil })
			if err != nil || got != w || row.Digest(n) != memo.OfBytes([]byte(w)) {
				t.Errorf("%s: text %d is %q (%v)", name, n, got, err)
			}
		}
		nothing := func([]byte) error { return nil }
		if err := c.TextOf(row, len(want), nothing); !errors.Is(err, ErrLost) {
			t.Errorf("%s: a text that is none: %v", name, err)
		}
		row.Digests[0] ^= 1
		if err := c.TextOf(row, 0, nothing); !errors.Is(err, ErrLost) {
			t.Errorf("%s: a text of another digest: %v", name, err)
		}
	}
}
