package searchtest

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// Scripts say what is indexed and what is found, line by line:
//
//	doc JSON                 a document, with case_id and revision: into the next batch
//	remove ID                a tombstone: into the next batch
//	reopen                   close the index and open it again
//	scope all | none | JSON  who asks from here on
//	order newest | oldest | relevance
//	query TEXT               in the query language, at noon of 1 April 2024 in Paris
//	total N                  what the query above must give; ids are those of all
//	ids ID…                  pages of two, in order
//	facet NAME VALUE=N…      the facet, whole
//	histogram MONTH=N…       the histogram, whole
//	note CODE                a note, among others
//	held ID@REVISION…        all that the index holds
//
// A line that begins with "#" is a comment.
//
//go:embed testdata/*.txt
var scripts embed.FS

func runScripts(t *testing.T, e Engine) {
	files, err := scripts.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(f.Name(), ".txt"), func(t *testing.T) {
			b, err := scripts.ReadFile(path.Join("testdata", f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			s := &script{t: t, engine: e, dir: t.TempDir(), scope: relais.Everything()}
			s.index = e.Open(t, s.dir)
			defer func() { closed(t, s.index) }()
			s.run(b)
		})
	}
}

// script is one script being run.
type script struct {
	t      *testing.T
	engine Engine
	dir    string
	index  search.Index
	batch  []search.Entry
	scope  relais.Scope
	order  search.Order
	result search.Result
	where  string // the line of the last query
}

func (s *script) run(text []byte) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		verb, rest, _ := strings.Cut(line, " ")
		if verb == "query" {
			s.where = fmt.Sprintf("line %d: %s", n, line)
		}
		if err := s.do(verb, strings.TrimSpace(rest)); err != nil {
			s.t.Fatalf("line %d: %v", n, err)
		}
	}
}

// do runs one line; the error is one of the script itself.
func (s *script) do(verb, rest string) error {
	switch verb {
	case "doc":
		return s.doc(rest)
	case "remove":
		e := search.Entry{Removed: true}
		e.Envelope.Document.ID = relais.DocumentID(rest)
		s.batch = append(s.batch, e)
	case "reopen":
		s.flush()
		closed(s.t, s.index)
		s.index = s.engine.Open(s.t, s.dir)
	case "scope":
		return s.setScope(rest)
	case "order":
		s.order = search.Order(rest)
	case "query":
		s.flush()
		return s.query(rest)
	default:
		return s.expect(verb, rest)
	}
	return nil
}

func (s *script) doc(line string) error {
	var d struct {
		relais.Document
		CaseID   relais.CaseID `json:"case_id"`
		Revision int64         `json:"revision"`
	}
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return err
	}
	e := search.Entry{Text: d.Text, Envelope: relais.Envelope{Format: relais.EnvelopeFormat, CaseID: d.CaseID, Revision: max(1, d.Revision)}}
	d.Text = ""
	e.Envelope.Document = d.Document
	s.batch = append(s.batch, e)
	return nil
}

// flush indexes the batch.
func (s *script) flush() {
	s.t.Helper()
	if len(s.batch) > 0 {
		apply(s.t, s.index, s.batch)
		s.batch = nil
	}
}

func (s *script) setScope(rest string) error {
	s.scope = relais.Scope{}
	switch rest {
	case "all":
		s.scope = relais.Everything()
	case "none":
	default:
		return json.Unmarshal([]byte(rest), &s.scope)
	}
	return nil
}

func (s *script) query(text string) error {
	n, err := search.Parse(text, parseOptions())
	if err != nil {
		return err
	}
	s.result, err = pages(s.index, search.Request{Query: n, Scope: s.scope, Order: s.order, Limit: 2, Facets: facets(), Histogram: true})
	return err
}

func parseOptions() search.ParseOptions {
	return search.ParseOptions{Now: time.Date(2024, 4, 1, 12, 0, 0, 0, Zone()), Location: Zone()}
}

// expect checks the last answer.
func (s *script) expect(verb, rest string) error {
	words := strings.Fields(rest)
	switch verb {
	case "total":
		s.equal(verb, rest, strconv.Itoa(s.result.Total))
	case "ids":
		got := make([]string, len(s.result.IDs))
		for i, id := range s.result.IDs {
			got[i] = string(id)
		}
		s.equal(verb, words, got)
		s.equal("total", len(words), s.result.Total)
	case "facet":
		if len(words) == 0 {
			return fmt.Errorf("facet of nothing")
		}
		s.equal(verb+" "+words[0], words[1:], counted(s.result.Facets[search.Field(words[0])]))
	case "histogram":
		s.equal(verb, words, counted(s.result.Histogram))
	case "note":
		s.note(rest)
	case "held":
		s.flush()
		ids, revisions := held(s.t, s.index)
		var got []string
		for _, id := range ids {
			got = append(got, fmt.Sprintf("%s@%d", id, revisions[id]))
		}
		s.equal(verb, words, got)
	default:
		return fmt.Errorf("unknown verb %q", verb)
	}
	return nil
}

func (s *script) note(code string) {
	for _, n := range s.result.Notes {
		if n.Code == code {
			return
		}
	}
	s.t.Errorf("%s: no note %s in %v", s.where, code, s.result.Notes)
}

func (s *script) equal(what string, want, got any) {
	s.t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		s.t.Errorf("%s: %s (-want +got):\n%s", s.where, what, d)
	}
}

// counted writes the values of a facet as scripts do.
func counted(values []relais.FacetValue) []string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprintf("%s=%d", v.Value, v.Count))
	}
	return out
}
