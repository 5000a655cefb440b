package content

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

// Data is what the data files hold: by name without ending, folders as maps of
// their files. Numbers are int64 or float64, a table of CSV is a list of maps by
// the names in its first row.
type Data struct {
	Values map[string]any
	Digest memo.Digest // of Values
	Files  []string    // they come from, sorted
}

// dataFolders hold data files; the second is Hugo's.
func dataFolders() []string { return []string{"content/_data/", "data/"} }

// maxData bounds one data file.
const maxData = 4 << 20 // bytes

// LoadData reads the data files of a tree.
func LoadData(tree source.Tree, remembered *memo.Memo) (Data, diag.List, error) {
	type loaded struct {
		Value    any
		Problems diag.List
	}
	values := map[string]any{}
	from := map[string]string{}
	var problems diag.List
	for _, folder := range dataFolders() {
		for _, f := range tree.Under(folder) {
			kind := strings.ToLower(path.Ext(f.Path))
			if !slices.Contains([]string{".yaml", ".yml", ".json", ".toml", ".csv"}, kind) {
				continue
			}
			var failed error
			got := memo.Do(remembered, "data", memo.Of(f.Path, f.Digest), func() loaded {
				if f.Size > maxData {
					return loaded{Problems: diag.List{{File: f.Path, Line: 1, Column: 1, Message: fmt.Sprintf("the file has %d bytes, more than %d", f.Size, maxData)}}}
				}
				var text []byte
				if text, failed = f.Read(); failed != nil {
					return loaded{}
				}
				value, problems := decodeData(f.Path, kind, bytes.TrimPrefix(text, []byte("\uFEFF")))
				return loaded{value, problems}
			})
			if failed != nil {
				return Data{}, nil, failed
			}
			problems = append(problems, got.Problems...)
			name := strings.TrimSuffix(strings.TrimPrefix(f.Path, folder), path.Ext(f.Path))
			if other := from[name]; other != "" {
				problems = append(problems, diag.Diagnostic{File: f.Path, Message: fmt.Sprintf("templates would find these data where they find those of %s", other), Hint: "rename one of the two"})
				continue
			}
			if other := inTheWay(from, name); other != "" {
				problems = append(problems, diag.Diagnostic{File: f.Path, Message: fmt.Sprintf("%s has the name of a folder of data", other), Hint: "rename one of the two"})
				continue
			}
			from[name] = f.Path
			place(values, strings.Split(name, "/"), got.Value)
		}
	}
	return Data{values, memo.Of(values), slices.Sorted(maps.Values(from))}, problems, nil
}

// inTheWay is a file whose name another needs for a folder, or "".
func inTheWay(from map[string]string, name string) string {
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		if other := from[folder]; other != "" {
			return other
		}
	}
	for _, below := range slices.Sorted(maps.Keys(from)) {
		if strings.HasPrefix(below, name+"/") {
			return from[below]
		}
	}
	return ""
}

// place puts a value below its folders.
func place(values map[string]any, way []string, value any) {
	for _, folder := range way[:len(way)-1] {
		below, _ := values[folder].(map[string]any)
		if below == nil {
			below = map[string]any{}
			values[folder] = below
		}
		values = below
	}
	values[way[len(way)-1]] = value
}

// decodeData is the value of one file.
func decodeData(file, kind string, text []byte) (any, diag.List) {
	line := func(n int, message, hint string) diag.List {
		return diag.List{{File: file, Line: max(n, 1), Column: 1, Message: message, Hint: hint, Source: diag.SourceLine(text, max(n, 1))}}
	}
	switch kind {
	case ".yaml", ".yml":
		whole := config.Text{File: file, Whole: text, YAML: text}
		root, problems := config.ParseValue(whole)
		if problems.HasErrors() || root == nil {
			return nil, problems
		}
		var value any
		if err := config.Decode(root, &value); err != nil {
			return nil, line(1, "broken YAML: "+err.Error(), "")
		}
		return plainData(value), problems
	case ".toml":
		values := map[string]any{}
		if _, err := toml.Decode(string(text), &values); err != nil {
			var broken toml.ParseError
			if errors.As(err, &broken) {
				return nil, line(broken.Position.Line, "broken TOML: "+broken.Message, "")
			}
			return nil, line(1, "broken TOML: "+err.Error(), "")
		}
		return plainData(zoneless(values)), nil
	case ".csv":
		return decodeCSV(text, line)
	}
	reader := json.NewDecoder(bytes.NewReader(text))
	reader.UseNumber()
	var value any
	err := reader.Decode(&value)
	if err == nil {
		if _, more := reader.Token(); more != io.EOF {
			return nil, line(1+bytes.Count(text[:reader.InputOffset()], []byte{'\n'}), "something follows the JSON value", "a file holds one value: a list, say")
		}
		return numbered(value), nil
	}
	at := len(text)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = min(int(syntax.Offset), len(text))
	}
	return nil, line(1+bytes.Count(text[:at], []byte{'\n'}), "broken JSON: "+err.Error(), "names and texts stand in double quotes, and no comma follows the last entry")
}

func decodeCSV(text []byte, line func(int, string, string) diag.List) (any, diag.List) {
	reader := csv.NewReader(bytes.NewReader(text))
	rows, err := reader.ReadAll()
	if err != nil {
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			return nil, line(broken.Line, "broken CSV: "+broken.Err.Error(), "every row has as many fields as the first, which names them; a field with a comma stands in double quotes")
		}
		return nil, line(1, "broken CSV: "+err.Error(), "")
	}
	out := []any{}
	for i := 1; i < len(rows); i++ {
		row := map[string]any{}
		for j, name := range rows[0] {
			row[name] = rows[i][j]
		}
		out = append(out, row)
	}
	return out, nil
}

// plainData turns the maps of other decoders into those that templates can walk
// and a digest can see.
func plainData(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = plainData(v[key])
		}
	case map[any]any:
		out := map[string]any{}
		for key := range v {
			out[fmt.Sprint(key)] = plainData(v[key])
		}
		return out
	case []map[string]any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plainData(v[i])
		}
		return out
	case []any:
		for i := range v {
			v[i] = plainData(v[i])
		}
	case int:
		return int64(v)
	}
	return value
}
