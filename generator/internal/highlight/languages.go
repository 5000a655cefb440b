package highlight

import (
	"strings"

	"github.com/alecthomas/chroma/v2"
)

// language is one language by its names, the first its own.
type language struct {
	names   []string
	anyCase bool
	rules   func() chroma.Rules
}

// family describes a language of the usual kind: comments, strings, numbers,
// words that mean something, and calls.
type family struct {
	line     []string // what begins a comment to the end of the line
	block    [2]string
	quotes   string   // each of these characters stands around a string on one line
	long     []string // patterns of strings over several lines
	keywords string
	types    string
	values   string        // constants
	variable string        // pattern of variables with a sign before them
	first    []chroma.Rule // tried before all others
}

func is(pattern string, kind chroma.TokenType) chroma.Rule {
	return chroma.Rule{Pattern: pattern, Type: kind}
}

func words(list string) string {
	return chroma.Words(`(?<![\w.$-])`, `(?![\w-])`, strings.Fields(list)...)
}

var escapePattern = strings.NewReplacer(`\`, `\\`, `.`, `\.`, `*`, `\*`, `+`, `\+`, `?`, `\?`, `(`, `\(`, `)`, `\)`, `[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`, `^`, `\^`, `$`, `\$`, `|`, `\|`)

func (f family) rules() chroma.Rules {
	root := append([]chroma.Rule{}, f.first...)
	for _, sign := range f.line {
		root = append(root, is(escapePattern.Replace(sign)+`[^\n]*`, chroma.CommentSingle))
	}
	if f.block[0] != "" {
		root = append(root, is(escapePattern.Replace(f.block[0])+`[\s\S]*?(?:`+escapePattern.Replace(f.block[1])+`|\z)`, chroma.CommentMultiline))
	}
	for _, pattern := range f.long {
		root = append(root, is(pattern, chroma.LiteralString))
	}
	for _, quote := range f.quotes {
		q := string(quote)
		root = append(root, is(q+`(?:\\.|[^`+q+`\\\n])*`+q, chroma.LiteralString))
	}
	if f.variable != "" {
		root = append(root, is(f.variable, chroma.NameVariable))
	}
	for _, group := range []struct {
		list string
		kind chroma.TokenType
	}{{f.keywords, chroma.Keyword}, {f.types, chroma.NameBuiltin}, {f.values, chroma.KeywordConstant}} {
		if group.list != "" {
			root = append(root, is(words(group.list), group.kind))
		}
	}
	root = append(root,
		is(`(?<![\w])(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)`, chroma.LiteralNumber),
		is(`[A-Za-z_]\w*(?=\s*\()`, chroma.NameFunction),
		is(`[A-Za-z_]\w*`, chroma.Name),
		is(`\s+`, chroma.TextWhitespace),
		is(`.`, chroma.Text))
	return chroma.Rules{"root": root}
}

// plain rules end with whatever has no meaning of its own.
func plain(rules ...chroma.Rule) func() chroma.Rules {
	return func() chroma.Rules {
		return chroma.Rules{"root": append(rules, is(`\s+`, chroma.TextWhitespace), is(`[\w-]+`, chroma.Text), is(`.`, chroma.Text))}
	}
}

const (
	cLine     = "//"
	numbers   = `(?<![\w-])-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w])`
	doubles   = `"(?:\\.|[^"\\\n])*"`
	singles   = `'(?:\\.|[^'\\\n])*'`
	scriptual = "async await break case catch class const continue debugger default delete do else export extends finally for from function get if import in instanceof let new of return set static super switch this throw try typeof var void while with yield"
)

var cBlock = [2]string{"/*", "*/"}

func languages() []language {
	script := family{line: []string{cLine}, block: cBlock, quotes: `"'`, long: []string{"`(?:\\\\.|[^`\\\\])*`"}, keywords: scriptual,
		types: "Array Boolean Date Error JSON Map Math Number Object Promise RegExp Set String Symbol console document fetch window", values: "true false null undefined NaN Infinity"}
	typed := script
	typed.keywords += " abstract as declare enum implements interface keyof namespace private protected public readonly satisfies type"
	typed.types += " any bigint boolean never number string unknown object"
	cLike := func(keywords, types, values string) family {
		return family{line: []string{cLine}, block: cBlock, quotes: `"'`, keywords: keywords, types: types, values: values}
	}
	preprocessed := func(f family) family {
		f.first = []chroma.Rule{is(`(?m)^[ \t]*#[^\n]*`, chroma.CommentPreproc)}
		return f
	}
	markup := []chroma.Rule{
		is(`<!--[\s\S]*?(?:-->|\z)`, chroma.Comment),
		is(`<![^>]*>|<\?[\s\S]*?\?>`, chroma.CommentPreproc),
		is(`\{\{[\s\S]*?\}\}`, chroma.NameVariable),
		is(`</?[A-Za-z][\w:.-]*`, chroma.NameTag),
		is(`/?>`, chroma.NameTag),
		is(`[A-Za-z@:][\w:.@-]*(?==)`, chroma.NameAttribute),
		is(`(?<==)\s*(?:"[^"]*"|'[^']*')`, chroma.LiteralString),
		is(`&(?:#?\w+);`, chroma.KeywordConstant),
	}
	styles := []chroma.Rule{
		is(`/\*[\s\S]*?(?:\*/|\z)`, chroma.Comment), is(`(?<!:)//[^\n]*`, chroma.Comment), is(doubles+`|`+singles, chroma.LiteralString),
		is(`@[\w-]+|!important`, chroma.Keyword), is(`(?:--|\$)[\w-]+`, chroma.NameVariable),
		is(`#[0-9a-fA-F]{3,8}(?![\w-])|(?<![\w-])-?(?:\d*\.)?\d+(?:%|[a-z]+)?`, chroma.LiteralNumber),
		is(`[\w-]+(?=\s*:(?![^;{}]*\{))`, chroma.NameAttribute), is(`[\w-]+(?=\()`, chroma.NameFunction), is(`[.#]?[A-Za-z][\w-]*(?=[^;{}]*\{)`, chroma.NameTag),
	}
	settings := []chroma.Rule{
		is(`(?m)(?:^|(?<=\s))[#;][^\n]*`, chroma.Comment), is(`(?m)^\s*\[[^\]\n]*\]+`, chroma.NameTag), is(`(?m)^\s*[\w.-]+(?=\s*=)`, chroma.NameAttribute),
		is(`"""[\s\S]*?"""|'''[\s\S]*?'''|`+doubles+`|'[^'\n]*'`, chroma.LiteralString), is(words("true false on off yes no"), chroma.KeywordConstant),
		is(`(?<![\w-])\d{4}-\d{2}-\d{2}(?:[T ][\d:.Z+-]+)?`, chroma.LiteralNumber), is(numbers, chroma.LiteralNumber),
	}
	shell := family{line: nil, quotes: "", keywords: "if then else elif fi for in do done while until case esac function return select time", values: "true false",
		types:    "alias cat cd chmod chown cp curl echo eval exec exit export find git grep kill local ls mkdir mv printf pwd read rm sed set shift source sudo tar test touch trap umask unset wait",
		variable: `\$(?:\w+|\{[^}\n]*\}|[#?@*$!-])`,
		first: []chroma.Rule{is(`(?m)^[$%>] (?=\S)`, chroma.GenericPrompt), is(`(?<![\w$&\\])#[^\n]*`, chroma.Comment),
			is(`'[^']*'|"(?:\\[\s\S]|[^"\\])*"`, chroma.LiteralString), is(`(?<=\s)--?[A-Za-z][\w-]*`, chroma.NameAttribute)}}
	return []language{
		{names: []string{"go", "golang"}, rules: family{line: []string{cLine}, block: cBlock, quotes: `"'`, long: []string{"`[^`]*`"},
			keywords: "break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var",
			types:    "any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64 uintptr append cap clear close copy delete len make max min new panic print println recover",
			values:   "true false nil iota"}.rules},
		{names: []string{"bash", "sh", "shell", "zsh", "console", "shell-session"}, rules: shell.rules},
		{names: []string{"powershell", "ps1", "pwsh"}, anyCase: true, rules: family{line: []string{"#"}, block: [2]string{"<#", "#>"}, quotes: `"'`, variable: `\$[\w:]+`,
			keywords: "begin break catch class continue do else elseif end exit filter finally for foreach function if in param process return switch throw trap try until using while", values: "$true $false $null"}.rules},
		{names: []string{"python", "py"}, rules: family{line: []string{"#"}, quotes: `"'`, long: []string{`[rbfuRBFU]{0,2}"""[\s\S]*?"""`, `[rbfuRBFU]{0,2}'''[\s\S]*?'''`}, variable: `(?m)(?<=^\s*)@[\w.]+`,
			keywords: "and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield",
			types:    "bool bytes dict enumerate filter float frozenset int isinstance len list map max min object open print range self set sorted str sum super tuple type zip", values: "True False None"}.rules},
		{names: []string{"javascript", "js", "mjs", "jsx"}, rules: script.rules},
		{names: []string{"typescript", "ts", "tsx"}, rules: typed.rules},
		{names: []string{"html", "xml", "svg", "vue", "svelte", "xhtml", "go-html-template", "gotmpl", "handlebars", "liquid"}, rules: plain(markup...)},
		{names: []string{"css", "scss", "sass", "less"}, rules: plain(styles...)},
		{names: []string{"json", "jsonc", "json5"}, rules: plain(is(`//[^\n]*|/\*[\s\S]*?(?:\*/|\z)`, chroma.Comment), is(doubles+`(?=\s*:)`, chroma.NameAttribute),
			is(doubles, chroma.LiteralString), is(words("true false null"), chroma.KeywordConstant), is(numbers, chroma.LiteralNumber))},
		{names: []string{"yaml", "yml"}, rules: plain(is(`(?m)(?:^|(?<=\s))#[^\n]*`, chroma.Comment), is(`(?m)^(?:---|\.\.\.)[ \t]*$`, chroma.GenericHeading),
			is(`(?m)(?:(?<=^[ \t]*(?:- +)*)|(?<=[{,]\s*))(?:"[^"\n]*"|[^\s#:{}\[\],"'&*!|>-][^\n#:{}\[\],]*?)(?=\s*:(?:\s|$))`, chroma.NameAttribute),
			is(doubles+`|'(?:''|[^'])*'`, chroma.LiteralString), is(`[&*!][\w./-]+`, chroma.NameVariable), is(words("true false null yes no on off"), chroma.KeywordConstant),
			is(`(?<![\w-])\d{4}-\d{2}-\d{2}(?:[T ][\d:.Z+-]+)?`, chroma.LiteralNumber), is(numbers, chroma.LiteralNumber))},
		{names: []string{"toml", "ini", "conf", "cfg", "properties", "editorconfig", "systemd", "desktop"}, rules: plain(settings...)},
		{names: []string{"dotenv", "env"}, rules: plain(is(`(?m)^\s*#[^\n]*`, chroma.Comment), is(`(?m)^(?:export )?[\w]+(?==)`, chroma.NameAttribute), is(doubles+`|`+singles, chroma.LiteralString))},
		{names: []string{"sql", "postgresql", "mysql", "sqlite"}, anyCase: true, rules: family{line: []string{"--"}, block: cBlock, long: []string{`'(?:''|[^'])*'`},
			keywords: "add all alter and as asc begin between by case check column commit constraint create cross database default delete desc distinct drop else end exists explain foreign from full group having if in index inner insert into is join key left like limit not null offset on or order outer over partition primary references returning right rollback select set table then transaction trigger union unique update using values view when where with",
			types:    "bigint blob boolean char date decimal integer int json jsonb numeric real serial smallint text time timestamp timestamptz uuid varchar", values: "true false"}.rules},
		{names: []string{"php"}, rules: family{line: []string{cLine, "#"}, block: cBlock, quotes: `"'`, variable: `\$\w+`, first: []chroma.Rule{is(`<\?(?:php|=)?|\?>`, chroma.CommentPreproc)},
			keywords: "abstract and array as break case catch class clone const continue declare default do echo else elseif enum extends final finally fn for foreach function global if implements include instanceof interface match namespace new or print private protected public readonly require require_once return static switch throw trait try use var while yield",
			types:    "bool float int iterable mixed object string void self", values: "true false null TRUE FALSE NULL"}.rules},
		{names: []string{"ruby", "rb"}, rules: family{line: []string{"#"}, quotes: `"'`, variable: `(?<!:)(?:@@?|\$|:)[A-Za-z_]\w*[?!]?`,
			keywords: "alias and begin break case class def defined do else elsif end ensure for if in module next not or redo rescue retry return super then undef unless until when while yield",
			types:    "attr_accessor attr_reader attr_writer include extend puts print require require_relative raise self", values: "true false nil"}.rules},
		{names: []string{"java"}, rules: cLike("abstract assert break case catch class const continue default do else enum extends final finally for if implements import instanceof interface native new package permits private protected public record return sealed static super switch synchronized this throw throws transient try var volatile while yield",
			"boolean byte char double float int long short void String Integer Long Double Boolean Object List Map Set", "true false null").rules},
		{names: []string{"kotlin", "kt", "kts"}, rules: cLike("abstract as break by catch class companion const constructor continue data do else enum final finally for fun if import in infix init inline interface internal is lateinit object open operator out override package private protected public return sealed super suspend this throw try typealias val var when where while",
			"Any Boolean Byte Char Double Float Int List Long Map Set Short String Unit", "true false null").rules},
		{names: []string{"swift"}, rules: cLike("actor as associatedtype async await break case catch class continue default defer deinit do else enum extension fallthrough final for func guard if import in init inout internal is lazy let mutating nonisolated open operator override private protocol public repeat rethrows return self some static struct subscript super switch throw throws try typealias var weak where while",
			"Any Array Bool Character Dictionary Double Float Int Int64 Optional Self Set String UInt Void", "true false nil").rules},
		{names: []string{"c", "h"}, rules: preprocessed(cLike("auto break case const continue default do else enum extern for goto if inline register restrict return sizeof static struct switch typedef union volatile while",
			"bool char double float int int8_t int16_t int32_t int64_t long short signed size_t uint8_t uint16_t uint32_t uint64_t unsigned void", "true false NULL nullptr")).rules},
		{names: []string{"cpp", "c++", "cc", "hpp", "cxx"}, rules: preprocessed(cLike("alignas alignof auto break case catch class co_await co_return co_yield concept const consteval constexpr continue decltype default delete do else enum explicit export extern final for friend goto if inline mutable namespace new noexcept operator override private protected public requires return sizeof static static_assert static_cast struct switch template this throw try typedef typename union using virtual volatile while",
			"bool char char8_t double float int int64_t long short signed size_t std string uint64_t unsigned vector void wchar_t", "true false nullptr NULL")).rules},
		{names: []string{"csharp", "cs", "c#"}, rules: cLike("abstract as async await base break case catch checked class const continue default delegate do else enum event explicit extern finally fixed for foreach get if implicit in init interface internal is lock namespace new operator out override params private protected public readonly record ref return sealed set sizeof static struct switch this throw try typeof unchecked unsafe using var virtual volatile when where while yield",
			"bool byte char decimal double dynamic float int long object sbyte short string uint ulong ushort void Task List Dictionary", "true false null").rules},
		{names: []string{"rust", "rs"}, rules: family{line: []string{cLine}, block: cBlock, quotes: `"`, variable: `(?<![\w'])'[a-z_]\w*(?!')|#!?\[[^\]\n]*\]|\w+!(?=[(\[{])`, long: []string{`'(?:\\.|[^'\\\n])'`, `r#*"[\s\S]*?"#*`},
			keywords: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut pub ref return self static struct super trait type unsafe use where while",
			types:    "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize Box Option Result Self String Vec Some None Ok Err", values: "true false"}.rules},
		{names: []string{"diff", "patch"}, rules: plain(is(`(?m)^(?:diff|index|---|\+\+\+)[^\n]*`, chroma.GenericHeading), is(`(?m)^@@[^\n]*`, chroma.GenericSubheading), is(`(?m)^\+[^\n]*`, chroma.GenericInserted),
			is(`(?m)^-[^\n]*`, chroma.GenericDeleted), is(`(?m)^ [^\n]*`, chroma.Text))},
		{names: []string{"dockerfile", "docker", "containerfile"}, rules: plain(is(`(?m)^\s*#[^\n]*`, chroma.Comment),
			is(`(?mi)^\s*(?:add|arg|cmd|copy|entrypoint|env|expose|from|healthcheck|label|onbuild|run|shell|stopsignal|user|volume|workdir)(?=\s)|(?<=\s)as(?=\s)`, chroma.Keyword),
			is(doubles+`|`+singles, chroma.LiteralString), is(`\$(?:\w+|\{[^}\n]*\})`, chroma.NameVariable), is(`(?<=\s)--?[A-Za-z][\w-]*`, chroma.NameAttribute))},
		{names: []string{"makefile", "make", "mk"}, rules: plain(is(`#[^\n]*`, chroma.Comment), is(`(?m)^[\w./%$() -]+(?=:(?!=))`, chroma.NameFunction), is(`(?m)^(?:ifeq|ifneq|ifdef|ifndef|else|endif|include|define|endef|export)\b`, chroma.Keyword),
			is(`(?m)^\w+(?=\s*[:?+]?=)`, chroma.NameAttribute), is(`\$(?:\([^)\n]*\)|\{[^}\n]*\}|[@<^*$])`, chroma.NameVariable), is(doubles+`|`+singles, chroma.LiteralString))},
		{names: []string{"nginx", "caddy", "caddyfile", "apache", "hcl", "terraform"}, rules: plain(is(`(?m)(?:^|(?<=\s))#[^\n]*`, chroma.Comment), is(doubles+`|`+singles, chroma.LiteralString), is(`\$\w+|\{[\w.$-]+\}`, chroma.NameVariable),
			is(`(?m)(?<=^\s*)</?\w+|(?m)(?<=^\s*)[a-zA-Z_]\w*`, chroma.Keyword), is(words("on off true false"), chroma.KeywordConstant), is(numbers+`[kmgshd]?`, chroma.LiteralNumber))},
		{names: []string{"markdown", "md"}, rules: plain(is(`(?m)^(?:---|\+\+\+)[ \t]*$`, chroma.Comment), is(`(?m)^#{1,6} [^\n]*`, chroma.GenericHeading), is("(?m)^(?:```|~~~)[^\\n]*", chroma.Keyword), is("`[^`\\n]+`", chroma.LiteralString),
			is(`\{\{[<%][\s\S]*?[>%]\}\}`, chroma.NameVariable), is(`(?m)^[ \t]*(?:[-*+]|\d+\.) (?:\[[ x]\] )?|(?m)^>+ ?`, chroma.Keyword), is(`!?\[[^\]\n]*\](?=\()`, chroma.NameAttribute), is(`(?<=\])\([^)\n]*\)`, chroma.LiteralString),
			is(`\*\*[^*\n]+\*\*|__[^_\n]+__`, chroma.KeywordConstant))},
		{names: []string{"http"}, rules: plain(is(`(?m)^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)(?=\s)|HTTP/[\d.]+`, chroma.Keyword), is(`(?m)^[\w-]+(?=:\s)`, chroma.NameAttribute), is(doubles, chroma.LiteralString), is(numbers, chroma.LiteralNumber))},
	}
}
