package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// file gives an index file of a test, under a name that is awkward in a URI.
func file(t testing.TB) string {
	return filepath.Join(t.TempDir(), "index 1?#%41.db")
}

func opened(t testing.TB, path string) *Index {
	t.Helper()
	x, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return x
}

func entry(id, text string, revision int64) search.Entry {
	return search.Entry{Text: text, Envelope: relais.Envelope{Format: 1, CaseID: "c1", Revision: revision, Document: relais.Document{
		ID: relais.DocumentID(id), Kind: relais.KindMessage, Date: time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC)}}}
}

func removal(id string) search.Entry {
	e := search.Entry{Removed: true}
	e.Envelope.Document.ID = relais.DocumentID(id)
	return e
}

func applied(t testing.TB, x *Index, entries ...search.Entry) {
	t.Helper()
	if refused, err := x.Apply(context.Background(), entries); err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
}

// found gives the ids of what a query finds, sorted.
func found(t testing.TB, x *Index, n search.Node) []string {
	t.Helper()
	res, err := x.Search(context.Background(), search.Request{Query: n, Scope: relais.Everything(), Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, id := range res.IDs {
		ids = append(ids, string(id))
	}
	slices.Sort(ids)
	return ids
}

func word(w string) search.Node { return search.Text{Words: w} }

// TestPrivate: nobody but the owner may read the file, nor what SQLite puts beside it.
func TestPrivate(t *testing.T) {
	path := file(t)
	applied(t, opened(t, path), entry("a", "alpha", 1))
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f.Name(), info.Mode(), err)
		}
	}
}

// The bounds of search.Request.Checked.
const (
	maxLevels = 64
	maxNodes  = 1_000
)

// TestDeepWords: the deepest tree that is taken can be asked of FTS5.
func TestDeepWords(t *testing.T) {
	x := opened(t, file(t))
	applied(t, x, entry("a", "alpha beta", 1))
	n := word("alpha")
	for i := range maxLevels - 2 {
		if i%2 == 0 {
			n = search.Or{n, word("beta")}
		} else {
			n = search.And{n, word("beta"), search.Not{Of: word("gamma")}}
		}
	}
	if got := found(t, x, n); len(got) != 1 {
		t.Errorf("got %v", got)
	}
	if got := found(t, x, search.Or(slices.Repeat([]search.Node{word("alpha")}, maxNodes-1))); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestOpenRefusesOthers(t *testing.T) {
	for _, change := range []string{
		`UPDATE meta SET value = 99 WHERE key = 'format'`,
		`UPDATE meta SET value = value + 1 WHERE key = 'analysis'`,
		`DELETE FROM meta WHERE key = 'format'`,
	} {
		path := file(t)
		x := opened(t, path)
		if _, err := x.write.Exec(change); err != nil {
			t.Fatal(err)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := Open(context.Background(), path, Options{})
		if relais.KindOf(err) != relais.KindInvalid || errors.Is(err, search.ErrFormat) != strings.HasPrefix(change, "UPDATE") || !strings.Contains(relais.HintOf(err), "relais reindex") {
			t.Errorf("after %s: %v", change, err)
		}
	}
	notOurs := filepath.Join(t.TempDir(), "index-1.db")
	if err := os.WriteFile(notOurs, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), notOurs, Options{}); err == nil {
		t.Error("a file that is no database was opened")
	}
}

// TestTermsAreKept: FTS5 must take the analyzer's terms as they are, whatever the
// script, and part them where they part.
func TestTermsAreKept(t *testing.T) {
	text := `L'été à Œuvre naïve ß ŁÓDŹ Müller-Lüdenscheidt 東京都 한국어 Ωμέγα привет ÅNGSTRÖM ½ x² ﬁn
		jean.dupont@acme.fr REF-2023/145 12 450,00 € +33 6 12 34 56 78 O’Neil don't "quoted" a*b (c) {d} x^y =e ~f |g` +
		strings.Repeat(" very", 3) + strings.Repeat("long", 40) + " \x00nul \xff\xfe\u200bzero\u00adsoft"
	x := opened(t, file(t))
	applied(t, x, entry("d1", text, 1))
	if _, err := x.write.Exec(`CREATE VIRTUAL TABLE vocabulary USING fts5vocab(postings, row)`); err != nil {
		t.Fatal(err)
	}
	rows, err := x.write.Query(`SELECT term FROM vocabulary`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	kept := make(map[string]bool)
	for rows.Next() {
		var term string
		if err := rows.Scan(&term); err != nil {
			t.Fatal(err)
		}
		kept[term] = true
	}
	want := make(map[string]bool)
	for token := range analysis.New().All(text) {
		want[token.Term] = true
		if token.Surface != token.Term {
			want[search.Mark+token.Surface] = true
		}
		if got := found(t, x, search.Text{Words: text[token.Start:token.End], Phrase: true}); len(got) != 1 {
			t.Errorf("%q is not found", text[token.Start:token.End])
		}
	}
	for term := range want {
		if !kept[term] {
			t.Errorf("term %q is not in the postings", term)
		}
	}
	if len(kept) != len(want) {
		t.Errorf("%d terms in the postings, %d made", len(kept), len(want))
	}
}

// TestPurge: of a removed document no byte stays, neither in postings nor in columns,
// nor of the text that a later one replaced.
func TestPurge(t *testing.T) {
	path := file(t)
	x := opened(t, path)
	secret := entry("d-erased", "zqxsecretword", 1)
	secret.Envelope.Document.From = &relais.Address{Address: "zqxperson@erased.example"}
	secret.Envelope.Document.Clients = []relais.Tag{{ID: "zqxclient", Name: "zqxname", Confidence: 900}}
	applied(t, x, secret, entry("d2", "yvkreplaced", 1))
	for i := range 50 {
		applied(t, x, entry(fmt.Sprint("f", i), fmt.Sprint("filler word", i), 1))
	}
	if !holdsBytes(t, path, "secretword") {
		t.Fatal("the test does not see what it looks for")
	}
	applied(t, x, removal("d-erased"), entry("d2", "other", 2))
	if err := x.Purge(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"secretword", "replaced", "zqx", "yvk", "d-erased"} {
		if holdsBytes(t, path, s) {
			t.Errorf("%q is still in the file", s)
		}
	}
	if got := found(t, x, word("filler")); len(got) != 50 {
		t.Errorf("%d documents left of 50", len(got))
	}
	before := x.current.Load().now.commit
	if err := x.Purge(context.Background()); err != nil || x.current.Load().now.commit != before {
		t.Errorf("nothing to purge: %v", err)
	}
}

func holdsBytes(t *testing.T, path, s string) bool {
	t.Helper()
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(path), f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(s)) {
			return true
		}
	}
	return false
}

// TestOneCommitAtATime: readers beside a writer that swaps words and tags of many
// documents see postings and columns of one commit.
func TestOneCommitAtATime(t *testing.T) {
	x := opened(t, file(t))
	const documents, rounds = 100, 20
	version := func(n int) []search.Entry {
		var l []search.Entry
		for i := range documents {
			e := entry(fmt.Sprintf("d%03d", i), fmt.Sprintf("parity%d common", n%2), int64(n+1))
			e.Envelope.Document.Topics = []relais.Tag{{ID: fmt.Sprintf("t%d", n%2), Confidence: 900}}
			l = append(l, e)
		}
		return l
	}
	applied(t, x, version(0)...)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					checkParity(t, x, documents)
				}
			}
		})
	}
	for n := range rounds {
		applied(t, x, version(n+1)...)
	}
	close(done)
	wg.Wait()
}

func checkParity(t *testing.T, x *Index, documents int) {
	req := search.Request{Query: word("parity0"), Scope: relais.Everything(), Facets: []search.Field{search.FacetTopic}}
	res, err := x.Search(context.Background(), req)
	if err != nil {
		t.Error(err)
		return
	}
	if res.Total != 0 && res.Total != documents {
		t.Errorf("%d hits, neither none nor all", res.Total)
	}
	if topics := res.Facets[search.FacetTopic]; res.Total > 0 && (len(topics) != 1 || topics[0].Value != "t0") {
		t.Errorf("words of one commit, topics of another: %v", topics)
	}
}

// TestBlocks: more documents than a block holds, in the journal and out of it, come
// back as they were.
func TestBlocks(t *testing.T) {
	path := file(t)
	x := opened(t, path)
	const documents = 2*blockRows + 500
	var all []search.Entry
	for i := range documents {
		all = append(all, entry(fmt.Sprintf("d%05d", i), fmt.Sprint("word", i%7), int64(i+1)))
	}
	for len(all) > 0 {
		n := min(700, len(all))
		applied(t, x, all[:n]...)
		all = all[n:]
	}
	applied(t, x, removal("d00003"), removal("d02100"), entry("d04000", "moved", 9000))
	for range 2 {
		if got := len(found(t, x, word("word3"))); got != 657-2 { // one of seven, but d00003 and d04000
			t.Errorf("%d hits", got)
		}
		n, last := 0, relais.DocumentID("")
		err := x.Each(context.Background(), func(id relais.DocumentID, revision int64) error {
			if n++; id <= last || id == "d04000" && revision != 9000 {
				t.Errorf("%s after %s, revision %d", id, last, revision)
			}
			last = id
			return nil
		})
		if err != nil || n != documents-2 {
			t.Errorf("%d documents, %v", n, err)
		}
		if x.journaled > blockRows {
			t.Errorf("%d rows in the journal, which Open reads one by one", x.journaled)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		x = opened(t, path)
	}
}

// TestFailedCommit: after a transaction that failed half-way, what is held is what
// the file holds, and the next Apply works.
func TestFailedCommit(t *testing.T) {
	x := opened(t, file(t))
	applied(t, x, entry("a", "alpha", 1))
	if _, err := x.write.Exec(`CREATE TRIGGER fail BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'no'); END`); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Apply(context.Background(), []search.Entry{entry("a", "beta", 2), entry("b", "beta", 1)}); err == nil {
		t.Fatal("no error")
	}
	if got := found(t, x, word("alpha")); !slices.Equal(got, []string{"a"}) {
		t.Errorf("after the failure: %v", got)
	}
	if _, err := x.write.Exec(`DROP TRIGGER fail`); err != nil {
		t.Fatal(err)
	}
	applied(t, x, entry("b", "beta", 1))
	if got := found(t, x, word("beta")); !slices.Equal(got, []string{"b"}) {
		t.Errorf("after another try: %v", got)
	}
}

// TestTwoProcesses: an index that another process writes to is read as it stands.
func TestTwoProcesses(t *testing.T) {
	path := file(t)
	writer, reader := opened(t, path), opened(t, path)
	applied(t, writer, entry("a", "alpha", 1))
	if got := found(t, reader, word("alpha")); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %v", got)
	}
	late := []search.Entry{entry("a", "beta", 2), entry("b", "beta", 1)}
	if _, err := reader.Apply(context.Background(), late); !relais.Retryable(err) {
		t.Errorf("written over what another wrote: %v", err)
	}
	applied(t, reader, late...)
	if got := found(t, writer, word("beta")); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %v", got)
	}
}

// TestDamage: columns that were changed on disk are told, not shown.
func TestDamage(t *testing.T) {
	path := file(t)
	x := opened(t, path)
	applied(t, x, entry("a", "alpha", 1))
	if _, err := x.write.Exec(`UPDATE journal SET data = CAST(replace(data, x'61', x'62') AS BLOB)`); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(context.Background(), path, Options{})
	if relais.KindOf(err) != relais.KindDamaged || !strings.Contains(relais.HintOf(err), "relais reindex") {
		t.Errorf("got %v (hint %q)", err, relais.HintOf(err))
	}
}

// TestRetagKeepsPostings: a tag that changes writes no postings.
func TestRetagKeepsPostings(t *testing.T) {
	x := opened(t, file(t))
	applied(t, x, entry("a", "alpha", 1))
	before := postingsBytes(t, x)
	e := entry("a", "alpha", 2)
	e.Envelope.Document.Topics = []relais.Tag{{ID: "prix", Confidence: 1000}}
	applied(t, x, e)
	if !bytes.Equal(before, postingsBytes(t, x)) {
		t.Error("postings were written")
	}
	if got := found(t, x, search.Value{Field: search.ByTopic, Value: "PRIX"}); len(got) != 1 {
		t.Error("the tag is not found")
	}
	e = entry("a", "beta", 3)
	applied(t, x, e)
	if bytes.Equal(before, postingsBytes(t, x)) {
		t.Error("postings were not written")
	}
}

func postingsBytes(t *testing.T, x *Index) []byte {
	t.Helper()
	var b sql.RawBytes
	rows, err := x.read.Query(`SELECT group_concat(hex(block), ' ') FROM postings_data`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := rows.Scan(&b); err != nil {
			t.Fatal(err)
		}
	}
	return bytes.Clone(b)
}

// TestLargeApply: what is too much for one transaction goes into several.
func TestLargeApply(t *testing.T) {
	large := search.Entry{Text: strings.Repeat("x", maxBatchBytes/2)}
	for _, tc := range []struct {
		entries []search.Entry
		want    int
	}{
		{make([]search.Entry, 10), 10},
		{make([]search.Entry, maxBatchEntries+1), maxBatchEntries},
		{[]search.Entry{large, large, large}, 2},
		{[]search.Entry{{Text: strings.Repeat("x", maxBatchBytes+1)}, {}}, 1},
	} {
		if got := batch(tc.entries); got != tc.want {
			t.Errorf("%d of %d entries, want %d", got, len(tc.entries), tc.want)
		}
	}
}

// TestRelevanceSampled: above so many hits the newest are ranked by a beginning of a word,
// and a note says so.
func TestRelevanceSampled(t *testing.T) {
	x := opened(t, file(t))
	x.ranked = 200
	all := make([]search.Entry, x.ranked+1_000)
	for i := range all {
		all[i] = entry(fmt.Sprintf("d%05d", i), "contrat", 1)
		all[i].Envelope.Document.Date = time.Unix(int64(i), 0)
	}
	all[5].Text, all[1_100].Text = "contrat contrat contrat contrat", "contrat contrat contrat contrat"
	applied(t, x, all...)
	req := search.Request{Query: word("contrat"), Scope: relais.Everything(), Order: search.Relevance, Limit: 100}
	res, err := x.Search(context.Background(), req)
	if err != nil || len(res.Notes) != 0 || res.IDs[0] != all[1_100].Envelope.Document.ID || res.IDs[1] != all[5].Envelope.Document.ID {
		t.Errorf("by a word, all must be ranked: %v, notes %v, first %s", err, res.Notes, res.IDs[:2])
	}
	req.Query = search.Text{Words: "contra", Prefix: true}
	res, err = x.Search(context.Background(), req)
	if err != nil || len(res.Notes) != 1 || res.Notes[0].Code != "relevance_sampled" {
		t.Fatalf("%v, notes %v", err, res.Notes)
	}
	if res.IDs[0] != all[1_100].Envelope.Document.ID {
		t.Errorf("first is %s", res.IDs[0])
	}
	seen := make(map[relais.DocumentID]bool)
	for {
		for _, id := range res.IDs {
			seen[id] = true
		}
		if req.Cursor = res.Next; req.Cursor == "" {
			break
		}
		if res, err = x.Search(context.Background(), req); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != len(all) {
		t.Errorf("%d of %d documents on all pages", len(seen), len(all))
	}
	if last := res.IDs[len(res.IDs)-1]; last != all[0].Envelope.Document.ID {
		t.Errorf("last is %s, not the oldest", last)
	}
}

// TestRelevance: a word of the subject says more than one of the text, one of the
// text more than one quoted.
func TestRelevance(t *testing.T) {
	x := opened(t, file(t))
	quoted, plain, subject := entry("a", "pompe et autres mots", 1), entry("b", "pompe et autres mots", 1), entry("c", "autres mots", 1)
	quoted.Envelope.Document.Zones = []relais.Zone{{Kind: relais.ZoneQuote, Start: 0, End: len(quoted.Text)}}
	subject.Envelope.Document.Subject = "pompe"
	applied(t, x, quoted, plain, subject, entry("d", "rien", 1), entry("e", "rien", 1), entry("f", "rien", 1), entry("g", "rien", 1))
	res, err := x.Search(context.Background(), search.Request{Query: word("pompe"), Scope: relais.Everything(), Order: search.Relevance})
	if err != nil || !slices.Equal(res.IDs, []relais.DocumentID{"c", "b", "a"}) {
		t.Errorf("%v, %v", res.IDs, err)
	}
}

// TestZone: months and years are those of the zone that the index is opened with, in
// summer and in winter.
func TestZone(t *testing.T) {
	path := file(t)
	for _, c := range []struct {
		zone, years, months string
	}{
		{"UTC", "[2024=1 2025=2 none=1]", "[2024-12=1 2025-06=2]"},
		{"Europe/Paris", "[2025=3 none=1]", "[2025-01=1 2025-06=1 2025-07=1]"},
		{"America/New_York", "[2024=1 2025=2 none=1]", "[2024-12=1 2025-06=2]"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		x, err := Open(t.Context(), path, Options{Zone: zone})
		if err != nil {
			t.Fatal(err)
		}
		winter, summer, spring, undated := entry("winter", "x", 1), entry("summer", "x", 1), entry("spring", "x", 1), entry("undated", "x", 1)
		winter.Envelope.Document.Date = time.Date(2024, 12, 31, 23, 0, 0, 0, time.UTC)
		summer.Envelope.Document.Date = time.Date(2025, 6, 30, 22, 0, 0, 0, time.UTC)
		spring.Envelope.Document.Date = time.Date(2025, 6, 30, 21, 59, 59, 0, time.UTC)
		undated.Envelope.Document.Date = time.Time{}
		applied(t, x, winter, summer, spring, undated)
		res, err := x.Search(t.Context(), search.Request{Scope: relais.Everything(), Facets: []search.Field{search.FacetYear}, Histogram: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := shown(res.Facets[search.FacetYear], true); got != c.years {
			t.Errorf("%s: years %s, want %s", c.zone, got, c.years)
		}
		if got := shown(res.Histogram, false); got != c.months {
			t.Errorf("%s: months %s, want %s", c.zone, got, c.months)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// shown writes counted values, by value where they come by count.
func shown(values []relais.FacetValue, sorted bool) string {
	var list []string
	for _, v := range values {
		list = append(list, fmt.Sprintf("%s=%d", v.Value, v.Count))
	}
	if sorted {
		slices.Sort(list)
	}
	return fmt.Sprint(list)
}
