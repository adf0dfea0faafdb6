package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/audit/audittest"
	"github.com/relais-archive/relais/internal/postgres/postgrestest"
	"github.com/relais-archive/relais/internal/relais"
)

func TestFileSuite(t *testing.T) {
	audittest.Test(t, func(t *testing.T) audittest.Storage { return inFile(filepath.Join(t.TempDir(), "audit.log")) })
}

// TestPostgres runs on the server that RELAIS_TEST_POSTGRES names.
func TestPostgres(t *testing.T) {
	storage := func(t *testing.T) audittest.Storage { return newSchema(t) }
	audittest.Test(t, storage)
	audittest.TestShared(t, storage)
}

type inFile string

func (f inFile) Open(_ context.Context, now func() time.Time) (audit.Log, error) {
	return audit.OpenFile(string(f), now)
}

func (f inFile) Records(t *testing.T) (list []audittest.Record) {
	b, err := os.ReadFile(string(f))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		var l struct {
			Hash string
			Link json.RawMessage
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		list = append(list, audittest.Record{Hash: l.Hash, Link: string(l.Link)})
	}
	return list
}

func (f inFile) Rewrite(t *testing.T, records []audittest.Record) {
	var b strings.Builder
	for _, r := range records {
		b.WriteString(`{"hash":"` + r.Hash + `","link":` + r.Link + "}\n")
	}
	if err := os.WriteFile(string(f), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

type inSchema struct{ url, namespace string }

func newSchema(t testing.TB) inSchema {
	url := postgrestest.URL(t)
	return inSchema{url, postgrestest.Schema(t, url)}
}

func (s inSchema) Open(ctx context.Context, now func() time.Time) (audit.Log, error) {
	return s.open(ctx, now)
}

func (s inSchema) open(ctx context.Context, now func() time.Time) (*audit.Postgres, error) {
	return audit.OpenPostgres(ctx, audit.PostgresOptions{URL: s.url, Namespace: s.namespace}, now)
}

func (s inSchema) conn(t *testing.T) *pgx.Conn {
	c, err := pgx.Connect(t.Context(), s.url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(t.Context(), `SET search_path = `+s.namespace); err != nil {
		t.Fatal(err)
	}
	return c
}

func (s inSchema) Records(t *testing.T) (list []audittest.Record) {
	c := s.conn(t)
	defer c.Close(t.Context()) //nolint:errcheck // a test's
	rows, err := c.Query(t.Context(), `SELECT encode(hash, 'hex'), convert_from(link, 'UTF8') FROM audit_entries ORDER BY seq`)
	if err != nil {
		t.Fatal(err)
	}
	list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[audittest.Record])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (s inSchema) Rewrite(t *testing.T, records []audittest.Record) {
	c := s.conn(t)
	defer c.Close(t.Context()) //nolint:errcheck // a test's
	if _, err := c.Exec(t.Context(), `DELETE FROM audit_entries`); err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		if _, err := c.Exec(t.Context(), `INSERT INTO audit_entries VALUES ($1, decode($2, 'hex'), convert_to($3, 'UTF8'))`,
			i+1, r.Hash, r.Link); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPostgresTampering changes rows in the ways that only a table has.
func TestPostgresTampering(t *testing.T) {
	for name, statement := range map[string]string{
		"a row taken out":             `DELETE FROM audit_entries WHERE seq = 3`,
		"the last taken out":          `DELETE FROM audit_entries WHERE seq = 6`,
		"all taken out":               `DELETE FROM audit_entries`,
		"a row moved to the end":      `UPDATE audit_entries SET seq = 7 WHERE seq = 3`,
		"a row before the first":      `INSERT INTO audit_entries SELECT 0, hash, link FROM audit_entries WHERE seq = 1`,
		"a row after the last":        `INSERT INTO audit_entries SELECT 7, hash, link FROM audit_entries WHERE seq = 6`,
		"a hash":                      `UPDATE audit_entries SET hash = sha256(hash) WHERE seq = 2`,
		"a hash of another length":    `UPDATE audit_entries SET hash = hash || hash WHERE seq = 2`,
		"the head":                    `UPDATE audit_head SET hash = sha256(hash)`,
		"the head moved back":         `UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit_entries WHERE seq = 5)`,
		"the head and the last":       `UPDATE audit_head SET seq = 7`,
		"no head":                     `DELETE FROM audit_head`,
		"a link of other white space": `UPDATE audit_entries SET link = link || ' '::bytea WHERE seq = 2`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSchema(t)
			l := audittest.Open(t, s)
			audittest.Fill(t, l, 6)
			c := s.conn(t)
			defer c.Close(t.Context()) //nolint:errcheck // a test's
			if _, err := c.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
			if err := l.Verify(t.Context()); relais.KindOf(err) != relais.KindDamaged {
				t.Errorf("verify: %v, want damage", err)
			}
		})
	}
}

// TestDamagedEndTakesNoEntry: nothing is disclosed on the word of a log that cannot
// be gone on with.
func TestDamagedEndTakesNoEntry(t *testing.T) {
	for _, statement := range []string{
		`DELETE FROM audit_entries WHERE seq = 2`, `UPDATE audit_entries SET hash = sha256(hash)`, `DELETE FROM audit_head`,
		`INSERT INTO audit_entries SELECT 3, hash, link FROM audit_entries WHERE seq = 2`,
	} {
		s := newSchema(t)
		l := audittest.Open(t, s)
		audittest.Fill(t, l, 2)
		c := s.conn(t)
		if _, err := c.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if err := l.Append(t.Context(), audittest.Entry(3)); relais.KindOf(err) != relais.KindDamaged {
			t.Errorf("%s: append: %v, want damage", statement, err)
		}
		_ = c.Close(t.Context())
	}
}

// TestHolderDies: the connection that holds the sequencer's lease is ended again and
// again; what was acknowledged stands, in one chain, and the others go on.
func TestHolderDies(t *testing.T) {
	s := newSchema(t)
	logs := []audit.Log{audittest.Open(t, s), audittest.Open(t, s)}
	// A holder that stands still in mid-transaction, as a stopped process does.
	held := s.conn(t)
	if _, err := held.Exec(t.Context(), `BEGIN; SELECT seq FROM audit_head FOR UPDATE; SET application_name = 'relais/`+s.namespace+`'`); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	failures := 0
	var all sync.WaitGroup
	for w := range 6 {
		all.Go(func() {
			for i := range 30 {
				e := audittest.Entry(100*w + i)
				err := logs[w%2].Append(t.Context(), e)
				mu.Lock()
				switch {
				case err == nil:
					acknowledged[e.Objects[0]] = true
				case relais.Retryable(err):
					failures++
				default:
					t.Errorf("append: %v", err)
				}
				mu.Unlock()
			}
		})
	}
	for range 8 {
		postgrestest.Kill(t, s.url, s.namespace)
	}
	all.Wait()
	audittest.Fill(t, logs[0], 1)
	audittest.Fill(t, logs[1], 1)
	for _, e := range audittest.Read(t, logs[1], 1) {
		delete(acknowledged, e.Objects[0])
	}
	if len(acknowledged) > 0 || failures == 0 {
		t.Errorf("%d acknowledged entries are gone, %d appends failed", len(acknowledged), failures)
	}
	if err := logs[0].Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestCopy: a file's chain goes on in a table, whenever the copy was stopped.
func TestCopy(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "audit.log")
	file, err := audit.OpenFile(path, audittest.Clock)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // a test's
	audittest.Fill(t, file, 600)
	s := newSchema(t)
	log, err := s.open(ctx, audittest.Clock)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() //nolint:errcheck // a test's
	stopped, stop := context.WithCancel(ctx)
	if err := audit.Copy(stopped, file, log, func(int64) { stop() }); relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("stopped: %v", err)
	}
	if n := len(s.Records(t)); n == 0 || n == 600 {
		t.Errorf("%d of 600 were copied when it was stopped", n)
	}
	audittest.Fill(t, file, 1)
	for range 2 {
		var last int64
		if err := audit.Copy(ctx, file, log, func(n int64) { last = n }); err != nil || last != 601 {
			t.Fatalf("copied up to %d: %v", last, err)
		}
	}
	if diff := cmp.Diff(inFile(path).Records(t), s.Records(t)); diff != "" {
		t.Errorf("another chain (-file +table):\n%s", diff)
	}
	audittest.Fill(t, log, 1)
	if err := log.Verify(ctx); err != nil {
		t.Error(err)
	}
	if err := audit.Copy(ctx, file, log, func(int64) {}); relais.KindOf(err) != relais.KindConflict {
		t.Errorf("a log with entries of its own: %v, want a conflict", err)
	}
}

func BenchmarkPostgres(b *testing.B) {
	l, err := newSchema(b).open(b.Context(), audittest.Clock)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // a benchmark's
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range b.N/16 + 1 {
				if err := l.Append(b.Context(), audittest.Entry(1)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}
