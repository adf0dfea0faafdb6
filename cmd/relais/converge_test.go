package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kills is how often RELAIS_TEST_KILLS says that a process is killed in the tests of
// convergence; few by default, so that they fit into a test run.
func kills(t *testing.T, usual int) int {
	t.Helper()
	value := os.Getenv("RELAIS_TEST_KILLS")
	if value == "" {
		return usual
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestServersKilled ingests a mailbox into a directory at once; and again into servers,
// with two workers of each stage, one of each killed at random moments, as the ingest
// is: both archives export the same bytes, balance, and verify. With RELAIS_CORPUS the
// mail is real.
func TestServersKilled(t *testing.T) {
	settings := serverSettings(t)
	if settings == nil {
		t.Skip("no servers are named")
	}
	mail := filepath.Join(t.TempDir(), "mail")
	if dir := os.Getenv("RELAIS_CORPUS"); dir != "" {
		mail = filepath.Join(dir, "mail")
	} else {
		mailbox(t, mail, 300)
	}
	plain := newProgram(t)
	plain.importClients()
	plain.must(ingestArgs(mail)...)
	want := plain.export()

	p := newProgram(t)
	p.env = settings
	p.importClients()
	workers := [...][2]*worker{{p.worker("enrich"), p.worker("enrich")}, {p.worker("index"), p.worker("index")}}
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	rounds := kills(t, 2)
	t.Logf("seed %d, %d rounds, %s", seed, rounds, fingerprint(want))
	killed := 0
	for range rounds {
		killed += p.killed(t, r, ingestArgs("--wait=false", mail), func() {
			for _, pair := range workers {
				pair[r.IntN(2)].kill()
			}
		})
	}
	t.Logf("%d ingests killed before their end", killed)
	p.must(ingestArgs(mail)...)
	if got := p.export(); got != want {
		t.Errorf("exports differ: %s and %s\n%s", fingerprint(want), fingerprint(got), firstDifference(want, got))
	}
	if a, b := accounts(p), accounts(plain); a != b {
		t.Errorf("accounts differ:\n%s\n%s", a, b)
	}
	p.must("verify", "--read-data")
}

// killed runs a verb and, at a random moment, kills it after what else is to be
// killed; it gives 1 when the verb had not ended by then.
func (p *program) killed(t *testing.T, r *rand.Rand, args []string, also func()) int {
	t.Helper()
	cmd := p.command(args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	time.Sleep(time.Duration(500+r.IntN(4000)) * time.Millisecond)
	also()
	select {
	case <-done:
		return 0
	default:
	}
	_ = cmd.Process.Kill()
	<-done
	return 1
}

// accounts gives the balance of every case.
func accounts(p *program) string {
	p.t.Helper()
	return strings.TrimSpace(p.must("balance", "--json"))
}
