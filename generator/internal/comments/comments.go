package comments

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strconv"
	"strings"
)

// Type is a struct and what its source says of it.
type Type struct {
	Name    string
	Comment string
	Fields  []Field // those that are exported
}

// Field is a field of a struct. Comment is one line, without the marks.
type Field struct {
	Name    string
	Type    reflect.Type
	Tag     reflect.StructTag
	Comment string
	Fields  []Field // of a struct that has no name of its own
}

// Entry is a key of a table written in Go, and the comment above it.
type Entry struct{ Key, Comment string }

// Source is the files of one or several packages, parsed.
type Source []*ast.File

// Parse reads embedded files.
func Parse(texts ...string) Source {
	var s Source
	for _, text := range texts {
		file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			panic(fmt.Sprintf("embedded source: %v", err))
		}
		s = append(s, file)
	}
	return s
}

// Types describes a struct and all structs that its fields lead to and that this
// source declares, each once, in the order in which they are first met.
func (s Source) Types(first reflect.Type) []Type {
	var out []Type
	seen := map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	var within func(fields []Field)
	within = func(fields []Field) {
		for _, f := range fields {
			if f.Fields != nil {
				within(f.Fields)
			} else {
				visit(Innermost(f.Type))
			}
		}
	}
	visit = func(t reflect.Type) {
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		described, found := s.Struct(t)
		if !found {
			return
		}
		out = append(out, described)
		within(described.Fields)
	}
	visit(first)
	return out
}

// Struct describes a single struct; found is false where this source does not
// declare it.
func (s Source) Struct(t reflect.Type) (described Type, found bool) {
	for _, file := range s {
		for _, d := range file.Decls {
			general, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range general.Specs {
				declared, ok := spec.(*ast.TypeSpec)
				if !ok || declared.Name.Name != t.Name() {
					continue
				}
				if body, ok := declared.Type.(*ast.StructType); ok {
					return Type{Name: t.Name(), Comment: line(general.Doc, declared.Doc), Fields: fieldsOf(t, body)}, true
				}
			}
		}
	}
	return Type{}, false
}

func fieldsOf(t reflect.Type, body *ast.StructType) []Field {
	var out []Field
	for _, group := range body.Fields.List {
		for _, name := range group.Names {
			f, found := t.FieldByName(name.Name)
			if !found || !f.IsExported() {
				continue
			}
			field := Field{Name: f.Name, Type: f.Type, Tag: f.Tag, Comment: line(group.Doc, group.Comment)}
			if inner, ok := group.Type.(*ast.StructType); ok {
				field.Fields = fieldsOf(f.Type, inner)
			}
			out = append(out, field)
		}
	}
	return out
}

// Table is the entries, with a text for a key, of the map that a function
// returns, in the order of the source.
func (s Source) Table(function string) []Entry {
	for _, file := range s {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Name.Name != function {
				continue
			}
			var out []Entry
			ast.Inspect(f.Body, func(n ast.Node) bool {
				literal, ok := n.(*ast.CompositeLit)
				if !ok {
					return true
				}
				from := literal.Lbrace
				for _, element := range literal.Elts {
					pair, ok := element.(*ast.KeyValueExpr)
					if !ok {
						continue
					}
					if key, ok := pair.Key.(*ast.BasicLit); ok && key.Kind == token.STRING {
						text, _ := strconv.Unquote(key.Value)
						out = append(out, Entry{text, between(file, from, pair.Pos())})
					}
					from = pair.End()
				}
				return false
			})
			return out
		}
	}
	panic("embedded source has no function " + function)
}

// between is the comment that stands between two places.
func between(file *ast.File, from, to token.Pos) string {
	for _, group := range file.Comments {
		if group.Pos() > from && group.End() < to {
			return line(group)
		}
	}
	return ""
}

// line is the first comment there is, as one line.
func line(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		if text := strings.Join(strings.Fields(g.Text()), " "); text != "" {
			return text
		}
	}
	return ""
}

// Innermost is what a pointer, list or map of lists is made of.
func Innermost(t reflect.Type) reflect.Type {
	for {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			t = t.Elem()
		default:
			return t
		}
	}
}
