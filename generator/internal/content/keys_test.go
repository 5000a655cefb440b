package content

import (
	"fmt"
	"testing"
)

// TestKeys: every key of the reference is read, with its example, without a word
// of complaint, under our name and under all others.
func TestKeys(t *testing.T) {
	for _, k := range Keys() {
		for _, name := range append([]string{k.Name}, k.Also...) {
			d := parsed(fmt.Sprintf("---\n%s: %s\n---\nText.\n", name, k.Example))
			if len(d.Problems) > 0 || len(d.Front.Params) > 0 && k.Name != "params" {
				t.Errorf("%s: %s: %v", name, k.Example, d.Problems)
			}
			if k.Example == "" || k.About == "" || k.Kind == "" {
				t.Errorf("%s is not described", k.Name)
			}
		}
	}
	d := parsed("---\ncolour: green\n---\nText.\n")
	if len(d.Problems) != 1 {
		t.Errorf("a key that is in no table: %v", d.Problems)
	}
}
