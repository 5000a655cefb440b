package cli_test

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cardbowl/generator/internal/cli"
	"cardbowl/generator/internal/store/postgrestest"
)

// TestMain lets the test binary be the program: scripts and browser tests run
// it as a process of its own, under the name cardbowl.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cardbowl": program})
}

func program() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	now := time.Now
	if ahead, err := time.ParseDuration(os.Getenv(clockAhead)); err == nil {
		now = func() time.Time { return time.Now().Add(ahead) }
	}
	os.Exit(cli.Run(ctx, os.Args[1:], cli.World{Getenv: os.Getenv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: now}))
}

// clockAhead sets the clock of the program forward, for what happens days later.
const clockAhead = "CARDBOWL_TEST_AHEAD"

// TestScripts runs what a user could type. Each file in testdata/script is one
// story; CARDBOWL_UPDATE=1 writes what was printed into
// them.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("CARDBOWL_UPDATE") != "",
		Setup:               setUpScript,
		Condition:           condition,
		Cmds:                scriptCommands(),
	})
}

// TestPostgresScripts runs the stories of testdata/script/postgres, each with a
// PostgreSQL database of its own in CARDBOWL_STORE.
func TestPostgresScripts(t *testing.T) {
	server := postgrestest.Start(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script/postgres",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("CARDBOWL_UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("CARDBOWL_STORE", server.Database(t, ""))
			env.Setenv("SECOND", server.Database(t, ""))
			return setUpScript(env)
		},
		Condition: condition,
		Cmds:      scriptCommands(),
	})
}
