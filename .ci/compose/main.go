// Command compose checks what the schema of a compose file cannot say: compose SECRETS,
// with the project on standard input as compose-go prints it in JSON. SECRETS is the
// directory that deploy/compose-secrets filled.
//
// Every service gives up what a container need not have; what it names is there; what
// it publishes is on loopback; no secret is in its environment.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

type project struct {
	Services map[string]service
	Secrets  map[string]struct{ File string }
}

type service struct {
	Build       json.RawMessage
	Image       string
	Privileged  bool
	ReadOnly    bool     `json:"read_only"`
	CapAdd      []string `json:"cap_add"`
	CapDrop     []string `json:"cap_drop"`
	SecurityOpt []string `json:"security_opt"`
	Environment map[string]*string
	Secrets     []struct{ Source string }
	Healthcheck *struct{ Test []string }
	DependsOn   map[string]struct{ Condition string } `json:"depends_on"`
	Ports       []struct {
		HostIP string `json:"host_ip"`
	}
}

// writable are the services whose image writes beside its program as it starts.
var writable = []string{"elasticsearch"}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: compose SECRETS < project.json")
		os.Exit(2)
	}
	var p project
	if err := json.NewDecoder(os.Stdin).Decode(&p); err != nil {
		fmt.Fprintln(os.Stderr, "compose:", err)
		os.Exit(1)
	}
	faults := append(p.services(), p.secrets(os.Args[1])...)
	for _, f := range faults {
		fmt.Fprintln(os.Stderr, "compose:", f)
	}
	if len(faults) > 0 {
		os.Exit(1)
	}
	fmt.Printf("compose: %d services, %d secrets\n", len(p.Services), len(p.Secrets))
}

// services gives the faults of each, in the order of their names.
func (p project) services() (faults []string) {
	for name, s := range p.Services {
		say := func(bad bool, format string, args ...any) {
			if bad {
				faults = append(faults, name+" "+fmt.Sprintf(format, args...))
			}
		}
		say(s.Privileged || len(s.CapAdd) > 0, "asks for privileges")
		say(!slices.Contains(s.CapDrop, "ALL"), "keeps capabilities: cap_drop ALL")
		say(!slices.Contains(s.SecurityOpt, "no-new-privileges:true"), "may gain privileges")
		say(s.ReadOnly == slices.Contains(writable, name), "has a root file system that is not as listed (read-only)")
		say(s.Image == "" || s.Build == nil && !strings.Contains(s.Image, ":"), "has no image of a given version")
		for _, port := range s.Ports {
			say(port.HostIP != "127.0.0.1", "publishes a port beyond loopback")
		}
		for v := range s.Environment {
			secret := strings.Contains(v, "PASSWORD") || strings.Contains(v, "SECRET") || strings.Contains(v, "API_KEY")
			say(secret && !strings.HasSuffix(v, "_FILE"), "has %s in its environment: by a file", v)
		}
		for on, d := range s.DependsOn {
			say(d.Condition == "service_healthy" && p.Services[on].Healthcheck == nil, "waits for %s, which has no healthcheck", on)
		}
	}
	slices.Sort(faults)
	return faults
}

// secrets gives those that are named and not declared, declared and not used, or that
// deploy/compose-secrets does not make.
func (p project) secrets(dir string) (faults []string) {
	used := map[string]bool{}
	for name, s := range p.Services {
		for _, secret := range s.Secrets {
			used[secret.Source] = true
			if _, ok := p.Secrets[secret.Source]; !ok {
				faults = append(faults, fmt.Sprintf("%s names a secret %s that is not declared", name, secret.Source))
			}
		}
	}
	for name, s := range p.Secrets {
		if !used[name] {
			faults = append(faults, "nobody uses the secret "+name)
		}
		if _, err := os.Stat(filepath.Join(dir, filepath.Base(s.File))); err != nil {
			faults = append(faults, fmt.Sprintf("compose-secrets does not make %s: %v", name, err))
		}
	}
	slices.Sort(faults)
	return faults
}
