package cli

// The voice of the command line: results on stdout, all else on stderr. Errors
// begin with "cardbowl: ", in lower case and without a final stop, and say what
// to do next. Colour and progress only where a person is watching.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/public"
)

// World is everything outside the program that a command may see.
type World struct {
	Getenv func(string) string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Now    func() time.Time
}

// Exit statuses.
const (
	done    = 0
	problem = 1
	usage   = 2
)

// Run carries out one command line and returns its exit status.
func Run(ctx context.Context, args []string, w World) int {
	root, running := commands(w)
	fit(root, min(cmp.Or(width(w), plainWidth), widestText))
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var failed failure
	switch {
	case err == nil:
		return done
	case errors.As(err, &failed):
		if failed.err != nil {
			fmt.Fprintf(w.Stderr, "cardbowl: %v\n", failed.err)
			if hint := failed.hint(); hint != "" {
				fmt.Fprintf(w.Stderr, "hint: %s\n", hint)
			}
		}
		return failed.code
	case *running:
		fmt.Fprintf(w.Stderr, "cardbowl: %v\n", err)
		return problem
	default:
		fmt.Fprintf(w.Stderr, "cardbowl: %s\nhint: `cardbowl --help` lists the commands, `cardbowl COMMAND --help` the flags\n", unknown(root, err))
		return usage
	}
}

var unknownCommand = regexp.MustCompile(`^unknown command "([^"]*)"`)

// unknown says in our words that there is no such command.
func unknown(root *cobra.Command, err error) string {
	m := unknownCommand.FindStringSubmatch(err.Error())
	if m == nil {
		return err.Error()
	}
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	said := fmt.Sprintf("there is no command `%s`", m[1])
	if near := diag.Nearest(m[1], names); near != "" {
		said += fmt.Sprintf("; did you mean `%s`?", near)
	}
	return said
}

// failure carries an exit status; without an error all has been said already.
type failure struct {
	code int
	err  error
}

// Error implements error.
func (f failure) Error() string {
	if f.err == nil {
		return "failed"
	}
	return f.err.Error()
}

// Unwrap implements the interface errors.Is looks for.
func (f failure) Unwrap() error { return f.err }

// hint says what to do about the errors a person can mend.
func (f failure) hint() string {
	var address *net.AddrError
	switch {
	case errors.Is(f.err, public.ErrForeign):
		return "name another folder with -d, or empty this one; Cardbowl removes files it does not know, so it takes no folder that is not its own"
	case errors.Is(f.err, public.ErrBusy):
		return "wait for the other build to end"
	case isNoSpace(f.err):
		return "the disk is full; nothing was changed, so free some space and run this again"
	case isAddressInUse(f.err):
		return "another program uses this port; stop it, or name another with --addr"
	case errors.As(f.err, &address):
		return "an address is a host and a port, such as 127.0.0.1:1314"
	}
	return ""
}

// noArguments refuses what a command would ignore.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return wrong("`%s` takes no argument like `%s`", c.CommandPath(), args[0])
	}
	return nil
}

var unknownFlag = regexp.MustCompile(`^unknown (?:shorthand )?flag: (?:'\w' in )?(-[\w-]+)`)

// flagError names the flag that was probably meant.
func flagError(c *cobra.Command, err error) error {
	m := unknownFlag.FindStringSubmatch(err.Error())
	if m == nil {
		return failure{usage, fmt.Errorf("%w; `%s --help` lists the flags", err, c.CommandPath())}
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	given, long := strings.CutPrefix(m[1], "--")
	near := diag.Nearest(given, names)
	for _, name := range names { // --dest for --destination
		if near == "" && strings.HasPrefix(name, given) {
			near = name
		}
	}
	if near == "" || !long {
		return wrong("there is no flag `%s`; `%s --help` lists the flags", m[1], c.CommandPath())
	}
	return wrong("there is no flag `%s`; did you mean `--%s`?", m[1], near)
}

func wrong(format string, args ...any) error { return failure{usage, fmt.Errorf(format, args...)} }

// commands is every command there is. running becomes true once the command
// line has been understood.
func commands(w World) (root *cobra.Command, running *bool) {
	running = new(bool)
	root = &cobra.Command{
		Use:   "cardbowl",
		Short: "A blog with a bowl for business cards on every post",
		Long: "Cardbowl turns a folder of markdown posts into a fast static site with a lead-capture form\n" +
			"on every post, rebuilds it live while you write, and counts which post brought you clients.",
		Example:       "  cardbowl new site my-blog\n  cardbowl serve -s my-blog",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
		PersistentPreRun: func(*cobra.Command, []string) {
			*running = true
		},
		CompletionOptions: cobra.CompletionOptions{DisableDescriptions: false},
	}
	root.SetOut(w.Stdout)
	root.SetErr(w.Stderr)
	root.SetIn(w.Stdin)
	root.SetVersionTemplate("cardbowl {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newCommand(w), buildCommand(w), serveCommand(w), checkCommand(w), trackCommand(w), reportCommand(w), leadsCommand(w), outboxCommand(w), mailCommand(w), webhookCommand(w), storeCommand(w), demoCommand(w), passwordCommand(w), versionCommand(w))
	root.AddCommand(topics(w)...)
	for _, planned := range []struct{ use, short, example string }{
		{"import", "Bring a Hugo, Jekyll or WordPress site over", "import hugo old-site my-blog"},
		{"publish", "Send the built site to where it is served", "publish production"},
	} {
		root.AddCommand(notBuiltYet(planned.use, planned.short, planned.example))
	}
	return root, running
}

func notBuiltYet(use, short, example string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short + " (not built yet)", Example: "  cardbowl " + example, DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			for _, arg := range args {
				if arg == "-h" || arg == "--help" {
					return c.Help()
				}
			}
			return wrong("`%s` is not built yet", c.CommandPath())
		},
	}
}

// terminal tells whether a person is watching a stream.
func terminal(stream io.Writer) bool {
	f, ok := stream.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

func (w World) colour(stream io.Writer) bool {
	return terminal(stream) && w.Getenv("NO_COLOR") == "" && w.Getenv("TERM") != "dumb"
}

// tell prints diagnostics to stderr, with colour on a terminal.
func (w World) tell(problems diag.List) {
	if len(problems) == 0 {
		return
	}
	paint := func(_, text string) string { return text }
	if w.colour(w.Stderr) {
		paint = func(code, text string) string { return "\x1b[" + code + "m" + text + "\x1b[0m" }
	}
	// What many places have in common is shown three times, with line and hint;
	// of the others it is enough to say where they are.
	const inFull = 3
	shown := map[[2]string]int{}
	brief := false
	for _, d := range problems {
		same := [2]string{d.Message, d.Hint}
		shown[same]++
		if shown[same] > inFull {
			d.Source, d.Hint = "", ""
		}
		if now := shown[same] > inFull; brief && !now {
			fmt.Fprintln(w.Stderr)
			brief = false
		} else {
			brief = now
		}
		fmt.Fprintln(w.Stderr, painted(d, paint))
		if !brief {
			fmt.Fprintln(w.Stderr)
		}
	}
	if brief {
		fmt.Fprintln(w.Stderr)
	}
}

// summary counts problems: "2 errors, 1 warning". Of many it says what they are,
// the most frequent first.
func summary(problems diag.List) string {
	const many = 20
	of, named := map[string]int{}, 0
	for _, d := range problems {
		if d.Code != "" {
			of[d.Code]++
			named++
		}
	}
	if named <= many {
		return counted(problems)
	}
	codes := slices.SortedFunc(maps.Keys(of), func(a, b string) int { return cmp.Or(of[b]-of[a], strings.Compare(a, b)) })
	var parts []string
	for _, code := range codes {
		parts = append(parts, fmt.Sprintf("%d %s", of[code], code))
	}
	return counted(problems) + " (" + strings.Join(parts, ", ") + ")"
}

func counted(problems diag.List) string {
	errors, warnings := len(problems.Only(diag.Error)), len(problems.Only(diag.Warning))
	switch {
	case errors > 0 && warnings > 0:
		return plural(errors, "error") + ", " + plural(warnings, "warning")
	case errors > 0:
		return plural(errors, "error")
	}
	return plural(warnings, "warning")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "s") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
