package cli_test

// What happens in an open page of the preview while the writer works.

import (
	"strings"
	"testing"
)

const (
	countFile = "content/posts/what-to-count.md"
	settings  = "site.yaml"
	// sitting is what a person leaves in a page: a sentence begun in a field, a fold
	// opened, a place scrolled to. None of it survives a reload by itself.
	sitting = `(() => {
		const note = document.querySelector("#note"), fold = document.querySelector("#fold");
		window.sitting = true;
		note.value = "half a sent"; fold.open = true;
		note.focus({ preventScroll: true }); note.setSelectionRange(3, 7);
		document.querySelector("#mark").scrollIntoView({ block: "center", behavior: "instant" });
		window.markAt = document.querySelector("#mark").getBoundingClientRect().top;
		return scrollY > 0;
	})()`
	// left is what is missing of it.
	left = `(() => {
		const note = document.querySelector("#note"), out = [];
		if (note.value != "half a sent") out.push("what was typed is " + note.value);
		if (document.activeElement != note || note.selectionStart != 3 || note.selectionEnd != 7) out.push("the focus is elsewhere");
		if (!document.querySelector("#fold").open) out.push("the fold is closed");
		const moved = document.querySelector("#mark").getBoundingClientRect().top - window.markAt;
		if (Math.abs(moved) > 2) out.push("the page has moved by " + moved);
		return out.join("; ");
	})()`
)

// desk is a starter site each of whose pages has something to type into, a fold,
// and more than one screen of height.
func deskSite(t *testing.T) folder {
	t.Helper()
	f := starter(t)
	f.save("templates/partials/footer.html", `<footer>
<p id="words">A footer of my own</p>
<div class="tall"></div>
<details id="fold"><summary>More</summary><p>Folded</p></details>
<p id="mark"><label>A note <input id="note"></label></p>
<div class="tall"></div>
</footer>
`)
	f.save("static/own.css", ".tall { height: 120vh }\n#words { color: rgb(1, 2, 3) }\n")
	head := "templates/partials/social.html"
	f.save(head, `<link rel="stylesheet" href="/own.css">`+"\n")
	return f
}

// edited changes a file of the site as a writer would.
func (f folder) edited(name, from, to string) {
	f.t.Helper()
	text := f.read(name)
	if !strings.Contains(text, from) {
		f.t.Fatalf("%s does not hold %q", name, from)
	}
	f.save(name, strings.ReplaceAll(text, from, to))
}

// Whatever is edited appears in the open page, without a reload, and what a
// person did there stays.
func TestBrowserUpdatesInPlace(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"a post": "posts/what-to-count/", "the front page": "", "the page of a tag": "tags/counting/"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, r := deskSite(t), newReader(t)
			s := f.start("serve")
			r.open(s.url + path)
			r.until(learned)
			if !see[bool](r, sitting) {
				t.Fatal("the page is too short to be scrolled")
			}
			inPlace := func(what, shown string) {
				t.Helper()
				r.until(shown)
				if lost := see[string](r, left); lost != "" {
					t.Errorf("%s: %s", what, lost)
				}
				if !see[bool](r, `window.sitting === true`) {
					t.Errorf("%s: the page was loaded again", what)
					_ = see[bool](r, sitting)
				}
			}
			f.edited(countFile, "A post does its work", "Seen at once: a post does its work")
			inPlace("the text of a post", `document.querySelector("main").innerText.includes("Seen at once")`)
			f.edited(countFile, "title: What to count", "title: What else to count")
			inPlace("a title", `document.querySelector("main").innerText.includes("What else to count")`)
			f.save("content/posts/another.md", "---\ntitle: Another post\ndate: 2026-03-01\ntags: [counting]\n---\nNew here.\n")
			inPlace("a new post", `document.querySelector("main").innerText.includes("Another post")`)
			f.edited("templates/partials/footer.html", `<p id="words">A footer of my own</p>`, "<p>Another line</p>\n"+`<p id="words" class="new">A better footer</p>`)
			inPlace("a partial", `document.querySelector("#words.new")?.innerText == "A better footer"`)
			f.edited("static/own.css", "rgb(1, 2, 3)", "rgb(4, 5, 6)")
			inPlace("a stylesheet", `getComputedStyle(document.querySelector("#words")).color == "rgb(4, 5, 6)"`)
			f.edited("static/own.css", "rgb(4, 5, 6)", "rgb(7, 8, 9)")
			inPlace("a stylesheet again", `getComputedStyle(document.querySelector("#words")).color == "rgb(7, 8, 9)" && document.querySelectorAll("link[href*='own.css']").length == 1`)
			f.edited(settings, "# theme:\n#   accent: \"#0a4f8a\"", "theme:\n  accent: \"#0b5d3b\"")
			inPlace("the look", `getComputedStyle(document.documentElement).getPropertyValue("--accent").includes("0b5d3b") && document.querySelectorAll("link[href*='site.']").length == 1`)
			old := see[string](r, `document.querySelector(".site-title").innerText`)
			f.edited(settings, "\nauthor: Your name", "\nauthor: Another name")
			f.edited(settings, "- {title: About, url: /about/}", "- {title: About us, url: /about/}")
			inPlace("the settings", `document.querySelector(".site-header").innerText.includes("About us")`)
			if now := see[string](r, `document.querySelector(".site-title").innerText`); now != old {
				t.Errorf("the name of the site became %q", now)
			}
			f.edited(countFile, "tags: [", "tags: [[")
			r.until(`document.querySelector("cardbowl-problems")`)
			f.edited(countFile, "tags: [[", "tags: [")
			inPlace("the mistake mended", `!document.querySelector("cardbowl-problems")`)
			r.unmoved()
		})
	}
}

// learned holds once the page's script knows how the page was served.
const learned = `performance.getEntriesByType("resource").some((e) => e.initiatorType == "fetch" && e.name == location.href && e.responseEnd > 0)`

// What a page's scripts have begun to look after cannot be exchanged under their
// hands: such a page loads again, and what was typed stays all the same.
func TestBrowserLoadsAgainForScripts(t *testing.T) {
	t.Parallel()
	f, r := deskSite(t), newReader(t)
	f.edited("templates/partials/social.html", "\n", "\n"+`<script src="/own.js" defer></script>`+"\n")
	f.save("static/own.js", `document.querySelector("#words").textContent += ", said by a script";`)
	s := f.start("serve")
	r.open(s.url + "posts/hello/")
	r.until(learned)
	r.until(`document.querySelector("#words").innerText == "A footer of my own, said by a script"`)
	_ = see[bool](r, sitting)
	again := func(what, shown string) {
		t.Helper()
		r.until(`window.sitting !== true && document.readyState == "complete" && ` + shown)
		_ = see[float64](r, `window.markAt = document.querySelector("#mark").getBoundingClientRect().top`)
		if lost := see[string](r, left); lost != "" {
			t.Errorf("%s: %s", what, lost)
		}
		if !see[bool](r, `scrollY > 0`) {
			t.Errorf("%s: the page is at its beginning again", what)
		}
		r.until(learned)
		_ = see[bool](r, `(window.sitting = true)`)
	}
	f.edited("static/own.js", "said by a script", "said by another script")
	again("a script", `document.querySelector("#words").innerText == "A footer of my own, said by another script"`)
	f.edited(helloFile, "Three things to try", "A new paragraph.\n\nThree things to try")
	again("an element in a page with a script of its own", `document.querySelector(".prose").innerText.includes("A new paragraph")`)
	f.edited(helloFile, "A new paragraph", "An older paragraph")
	r.until(`document.querySelector(".prose").innerText.includes("An older paragraph")`)
	if !see[bool](r, `window.sitting === true && document.querySelector("#words").innerText.includes("another script")`) {
		t.Error("for a few words the page was loaded again, or what its script did is undone")
	}
	r.unmoved()
}

// With -N an open page goes where the writer is at work, and stays where it is
// when that is everywhere.
func TestBrowserGoesToTheChangedPost(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	s := f.start("serve", "-N", "-D")
	r.open(s.url + "about/")
	r.until(learned)
	f.edited(countFile, "A post does its work", "Changed: a post does its work")
	r.until(`location.pathname == "/posts/what-to-count/" && document.querySelector(".prose").innerText.includes("Changed: a post")`)
	f.edited(countFile, "Changed: a post", "Once more: a post")
	r.until(`document.querySelector(".prose").innerText.includes("Once more: a post")`)
	f.edited(settings, "- {title: About, url: /about/}", "- {title: About us, url: /about/}")
	r.until(`document.querySelector(".site-header").innerText.includes("About us")`)
	if at := see[string](r, "location.pathname"); at != "/posts/what-to-count/" {
		t.Errorf("the settings led to %s", at)
	}
	// A mistake keeps it where it is, and mending it leads there.
	f.save("content/posts/new one.md", "---\ntitle: New [\ndate: soon\n---\nText.\n")
	r.until(`document.querySelector("cardbowl-problems")`)
	f.save("content/posts/new one.md", "---\ntitle: New\ndraft: true\nslug: größe\n---\nText.\n")
	r.until(`decodeURIComponent(location.pathname) == "/posts/größe/" && document.querySelector("h1").innerText == "New"`)
	r.unmoved()
}
