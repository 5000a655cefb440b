package preview_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/preview"
)

func site() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Length", "40")
			_, _ = io.WriteString(w, "<html><body>Home, sweet home</body></html>"[:40])
		case "/style.css":
			w.Header().Set("Content-Type", "text/css")
			_, _ = io.WriteString(w, "body{}</body>")
		case "/same":
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotModified)
		default:
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "<body>Not here</body>")
		}
	})
}

func get(t *testing.T, server *httptest.Server, path, host string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		request.Host = host
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestTheScriptIsAddedToPagesAlone(t *testing.T) {
	p := preview.New(site(), nil)
	p.Built(preview.Change{})
	server := httptest.NewServer(p)
	defer server.Close()
	if code, text := get(t, server, "/", ""); code != 200 || strings.Count(text, "/_/live.js") != 1 || !strings.Contains(text, "Home") {
		t.Errorf("%d %s", code, text)
	}
	if code, text := get(t, server, "/missing", ""); code != 404 || !strings.Contains(text, "data-always") {
		t.Errorf("a missing page must look again after every build: %d %s", code, text)
	}
	if _, text := get(t, server, "/style.css", ""); text != "body{}</body>" {
		t.Errorf("a stylesheet was changed: %s", text)
	}
	if code, text := get(t, server, "/same", ""); code != 304 || text != "" {
		t.Errorf("%d %q", code, text)
	}
}

func TestBeforeTheFirstGoodBuild(t *testing.T) {
	p := preview.New(site(), nil)
	p.Failed(diag.List{{File: "content/a.md", Line: 3, Column: 7, Message: "broken <b>", Source: "title: [<script>"}})
	server := httptest.NewServer(p)
	defer server.Close()
	code, text := get(t, server, "/", "")
	if code != 500 || !strings.Contains(text, "content/a.md:3:7: error: broken &lt;b&gt;") || strings.Contains(text, "[<script>") || !strings.Contains(text, "/_/live.js") {
		t.Errorf("%d %s", code, text)
	}
	p.Built(preview.Change{})
	if code, _ := get(t, server, "/", ""); code != 200 {
		t.Errorf("after a good build: %d", code)
	}
	p.Failed(diag.List{{Message: "broken again"}})
	if code, text := get(t, server, "/", ""); code != 200 || !strings.Contains(text, "Home") {
		t.Errorf("the last good site must stay: %d %s", code, text)
	}
}

func TestOnlyThisMachinesNamesAreAnswered(t *testing.T) {
	p := preview.New(site(), nil, "studio.lan")
	p.Built(preview.Change{})
	server := httptest.NewServer(p)
	defer server.Close()
	for host, want := range map[string]int{
		"localhost:1313": 200, "127.0.0.1": 200, "[::1]:80": 200, "blog.localhost": 200, "192.168.1.7:1313": 200, "studio.lan:1313": 200, "LOCALHOST": 200,
		"evil.example": 403, "localhost.evil.example:1313": 403, "127.0.0.1.evil.example": 403, "evil.example:80": 403,
	} {
		if code, _ := get(t, server, "/", host); code != want {
			t.Errorf("host %s: %d, want %d", host, code, want)
		}
		if code, _ := get(t, server, "/_/live.js", host); code != want {
			t.Errorf("host %s, script: %d, want %d", host, code, want)
		}
	}
}

// listen opens the stream of builds and returns a way to read its next event.
func listen(t *testing.T, server *httptest.Server) func() (name, data string) {
	t.Helper()
	response, err := server.Client().Get(server.URL + "/_/live")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	return func() (name, data string) {
		for lines.Scan() {
			if v, found := strings.CutPrefix(lines.Text(), "event: "); found {
				name = v
			}
			if v, found := strings.CutPrefix(lines.Text(), "data: "); found {
				return name, v
			}
		}
		return "", ""
	}
}

func TestAnOpenPageLearnsOfBuilds(t *testing.T) {
	p := preview.New(site(), nil)
	p.Built(preview.Change{})
	server := httptest.NewServer(p)
	defer server.Close()
	defer p.Close()
	next := listen(t, server)
	if name, data := next(); name != "state" || !strings.Contains(data, `"build":1`) {
		t.Errorf("%s %s", name, data)
	}
	p.Built(preview.Change{Written: []string{"/posts/a/"}})
	if name, data := next(); name != "built" || !strings.Contains(data, `"/posts/a/"`) {
		t.Errorf("%s %s", name, data)
	}
	p.Failed(diag.List{{File: "a.md", Line: 2, Message: "no"}, {File: "b.md", Severity: diag.Warning, Message: "well"}})
	if name, data := next(); name != "failed" || !strings.Contains(data, "a.md:2:1") || strings.Contains(data, "well") {
		t.Errorf("%s %s", name, data)
	}
}

func TestCloseLetsGoOfOpenPages(t *testing.T) {
	p := preview.New(site(), nil)
	p.Built(preview.Change{})
	server := httptest.NewServer(p)
	defer server.Close()
	next := listen(t, server)
	next()
	ended := make(chan string)
	go func() { name, _ := next(); ended <- name }()
	p.Close()
	select {
	case name := <-ended:
		if name != "" {
			t.Errorf("an event %s instead of the end", name)
		}
	case <-time.After(10 * time.Second):
		t.Error("the connection stays open")
	}
}

func TestOtherSitesMayNotListen(t *testing.T) {
	p := preview.New(site(), nil)
	p.Built(preview.Change{})
	server := httptest.NewServer(p)
	defer server.Close()
	defer p.Close()
	for _, c := range []struct {
		name, value string
		want        int
	}{
		{"Sec-Fetch-Site", "same-origin", 200},
		{"Sec-Fetch-Site", "same-site", 403}, // another port of this machine
		{"Sec-Fetch-Site", "cross-site", 403},
		{"Origin", server.URL, 200},
		{"Origin", "http://evil.example", 403},
		{"Origin", "http://localhost:3000", 403},
		{"Origin", "null", 403},
	} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/_/live", nil)
		request.Header.Set(c.name, c.value)
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != c.want {
			t.Errorf("%s: %s: %d, want %d", c.name, c.value, response.StatusCode, c.want)
		}
		if kind := response.Header.Get("Content-Type"); c.want == 403 && !strings.HasPrefix(kind, "text/plain") {
			t.Errorf("a refusal is %s", kind)
		}
	}
}

func TestTheScriptIsWhole(t *testing.T) {
	p := preview.New(site(), nil)
	p.Built(preview.Change{})
	server := httptest.NewServer(p)
	defer server.Close()
	parts := regexp.MustCompile(`from "\./([^"]+)"`)
	var look func(at string)
	seen := map[string]bool{}
	look = func(at string) {
		if seen[at] {
			return
		}
		seen[at] = true
		code, text := get(t, server, at, "")
		if code != 200 {
			t.Errorf("%s answers %d", at, code)
		}
		for _, part := range parts.FindAllStringSubmatch(text, -1) {
			look(path.Join(path.Dir(at), part[1]))
		}
	}
	look("/_/live.js")
	if len(seen) < 5 {
		t.Errorf("only %v", seen)
	}
	if code, _ := get(t, server, "/_/live/../preview.go", ""); code == 200 {
		t.Error("what is no script is served")
	}
}

func TestNothingIsKeptUnderANameThatStays(t *testing.T) {
	p := preview.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		if r.URL.Path == "/assets/site.12345678.css" {
			w.Header().Set("Cache-Control", "public, max-age=3600, immutable")
		}
	}), nil)
	p.Built(preview.Change{})
	for at, want := range map[string]string{"/own.css": "no-cache", "/assets/site.12345678.css": "public, max-age=3600, immutable"} {
		answer := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, at, nil)
		r.Host = "localhost"
		p.ServeHTTP(answer, r)
		if got := answer.Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: %s", at, got)
		}
	}
}

// The margin names drafts: no page but one of the preview may ask for it.
func TestTheMarginIsForThePreviewAlone(t *testing.T) {
	p := preview.New(site(), func(path string) any { return map[string]string{"of": path} })
	p.Built(preview.Change{})
	ask := func(header, value string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/_/live/beside?page=%2Fposts%2Fa%2F", nil)
		r.Host = "localhost:1313"
		if header == "Host" {
			r.Host = value
		} else if header != "" {
			r.Header.Set(header, value)
		}
		p.ServeHTTP(answer, r)
		return answer
	}
	for _, foreign := range [][2]string{{"Origin", "http://localhost:9"}, {"Origin", "https://elsewhere.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Host", "elsewhere.example"}} {
		if answer := ask(foreign[0], foreign[1]); answer.Code != http.StatusForbidden {
			t.Errorf("%v gets %d %s", foreign, answer.Code, answer.Body)
		}
	}
	for _, ours := range [][2]string{{}, {"Origin", "http://localhost:1313"}, {"Sec-Fetch-Site", "same-origin"}} {
		if answer := ask(ours[0], ours[1]); answer.Code != http.StatusOK || strings.TrimSpace(answer.Body.String()) != `{"of":"/posts/a/"}` {
			t.Errorf("%v gets %d %s", ours, answer.Code, answer.Body)
		}
	}
}
