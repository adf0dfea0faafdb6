package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/internal/stream/streamtest"
)

func TestContract(t *testing.T) {
	streamtest.Test(t, func(t *testing.T) func() (stream.Log, error) {
		path := filepath.Join(t.TempDir(), "log ?#%.db")
		return func() (stream.Log, error) { return Open(t.Context(), path) }
	})
}

func TestNewerFormatIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	l := openLog(t, path)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(path)}).String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE meta SET value = ?`, format+1); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("open: %v, want a refusal", err)
	}
}

func openLog(t testing.TB, path string) *Log {
	t.Helper()
	l, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func record(key, value string) stream.Record {
	return stream.Record{Key: key, Value: []byte(value)}
}

// TestCompactDeletesWhatIsSuperseded, over more than one step, while others append.
func TestCompactDeletesWhatIsSuperseded(t *testing.T) {
	l := openLog(t, filepath.Join(t.TempDir(), "log.db"))
	const keys, rounds = 500, 20
	for round := range rounds {
		var records []stream.Record
		for k := range keys {
			records = append(records, record(fmt.Sprint("d", k), fmt.Sprint(round)))
		}
		if err := l.Append(t.Context(), stream.TopicEnriched, records); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Append(t.Context(), stream.TopicEnriched, []stream.Record{{Key: "d0"}}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for range 50 {
			if err := l.Append(t.Context(), stream.TopicEnriched, []stream.Record{record("busy", "x")}); err != nil {
				t.Error(err)
			}
		}
	})
	if err := l.Compact(t.Context(), stream.TopicEnriched); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if err := l.Compact(t.Context(), stream.TopicEnriched); err != nil {
		t.Fatal(err)
	}
	batch, err := l.scan(t.Context(), stream.TopicEnriched, 0, 10_000, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if len(batch) != keys+1 {
		t.Errorf("%d records are left, want %d", len(batch), keys+1)
	}
	for _, m := range batch {
		want := fmt.Sprint(rounds - 1)
		switch m.Key {
		case "d0":
			want = ""
		case "busy":
			want = "x"
		}
		if string(m.Value) != want {
			t.Errorf("%s: value %q, want %q", m.Key, m.Value, want)
		}
	}
}

// TestOtherProcess: what a second opening of the file appends is found by polling.
func TestOtherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	reader, other := openLog(t, path), openLog(t, path)
	got := make(chan string, 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- reader.Run(ctx, "g", stream.TopicRaw, stream.RunOptions{}, func(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
			got <- string(batch[0].Value)
			return nil, nil
		})
	}()
	time.Sleep(50 * time.Millisecond)
	if err := other.Append(t.Context(), stream.TopicRaw, []stream.Record{record("k", "from outside")}); err != nil {
		t.Fatal(err)
	}
	select {
	case v := <-got:
		if v != "from outside" {
			t.Errorf("got %q", v)
		}
	case <-time.After(10 * poll):
		t.Error("nothing came")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestWaitersShareATransaction: appends that wait while another commits are made
// durable by one commit; one that was given up is not made at all.
func TestWaitersShareATransaction(t *testing.T) {
	l := openLog(t, filepath.Join(t.TempDir(), "log.db"))
	release := hold(t, l.writer) // somebody commits
	ctx, cancel := context.WithCancel(t.Context())
	given := make(chan error, 1)
	go func() { given <- l.Append(ctx, stream.TopicRaw, []stream.Record{record("k", "given up")}) }()
	waitFor(t, l.writer, 1)
	cancel()
	if err := <-given; !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v, want canceled", err)
	}
	var all sync.WaitGroup
	transactions := map[*sql.Tx]int{}
	for range 5 {
		all.Go(func() {
			insert := func(ctx context.Context, tx *sql.Tx) error {
				transactions[tx]++
				return l.writer.insertAll(ctx, tx, stream.TopicRaw, []stream.Record{record("k", "v")})
			}
			if err := l.writer.do(t.Context(), job{topic: stream.TopicRaw, apply: insert}); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(t, l.writer, 5)
	release()
	all.Wait()
	if len(transactions) != 1 {
		t.Errorf("%d transactions", len(transactions))
	}
	end, err := l.End(t.Context(), stream.TopicRaw)
	if err != nil || end[0] != 5 {
		t.Errorf("end %v, error %v; want 5", end, err)
	}
}

// hold keeps everybody from committing until the function it gives is called.
func hold(t *testing.T, w *writer) (release func()) {
	t.Helper()
	held, end := make(chan struct{}), make(chan struct{})
	go func() { _ = w.queue.Alone(func() error { close(held); <-end; return nil }) }()
	<-held
	release = sync.OnceFunc(func() { close(end) })
	t.Cleanup(release)
	return release
}

func waitFor(t *testing.T, w *writer, n int) {
	t.Helper()
	for range 1000 {
		if w.queue.Waiting() == n {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("not %d waiting", n)
}

// TestLargeTransactionsAreCut: what waits beyond the bound goes with the next one.
func TestLargeTransactionsAreCut(t *testing.T) {
	l := openLog(t, filepath.Join(t.TempDir(), "log.db"))
	release := hold(t, l.writer)
	var all sync.WaitGroup
	var order []*sql.Tx
	const half = maxShared / 2
	for i, size := range []int{half, half, half, half, half, 2 * maxShared, 0} {
		all.Go(func() {
			apply := func(_ context.Context, tx *sql.Tx) error { order = append(order, tx); return nil }
			if err := l.writer.do(t.Context(), job{size: size, apply: apply}); err != nil {
				t.Error(err)
			}
		})
		waitFor(t, l.writer, i+1) // they come in this order
	}
	release()
	all.Wait()
	var sizes []int
	for i, tx := range order {
		if i == 0 || tx != order[i-1] {
			sizes = append(sizes, 0)
		}
		sizes[len(sizes)-1]++
	}
	if want := []int{2, 2, 1, 1, 1}; !slices.Equal(sizes, want) {
		t.Errorf("transactions of %v jobs, want %v", sizes, want)
	}
}

func TestFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	l := openLog(t, path)
	if err := l.Append(t.Context(), stream.TopicRaw, []stream.Record{record("k", "v")}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(name), info.Mode())
		}
	}
}

func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, garbage, filepath.Join(dir, "no", "log.db")} {
		if l, err := Open(t.Context(), path); err == nil {
			t.Errorf("%s: opened", filepath.Base(path))
			_ = l.Close()
		}
	}
}

// TestFailedCommitReadsAgain: after it, the feed starts at the committed position.
func TestFailedCommitReadsAgain(t *testing.T) {
	l := openLog(t, filepath.Join(t.TempDir(), "log.db"))
	if err := l.Append(t.Context(), stream.TopicRaw, []stream.Record{record("a", "0"), record("b", "1")}); err != nil {
		t.Fatal(err)
	}
	f := &feed{log: l, group: "g", topic: stream.TopicRaw}
	for _, want := range []int64{0, 0} {
		batch, err := f.Next(t.Context(), 1, 1<<20)
		if err != nil || len(batch) != 1 || batch[0].Offset != want {
			t.Fatalf("batch %v, error %v; want offset %d", batch, err, want)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		release := hold(t, l.writer) // somebody commits: this one cannot
		if err := f.Commit(ended, batch); err == nil {
			t.Error("committed")
		}
		release()
	}
}

// TestCommitsAreSynced: a kill proves nothing about a power cut, the settings do.
func TestCommitsAreSynced(t *testing.T) {
	l := openLog(t, filepath.Join(t.TempDir(), "log.db"))
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal"} {
		var got string
		if err := l.file.Write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, error %v; want %q", pragma, got, err, want)
		}
	}
	var got string
	if err := l.file.Read.QueryRowContext(t.Context(), "PRAGMA query_only").Scan(&got); err != nil || got != "1" {
		t.Errorf("readers: query_only is %q, error %v; want 1", got, err)
	}
}
