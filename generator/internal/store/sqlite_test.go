package store_test

import (
	"path/filepath"
	"strings"
	"testing"

	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	folder := t.TempDir()
	storetest.Run(t, func(t *testing.T, name string) store.Store {
		file := strings.ReplaceAll(t.Name(), "/", "-") + " " + name + "#100%.db" // signs that mean something in an address
		s, err := store.OpenSQLite(t.Context(), filepath.Join(folder, file), store.SQLiteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
