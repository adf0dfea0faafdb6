package enrich_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// deadly is an extractor that ends its process over one text, so many times: what called
// it never comes back, and does nothing more.
type deadly struct {
	extract.Extractor
	mu    sync.Mutex
	left  int
	died  chan struct{}
	over  chan struct{} // closed at the end of the test
	alive sync.WaitGroup
}

func (d *deadly) Extract(ctx context.Context, in extract.Input) (extract.Result, error) {
	b, err := io.ReadAll(io.NewSectionReader(in.Body, 0, in.Size))
	if err != nil {
		return extract.Result{}, err
	}
	d.mu.Lock()
	dies := strings.Contains(string(b), "mortel") && d.left > 0
	if dies {
		d.left--
	}
	d.mu.Unlock()
	if dies {
		d.died <- struct{}{}
		<-d.over
		return extract.Result{}, errors.New("of a process that is no more")
	}
	return d.Extractor.Extract(ctx, in)
}

// live has one worker after another handle a batch until one lives through it, and gives
// the number of those that died.
func (b *bench) live(d *deadly, batch []stream.Message) (deaths int) {
	b.t.Helper()
	for ; ; deaths++ {
		s, err := enrich.NewStage(b.t.Context(), enrich.Deps{Log: b, Blobs: b.blobs, State: b.db, Extractor: d, Limits: format.DefaultLimits(),
			Logger: slog.New(slog.DiscardHandler), Clock: time.Now, Workers: 2})
		if err != nil {
			b.t.Fatal(err)
		}
		handle := s.Watched(fmt.Sprintf("worker %d", deaths))
		ended := make(chan error, 1)
		d.alive.Go(func() {
			refused, err := handle(b.t.Context(), batch)
			if len(refused) > 0 {
				err = errors.Join(err, errors.New("a record was refused"))
			}
			ended <- err
		})
		select {
		case err := <-ended:
			if err != nil {
				b.t.Fatal(err)
			}
			return deaths
		case <-d.died:
		}
	}
}

// TestWorkersThatDie: a batch during which a worker died is read record by record; the
// record that ends a worker alone as well, twice, is refused with that reason, and the
// others are read. A worker that was killed for another reason costs no record.
func TestWorkersThatDie(t *testing.T) {
	for _, tc := range []struct {
		kills, deaths int
		refused       int64
	}{{1, 1, 0}, {2, 2, 0}, {100, 3, 1}} {
		t.Run(fmt.Sprint(tc.kills), func(t *testing.T) {
			b := newBench(t)
			d := &deadly{Extractor: extract.NewInProcess(format.DefaultLimits()), left: tc.kills, died: make(chan struct{}), over: make(chan struct{})}
			defer d.alive.Wait()
			defer close(d.over)
			var batch []stream.Message
			for i := range 6 {
				text := "des mots"
				if i == 3 {
					text = "mortel"
				}
				m := b.capture(mail{"INBOX", fmt.Sprint(i), message(fmt.Sprintf("m%d@acme.example", i), "bob@acme.example", owner, fmt.Sprintf("Sujet %d", i),
					"Mon, 2 Mar 2026 09:00:00 +0000", "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n",
					"--b\r\n\r\nBonjour\r\n"+part("text/plain", "Content-Disposition: attachment; filename=t.txt\r\n", text)+"--b--")})
				m.Topic, m.Offset = stream.TopicRaw, int64(i)
				batch = append(batch, m)
			}
			if deaths := b.live(d, batch); deaths != tc.deaths {
				t.Errorf("%d workers died", deaths)
			}
			want := relais.Counts{Seen: 6, Stored: 6 - tc.refused, Refused: tc.refused}
			var reasons []relais.ReasonCount
			if tc.refused > 0 {
				reasons = []relais.ReasonCount{{Code: "reader_killed", Count: tc.refused}}
			}
			b.accounts(want, reasons...)
			if deaths := b.live(d, batch); deaths != 0 {
				t.Errorf("%d workers died of what was handled", deaths)
			}
		})
	}
}

// TestWorkerThatFails: a batch that fails while its worker lives leaves no suspicion.
func TestWorkerThatFails(t *testing.T) {
	b := newBench(t)
	m := b.capture(mail{"INBOX", "1", message("m1@acme.example", "bob@acme.example", owner, "Un", "Mon, 2 Mar 2026 09:00:00 +0000", "", "Bonjour")})
	b.fail = func(int) error { return errors.New("the log is away") }
	s := b.stage()
	if _, err := s.Watched("a")(t.Context(), []stream.Message{m}); err == nil {
		t.Fatal("nothing failed")
	}
	left, err := b.db.Underway(t.Context(), s.Group())
	if err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}
