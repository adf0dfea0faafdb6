package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// isNamespace tells the names that topics, indices, schemas and object keys all may
// begin with: PostgreSQL's are the shortest, Elasticsearch's have no capitals.
func isNamespace(s string) bool {
	return len(s) <= 40 && s != "" && s[0] >= 'a' && s[0] <= 'z' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// config is what the flags and the environment say.
type config struct {
	data      string // the archive's directory
	keyFile   string // the master key, never under data
	stream    string // kafka://host:port,…
	index     string // https://host:9200
	blobs     string // s3://bucket?endpoint=…
	state     string // postgres://host/db
	namespace string // prefixes topics, indices, keys and schemas
	logLevel  string
	logFormat string
	quiet     bool
	privacy   string // a company's own words of privacy; "" for privacy.txt in data, if it is there
	bulk      bool   // packs are read from one end to the other, not here and there
	repair    bool   // go on with what is left of a log that has lost records
	profile   string // where to write a CPU profile, for who looks for lost time
}

// complete fills in what was left to defaults and refuses what cannot be meant.
func (c *config) complete(env func(string) string) error {
	c.fromEnvironment(env)
	if c.data == "" {
		dir, err := userDataDir(env)
		if err != nil {
			return err
		}
		c.data = filepath.Join(dir, "relais")
	}
	abs, err := filepath.Abs(c.data)
	if err != nil {
		return relais.E(relais.KindInvalid, "find data directory", err)
	}
	c.data = abs
	if c.keyFile == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return relais.WithHint(relais.E(relais.KindInvalid, "find master key", err), "name it with --key-file")
		}
		c.keyFile = filepath.Join(dir, "relais", "master.key")
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
	key, err := filepath.Abs(c.keyFile)
	if err != nil {
		return relais.E(relais.KindInvalid, "find master key", err)
	}
	if rel, err := filepath.Rel(c.data, key); err == nil && !strings.HasPrefix(rel, "..") {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "find master key", "%s lies under the data directory", key),
			"whoever copies the data must not get the key with it: keep it elsewhere, with --key-file")
	}
	if n := c.servers(); n != 0 && n != 4 {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "read settings", "%d of --stream, --index, --blobs and --state are set", n),
			"all four name servers, or none does and everything is embedded")
	}
	if !isNamespace(c.namespace) {
		return relais.Errorf(relais.KindInvalid, "read --namespace", "%q is not made of lower-case letters, digits and -, a letter first", c.namespace)
	}
	return nil
}

// fromEnvironment takes what no flag says from the environment.
func (c *config) fromEnvironment(env func(string) string) {
	for name, value := range map[string]*string{
		"RELAIS_DATA": &c.data, "RELAIS_KEY_FILE": &c.keyFile, "RELAIS_STREAM": &c.stream, "RELAIS_INDEX": &c.index,
		"RELAIS_BLOBS": &c.blobs, "RELAIS_STATE": &c.state, "RELAIS_NAMESPACE": &c.namespace,
		"RELAIS_PRIVACY_FILE": &c.privacy,
	} {
		if *value == "" {
			*value = env(name)
		}
	}
	if c.namespace == "" {
		c.namespace = "relais"
	}
}

// servers counts the settings that name a server.
func (c *config) servers() int {
	n := 0
	for _, s := range []string{c.stream, c.index, c.blobs, c.state} {
		if s != "" {
			n++
		}
	}
	return n
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

// secret reads a secret from the environment: the variable itself, or the first line
// of the file that NAME_FILE names. It is never a flag, which every process can read.
func secret(env func(string) string, name string) (string, error) {
	file := env(name + "_FILE")
	if file == "" {
		return env(name), nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", relais.E(relais.KindInvalid, "read "+name+"_FILE", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimRight(line, "\r"), nil
}
