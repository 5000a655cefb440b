package content

import (
	"maps"
	"slices"
	"strings"
)

// Key is one key of front matter, for the manual and the help.
type Key struct {
	Name    string
	Kind    string   // what may stand there, in a reader's words
	About   string   // markdown
	Example string   // a value, as YAML
	Also    []string // what other programs call it, lower case, sorted
	Foreign bool     // it is another program's; a writer here has no need of it
}

// Keys are the keys of front matter in the order of a reference. The taxonomies
// among them are those of a site that names none itself.
func Keys() []Key {
	keys := []Key{
		{Name: "title", Kind: "text", About: "The title. Without it, the text's first heading if it is written with one `#`, or else the name of the file.", Example: "The first call"},
		{Name: "date", Kind: "date", About: "The day of publication. Without a zone, the site's `timeZone` rules.", Example: "2026-10-01T09:30:00-04:00"},
		{Name: "lastmod", Kind: "date", About: "The day of the last change. `date` stays what it was.", Example: "2026-10-03"},
		{Name: "publishDate", Kind: "date", About: "The post appears at this time.", Example: "2026-10-01"},
		{Name: "expiryDate", Kind: "date", About: "The post goes at this time.", Example: "2099-12-31"},
		{Name: "draft", Kind: "true or false", About: "`true` keeps the post out of the built site.", Example: "true"},
		{Name: "slug", Kind: "text", About: "Another last part of the address.", Example: "first-call"},
		{Name: "url", Kind: "address", About: "Another address altogether.", Example: "/calls/first/"},
		{Name: "aliases", Kind: "list", About: "Earlier addresses of the post. They lead to the present one, and their counts go with it.", Example: "[/old/first-call/]"},
		{Name: "description", Kind: "text", About: "One sentence for search engines, for previews, and to stand below the title.", Example: "One question that shows whether you can help."},
		{Name: "summary", Kind: "text", About: "The text for lists, in place of the excerpt.", Example: "Ask this first."},
		{Name: "tags", Kind: "list", About: "What the post is about. Each tag has a page with all its posts.", Example: "[sales, solo]"},
		{Name: "categories", Kind: "list", About: "The same again, for a site that sorts its posts twice.", Example: "[letters]"},
		{Name: "series", Kind: "text", About: "The posts of a series name one another, the oldest first.", Example: "First calls"},
		{Name: "author", Kind: "text or list", About: "Who wrote it, when it is not the author of the site.", Example: "Ann Writer"},
		{Name: "images", Kind: "list", About: "Pictures for previews elsewhere, in place of the one that is drawn.", Example: "[/images/call.jpg]"},
		{Name: "layout", Kind: "text", About: "The name of another layout, such as `landing`.", Example: "page"},
		{Name: "weight", Kind: "number", About: "Pages with a weight stand first in a list, the lightest on top.", Example: "10"},
		{Name: "form", Kind: "text, or true or false", About: "The form at the end: its name, `true` for the site's first, `false` for none.", Example: "newsletter"},
		{Name: "related", Kind: "list, or false", About: "Posts named below this one, by their files, in place of those that are found; `false` for none.", Example: "[other.md]"},
		{Name: "lists", Kind: "group", About: "Lists that the page shows besides its text, each with a name and `section`, `tag`, `category`, `author`, `pages`, `order` (`newest`, `oldest`, `title` or `weight`) and `limit`.", Example: "{latest: {section: posts, limit: 3}}"},
		{Name: "menus", Kind: "text, list or group", About: "Menus that the page enters itself into; a group says `name`, `parent` and `weight` of each entry, which else has that of the page.", Example: "{footer: {name: Calls, weight: 5}}"},
		{Name: "noindex", Kind: "true or false", About: "`true` asks search engines to leave the page out.", Example: "true"},
		{Name: "search", Kind: "true or false", About: "`false` keeps the page out of the site's own search.", Example: "false"},
		{Name: "params", Kind: "group", About: "Keys of your own, for templates: `.Page.Params`.", Example: "{colour: green}"},
		{Name: "id", Kind: "text", About: "A name for the post that never changes, for feed readers. Without it, its address.", Example: "first-call-2026"},

		{Name: "published", Kind: "true or false, or date", About: "`draft` the other way round, or `publishDate`.", Example: "true", Foreign: true},
		{Name: "robots", Kind: "text", About: "`noindex` in it is `noindex: true`.", Example: "noindex, nofollow", Foreign: true},
		{Name: "taxonomies", Kind: "group", About: "`tags`, `categories` and the like, one level deeper.", Example: "{tags: [sales]}", Foreign: true},
	}
	other := spellings()
	for i, k := range keys {
		for _, theirs := range slices.Sorted(maps.Keys(other)) {
			if other[theirs] == strings.ToLower(k.Name) {
				keys[i].Also = append(keys[i].Also, theirs)
			}
		}
	}
	return keys
}

// known are our names of the keys, as the manual spells them.
func known() []string {
	var out []string
	for _, k := range Keys() {
		if !k.Foreign {
			out = append(out, k.Name)
		}
	}
	return out
}
