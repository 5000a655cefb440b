package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version comes from the build itself: the module's version, or the revision
// the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return "development " + setting.Value[:min(12, len(setting.Value))]
		}
	}
	return "development"
}

func versionCommand(w World) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  cardbowl version", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(w.Stdout, "cardbowl %s\n", version())
			return err
		},
	}
}
