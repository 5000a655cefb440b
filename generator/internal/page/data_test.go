package page

import (
	"reflect"
	"testing"
	"time"

	"cardbowl/generator/internal/memo"
)

// TestPageDataIsPlain walks every type a template can reach. All of it must have
// a digest, or a page could say something that no recipe sees: no functions,
// channels, unexported fields or methods, and beside every field left out of the
// digest one that stands for it.
func TestPageDataIsPlain(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(kind reflect.Type, way string)
	walk = func(kind reflect.Type, way string) {
		if seen[kind] {
			return
		}
		seen[kind] = true
		switch kind.Kind() {
		case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Uintptr, reflect.Complex64, reflect.Complex128:
			t.Errorf("%s is a %s, which has no digest", way, kind)
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(kind.Elem(), way+"[]")
		case reflect.Map:
			walk(kind.Key(), way+" key")
			walk(kind.Elem(), way+"[]")
		case reflect.Struct:
			if kind == reflect.TypeFor[time.Time]() {
				return // memo digests what can be printed of it
			}
			if kind.NumMethod()+reflect.PointerTo(kind).NumMethod() > 0 {
				t.Errorf("%s: %s has methods, which could see what no digest does", way, kind)
			}
			for i := range kind.NumField() {
				field := kind.Field(i)
				at := way + "." + field.Name
				if !field.IsExported() {
					t.Errorf("%s is unexported", at)
					continue
				}
				made := at == "Data.Page.StructuredData" // of fields that have one
				if field.Tag.Get("digest") == "-" && !made {
					beside, found := kind.FieldByName(field.Name + "Digest")
					if !found || beside.Type != reflect.TypeFor[memo.Digest]() || beside.Tag.Get("digest") != "" {
						t.Errorf("%s is left out of the digest and no %sDigest stands for it", at, field.Name)
					}
				}
				walk(field.Type, at)
			}
		}
	}
	walk(reflect.TypeFor[Data](), "Data")
	if len(seen) < 10 {
		t.Errorf("only %d types were looked at", len(seen))
	}
	memo.Of(Data{}) // panics where the walk overlooked something
}
