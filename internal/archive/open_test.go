package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/local"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
	logfile "github.com/relais-archive/relais/internal/stream/sqlite"
	"github.com/relais-archive/relais/search"
	index "github.com/relais-archive/relais/search/sqlite"
)

// bench is an archive of a test, in a directory of the test's own.
type bench struct {
	*Archive
	t       *testing.T
	on      Contracts
	log     *lineLog // what the archive logs
	at      place
	closers []func() error
}

// place is what a bench opens, and how.
type place struct {
	dir     string
	shelf   *shelf
	policy  Policy
	privacy PrivacyFile
	linger  time.Duration
	twins   func(*Contracts) // puts twins in the place of contracts
}

// alone is the policy of an archive in a directory: everything runs in one process.
func alone() Policy { return Policy{Inside: pipeline.All()} }

// shared is the policy of an archive on servers: workers run the stages.
func shared() Policy { return Policy{Shared: true} }

// newBench makes an archive; how may change what is opened.
func newBench(t *testing.T, how ...func(*place)) *bench {
	t.Helper()
	p := newPlace(t)
	for _, fn := range how {
		fn(&p)
	}
	b, err := p.open(t)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// newPlace is where an archive may be made.
func newPlace(t *testing.T) place {
	dir := t.TempDir()
	return place{dir: dir, policy: alone(), shelf: &shelf{dir: dir, open: map[int]*shelved{}}}
}

// with puts twins in the place of contracts.
func with(fn func(*Contracts)) func(*place) { return func(p *place) { p.twins = fn } }

// sharing opens an archive as several processes would have it.
func sharing(p *place) { p.policy = shared() }

// open opens the archive of a place, or makes it. It is closed with the test.
func (p place) open(t *testing.T) (*bench, error) {
	t.Helper()
	b := p.contracts(t)
	return b, b.assemble()
}

// contracts opens what the archive of a place rests on.
func (p place) contracts(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, at: p, log: &lineLog{}}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	b.must(b.openContracts(t.Context()))
	return b
}

// assemble makes the archive of contracts that are open.
func (b *bench) assemble() (err error) {
	if b.at.twins != nil {
		b.at.twins(&b.on)
	}
	b.Archive, err = Open(b.t.Context(), b.on, b.at.policy, Options{
		Location: time.UTC, Privacy: b.at.privacy, Logger: slog.New(slog.NewTextHandler(b.log, nil)),
	})
	if err == nil {
		b.closers = append(b.closers, b.Archive.Close)
	}
	return err
}

// openContracts opens what an archive in a directory rests on.
func (b *bench) openContracts(ctx context.Context) (err error) {
	path := func(name string) string { return filepath.Join(b.at.dir, name) }
	_, err = os.Stat(path("state.db"))
	fresh := err != nil
	master, err := seal.LoadMaster(path("master.key"))
	if err != nil {
		master, err = seal.CreateMaster(path("master.key"))
	}
	b.must(err)
	b.on.Keys, err = seal.OpenSQLite(ctx, path("keys.db"), master)
	b.closing(b.on.Keys.Close, err)
	b.on.State, err = state.OpenSQLite(ctx, path("state.db"))
	b.closing(b.on.State.Close, err)
	packs, err := local.Open(path("packs"))
	b.closing(packs.Close, err)
	b.on.Backend, b.on.Blobs = packs, blob.New(packs, b.on.Keys, b.on.State, blob.Options{})
	log, err := logfile.Open(ctx, path("log.db"))
	b.closing(log.Close, err)
	b.on.Log = pipeline.Kinded(log)
	written, err := audit.OpenFile(path("audit.log"), time.Now)
	b.closing(written.Close, err)
	b.on.Audit, b.on.Extractor = written, extract.NewInProcess(format.DefaultLimits())
	b.closing(b.on.Extractor.Close, nil)
	if b.on.Index, err = OpenGenerations(ctx, b.on.State, b.at.shelf, fresh, b.at.linger); err == nil {
		b.closing(b.on.Index.Close, nil)
	}
	return err
}

// closing has something closed with the bench, which must have opened.
func (b *bench) closing(end func() error, err error) {
	b.t.Helper()
	b.must(err)
	b.closers = append(b.closers, end)
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err, relais.HintOf(err))
	}
}

// close lets everything go, last opened first.
func (b *bench) close() error {
	var errs []error
	for _, end := range slices.Backward(b.closers) {
		errs = append(errs, end())
	}
	b.closers = nil
	return errors.Join(errs...)
}

// again closes the archive, lets something happen to its files, and opens it.
func (b *bench) again(meanwhile func(dir string)) *bench {
	b.t.Helper()
	b.must(b.close())
	if meanwhile != nil {
		meanwhile(b.at.dir)
	}
	next, err := b.at.open(b.t)
	b.must(err)
	return next
}

// beside opens the same archive as one more process would: on the same contracts, with
// an index in use of its own.
func (b *bench) beside(policy Policy) *bench {
	b.t.Helper()
	other := &bench{t: b.t, at: b.at, on: b.on, log: &lineLog{}}
	other.at.policy, other.at.twins = policy, nil
	b.t.Cleanup(func() {
		if err := other.close(); err != nil {
			b.t.Error(err)
		}
	})
	var err error
	other.on.Index, err = OpenGenerations(b.t.Context(), b.on.State, b.at.shelf, false, b.at.linger)
	b.must(err)
	other.closing(other.on.Index.Close, nil)
	b.must(other.assemble())
	return other
}

// work runs stages as a worker does, until stop is called.
func (b *bench) work(stages ...string) (stop func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Work(ctx, stages) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Errorf("a worker ended with %v", err)
		}
	})
	b.closers = append(b.closers, func() error { stop(); return nil })
	return stop
}

// lineLog is what an archive logs.
type lineLog struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write adds a line.
func (l *lineLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lineLog) said() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// shelf keeps indexes by number, as a server does: one is open once, for all who ask.
type shelf struct {
	dir   string
	fault error // of Drop

	mu      sync.Mutex
	open    map[int]*shelved
	dropped []int
}

// shelved is an index on a shelf, as one process has it.
type shelved struct {
	*index.Index
	shelf  *shelf
	number int
	users  *int
}

// Path gives the file of an index.
func (s *shelf) path(n int) string { return filepath.Join(s.dir, fmt.Sprintf("index-%d.db", n)) }

// Open opens the index of a number.
func (s *shelf) Open(ctx context.Context, n int, fresh bool) (search.Index, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.open[n]; held != nil {
		*held.users++
		return held, nil
	}
	if _, err := os.Stat(s.path(n)); err != nil && !fresh {
		return nil, relais.E(relais.KindDamaged, "open index", err)
	}
	x, err := index.Open(ctx, s.path(n), index.Options{})
	if err != nil {
		return nil, err
	}
	users := 1
	s.open[n] = &shelved{x, s, n, &users}
	return s.open[n], nil
}

// Close lets the index go, once nobody has it any more.
func (x *shelved) Close() error {
	x.shelf.mu.Lock()
	defer x.shelf.mu.Unlock()
	*x.users--
	if *x.users > 0 || x.shelf.open[x.number] != x {
		return nil
	}
	delete(x.shelf.open, x.number)
	return x.Index.Close()
}

// Drop removes the index of a number.
func (s *shelf) Drop(_ context.Context, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return s.fault
	}
	if held := s.open[n]; held != nil {
		delete(s.open, n)
		if err := held.Index.Close(); err != nil {
			return err
		}
	}
	if _, err := os.Stat(s.path(n)); err == nil {
		s.dropped = append(s.dropped, n)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(s.path(n) + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// told is what an archive said of its work.
type told struct {
	mu   sync.Mutex
	list []relais.Event
}

func (e *told) emit(ev relais.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, ev)
}

// of gives the events of a type.
func (e *told) of(kind string) (list []relais.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ev := range e.list {
		if ev.Type == kind {
			list = append(list, ev)
		}
	}
	return list
}

// details gives what the events of a type say.
func (e *told) details(kind string) (list []string) {
	for _, ev := range e.of(kind) {
		list = append(list, ev.Detail)
	}
	return list
}

// says tells whether an event of a type says something.
func (e *told) says(kind, what string) bool {
	return slices.ContainsFunc(e.details(kind), func(s string) bool { return strings.Contains(s, what) })
}

// balance gives the account that an ingest ended with.
func (e *told) balance(t *testing.T) relais.Balance {
	t.Helper()
	list := e.of("balance")
	if len(list) != 1 || e.list[len(e.list)-1].Type != "balance" {
		t.Fatalf("an ingest ends with one balance: %+v", e.list)
	}
	return *list[0].Balance
}

// The people of the tests.
const (
	ann   = "ann@pumps.example"
	owner = ann
)

// request asks for the capture of sources.
func request(sources ...string) relais.IngestRequest {
	return relais.IngestRequest{Case: "Ann", Owner: relais.Owner{Address: owner}, Sources: sources}
}

// ingest captures sources, which must go well.
func (b *bench) ingest(sources ...string) *told {
	b.t.Helper()
	var e told
	b.must(b.Ingest(b.t.Context(), request(sources...), e.emit))
	return &e
}

// letter makes one message.
func letter(n int, from, subject, more, body string) string {
	domain := from[strings.IndexByte(from, '@')+1:]
	date := time.Date(2025, 3, 3, 9, n, 0, 0, time.UTC).Format(time.RFC1123Z)
	return fmt.Sprintf("Message-ID: <m%d@%s>\r\nFrom: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\n%s\r\n%s\r\n", n, domain, from, ann, subject, date, more, body)
}

// mailbox writes a maildir of n messages, one with an attachment, one twice.
func mailbox(t *testing.T, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mail")
	for i := range n {
		client := []string{"acme", "beta"}[i%2]
		more, body := "", fmt.Sprintf("Bonjour,\r\n\r\nLe prix de la pompe P%d est de %d EUR.", i, 100+i)
		if i == 1 {
			more = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
			body = "--b\r\nContent-Type: text/plain\r\n\r\n" + body + "\r\n--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=tarif.csv\r\n\r\nref;prix\r\n--b--"
		}
		text := letter(i, "x@"+client+".example", fmt.Sprint("Offre ", i), more, body)
		put(t, dir, "", fmt.Sprint(i), text)
		if i == 0 {
			put(t, dir, ".Archive", "0", text)
		}
	}
	return dir
}

// put writes one message of a maildir.
func put(t *testing.T, dir, folder, name, text string) {
	t.Helper()
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, folder, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, folder, "cur", name+":2,S"), text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// documents gives every document of the archive, by id.
func (b *bench) documents() (list []relais.Document) {
	b.t.Helper()
	b.must(b.Library.Each(b.t.Context(), relais.Everything(), func(d relais.Document) error { list = append(list, d); return nil }))
	return list
}

// export gives all that the archive holds as one text.
func (b *bench) export() string {
	b.t.Helper()
	var text strings.Builder
	enc := json.NewEncoder(&text)
	for _, d := range b.documents() {
		b.must(enc.Encode(d))
	}
	return text.String()
}

// found tells how many documents have words.
func (b *bench) found(query string) int {
	b.t.Helper()
	node, err := search.Parse(query, search.ParseOptions{Now: time.Now(), Location: time.UTC})
	b.must(err)
	res, err := b.Searcher().Search(b.t.Context(), search.Request{Query: node, Scope: relais.Everything()})
	b.must(err)
	return res.Total
}

// ours gives the case of the tests.
func (b *bench) ours() relais.Case {
	b.t.Helper()
	k, err := b.Cases.Case(b.t.Context(), "Ann")
	b.must(err)
	return k
}

// refusals lists what was refused in the whole archive.
func (b *bench) refusals() []relais.Refusal {
	b.t.Helper()
	list, err := b.Refusals(b.t.Context(), "")
	b.must(err)
	return list
}

// verify gives what a verification tells, and whether it is damage.
func (b *bench) verify() (e *told, damaged bool) {
	b.t.Helper()
	e = &told{}
	err := b.Verify(b.t.Context(), true, false, e.emit)
	if relais.KindOf(err) != relais.KindDamaged {
		b.must(err)
	}
	return e, err != nil
}

// sound wants an archive of which a verification finds nothing to say.
func (b *bench) sound() {
	b.t.Helper()
	if e, damaged := b.verify(); damaged || len(e.of("fault")) > 0 {
		b.t.Errorf("faults: %v", e.details("fault"))
	}
}

// append adds records to a topic as another program might.
func (b *bench) append(topic string, records ...stream.Record) {
	b.t.Helper()
	b.must(b.on.Log.Append(b.t.Context(), topic, records))
}

// eventually waits until a condition holds; the test's own deadline is its end.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for !holds() {
		select {
		case <-t.Context().Done():
			t.Fatalf("never came: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
