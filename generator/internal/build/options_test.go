package build

import (
	"reflect"
	"slices"
	"testing"
)

// TestOptionsAreNoted sets each option in turn: a build that is asked for
// something else must not take the note of another for its own.
func TestOptionsAreNoted(t *testing.T) {
	// What no byte of a result depends on, and what is known in another way: the
	// theme is part of the program, the encoder is looked at, the clock is compared.
	apart := []string{"Theme", "Now", "Clock", "Workers", "Kept", "Cache", "WebP", "Doing", "Ahead"}
	plain := (&Builder{}).optionsDigest()
	for field := range reflect.TypeFor[Options]().Fields() {
		if slices.Contains(apart, field.Name) {
			continue
		}
		var o Options
		switch v := reflect.ValueOf(&o).Elem().FieldByIndex(field.Index); v.Kind() {
		case reflect.Bool:
			v.SetBool(true)
		case reflect.String:
			v.SetString("another")
		default:
			t.Fatalf("the option %s is of a kind this test does not know", field.Name)
		}
		if (&Builder{options: o}).optionsDigest() == plain {
			t.Errorf("the option %s is not noted", field.Name)
		}
	}
}
