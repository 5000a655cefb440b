package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// maxFile bounds what Load reads: about 400,000 pages.
const maxFile = 256 << 20

// Encode is the manifest as it is stored: the same bytes for the same site on
// any machine. Pages are put in the order of their paths.
func Encode(m Manifest) ([]byte, error) {
	m.Version = Current
	m.Pages = slices.Clone(m.Pages)
	slices.SortStableFunc(m.Pages, func(a, b Page) int { return cmp.Compare(a.Path, b.Path) })
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return b.Bytes(), nil
}

// Decode reads what Encode made. Keys it does not know are left alone, so that
// an older program can read what a newer one of the same Version wrote.
func Decode(text []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Manifest{}, fmt.Errorf("not a manifest: %w", err)
	}
	if m.Version < 1 {
		return Manifest{}, errors.New("not a manifest: it has no version")
	}
	if m.Version > Current {
		return Manifest{}, fmt.Errorf("the manifest is of version %d and this program reads up to %d: update cardbowl", m.Version, Current)
	}
	return m, nil
}

// Save writes the manifest so that whoever loads it, at any moment and after
// any crash, finds the old one or the new one. A file that already says the
// same is not touched.
func Save(path string, m Manifest) error {
	text, err := Encode(m)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
		return nil
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save manifest: %w", err)
	}
	temp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("save manifest: %w", err)
	}
	defer os.Remove(temp.Name()) // fails, as it should, once renamed
	_, err = temp.Write(text)
	err = errors.Join(err, temp.Chmod(0o644), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("save manifest: %w", err)
	}
	// The rename itself is durable only once the folder is; where a folder
	// cannot be synced the old manifest may come back, which is no damage.
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

// Load reads a manifest. The error wraps fs.ErrNotExist when there is none yet.
func Load(path string) (Manifest, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxFile {
		err = &fs.PathError{Op: "load", Path: path, Err: errors.New("file too large")}
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("load manifest: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Manifest{}, fmt.Errorf("load manifest: %w", err)
	}
	m, err := Decode(text)
	if err != nil {
		return Manifest{}, fmt.Errorf("load %s: %w", path, err)
	}
	return m, nil
}
