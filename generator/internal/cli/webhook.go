package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/outbox"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/webhook"
)

// receivers are the programs that a site tells of leads: by its site.yaml, or
// where there is none by its manifest.
func receivers(w World, site string) ([]webhook.Receiver, error) {
	c, isSite, err := settings(w, site)
	if err != nil || isSite {
		return c.Webhooks, err
	}
	known, err := manifest.Load(manifestPath(site))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, failure{problem, err}
	}
	return known.Webhooks, nil
}

// readSecrets refuses secrets that cannot sign. Those that are missing are told:
// what is to be sent waits for them.
func readSecrets(w World, all []webhook.Receiver) error {
	var told []string
	for _, r := range all {
		_, err := webhook.ReadSecrets(w.Getenv(r.Secret))
		switch {
		case errors.Is(err, webhook.ErrNoSecret) && !slices.Contains(told, r.Secret):
			told = append(told, r.Secret)
			fmt.Fprintf(w.Stderr, "Webhooks wait until %s holds a secret; `cardbowl webhook secret` makes one.\n", r.Secret)
		case err != nil && !errors.Is(err, webhook.ErrNoSecret):
			return failure{problem, fmt.Errorf("%s: %w", r.Secret, err)}
		}
	}
	return nil
}

// tellOfGone says which receivers get nothing any more.
func tellOfGone(ctx context.Context, w World, kept store.Store, all []webhook.Receiver) error {
	gone, err := kept.TurnedAway(ctx)
	if err != nil {
		return failure{problem, err}
	}
	for _, g := range gone {
		if _, known := webhook.Find(all, g.To); known {
			fmt.Fprintf(w.Stderr, "The receiver %s gets nothing since %s, when it answered %s. `cardbowl webhook enable %s` undoes that.\n",
				diag.Printable(g.To), g.At.Format(time.DateOnly), diag.Printable(g.Said), diag.Printable(g.To))
		}
	}
	return nil
}

func webhookCommand(w World) *cobra.Command {
	c := &cobra.Command{
		Use: "webhook", Short: "The programs that are told of leads",
		Example: "  cardbowl webhook list\n  cardbowl webhook test\n  cardbowl webhook secret",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return wrong("there is no command `cardbowl webhook %s`; there are list, test, enable and secret", args[0])
			}
			return c.Help()
		},
	}
	c.AddCommand(webhookListCommand(w), webhookTestCommand(w), webhookEnableCommand(w), webhookSecretCommand(w))
	return c
}

func webhookSecretCommand(w World) *cobra.Command {
	return &cobra.Command{
		Use: "secret", Short: "Make a secret that webhooks are signed with", Args: noArguments,
		Long: "Prints a new secret. Put it into the environment of the tracker, and give it to the receiver. To change one,\n" +
			"put the new one before the old one, with a blank between: both sign until you take the old one out.",
		Example: "  export CARDBOWL_WEBHOOK_SECRET=$(cardbowl webhook secret)",
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintln(w.Stdout, webhook.NewSecret())
			return nil
		},
	}
}

func webhookTestCommand(w World) *cobra.Command {
	var site string
	c := &cobra.Command{
		Use: "test [URL]", Short: "Send a signed message to one receiver or all, and see the answer", Args: cobra.MaximumNArgs(1),
		Long: "Sends one message of the type webhook.test, signed with the secrets in the environment, to the receivers of\n" +
			"site.yaml, and tells what came back.",
		Example: "  cardbowl webhook test\n  cardbowl webhook test https://crm.example.com/leads",
		RunE: func(c *cobra.Command, args []string) error {
			all, err := receivers(w, site)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				r, known := webhook.Find(all, args[0])
				if !known {
					return noReceiver(args[0], all)
				}
				all = []webhook.Receiver{r}
			}
			if len(all) == 0 {
				return failure{problem, errors.New("site.yaml names no webhooks: add `webhooks: [{url: https://crm.example.com/leads}]`")}
			}
			failed := 0
			for _, r := range all {
				if err := tryReceiver(c.Context(), w, r); err != nil {
					failed++
					fmt.Fprintf(w.Stdout, "%s: %s\n", r.URL, diag.Printable(err.Error()))
				}
			}
			if failed > 0 {
				return failure{code: problem}
			}
			return nil
		},
	}
	c.Flags().StringVarP(&site, "source", "s", ".", "the site folder, the one with site.yaml")
	return c
}

func noReceiver(address string, all []webhook.Receiver) error {
	var known []string
	for _, r := range all {
		known = append(known, r.URL)
	}
	if len(known) == 0 {
		return failure{problem, fmt.Errorf("site.yaml has no webhook with the address %s, nor any other", address)}
	}
	return failure{problem, fmt.Errorf("site.yaml has no webhook with the address %s; it has %s", address, strings.Join(known, ", "))}
}

// tryReceiver sends one message and tells what came back.
func tryReceiver(ctx context.Context, w World, r webhook.Receiver) error {
	begun := w.Now()
	body, err := outbox.TestEvent(begun)
	if err != nil {
		return err
	}
	answer, err := webhook.Client{Secret: w.Getenv}.Post(ctx, r, webhook.Message{ID: fmt.Sprintf("test.%d", begun.UnixMilli()), Body: body, At: begun})
	if err != nil {
		return err
	}
	if !answer.Taken() {
		return errors.New(answer.Said)
	}
	fmt.Fprintf(w.Stdout, "%s: %s, in %v\n", r.URL, diag.Printable(answer.Said), w.Now().Sub(begun).Round(time.Millisecond))
	return nil
}

// receiverState is what is known of a receiver. Times are RFC 3339 in UTC.
type receiverState struct {
	URL     string   `json:"url"`
	Events  []string `json:"events"`
	Secret  string   `json:"secret"` // the name of its variable
	Secrets int      `json:"secrets"`
	Waiting int      `json:"waiting"`
	Dead    int      `json:"dead"`
	GoneAt  string   `json:"gone_at,omitempty"`
	Said    string   `json:"said,omitempty"` // the last time something was not taken
}

func webhookListCommand(w World) *cobra.Command {
	var f leadsFlags
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "The receivers, what waits for them, and which of them are gone", Example: "  cardbowl webhook list", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := receivers(w, f.site)
			if err != nil {
				return err
			}
			states, err := receiverStates(c.Context(), w, f, all)
			if err != nil {
				return err
			}
			if asJSON {
				return written(json.NewEncoder(w.Stdout).Encode(states))
			}
			return written(writeReceivers(w, states))
		},
	}
	f.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON value")
	return c
}

func receiverStates(ctx context.Context, w World, f leadsFlags, all []webhook.Receiver) ([]receiverState, error) {
	kept, err := readStore(ctx, w, f.store, f.site, f.preview)
	if err != nil {
		return nil, err
	}
	defer kept.Close()
	messages, err := kept.Messages(ctx, w.Now().AddDate(0, 0, -400))
	if err != nil {
		return nil, failure{problem, err}
	}
	gone, err := kept.TurnedAway(ctx)
	if err != nil {
		return nil, failure{problem, err}
	}
	states := []receiverState{}
	for _, r := range all {
		s := receiverState{URL: r.URL, Events: r.Events, Secret: r.Secret}
		if secrets, err := webhook.ReadSecrets(w.Getenv(r.Secret)); err == nil {
			s.Secrets = len(secrets)
		}
		for _, m := range messages {
			switch {
			case m.To != r.URL:
				continue
			case m.State == store.Waiting:
				s.Waiting++
			case m.State == store.Dead:
				s.Dead++
			default:
				continue
			}
			if m.Said != "" {
				s.Said = m.Said
			}
		}
		for _, g := range gone {
			if g.To == r.URL {
				s.GoneAt, s.Said = g.At.Format(time.RFC3339), g.Said
			}
		}
		states = append(states, s)
	}
	return states, nil
}

func writeReceivers(w World, states []receiverState) error {
	if len(states) == 0 {
		_, err := fmt.Fprintln(w.Stdout, "site.yaml names no webhooks.")
		return err
	}
	rows := []table.Row{{"Receiver", "Secret", "State", "Waiting", "Given up"}}
	for _, s := range states {
		state := "enabled"
		if s.GoneAt != "" {
			state = "gone since " + s.GoneAt[:len(time.DateOnly)]
		}
		secret := s.Secret
		if s.Secrets == 0 {
			secret += " (not set here)"
		}
		rows = append(rows, table.Row{diag.Printable(s.URL), secret, state, s.Waiting, s.Dead}, table.Row{"  " + strings.Join(s.Events, ", ")})
		if s.Said != "" {
			rows = append(rows, table.Row{"  " + diag.Printable(s.Said)})
		}
	}
	return writeTable(w.Stdout, rows)
}

func webhookEnableCommand(w World) *cobra.Command {
	var f leadsFlags
	c := &cobra.Command{
		Use: "enable URL", Short: "Send to a receiver again that answered 410 Gone", Example: "  cardbowl webhook enable https://crm.example.com/leads",
		Args: one("the address of a receiver: `cardbowl webhook enable https://crm.example.com/leads`"),
		RunE: func(c *cobra.Command, args []string) error {
			kept, err := writeStore(c.Context(), w, f.store, f.site, f.preview)
			if err != nil {
				return err
			}
			defer kept.Close()
			known, err := kept.Readmit(c.Context(), args[0])
			if err != nil {
				return failure{problem, err}
			}
			if !known {
				return failure{problem, fmt.Errorf("no receiver %s is gone; `cardbowl webhook list` shows those that are", args[0])}
			}
			fmt.Fprintf(w.Stdout, "%s is told again. `cardbowl outbox retry` sends what was given up.\n", args[0])
			return nil
		},
	}
	f.add(c)
	return c
}

// Post implements outbox.Poster.
func (s shown) Post(_ context.Context, to webhook.Receiver, m webhook.Message) (webhook.Answer, error) {
	fmt.Fprintf(s.out, "not sent, since this is a preview: to %s:\n  %s\n", to.URL, m.Body)
	return webhook.Answer{Status: 200}, nil
}

var _ outbox.Poster = shown{}
