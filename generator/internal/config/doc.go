// Package config turns site.yaml into a Config.
//
// The file is read strictly: a key nobody knows is an error that names the
// nearest one, a value of the wrong kind is an error at its line, and every
// default stands in this package alone. YAML, the one place in the program that
// decodes it, is here too, because front matter and data files need the same
// care: positions kept, duplicate keys refused, sizes bounded, no crash.
//
// It deliberately reads no file, no environment and no clock, and holds no
// secret.
package config
