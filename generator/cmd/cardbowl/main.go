// Command cardbowl turns a folder of markdown posts into a site with a
// lead-capture form on every post, and counts which post brought which clients.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"cardbowl/generator/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], cli.World{
		Getenv: os.Getenv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now,
	})
	stop()
	os.Exit(code)
}
