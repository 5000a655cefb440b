package cli

import "github.com/spf13/cobra"

func serveCommand(w World) *cobra.Command { return notBuiltYet("serve", "") }
func trackCommand(w World) *cobra.Command { return notBuiltYet("track", "") }
func reportCommand(w World) *cobra.Command { return notBuiltYet("report", "") }
