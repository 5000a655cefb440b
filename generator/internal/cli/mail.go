package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cardbowl/generator/internal/build"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/outbox"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/tracker"
)

// mailer is the mail server that the environment names; nil without one.
func mailer(w World, site manifest.Manifest) (outbox.Mailer, error) {
	address := w.Getenv("CARDBOWL_SMTP_URL")
	if address == "" {
		return nil, nil
	}
	server, err := outbox.NewSMTP(address, outbox.HostOf(site.BaseURL))
	if err != nil {
		return nil, failure{problem, fmt.Errorf("CARDBOWL_SMTP_URL: %w", err)}
	}
	return server, nil
}

// sendsMail tells whether a form of the site is a reason for mail.
func sendsMail(site manifest.Manifest) bool {
	for _, f := range site.Forms {
		if f.Confirm || f.Deliver != "" || len(f.Notify) > 0 {
			return true
		}
	}
	return false
}

// origin is where the tracker answers, for links in mails.
func origin(elsewhere, baseURL string) string {
	if elsewhere != "" {
		return strings.TrimSuffix(elsewhere, "/")
	}
	u, err := url.Parse(baseURL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// posts makes the outbox of a tracker. The tracker is made after it, since it
// wakes it.
func posts(kept store.Store, m outbox.Mailer, p outbox.Poster, w World, logger *slog.Logger, t func() *tracker.Tracker, elsewhere string) *outbox.Outbox {
	return outbox.New(outbox.Options{Store: kept, Mailer: m, Poster: p, Now: w.Now, Logger: logger,
		Manifest: func() manifest.Manifest { return t().Manifest() },
		Origin:   func() string { return origin(elsewhere, t().Manifest().BaseURL) }})
}

// downloads are the files that forms of a site deliver.
func downloads(site string) fs.FS {
	root, err := os.OpenRoot(filepath.Join(site, filepath.FromSlash(build.FilesFolder)))
	if err != nil {
		return nil // there are none, or they are on another machine
	}
	return root.FS()
}

// shown is a Mailer that sends nothing: it shows on the terminal what a published
// site would send.
type shown struct{ out io.Writer }

func (s shown) Send(_ context.Context, m outbox.Mail) error {
	fmt.Fprintf(s.out, "not sent, since this is a preview: mail to %s: %s\n", m.To, m.Subject)
	for line := range strings.SplitSeq(m.Text, "\n") {
		if strings.Contains(line, "/_/") && !strings.Contains(line, "/_/unsubscribe/") {
			fmt.Fprintf(s.out, "  %s\n", strings.TrimSpace(line))
		}
	}
	return nil
}

func mailCommand(w World) *cobra.Command {
	c := &cobra.Command{
		Use: "mail", Short: "The mail the site sends", Example: "  cardbowl mail test ann@example.com",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return wrong("there is no command `cardbowl mail %s`; there is test", args[0])
			}
			return c.Help()
		},
	}
	var site string
	test := &cobra.Command{
		Use: "test ADDRESS", Short: "Send a mail to see whether mail arrives", Args: cobra.ExactArgs(1),
		Long:    "Sends one mail by the server in CARDBOWL_SMTP_URL, as smtp://user:password@mail.example.com:587, and tells\nwhat the server said.",
		Example: "  CARDBOWL_SMTP_URL=smtp://ann:secret@mail.example.com:587 \\\n    cardbowl mail test ann@example.com",
		RunE: func(c *cobra.Command, args []string) error {
			return testMail(c.Context(), w, site, args[0])
		},
	}
	test.Flags().StringVarP(&site, "source", "s", ".", "the site folder, the one with site.yaml")
	c.AddCommand(test)
	return c
}

func testMail(ctx context.Context, w World, site, to string) error {
	if _, err := mail.ParseAddress(to); err != nil {
		return wrong("`%s` is not a mail address", to)
	}
	known, err := reportedSite(ctx, w, reportFlags{site: site})
	if err != nil {
		return err
	}
	server, err := mailer(w, known)
	if err != nil {
		return err
	}
	if server == nil {
		return failure{problem, errors.New("CARDBOWL_SMTP_URL is not set; it names the mail server, as smtp://user:password@mail.example.com:587")}
	}
	if known.Mail.Sender.Email == "" {
		return failure{problem, errors.New("site.yaml names no sender: add `sender: {name: …, email: …, address: …}` and build")}
	}
	m, err := outbox.TestMail(known, to, w.Now())
	if err != nil {
		return failure{problem, err}
	}
	if err := server.Send(ctx, m); err != nil {
		return failure{problem, fmt.Errorf("the mail was not taken: %w", err)}
	}
	fmt.Fprintf(w.Stdout, "The server has taken a mail to %s. If it does not arrive, look among the spam.\n", to)
	return nil
}

func outboxCommand(w World) *cobra.Command {
	c := &cobra.Command{
		Use: "outbox", Short: "What is to be sent, was sent, or could not be", Example: "  cardbowl outbox list\n  cardbowl outbox retry 0198c2e5-…",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return wrong("there is no command `cardbowl outbox %s`; there are list and retry", args[0])
			}
			return c.Help()
		},
	}
	c.AddCommand(outboxListCommand(w), outboxRetryCommand(w))
	return c
}

func outboxListCommand(w World) *cobra.Command {
	var f leadsFlags
	var asJSON, all bool
	c := &cobra.Command{
		Use: "list", Short: "What waits and what was given up; with --all what was sent, too", Example: "  cardbowl outbox list --all", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			kept, err := readStore(c.Context(), w, f.store, f.site, f.preview)
			if err != nil {
				return err
			}
			defer kept.Close()
			messages, err := kept.Messages(c.Context(), w.Now().AddDate(0, 0, -400))
			if err != nil {
				return failure{problem, err}
			}
			listed := []store.Message{}
			for _, m := range messages {
				if all || m.State == store.Waiting || m.State == store.Dead {
					listed = append(listed, m)
				}
			}
			if asJSON {
				return written(json.NewEncoder(w.Stdout).Encode(outboxJSON(listed)))
			}
			if err := writeOutbox(w.Stdout, listed, w.Now()); err != nil {
				return written(err)
			}
			told, err := receivers(w, f.site)
			if err != nil {
				return err
			}
			return tellOfGone(c.Context(), w, kept, told)
		},
	}
	f.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON value")
	c.Flags().BoolVar(&all, "all", false, "what was sent and dropped, too")
	return c
}

// outboxJSON is the outbox as a program reads it. Times are RFC 3339 in UTC.
func outboxJSON(messages []store.Message) []map[string]any {
	out := []map[string]any{}
	for _, m := range messages {
		var settled any // null while it waits
		if !m.SettledAt.IsZero() {
			settled = m.SettledAt.Format(time.RFC3339)
		}
		out = append(out, map[string]any{"id": m.ID, "kind": m.Kind, "to": m.To, "form": m.Form, "lead": m.Lead, "state": m.State, "attempts": m.Attempts,
			"created_at": m.CreatedAt.Format(time.RFC3339), "due_at": m.DueAt.Format(time.RFC3339), "settled_at": settled, "said": m.Said})
	}
	return out
}

func writeOutbox(out io.Writer, messages []store.Message, now time.Time) error {
	if len(messages) == 0 {
		_, err := io.WriteString(out, "Nothing waits.\n")
		return err
	}
	rows := []table.Row{{"Id", "What", "To", "State", "Tries", "When"}}
	for _, m := range messages {
		when := m.DueAt.Format("2006-01-02 15:04")
		switch {
		case m.State != store.Waiting:
			when = m.SettledAt.Format("2006-01-02 15:04")
		case !m.DueAt.After(now):
			when = "now"
		}
		rows = append(rows, table.Row{m.ID, m.Kind, diag.Printable(m.To), m.State, m.Attempts, when})
		if m.Said != "" {
			rows = append(rows, table.Row{"", diag.Printable("  " + m.Said)})
		}
	}
	return writeTable(out, rows)
}

// writeTable writes rows of cells without lines between them.
func writeTable(out io.Writer, rows []table.Row) error {
	t := table.NewWriter()
	t.SetStyle(table.Style{Box: table.BoxStyle{PaddingRight: "  "}})
	t.AppendRows(rows)
	var b strings.Builder
	for line := range strings.SplitSeq(t.Render(), "\n") {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func outboxRetryCommand(w World) *cobra.Command {
	var f leadsFlags
	c := &cobra.Command{
		Use: "retry [ID…]", Short: "Send the messages named again, or all that were given up", Example: "  cardbowl outbox retry",
		RunE: func(c *cobra.Command, ids []string) error {
			kept, err := writeStore(c.Context(), w, f.store, f.site, f.preview)
			if err != nil {
				return err
			}
			defer kept.Close()
			if len(ids) == 0 {
				messages, err := kept.Messages(c.Context(), w.Now().AddDate(0, 0, -400))
				if err != nil {
					return failure{problem, err}
				}
				for _, m := range messages {
					if m.State == store.Dead {
						ids = append(ids, m.ID)
					}
				}
			}
			for _, id := range ids {
				known, err := kept.RetryMessage(c.Context(), id, w.Now())
				if err != nil {
					return failure{problem, err}
				}
				if !known {
					return failure{problem, fmt.Errorf("no message %s waits or was given up; `cardbowl outbox list` shows those that do", id)}
				}
			}
			fmt.Fprintf(w.Stdout, "%d to be sent again; a running tracker does it within seconds.\n", len(ids))
			return nil
		},
	}
	f.add(c)
	return c
}
