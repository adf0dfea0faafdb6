package archive

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// generation gives that of the documents.
func (b *bench) generation() int64 {
	b.t.Helper()
	n, err := b.on.State.Generation(b.t.Context())
	b.must(err)
	return n
}

// setting gives a setting of the archive.
func (b *bench) setting(name string) string {
	b.t.Helper()
	value, err := b.on.State.Meta(b.t.Context(), name)
	b.must(err)
	return value
}

// TestFollowRules: documents that older rules have read are read again, once; an older
// program changes nothing, and what is no number is damage.
func TestFollowRules(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.generation()
	for _, tc := range []struct {
		rules  string
		rises  bool
		left   string
		broken bool
	}{
		{strconv.Itoa(enrich.RulesVersion), false, strconv.Itoa(enrich.RulesVersion), false},
		{strconv.Itoa(enrich.RulesVersion - 1), true, strconv.Itoa(enrich.RulesVersion), false},
		{strconv.Itoa(enrich.RulesVersion + 1), false, strconv.Itoa(enrich.RulesVersion + 1), false},
		{"many", false, "many", true},
	} {
		b.must(b.on.State.SetMeta(t.Context(), rulesSetting, tc.rules))
		ar, err := Open(t.Context(), b.on, alone(), Options{Location: time.UTC, Logger: b.logger})
		if err == nil {
			err = ar.Close()
		}
		if (relais.KindOf(err) == relais.KindDamaged) != tc.broken || err != nil && !tc.broken {
			t.Errorf("rules %s: %v", tc.rules, err)
		}
		if tc.rises {
			first++
		}
		if got := b.generation(); got != first || b.setting(rulesSetting) != tc.left {
			t.Errorf("rules %s: generation %d, want %d; the setting is %q", tc.rules, got, first, b.setting(rulesSetting))
		}
	}
}

// TestQueryHash: one query is one hash in an archive, whoever opens it and whenever, and
// another one in another archive; the query does not stand in it.
func TestQueryHash(t *testing.T) {
	t.Parallel()
	b, other := newBench(t), newBench(t)
	hash := b.Hash("zircon")
	if len(hash) != 32 || hash == b.Hash("zircone") || hash == other.Hash("zircon") {
		t.Errorf("%s, %s, %s", hash, b.Hash("zircone"), other.Hash("zircon"))
	}
	if again := b.beside(shared()).Hash("zircon"); again != hash {
		t.Errorf("beside: %s, not %s", again, hash)
	}
	if b = b.again(nil); b.Hash("zircon") != hash {
		t.Error("opened again, it is another one")
	}
}

// TestMissing: what keeps an archive from serving is named, and logged with its reason.
func TestMissing(t *testing.T) {
	t.Parallel()
	b := newBench(t, with(func(on *Contracts) {
		fine := func(context.Context) error { return nil }
		away := func(context.Context) error { return relais.Errorf(relais.KindUnavailable, "ask", "no answer") }
		on.Parts = []Part{{"state", fine}, {"blobs", away}, {"stream", fine}, {"index", away}}
	}))
	if got := fmt.Sprint(b.Missing(t.Context())); got != "[blobs index]" || strings.Count(b.log.said(), "no answer") != 2 || !strings.Contains(b.log.said(), "part=blobs") {
		t.Errorf("%s; logged %s", got, b.log.said())
	}
}

// TestMetrics: what stages have read and what is left, what was refused, withheld, unread,
// and when a stage of this process last moved.
func TestMetrics(t *testing.T) {
	t.Parallel()
	b := newBench(t, sharing)
	metrics := func() string {
		t.Helper()
		var text strings.Builder
		b.must(b.Metrics(t.Context(), &text))
		return text.String()
	}
	want := func(lines ...string) {
		t.Helper()
		text := metrics()
		for _, line := range lines {
			if !strings.Contains(text, line+"\n") {
				t.Errorf("no %s in\n%s", line, text)
			}
		}
	}
	req := request(council(t))
	req.NoWait = true
	b.must(b.Ingest(t.Context(), req, new(told).emit))
	want(`relais_stage_records_total{stage="enrich"} 0`, `relais_stage_lag{stage="enrich"} 7`, `relais_stage_lag{stage="index"} 0`, "relais_doubtful 0")
	if strings.Contains(metrics(), "last_progress") {
		t.Error("a stage that does not run here has moved here")
	}
	worker := b.beside(shared())
	worker.work(Stages()...)
	b.append(stream.TopicRaw, stream.Record{Key: "poison", Value: []byte("no record")})
	b.must(b.Wait(t.Context(), new(told).emit))
	want(`relais_stage_records_total{stage="enrich"} 8`, `relais_stage_lag{stage="enrich"} 0`, `relais_stage_lag{stage="index"} 0`,
		`relais_stage_records_total{stage="refused"} 1`, "relais_refused 1", "relais_folders_unread 0", "relais_unreadable 0", "relais_partial 0", "relais_doubtful 3")
	b = worker
	if text := metrics(); strings.Count(text, "relais_stage_last_progress_seconds{stage=") != 3 {
		t.Error(text)
	}
}

// full is a writer that takes no more after some bytes.
type full struct{ left int }

func (w *full) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, errors.New("the reader is gone")
	}
	return len(b), nil
}

// TestMetricsOfNoReader: that nobody takes the page is told.
func TestMetricsOfNoReader(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 1))
	var text strings.Builder
	b.must(b.Metrics(t.Context(), &text))
	for left := 0; left < text.Len(); left += 40 {
		if err := b.Metrics(t.Context(), &full{left}); err == nil {
			t.Errorf("after %d bytes: nothing", left)
		}
	}
}
