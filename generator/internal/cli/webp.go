package cli

import (
	"os/exec"
	"strings"

	"cardbowl/generator/internal/asset/picture"
)

// findWebP looks for the encoder of WebP on the machine and asks it its version,
// which is part of what pictures are remembered by.
func findWebP() picture.Encoder {
	program, err := exec.LookPath("cwebp")
	if err != nil {
		return picture.Encoder{}
	}
	said, err := exec.Command(program, "-version").Output()
	version, _, _ := strings.Cut(strings.TrimSpace(string(said)), "\n")
	if err != nil || version == "" {
		return picture.Encoder{}
	}
	return picture.Encoder{Program: program, Version: version}
}
