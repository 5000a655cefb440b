package layout

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"cardbowl/generator/internal/comments"
	"cardbowl/generator/internal/language"
)

//go:embed functions.go
var functionsSource string

// functions are all that a template may call besides Go's own. Each is pure.
func functions(s Settings) template.FuncMap {
	words := language.Of(s.Language)
	return template.FuncMap{
		// {{asset "site.css"}} is the address of a file in `templates/assets`. Its
		// name must stand in quotes.
		"asset": func(name string) string { return s.BasePath + s.Assets[name] },
		// {{integrity "site.css"}} is what a browser checks a stylesheet or script
		// against, for the attribute of that name.
		"integrity": func(name string) string { return s.Integrity[name] },
		// {{relURL "/about/"}} is an address that you write yourself, with the path
		// of `baseURL` in front.
		"relURL": func(path string) string { return s.BasePath + strings.TrimPrefix(path, "/") },
		// {{absURL "/about/"}} is the same as a whole address.
		"absURL": func(path string) string { return s.absolute(path) },
		// {{date "2 January 2006" .Page.Date}} is a date, written as you would write
		// the second of January 2006, four minutes past three in the afternoon:
		// `15:04`. Months and days have their names in the language of the site.
		"date": words.Date,
		// {{say "Continue reading"}} is a phrase of the theme in the language of the
		// site, or itself where there is no translation.
		"say": words.Say,
		// {{isoDate .Page.Date}} is a date for programs, `2026-10-01`, with time and
		// zone unless it is midnight.
		"isoDate": ISODate,
		// {{default "Untitled" .Page.Title}} is the second value, or the first where
		// the second is empty.
		"default": otherwise,
		// {{join .Page.Images ", "}} is a list of texts as one text.
		"join": func(list []string, separator string) string { return strings.Join(list, separator) },
		// {{lower .Page.Section}} is the text in small letters.
		"lower": strings.ToLower,
		// {{upper .Page.Section}} is the text in capital letters.
		"upper": strings.ToUpper,
		// {{template "partials/tags.html" (dict "Title" "Tags" "Items" .Page.Tags)}}
		// hands several things to a partial, which finds them as `.Title` and `.Items`.
		"dict": dict,
		// {{safeHTML .Site.Params.notice}} is text as HTML, without escaping. Only
		// for text that you wrote.
		"safeHTML": func(s string) template.HTML { return template.HTML(s) },
		// {{videoID "youtube" .First}} is the id of a video in what somebody pasted,
		// for `youtube` and `vimeo`; empty where there is none.
		"videoID": videoID,
		// {{fail "price needs a number" "write {{< price 12 >}}"}} ends the build
		// with a message at the call of the shortcode, and a hint.
		"fail": refuse,
	}
}

// Functions are those that templates may call besides Go's own, in the order of a
// reference. The comment on each begins with an example.
func Functions() []comments.Entry { return comments.Parse(functionsSource).Table("functions") }

// refuse is for shortcodes: it ends the build with a message at the call in the
// text, and a hint where one is given.
func refuse(message string, hint ...string) (string, error) {
	return "", Refusal{message, strings.Join(hint, " ")}
}

var (
	youtubeID = regexp.MustCompile(`^(?:https?://)?(?:(?:www\.|m\.)?(?:youtube(?:-nocookie)?\.com/(?:watch\?(?:.*&)?v=|embed/|shorts/|live/)|youtu\.be/))?([\w-]{11})(?:[?&#].*)?$`)
	vimeoID   = regexp.MustCompile(`^(?:https?://)?(?:(?:www\.|player\.)?vimeo\.com/(?:video/|channels/\w+/)?)?(\d{5,12})(?:[/?#].*)?$`)
)

// videoID is the id of a video in what somebody pasted: the id itself, or an
// address of the video; empty when it is neither.
func videoID(host, pasted string) (string, error) {
	patterns := map[string]*regexp.Regexp{"youtube": youtubeID, "vimeo": vimeoID}
	pattern, known := patterns[host]
	if !known {
		return "", fmt.Errorf("videoID knows youtube and vimeo, not %s", host)
	}
	if m := pattern.FindStringSubmatch(strings.TrimSpace(pasted)); m != nil {
		return m[1], nil
	}
	return "", nil
}

// absolute accepts a path of the site with or without the path of baseURL.
func (s Settings) absolute(path string) string {
	return s.BaseURL + strings.TrimPrefix(strings.TrimPrefix(path, s.BasePath), "/")
}

func functionNames() []string {
	return slices.Sorted(maps.Keys(functions(Settings{})))
}

// ISODate is RFC 3339 with the zone's offset, or only the day for a midnight.
func ISODate(t time.Time) string {
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}

// dict makes a map of alternating keys and values, to hand a partial several
// things at once.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict takes pairs of a key and a value")
	}
	out := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict keys are text, this is %T", pairs[i])
		}
		out[key] = pairs[i+1]
	}
	return out, nil
}

// otherwise is the value, or the fallback when the value is empty. The fallback
// comes first, so that `{{.Page.Title | default "Untitled"}}` reads well.
func otherwise(fallback, value any) any {
	if v := reflect.ValueOf(value); !v.IsValid() || v.IsZero() {
		return fallback
	}
	return value
}
