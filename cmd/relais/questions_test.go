package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/demo"
	"github.com/relais-archive/relais/internal/relais"
)

// question is one that a manager or a successor asks, as people do: with mistakes, in
// sentences, with references joined and dates in words. Right finds the documents that
// answer it.
type question struct {
	Question string `json:"question"`
	Right    string `json:"right"`
}

// questionsSeen is how many hits of a page, and how many of those of an offer, are read
// by who asked.
const questionsSeen = 10

func questions(t *testing.T, name string) []question {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var list []question
	for dec := json.NewDecoder(bytes.NewReader(b)); dec.More(); {
		var q question
		if err := dec.Decode(&q); err != nil {
			t.Fatal(err)
		}
		list = append(list, q)
	}
	return list
}

// found gives what a search finds.
func (p *program) found(limit, query string) relais.Page {
	p.t.Helper()
	var page relais.Page
	if err := json.Unmarshal([]byte(p.must("search", "--json", "--limit", limit, query)), &page); err != nil {
		p.t.Fatal(err)
	}
	return page
}

// answers tells how a question ends: in a hit, in an offer that has one, or not.
func (p *program) answers(q question) (hit, offer bool) {
	var right []relais.DocumentID
	for _, h := range p.found("200", q.Right).Hits {
		right = append(right, h.ID)
	}
	if len(right) == 0 {
		p.t.Errorf("%s: nothing is right", q.Question)
	}
	holds := func(page relais.Page) bool {
		return slices.ContainsFunc(page.Hits[:min(questionsSeen, len(page.Hits))], func(h relais.Hit) bool { return slices.Contains(right, h.ID) })
	}
	page := p.found("10", q.Question)
	if holds(page) {
		return true, false
	}
	return false, slices.ContainsFunc(page.Offers, func(o relais.Offer) bool { return holds(p.found("10", o.Query)) })
}

// askAll asks all questions of a file, and wants so many of them to end well.
func (p *program) askAll(name string, least int) {
	hits, offers := 0, 0
	list := questions(p.t, name)
	for _, q := range list {
		hit, offer := p.answers(q)
		switch {
		case hit:
			hits++
		case offer:
			offers++
		default:
			p.t.Logf("ends in nothing: %s", q.Question)
		}
	}
	p.t.Logf("of %d questions %d end in a hit, %d in a right offer", len(list), hits, offers)
	if hits+offers < least {
		p.t.Errorf("%d of %d questions end well, want %d", hits+offers, len(list), least)
	}
}

// TestQuestions: what people ask of a departure ends in the document that answers it, or
// in an offer that finds it.
func TestQuestions(t *testing.T) {
	if testing.Short() {
		t.Skip("asks a whole archive")
	}
	p := newProgram(t)
	truth, err := demo.Write(filepath.Join(p.dir, "mailbox"), demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p.must("client", "import", truth.Clients, "--contacts", truth.Contacts)
	p.must(append([]string{"ingest", "--case", truth.Case, "--owner", truth.Owner}, truth.Sources...)...)
	p.askAll("questions-demo.jsonl", 27)
	out := p.must("search", "AQ4080 Morvance devis")
	for _, want := range []string{"Nothing found.\n", "note: no document that you may see has “AQ4080”\n", "  relais search 'AQ-4080 Morvance devis'  (written “AQ-4080”)\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	next := p.must("search", "--limit", "1", "what did they say about the pompe AQ-4080 please")
	if !strings.Contains(next, "go on with relais search --cursor ") || !strings.Contains(next, " 'pompe AQ-4080'\n") {
		t.Errorf("what was searched cannot be gone on with: %s", next)
	}
}

// TestQuestionsOfRealMail: the same of the mailbox of a rep who was.
func TestQuestionsOfRealMail(t *testing.T) {
	corpus := os.Getenv("RELAIS_CORPUS")
	if corpus == "" || testing.Short() {
		t.Skip("RELAIS_CORPUS names no corpus")
	}
	p := newProgram(t)
	p.must("ingest", "--case", "Departure of Clint Dean", "--owner", "clint.dean@enron.com", filepath.Join(corpus, "mail", "enron-maildir", "dean-c"))
	p.askAll("questions-dean-c.jsonl", 11)
}
