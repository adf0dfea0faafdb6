package main

import (
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/relais-archive/relais/cmd/relais/wire"
	"github.com/relais-archive/relais/internal/relais"
)

// isNamespace tells the names that topics, indices, schemas and object keys all may
// begin with: PostgreSQL's are the shortest, Elasticsearch's have no capitals.
func isNamespace(s string) bool {
	return len(s) <= 40 && s != "" && s[0] >= 'a' && s[0] <= 'z' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// config is what the flags and the environment say.
type config struct {
	wire.Settings
	logLevel  string
	logFormat string
	quiet     bool
	baseURL   *url.URL // what users reach `serve` at, where it was said
	profile   string   // where to write a CPU profile
}

// complete fills in what was left to defaults and refuses what cannot be meant.
func (c *config) complete(env func(string) string) error {
	c.fromEnvironment(env)
	if c.Data == "" {
		dir, err := userDataDir(env)
		if err != nil {
			return err
		}
		c.Data = filepath.Join(dir, "relais")
	}
	abs, err := filepath.Abs(c.Data)
	if err != nil {
		return relais.E(relais.KindInvalid, "find data directory", err)
	}
	c.Data = abs
	if c.KeyFile == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return relais.WithHint(relais.E(relais.KindInvalid, "find master key", err), "name it with --key-file")
		}
		c.KeyFile = filepath.Join(dir, "relais", "master.key")
	}
	return c.check()
}

func (c *config) check() error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.logLevel) {
		return relais.Errorf(relais.KindInvalid, "read --log-level", "%q is neither debug, info, warn nor error", c.logLevel)
	}
	if c.logFormat != "text" && c.logFormat != "json" {
		return relais.Errorf(relais.KindInvalid, "read --log-format", "%q is neither text nor json", c.logFormat)
	}
	key, err := filepath.Abs(c.KeyFile)
	if err != nil {
		return relais.E(relais.KindInvalid, "find master key", err)
	}
	if rel, err := filepath.Rel(c.Data, key); err == nil && filepath.IsLocal(rel) {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "find master key", "%s lies under the data directory", key),
			"whoever copies the data must not get the key with it: keep it elsewhere, with --key-file")
	}
	if n := c.Servers(); n != 0 && n != 4 {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "read settings", "%d of --stream, --index, --blobs and --state are set", n),
			"all four name servers, or none does and everything is embedded")
	}
	if !isNamespace(c.Namespace) {
		return relais.Errorf(relais.KindInvalid, "read --namespace", "%q is not made of lower-case letters, digits and -, a letter first", c.Namespace)
	}
	return nil
}

// fromEnvironment takes what no flag says from the environment.
func (c *config) fromEnvironment(env func(string) string) {
	for name, value := range map[string]*string{
		"RELAIS_DATA": &c.Data, "RELAIS_KEY_FILE": &c.KeyFile, "RELAIS_STREAM": &c.Stream, "RELAIS_INDEX": &c.Index,
		"RELAIS_BLOBS": &c.Blobs, "RELAIS_STATE": &c.State, "RELAIS_NAMESPACE": &c.Namespace,
		"RELAIS_PRIVACY_FILE": &c.Privacy,
	} {
		if *value == "" {
			*value = env(name)
		}
	}
	if c.Namespace == "" {
		c.Namespace = "relais"
	}
}

// userDataDir is where programs of a user keep data, by the custom of the system.
func userDataDir(env func(string) string) (string, error) {
	if dir := env("XDG_DATA_HOME"); dir != "" && runtime.GOOS != "windows" {
		return dir, nil
	}
	if runtime.GOOS == "windows" {
		if dir := env("LOCALAPPDATA"); dir != "" {
			return dir, nil
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", relais.WithHint(relais.E(relais.KindInvalid, "find data directory", err), "name it with --data")
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support"), nil
	}
	return filepath.Join(home, ".local", "share"), nil
}
