package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cardbowl/generator/internal/tracker"
)

func passwordCommand(w World) *cobra.Command {
	return &cobra.Command{
		Use: "password", Short: "The dashboard's password as a hash, for CARDBOWL_PASSWORD",
		Long: "Asks for a password and prints its Argon2id hash. The tracker takes the hash in CARDBOWL_PASSWORD like the password\n" +
			"itself, and whoever reads the file it stands in cannot log in with it. Keep it in single quotes: it has dollar signs.",
		Example: "  cardbowl password\n  cardbowl password < password.txt",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			given, err := readPassword(w)
			if err != nil {
				return failure{problem, err}
			}
			if given == "" {
				return failure{problem, errors.New("an empty password would be none")}
			}
			fmt.Fprintln(w.Stdout, tracker.HashPassword(given))
			return nil
		},
	}
}

// readPassword takes a line: from a terminal twice and unseen.
func readPassword(w World) (string, error) {
	f, ok := w.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		line, err := bufio.NewReader(w.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	ask := func(words string) (string, error) {
		fmt.Fprint(w.Stderr, words)
		typed, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(w.Stderr)
		return string(typed), err
	}
	first, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	again, err := ask("Once more: ")
	if err == nil && first != again {
		err = errors.New("the two are not the same; nothing was made")
	}
	return first, err
}
