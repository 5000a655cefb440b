package generator_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// room is a package's place in the table of ARCHITECTURE.md.
type room struct {
	row  int
	wing string // the table's column
}

// rooms reads the table.
func rooms(t *testing.T) map[string]room {
	t.Helper()
	page, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	wings := []string{"generator", "both", "tracker"}
	out := map[string]room{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		row, err := strconv.Atoi(strings.TrimSpace(cells[0]))
		if err != nil || len(cells) != 4 {
			continue
		}
		for i, wing := range wings {
			for name := range strings.SplitSeq(cells[i+1], ",") {
				if name = strings.TrimSpace(name); name != "" {
					out[path.Base(name)] = room{row, wing}
				}
			}
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d rooms in the table", len(out))
	}
	return out
}

// TestLayers holds every import against the table.
func TestLayers(t *testing.T) {
	table := rooms(t)
	checked := 0
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		owner := roomOf(filepath.ToSlash(filepath.Dir(name)))
		from, known := table[owner]
		if !known {
			t.Errorf("%s: the room %s is not in the table", name, owner)
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			inside, ours := strings.CutPrefix(imported, "cardbowl/generator/")
			if !ours {
				continue
			}
			to, known := table[roomOf(inside)]
			checked++
			switch {
			case roomOf(inside) == owner:
			case !known:
				t.Errorf("%s imports %s, which is not in the table", name, imported)
			case to.row >= from.row:
				t.Errorf("%s (row %d) imports %s (row %d)", name, from.row, imported, to.row)
			case from.wing != "both" && to.wing != "both" && from.wing != to.wing:
				t.Errorf("%s (%s wing) imports %s (%s wing)", name, from.wing, imported, to.wing)
			case from.wing == "both" && to.wing != "both" && from.row < table["cli"].row:
				t.Errorf("%s belongs to both wings and imports %s (%s wing)", name, imported, to.wing)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 50 {
		t.Errorf("only %d imports looked at", checked)
	}
}

// roomOf is the package below internal or cmd that a folder belongs to; what a
// room keeps in folders of its own is part of it.
func roomOf(folder string) string {
	parts := strings.Split(folder, "/")
	if len(parts) < 2 {
		return folder
	}
	return parts[1]
}

// TestRoomsAreDescribed wants a doc.go in every room and a line in the table of
// what it is for.
func TestRoomsAreDescribed(t *testing.T) {
	page, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("internal")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		doc, err := os.ReadFile(filepath.Join("internal", e.Name(), "doc.go"))
		if err != nil {
			t.Errorf("%s has no doc.go", e.Name())
			continue
		}
		if !slices.Contains(strings.Fields(string(doc)), "deliberately") && !strings.Contains(string(doc), "Deliberately absent") {
			t.Errorf("%s/doc.go does not say what it deliberately leaves out", e.Name())
		}
		if !strings.Contains(string(page), "\n| "+e.Name()+" | ") {
			t.Errorf("ARCHITECTURE.md does not say what %s is for", e.Name())
		}
	}
}
