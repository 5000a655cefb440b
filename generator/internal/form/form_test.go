package form

import (
	"bytes"
	"cardbowl/generator/internal/language"
	"errors"
	"flag"
	"mime/multipart"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// everything has a field of each type.
func everything() Definition {
	return Definition{
		Name: "contact", Title: `Write <to> "me"`, Intro: "I answer within a day.", Button: "Send it", Consent: "Yes, write to me.", Confirm: true,
		Fields: []Field{
			{Name: "email", Type: "email", Required: true, Placeholder: "you@example.com"},
			{Name: "first_name", Type: "text", MaxLength: 40},
			{Name: "message", Type: "textarea", Label: "Your question", Required: true},
			{Name: "phone", Type: "tel", Pattern: "[0-9 +]{5,20}"},
			{Name: "website", Type: "url"},
			{Name: "size", Type: "select", Options: []string{"small", "large & loud"}, Required: true},
			{Name: "colour", Type: "radio", Options: []string{"red", "blue"}},
			{Name: "urgent", Type: "checkbox", Label: "It is urgent"},
			{Name: "campaign", Type: "hidden", Value: "spring"},
			{Name: "people", Type: "number"},
			{Name: "topics", Type: "checkbox", Options: []string{"prices", "time & place", "wood"}},
			{Name: "seats", Type: "number", Min: "1", Max: "12.5", Message: "Our table has room for one to twelve and a child."},
			{Name: "code", Type: "text", Pattern: "[A-Z]{2}[0-9]+", MinLength: 4, MaxLength: 8, Message: `Two letters and "numbers", as on the bill.`},
			{Name: "story", Type: "textarea", MinLength: 20},
		},
	}
}

func TestMarkupGolden(t *testing.T) {
	d := everything()
	if p := Check(d); len(p) > 0 {
		t.Fatal(p)
	}
	for _, c := range []struct {
		name      string
		placement Placement
	}{
		{"built.html", Placement{Post: "/posts/a/", Place: "end", Action: "/_/f/contact"}},
		{"mistake.html", Placement{
			Post: "/posts/a/", Place: "end", Action: "/_/f/contact", Next: "/thanks/", Key: "k",
			Values: Values{"email": {`"><script>alert(1)</script>`}, "message": {"line\n</textarea><b>"}, "size": {"large & loud"}, "colour": {"blue"}, "urgent": {"yes"}, "consent": {"yes"}, "campaign": {"changed"}, "topics": {"wood", "prices", "none"}},
			Errors: Errors{"": {"All of it."}, "topics": {"Choose."}, "seats": {"Too many."}, "email": {"One.", "Two."}, "size": {"Choose."}, "colour": {"Choose."}, "urgent": {"Tick."}, "message": {"Say."}, "consent": {"Agree."}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := string(Markup(d, c.placement))
			path := filepath.Join("testdata", c.name)
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	fields := func(f ...Field) Definition { return Definition{Name: "f", Fields: f} }
	for _, c := range []struct {
		name  string
		d     Definition
		field int
		key   string
		words string
	}{
		{"no fields", fields(), -1, "fields", "asks nothing"},
		{"form name", Definition{Name: "a b", Fields: []Field{{Name: "x"}}}, -1, "name", "cannot name a form"},
		{"unknown type", fields(Field{Name: "a"}, Field{Name: "b", Type: "emial"}), 1, "type", "unknown type"},
		{"no name", fields(Field{}), 0, "name", "no name"},
		{"bad name", fields(Field{Name: "first name"}), 0, "name", "cannot name"},
		{"digits first", fields(Field{Name: "1st"}), 0, "name", "cannot name"},
		{"underscore", fields(Field{Name: "_post"}), 0, "name", "reserved"},
		{"consent", fields(Field{Name: "consent"}), 0, "name", "reserved"},
		{"netlify", fields(Field{Name: "bot-field"}), 0, "name", "reserved"},
		{"twice", fields(Field{Name: "a"}, Field{Name: "b"}, Field{Name: "a"}), 2, "name", "two fields"},
		{"select without options", fields(Field{Name: "a", Type: "select"}), 0, "options", "nothing to choose"},
		{"text with options", fields(Field{Name: "a", Options: []string{"x"}}), 0, "options", "cannot have options"},
		{"empty option", fields(Field{Name: "a", Type: "radio", Options: []string{"x", " "}}), 0, "options", "empty"},
		{"option twice", fields(Field{Name: "a", Type: "radio", Options: []string{"x", "x"}}), 0, "options", "twice"},
		{"pattern", fields(Field{Name: "a", Pattern: "("}), 0, "pattern", "cannot be read"},
		{"maxlength", fields(Field{Name: "a", MaxLength: -1}), 0, "maxlength", "between"},
		{"minlength", fields(Field{Name: "a", MinLength: -1}), 0, "minlength", "between"},
		{"minlength beyond maxlength", fields(Field{Name: "a", MinLength: 9, MaxLength: 8}), 0, "minlength", "between 1 and 8"},
		{"least of a text", fields(Field{Name: "a", Min: "1"}), 0, "min", "cannot have min"},
		{"least that is no number", fields(Field{Name: "a", Type: "number", Min: "one"}), 0, "min", "is no number"},
		{"greatest that is no number", fields(Field{Name: "a", Type: "number", Max: "0x1"}), 0, "max", "is no number"},
		{"greatest below least", fields(Field{Name: "a", Type: "number", Min: "10", Max: "9"}), 0, "max", "below the least"},
		{"thanks", Definition{Name: "f", Thanks: "//evil.example", Fields: []Field{{Name: "a"}}}, -1, "thanks", "not a path"},
		{"notify", Definition{Name: "f", Notify: []string{"nobody"}, Fields: []Field{{Name: "a"}}}, -1, "notify", "not an e-mail"},
		{"hidden and required", fields(Field{Name: "a", Type: "hidden", Required: true}), 0, "required", "fill in"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Check(c.d)
			if len(got) != 1 || got[0].Field != c.field || got[0].Key != c.key || !strings.Contains(got[0].Message, c.words) {
				t.Errorf("%+v", got)
			}
		})
	}
	if got := Check(fields(Field{Name: "a", Type: "emial"})); len(got) != 1 || got[0].Hint != "did you mean `email`?" {
		t.Errorf("%+v", got)
	}
}

func TestDecode(t *testing.T) {
	var multi bytes.Buffer
	w := multipart.NewWriter(&multi)
	_ = w.WriteField("email", "ana@example.com")
	_ = w.WriteField("tag", "a")
	_ = w.WriteField("tag", "b")
	file, _ := w.CreateFormFile("upload", "x.exe")
	_, _ = file.Write(bytes.Repeat([]byte("x"), 1000))
	_ = w.Close()
	many := strings.Repeat("a=1&", maxFields+1)
	for _, c := range []struct {
		name, contentType, body string
		want                    Values
		wrong                   error
	}{
		{"urlencoded", "application/x-www-form-urlencoded; charset=utf-8", "a=1&b=%C3%BC+x&a=2&c", Values{"a": {"1", "2"}, "b": {"ü x"}, "c": {""}}, nil},
		{"no type", "", "a=1", Values{"a": {"1"}}, nil},
		{"empty", "", "", Values{}, nil},
		{"bad escape", "", "a=%zz", nil, ErrMalformed},
		{"semicolon", "", "a=1;b=2", nil, ErrMalformed},
		{"latin-1", "", "a=%FCber&b=ok", Values{"a": {"\uFFFDber"}, "b": {"ok"}}, ErrEncoding},
		{"nul", "", "a=x%00y", Values{"a": {"x\uFFFDy"}}, ErrEncoding},
		{"too many", "", many, nil, ErrTooLarge},
		{"too large", "", "a=" + strings.Repeat("x", BodyLimit), nil, ErrTooLarge},
		{"as large as may be", "", "a=" + strings.Repeat("x", BodyLimit-2), Values{"a": {strings.Repeat("x", BodyLimit-2)}}, nil},
		{"long name", "", strings.Repeat("n", 300) + "=1", nil, ErrMalformed},
		{"multipart", w.FormDataContentType(), multi.String(), Values{"email": {"ana@example.com"}, "tag": {"a", "b"}}, nil},
		{"multipart cut", w.FormDataContentType(), multi.String()[:200], nil, ErrMalformed},
		{"multipart without boundary", "multipart/form-data", multi.String(), nil, ErrMalformed},
		{"json", "application/json", `{"a":"x","b":1.50,"c":true,"d":false,"e":null,"f":["x",2],"g":[]}`, Values{"a": {"x"}, "b": {"1.50"}, "c": {"yes"}, "f": {"x", "2"}}, nil},
		{"json list", "application/json", `["a"]`, nil, ErrMalformed},
		{"json null", "application/json", `null`, nil, ErrMalformed},
		{"json nested", "application/json", `{"a":{"b":1}}`, nil, ErrMalformed},
		{"json deep", "application/json", strings.Repeat(`{"a":`, 9_000), nil, ErrMalformed},
		{"json and more", "application/json", `{"a":"x"} {"b":1}`, nil, ErrMalformed},
		{"json not utf-8", "application/json", "{\"a\":\"\xff\"}", Values{"a": {"\uFFFD"}}, ErrEncoding},
		{"text", "text/plain", "a=1", nil, ErrUnsupported},
		{"nonsense", "; ;", "a=1", nil, ErrUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Decode(c.contentType, strings.NewReader(c.body))
			if !errors.Is(err, c.wrong) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	good := func() Values {
		return Values{
			"email": {" Ana@EXAMPLE.com "}, "first_name": {"Ana\r\nBcc: all@example.com"}, "message": {"One\r\ntwo\x07"}, "phone": {"+49 30 1234"},
			"website": {"https://example.com/?a=b"}, "size": {"small"}, "people": {"-3.5"}, "consent": {"yes"}, "stranger": {"dropped"}, "campaign": {"summer"},
			"topics": {"wood", "", "prices"}, "seats": {"12.5"}, "code": {"AB12"},
		}
	}
	a, wrong := Validate(everything(), good())
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	want := Answers{
		Email: "Ana@example.com", Consent: true,
		Fields: []Answer{
			{"email", "Ana@example.com", false}, {"first_name", "Ana Bcc: all@example.com", false}, {"message", "One\ntwo", false}, {"phone", "+49 30 1234", false},
			{"website", "https://example.com/?a=b", false}, {"size", "small", false}, {"colour", "", false}, {"urgent", "", false}, {"campaign", "summer", true}, {"people", "-3.5", false},
			{"topics", "wood, prices", false}, {"seats", "12.5", false}, {"code", "AB12", false}, {"story", "", false},
		},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		field, value, words string
	}{
		{"email", "", "fill this in"}, {"email", "not an address", "one e-mail"}, {"email", "a@example.com, b@example.com", "one e-mail"},
		{"message", " \r\n ", "fill this in"}, {"message", strings.Repeat("x", 20_001), "shorten"}, {"first_name", strings.Repeat("ü", 41), "40 characters"},
		{"phone", "call me", "format"}, {"website", "javascript:alert(1)", "web address"}, {"website", "example.com", "web address"}, {"website", "https://user:pass@example.com", "web address"},
		{"size", "medium", "one of the options"}, {"size", "", "choose one"}, {"colour", "green", "one of the options"},
		{"people", "0x10", "number"}, {"people", "NaN", "number"}, {"people", "1_0", "number"}, {"consent", "", "tick"}, {"consent", " ", "tick"},
		{"topics", "none", "one of the options"}, {"seats", "0", "one to twelve and a child"}, {"seats", "13", "one to twelve and a child"}, {"seats", "1e9", "one to twelve"},
		{"seats", "many", "one to twelve"}, {"code", "ab12", "as on the bill"}, {"code", "A1", "as on the bill"}, {"story", "Short.", "at least 20 characters"},
	} {
		v := good()
		v[c.field] = []string{c.value}
		_, wrong := Validate(everything(), v)
		if len(wrong) != 1 || len(wrong[c.field]) != 1 || !strings.Contains(wrong[c.field][0], c.words) {
			t.Errorf("%s = %q: %v", c.field, c.value, wrong)
		}
	}
}

// Without words of the site's own, ours say what fits; and a group of boxes that has
// to be answered needs one of them.
func TestValidateLimits(t *testing.T) {
	d := Definition{Name: "f", Fields: []Field{{Name: "n", Type: "number", Min: "2", Max: "8"}, {Name: "topics", Type: "checkbox", Required: true, Options: []string{"a", "b"}}}}
	for _, c := range []struct {
		n, topics string
		field     string
		words     string
	}{{"1.9", "a", "n", "from 2 on"}, {"8.1", "a", "n", "up to 8"}, {"2", "", "topics", "choose one"}, {"2", "c", "topics", "one of the options"}, {"8", "b", "", ""}, {"", "a", "", ""}} {
		_, wrong := Validate(d, Values{"n": {c.n}, "topics": {c.topics}})
		if c.field == "" && len(wrong) == 0 {
			continue
		}
		if len(wrong) != 1 || len(wrong[c.field]) != 1 || !strings.Contains(wrong[c.field][0], c.words) {
			t.Errorf("%+v: %v", c, wrong)
		}
	}
}

func TestValidateForeignNames(t *testing.T) {
	d := Definition{Name: "f", Fields: []Field{{Name: "email", Type: "email", Required: true}, {Name: "interests", Type: "checkbox"}}}
	v := Values{"_replyto": {"ana@example.com"}, "_subject": {"Hello"}, "form-name": {"contact"}, "interests": {"a", "b"}, "bot-field": {""}}
	a, wrong := Validate(d, v)
	if len(wrong) > 0 || a.Email != "ana@example.com" || a.Fields[1].Value != "a, b" {
		t.Error(a, wrong)
	}
	for name, trapped := range map[string]bool{"_gotcha": true, "bot-field": true, "form-name": false, "email": false} {
		if got := ControlsOf(Values{name: {"x"}}); got.Trapped != trapped {
			t.Errorf("%s: trapped %v", name, got.Trapped)
		}
	}
}

func TestNormaliseEmail(t *testing.T) {
	for _, c := range []struct {
		in, out string
	}{
		{"ana@example.com", "ana@example.com"}, {" Ana.B+x@Mail.EXAMPLE.com\n", "Ana.B+x@mail.example.com"}, {"ana@bücher.example", "ana@bücher.example"},
		{"o'neil@example.com", "o'neil@example.com"}, {"用户@例子.广告", "用户@例子.广告"},
	} {
		if got, ok := NormaliseEmail(c.in); !ok || got != c.out {
			t.Errorf("%q: %q, %v", c.in, got, ok)
		}
	}
	for _, bad := range []string{
		"", "ana", "ana@", "@example.com", "ana@localhost", "ana@example", "ana@-example.com", "ana@example..com", "ana@.com", "a b@example.com",
		"Ana <ana@example.com>", "<ana@example.com>", "ana@example.com (Ana)", `"a b"@example.com`, "ana@[127.0.0.1]", "ana@127.0.0.1",
		"ana@example.com,ben@example.com", "ana@example.com\r\nBcc: ben@example.com", "ana@exa mple.com", "ana@example.com>", "ana..b@example.com", ".ana@example.com",
		strings.Repeat("a", 65) + "@example.com", "ana@" + strings.Repeat("a", 64) + ".com", strings.Repeat("(", 100_000) + "@example.com", "ana@example.com/x", "ana@exam_ple.com",
	} {
		if got, ok := NormaliseEmail(bad); ok {
			t.Errorf("%q was taken as %q", bad, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("application/x-www-form-urlencoded", []byte("a=1&b=%C3%BC"))
	f.Add("application/json", []byte(`{"email":"ana@example.com","n":[1,"2",true]}`))
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nana@example.com\r\n--x--\r\n"))
	f.Add("multipart/form-data; boundary=\"\"", []byte("--\r\n"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		v, err := Decode(contentType, bytes.NewReader(body))
		if err != nil && !errors.Is(err, ErrEncoding) {
			if v != nil {
				t.Error("values beside an error")
			}
			return
		}
		for name, list := range v {
			for _, s := range append(list, name) {
				if !isText(s) {
					t.Errorf("%q is no text", s)
				}
			}
		}
		d := everything()
		a, wrong := Validate(d, v)
		if len(wrong) == 0 && len(a.Fields) != len(d.Fields) {
			t.Error("a field is missing")
		}
		for _, x := range a.Fields {
			if x.Name != "message" && strings.ContainsAny(x.Value, "\r\n") {
				t.Errorf("%s has two lines: %q", x.Name, x.Value)
			}
		}
		Markup(d, Placement{Post: "/", Place: "end", Values: v, Errors: wrong})
	})
}

// A form speaks its language where nobody has given the words, right or wrong.
func TestLanguage(t *testing.T) {
	d := Definition{Name: "a", Language: "de-AT", Consent: "Ja.", Fields: []Field{
		{Name: "email", Type: "email", Required: true}, {Name: "name", Type: "text", MaxLength: 3}, {Name: "size", Type: "select", Options: []string{"A"}}}}
	_, wrong := Validate(d, Values{"email": {"nobody"}, "name": {"Ana Ruiz"}})
	for field, want := range map[string]string{
		"email": "Bitte geben Sie eine E-Mail-Adresse an, wie name@example.com.", "name": "Bitte kürzen Sie dies auf 3 Zeichen.",
		"consent": "Bitte kreuzen Sie dies an, wenn Sie einverstanden sind; sonst können wir Ihnen nicht schreiben.",
	} {
		if len(wrong[field]) != 1 || wrong[field][0] != want {
			t.Errorf("%s: %q", field, wrong[field])
		}
	}
	markup := string(Markup(d, Placement{Place: "end"}))
	for _, want := range []string{"(freiwillig)", `<option value="">Bitte wählen</option>`, ">Senden</button>", "Danke! Ihre Nachricht ist angekommen."} {
		if !strings.Contains(markup, want) {
			t.Errorf("the form does not say %q:\n%s", want, markup)
		}
	}
}

// The owner's words stand in the place of ours, numbers in them, and the summary
// leads to each field.
func TestOwnWords(t *testing.T) {
	site := language.Messages{Required: "Needed!", TooLong: "At most # letters.", Again: "Look here:"}
	d := Definition{Name: "a", Language: "de", Messages: language.Messages{Required: "Hier fehlt etwas."}.Or(site), Fields: []Field{
		{Name: "email", Type: "email", Required: true}, {Name: "name", Type: "text", MaxLength: 3}, {Name: "tea", Type: "radio", Options: []string{"x", "y"}, Required: true}}}
	_, wrong := Validate(d, Values{"name": {"Ana Ruiz"}})
	markup := string(Markup(d, Placement{Place: "end", Errors: wrong}))
	for _, want := range []string{"Look here:", `<li><a href="#a-end-email">E-mail</a>: Hier fehlt etwas.</li>`, `<li><a href="#a-end-name">Name</a>: At most 3 letters.</li>`,
		`<a href="#a-end-tea">`, `id="a-end-tea"`, "Bitte wählen Sie etwas aus.", `role="alert" tabindex="-1" autofocus`} {
		if !strings.Contains(markup, want) {
			t.Errorf("the form does not say %q:\n%s", want, markup)
		}
	}
}
