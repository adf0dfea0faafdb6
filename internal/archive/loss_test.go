package archive

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
	logfile "github.com/relais-archive/relais/internal/stream/sqlite"
)

// lose makes a new log of an archive that is closed: of the old one it has the topics
// that are not lost.
func lose(t *testing.T, dir string, lost []string) {
	t.Helper()
	old, err := logfile.Open(t.Context(), filepath.Join(dir, "log.db"))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	kept, err := logfile.Open(t.Context(), filepath.Join(dir, "new.db"))
	must(err)
	for _, topic := range stream.Topics() {
		if slices.Contains(lost, topic) {
			continue
		}
		ctx, stop := context.WithCancel(t.Context())
		opt := stream.RunOptions{Idle: func(context.Context) error { stop(); return nil }}
		must(old.Run(ctx, "copy", topic, opt, func(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
			records := make([]stream.Record, len(batch))
			for i, m := range batch {
				records[i] = m.Record
			}
			return nil, kept.Append(ctx, topic, records)
		}))
		stop()
	}
	must(errors.Join(old.Close(), kept.Close()))
	for _, name := range []string{"log.db-wal", "log.db-shm"} {
		_ = os.Remove(filepath.Join(dir, name)) // not there once it is closed
	}
	must(os.Rename(filepath.Join(dir, "new.db"), filepath.Join(dir, "log.db")))
}

// TestAdmitLoss: with what topics have left the archive goes on; read again, and with the
// same source captured again, it holds what it held.
func TestAdmitLoss(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		lost  []string
		again bool // every source is to be captured again
	}{
		"nothing":  {nil, false},
		"raw":      {[]string{stream.TopicRaw}, true},
		"enriched": {[]string{stream.TopicEnriched}, false},
		"all":      {stream.Topics(), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			mail := mailbox(t, 5)
			b.ingest(mail)
			want := b.export()
			b.must(b.close())
			lose(t, b.at.dir, tc.lost)
			b = b.at.contracts(t)
			notice, err := AdmitLoss(t.Context(), b.on.State, b.on.Log)
			b.must(err)
			if strings.Contains(notice, "ingest every source again") != tc.again || !tc.again && notice != "" {
				t.Errorf("notice: %q", notice)
			}
			if held, err := pipeline.Held(t.Context(), b.on.State); err != nil || tc.again && held[stream.TopicRaw] != 0 {
				t.Errorf("it remembers %v (%v)", held, err)
			}
			if again, err := AdmitLoss(t.Context(), b.on.State, b.on.Log); err != nil || again != "" && !tc.again {
				t.Errorf("admitted twice: %q, %v", again, err)
			}
			b.must(b.assemble())
			b.reindex(true)
			b.ingest(mail)
			if end, err := b.on.Log.End(t.Context(), stream.TopicRaw); err != nil || pipeline.Records(end) != 6 {
				t.Errorf("stream raw holds %d of 6 items (%v)", pipeline.Records(end), err)
			}
			if got := b.export(); got != want {
				t.Errorf("it held\n%s\nand holds\n%s", want, got)
			}
			b.sound()
		})
	}
}

// rewound is a log that has lost topic "refused", and records who is sent to its start.
type rewound struct {
	stream.Log
	at, end stream.Position
	reset   []string
}

func (l *rewound) Committed(context.Context, string, string) (stream.Position, error) {
	return l.at, nil
}

func (l *rewound) End(context.Context, string) (stream.Position, error) { return l.end, nil }

func (l *rewound) Reset(_ context.Context, group, topic string, to stream.Position) error {
	l.reset = append(l.reset, group+" "+topic)
	l.at = to
	return nil
}

// TestFollowRefused: a group that stands past the end of topic "refused" begins anew.
func TestFollowRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		at, end stream.Position
		reset   bool
	}{
		"at the end":    {stream.Position{0: 4}, stream.Position{0: 4}, false},
		"behind":        {stream.Position{0: 2}, stream.Position{0: 4}, false},
		"past the end":  {stream.Position{0: 5}, stream.Position{0: 4}, true},
		"of none left":  {stream.Position{0: 1}, stream.Position{}, true},
		"never begun":   {stream.Position{}, stream.Position{0: 4}, false},
		"one partition": {stream.Position{0: 1, 1: 3}, stream.Position{0: 4, 1: 2}, true},
	} {
		l := &rewound{at: tc.at, end: tc.end}
		if err := followRefused(t.Context(), l); err != nil || len(l.reset) > 0 != tc.reset {
			t.Errorf("%s: %v, %v", name, l.reset, err)
		}
		if tc.reset && (l.reset[0] != refused.Group+" "+stream.TopicRefused || len(l.at) > 0) {
			t.Errorf("%s: %v to %v", name, l.reset, l.at)
		}
	}
}

// TestLossThatCannotBeAdmitted: what cannot be asked is told, and nothing is forgotten.
func TestLossThatCannotBeAdmitted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 2))
	away := pipeline.LogError("ask", stream.ErrUnavailable)
	for name, log := range map[string]*cutLog{"end": {Log: b.on.Log, end: away}, "position": {Log: b.on.Log, committed: away}} {
		if _, err := AdmitLoss(t.Context(), b.on.State, log); relais.KindOf(err) != relais.KindUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	held := b.setting(pipeline.HeldSetting(stream.TopicRaw))
	b.must(b.on.State.SetMeta(t.Context(), pipeline.HeldSetting(stream.TopicRaw), "many"))
	if _, err := AdmitLoss(t.Context(), b.on.State, b.on.Log); relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("a setting that is no number: %v", err)
	}
	b.must(b.on.State.SetMeta(t.Context(), pipeline.HeldSetting(stream.TopicRaw), held))
	b.sound()
}
