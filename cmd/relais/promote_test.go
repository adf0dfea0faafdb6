package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/stream"
)

// TestPromote copies an embedded archive to servers, killed on the way: the new archive
// opens only when it is whole, holds the same bytes, and goes on with new mail.
func TestPromote(t *testing.T) {
	settings := serverSettings(t)
	if settings == nil {
		t.Skip("no servers are named")
	}
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 200)
	p := newProgram(t)
	p.importClients()
	p.must(ingestArgs(mail)...)
	p.poison(stream.TopicRaw, p.poisons()...)
	p.must(ingestArgs(mail)...)
	if account := accounts(p); !strings.Contains(account, `"apart":4`) {
		t.Errorf("the account tells nothing of refused records: %s", account)
	}
	want, account := p.export(), accounts(p)

	servers := *p // the same key and, for `promote`, the same directory
	servers.env = settings
	for _, after := range []time.Duration{300 * time.Millisecond, time.Second, 3 * time.Second} {
		servers.killedAfter(after, "promote")
	}
	if r := servers.run("search", "prix"); r.code != exitNoArchive && r.code != exitOK {
		t.Errorf("a half-made archive: exit %d\n%s", r.code, r.err)
	}
	if r := servers.run("promote"); r.code != exitOK && !strings.Contains(r.err, "holds an archive already") {
		t.Fatalf("promote: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := servers.run("promote"); r.code != exitError || !strings.Contains(r.err, "holds an archive already") {
		t.Errorf("a second promotion: exit %d\n%s", r.code, r.err)
	}
	servers.worker("all")
	if got := servers.export(); got != want {
		t.Errorf("exports differ: %s", firstDifference(want, got))
	}
	if got := accounts(&servers); got != account {
		t.Errorf("accounts differ:\n%s\n%s", account, got)
	}
	servers.must("verify", "--read-data")
	more := filepath.Join(t.TempDir(), "more")
	mailbox(t, more, 230)
	servers.must(ingestArgs(more)...)
	p.must(ingestArgs(more)...)
	if got := servers.export(); got != p.export() {
		t.Error("new mail makes another archive of it than of the old one")
	}
}

// killedAfter runs a verb and kills it after a while, unless it has ended.
func (p *program) killedAfter(d time.Duration, args ...string) {
	p.t.Helper()
	cmd := p.command(args...)
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	timer := time.AfterFunc(d, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	timer.Stop()
}
