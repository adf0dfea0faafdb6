package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/internal/stream/kafka/kafkatest"
)

// namespace is that of the program's archive on servers.
func (p *program) namespace() string { return p.setting("RELAIS_NAMESPACE") }

// setting gives one of the program's own settings.
func (p *program) setting(name string) string {
	for _, s := range p.env {
		if value, ok := strings.CutPrefix(s, name+"="); ok {
			return value
		}
	}
	return ""
}

func (p *program) brokers() []string {
	return strings.Split(strings.TrimPrefix(p.setting("RELAIS_STREAM"), "kafka://"), ",")
}

// deleteTopics does by hand what no hand should.
func (p *program) deleteTopics(topics ...string) {
	p.t.Helper()
	names := make([]string, len(topics))
	for i, topic := range topics {
		names[i] = p.namespace() + "." + topic
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	if err := kafkatest.DeleteTopics(ctx, p.brokers(), names...); err != nil {
		p.t.Fatal(err)
	}
}

// wantEnd waits until the worker ends by itself, with a code.
func (w *worker) wantEnd(code int) {
	w.p.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	ended := make(chan error, 1)
	go func() { ended <- w.cmd.Wait() }()
	select {
	case <-ended:
		if got := w.cmd.ProcessState.ExitCode(); got != code {
			w.p.t.Errorf("worker %s: exit %d, want %d\n%s", w.name, got, code, w.log.String())
		}
	case <-time.After(2 * time.Minute):
		_ = w.cmd.Process.Kill()
		<-ended
		w.p.t.Errorf("worker %s goes on as if nothing had happened\n%s", w.name, w.log.String())
	}
}

// loseTopics are what may be lost at once.
var loseTopics = map[string][]string{
	"raw": {stream.TopicRaw}, "enriched": {stream.TopicEnriched}, "all": stream.Topics(),
}

// TestTopicsDeletedAtRest deletes topics by hand: every verb says so, workers end, and
// a reindex that admits the loss with an ingest of the same source bring all back.
func TestTopicsDeletedAtRest(t *testing.T) {
	for name, topics := range loseTopics {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			settings := serverSettings(t)
			if settings == nil {
				t.Skip("no servers are named")
			}
			mail := filepath.Join(t.TempDir(), "mail")
			mailbox(t, mail, 40)
			p := &program{t: t, dir: t.TempDir(), env: settings}
			w := &worker{p: p, name: "all"}
			w.start()
			p.must(ingestArgs(mail)...)
			want, accounts := p.export(), accounts(p)
			p.deleteTopics(topics...)
			w.wantEnd(exitDamaged)
			p.wantLossTold(mail)
			p.comesBack(t, want, accounts, mail)
		})
	}
}

// TestTopicsDeletedInMidRun deletes topics while an ingest and the stages use them.
func TestTopicsDeletedInMidRun(t *testing.T) {
	for name, topics := range loseTopics {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			settings := serverSettings(t)
			if settings == nil {
				t.Skip("no servers are named")
			}
			mail := filepath.Join(t.TempDir(), "mail")
			mailbox(t, mail, 300)
			plain := newProgram(t)
			plain.must(ingestArgs(mail)...)
			p := &program{t: t, dir: t.TempDir(), env: settings}
			p.must("case", "create", "Ann")
			w := &worker{p: p, name: "all"}
			w.start()
			ingest := p.command(ingestArgs(mail)...)
			var says bytes.Buffer
			ingest.Stderr = &says
			if err := ingest.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1500 * time.Millisecond)
			p.deleteTopics(topics...)
			_ = ingest.Wait()
			if code := ingest.ProcessState.ExitCode(); code != exitDamaged && code != exitOK {
				t.Errorf("ingest: exit %d\n%s", code, says.String())
			}
			w.wantEnd(exitDamaged)
			p.comesBack(t, plain.export(), accounts(plain), mail)
		})
	}
}

// wantLossTold asks every verb that needs the archive: each ends with 13 and the way out.
func (p *program) wantLossTold(mail string) {
	p.t.Helper()
	for _, args := range [][]string{
		{"search", "prix"}, {"balance"}, {"export", "--format", "jsonl", "--all"}, {"verify"}, {"case", "list"}, {"client", "list"},
		{"refused", "list"}, {"reindex"}, {"worker", "all"}, {"serve", "--listen", "127.0.0.1:0"}, ingestArgs(mail),
	} {
		if r := p.run(args...); r.code != exitDamaged || !strings.Contains(r.err, "--accept-loss") {
			p.t.Errorf("relais %v: exit %d, want %d and the way out\n%s%s", args, r.code, exitDamaged, r.out, r.err)
		}
	}
}

// comesBack mends an archive that has lost topics, while no worker runs, and wants it
// to hold what it held.
func (p *program) comesBack(t *testing.T, want, account, mail string) {
	t.Helper()
	r := p.run("reindex", "--from", "raw", "--accept-loss")
	if r.code != 0 {
		t.Fatalf("reindex: exit %d\n%s%s", r.code, r.out, r.err)
	}
	t.Log(strings.TrimSpace(r.err))
	p.worker("all")
	p.must(ingestArgs(mail)...)
	if got := p.export(); got != want {
		t.Errorf("exports differ: %s and %s\n%s", fingerprint(want), fingerprint(got), firstDifference(want, got))
	}
	if got := accounts(p); got != account {
		t.Errorf("accounts differ:\n%s\n%s", got, account)
	}
	p.must("verify", "--read-data")
}
