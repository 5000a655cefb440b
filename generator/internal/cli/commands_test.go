package cli_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptCommands are what a story needs besides the program itself.
func scriptCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"bomb":       writeBomb,
		"bytes":      writeBytes,
		"elsewhere":  answerElsewhere,
		"grab":       grab,
		"http":       sendRequest,
		"json":       compareJSON,
		"link":       takeLink,
		"mail":       readMail,
		"port":       reservePort,
		"receiver":   openReceiver,
		"told":       readTold,
		"postoffice": openPostOffice,
		"remember":   rememberFolder,
		"scan":       scanMail,
		"terminate":  terminate,
		"unchanged":  compareFolder,
		"up":         awaitServer,
	}
}

// remembered is the key of what remember saw, by folder.
type remembered struct{}

func setUpScript(env *testscript.Env) error {
	env.Values[remembered{}] = map[string]string{}
	env.Values[elsewhere{}] = &elsewhere{}
	env.Values[postOfficeKey{}] = map[string]*postOffice{}
	env.Values[receiverKey{}] = &receiver{}
	program, err := exec.LookPath("cardbowl")
	env.Setenv("PROGRAM", program) // for stories in which PATH leads nowhere
	return err
}

// condition knows [root], who may read and write whatever the modes of files say.
func condition(name string) (bool, error) {
	if name == "root" {
		return os.Getuid() == 0, nil
	}
	return false, fmt.Errorf("there is no condition %s", name)
}

func want(ts *testscript.TestScript, neg bool, form string, given, least int) {
	if neg || given < least {
		ts.Fatalf("usage: %s", form)
	}
}

// grab: grab NAME REGEXP. What the first group matches in what was printed last.
func grab(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "grab NAME REGEXP", len(args), 2)
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if m == nil {
		ts.Fatalf("nothing printed is as %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// rememberFolder: remember DIR. Everything in the folder, names with a dot too.
func rememberFolder(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "remember DIR", len(args), 1)
	ts.Value(remembered{}).(map[string]string)[args[0]] = listing(ts, args[0])
}

// compareFolder: unchanged DIR. The folder is byte for byte what it was when
// remember looked.
func compareFolder(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "unchanged DIR", len(args), 1)
	before, known := ts.Value(remembered{}).(map[string]string)[args[0]]
	if !known {
		ts.Fatalf("%s was not remembered", args[0])
	}
	if now := listing(ts, args[0]); now != before {
		ts.Fatalf("%s has changed\n--- before\n%s--- now\n%s", args[0], before, now)
	}
}

func listing(ts *testscript.TestScript, dir string) string {
	var b strings.Builder
	root := ts.MkAbs(dir)
	ts.Check(filepath.WalkDir(root, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, at)
		if entry.IsDir() {
			fmt.Fprintf(&b, "%s/\n", filepath.ToSlash(name))
			return nil
		}
		text, err := os.ReadFile(at)
		fmt.Fprintf(&b, "%s %d %x\n", filepath.ToSlash(name), len(text), sha256.Sum256(text))
		return err
	}))
	return b.String()
}

// writeBytes: bytes FILE TEXT. TEXT as in a Go string, so that any byte can be
// written.
func writeBytes(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "bytes FILE TEXT", len(args), 2)
	text, err := strconv.Unquote(`"` + strings.Join(args[1:], " ") + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

const bombTop = "---\ntitle: Bomb\ndate: 2026-01-01\n---\n"

// bombs are the texts that markdown and YAML readers choke on.
func bombs() map[string]func() string {
	return map[string]func() string{
		"front-matter": func() string { return "---\ntitle: Bomb\nnote: " + strings.Repeat("x", 33<<10) + "\n---\nText.\n" },
		"keys": func() string {
			var b strings.Builder
			for i := range 201 {
				fmt.Fprintf(&b, "k%d: v\n", i)
			}
			return "---\n" + b.String() + "---\nText.\n"
		},
		"size":    func() string { return bombTop + strings.Repeat("word ", 220_000) },
		"columns": func() string { return bombTop + row("a", 1000) + row("-", 1000) + row("b", 1000) },
		"cells":   func() string { return bombTop + row("a", 250) + row("-", 250) + strings.Repeat("| b |\n", 500) },
		"quotes":  func() string { return bombTop + strings.Repeat("> ", 100_000) + "deep\n" },
		"lists": func() string {
			var b strings.Builder
			for i := range 600 {
				fmt.Fprintf(&b, "%s- a\n", strings.Repeat("  ", i))
			}
			return bombTop + b.String()
		},
		"brackets": func() string { return bombTop + strings.Repeat("[", 900_000) + "\n" },
		"links":    func() string { return bombTop + strings.Repeat("[a](b", 40_000) + "\n" },
		"film":     func() string { return strings.Repeat("\x00film", 1<<20) },
		"aliases": func() string {
			text := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
			for i := 1; i < 9; i++ {
				text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
			}
			return "---\n" + text + "---\nText.\n"
		},
	}
}

func row(cell string, n int) string { return strings.Repeat("|"+cell, n) + "|\n" }

// writeBomb: bomb KIND FILE.
func writeBomb(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "bomb KIND FILE", len(args), 2)
	text, known := bombs()[args[0]]
	if !known {
		ts.Fatalf("there is no bomb %s, only %v", args[0], slices.Sorted(maps.Keys(bombs())))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text()), 0o644))
}

// reservePort: port NAME. A free port of this machine becomes $NAME.
func reservePort(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "port NAME", len(args), 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	ts.Check(l.Close())
}

// serverPatience is how long a server of a story may take to come up.
const serverPatience = 20 * time.Second

// answerElsewhere: elsewhere FILE…. Another site, which has the page /fine, moved
// /moved there, shows /closed to no program, and nothing else.
// Its address is $ELSEWHERE, and takes the place of ELSEWHERE in the files.
// Without files, the site goes out of business.
func answerElsewhere(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "elsewhere [FILE…]", len(args), 0)
	if len(args) == 0 {
		ts.Value(elsewhere{}).(*elsewhere).Close()
		return
	}
	other := ts.Value(elsewhere{}).(*elsewhere)
	other.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fine":
		case "/moved":
			http.Redirect(w, r, "/fine", http.StatusMovedPermanently)
		case "/closed":
			w.WriteHeader(http.StatusForbidden)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	ts.Defer(other.Close)
	ts.Setenv("ELSEWHERE", other.URL)
	for _, file := range args {
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(strings.ReplaceAll(ts.ReadFile(file), "ELSEWHERE", other.URL)), 0o644))
	}
}

// elsewhere is the other site of a story, and the key of it.
type elsewhere struct{ *httptest.Server }

// terminate: terminate. What a system's manager sends to the story's servers.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "terminate", len(args), 0)
	for _, running := range ts.BackgroundCmds() {
		ts.Check(running.Process.Signal(syscall.SIGTERM))
	}
}

// awaitServer: up HOST:PORT.
func awaitServer(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "up HOST:PORT", len(args), 1)
	for until := time.Now().Add(serverPatience); ; time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get("http://" + args[0] + "/_/healthz")
		if err == nil {
			answer.Body.Close()
			return
		}
		if time.Now().After(until) {
			ts.Fatalf("nobody answers at %s: %v", args[0], err)
		}
	}
}

// sendRequest: http [-h 'Name: value']… METHOD URL STATUS [BODY]. BODY is form
// data, or with @ before it a number of bytes. What comes back stands in the
// files answer and answer.head.
func sendRequest(ts *testscript.TestScript, neg bool, args []string) {
	header := http.Header{}
	for len(args) > 1 && args[0] == "-h" {
		name, value, _ := strings.Cut(args[1], ":")
		header.Set(name, strings.TrimSpace(value))
		args = args[2:]
	}
	want(ts, neg, "http [-h 'Name: value']… METHOD URL STATUS [BODY]", len(args), 3)
	var body io.Reader
	if len(args) > 3 {
		body = strings.NewReader(args[3])
		if size, given := strings.CutPrefix(args[3], "@"); given {
			n, err := strconv.Atoi(size)
			ts.Check(err)
			body = strings.NewReader("message=" + strings.Repeat("x", n))
		}
		if header.Get("Content-Type") == "" {
			header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
	}
	request, err := http.NewRequest(args[0], args[1], body)
	ts.Check(err)
	request.Header = header
	client := http.Client{Timeout: serverPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	var head bytes.Buffer
	fmt.Fprintf(&head, "%s\n", answer.Status)
	ts.Check(answer.Header.Write(&head))
	ts.Check(os.WriteFile(ts.MkAbs("answer"), text, 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("answer.head"), head.Bytes(), 0o644))
	if status := strconv.Itoa(answer.StatusCode); status != args[2] {
		ts.Fatalf("%s %s: %s, want %s\n%s", args[0], args[1], answer.Status, args[2], text)
	}
}

// compareJSON: json FILE PATH VALUE. PATH goes down by keys and list numbers with
// dots between; VALUE is JSON, a # and the number of entries, or a < and a bound.
func compareJSON(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "json FILE PATH VALUE", len(args), 3)
	var value any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &value); err != nil {
		ts.Fatalf("%s is not one JSON value: %v", args[0], err)
	}
	for key := range strings.SplitSeq(args[1], ".") {
		switch v := value.(type) {
		case map[string]any:
			next, found := v[key]
			if !found {
				ts.Fatalf("%s has no key %s, only %v", args[1], key, slices.Sorted(maps.Keys(v)))
			}
			value = next
		case []any:
			n, err := strconv.Atoi(key)
			if err != nil || n >= len(v) {
				ts.Fatalf("%s: no entry %s among %d", args[1], key, len(v))
			}
			value = v[n]
		default:
			ts.Fatalf("%s: %v has no parts", args[1], value)
		}
	}
	got, err := json.Marshal(value)
	ts.Check(err)
	if limit, bounded := strings.CutPrefix(args[2], "<"); bounded {
		most, err := strconv.ParseFloat(limit, 64)
		ts.Check(err)
		if n, ok := value.(float64); !ok || n >= most {
			ts.Fatalf("%s: %s, want less than %s", args[1], got, limit)
		}
		return
	}
	if size, counted := strings.CutPrefix(args[2], "#"); counted {
		list, _ := value.([]any)
		if strconv.Itoa(len(list)) != size || list == nil {
			ts.Fatalf("%s: %s, want %s entries", args[1], got, size)
		}
		return
	}
	var wanted any
	if err := json.Unmarshal([]byte(args[2]), &wanted); err != nil {
		wanted = args[2]
	}
	expected, err := json.Marshal(wanted)
	ts.Check(err)
	if string(got) != string(expected) {
		ts.Fatalf("%s: %s, want %s", args[1], got, expected)
	}
}
