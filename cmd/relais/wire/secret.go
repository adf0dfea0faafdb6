package wire

import (
	"os"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// Secret reads a secret from the environment: the variable itself, or the first line
// of the file that NAME_FILE names. It is never a flag, which every process can read.
func Secret(env func(string) string, name string) (string, error) {
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
