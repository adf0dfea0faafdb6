package searchtest

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// Judged is documents and questions of which people said which document answers which
// question, and how well.
type Judged struct {
	Docs      []search.Entry
	Questions []Question
}

// Question is a question as somebody asked it, with the gain of each document that
// answers it: 1 or more.
type Question struct {
	Text  string
	Gains map[relais.DocumentID]float64
}

// Depth is how many hits of a question are judged: those of nDCG@10.
const Depth = 10

// ReadJudged reads a set in the layout of BEIR (corpus.jsonl, queries.jsonl, qrels.tsv;
// Thakur et al. 2021). A question that no document answers is left out. A title becomes
// a subject.
func ReadJudged(dir string) (*Judged, error) {
	gains, err := readGains(filepath.Join(dir, "qrels.tsv"))
	if err != nil {
		return nil, err
	}
	j := new(Judged)
	err = readLines(filepath.Join(dir, "corpus.jsonl"), func(l judgedLine) {
		j.Docs = append(j.Docs, l.entry())
	})
	if err != nil {
		return nil, err
	}
	err = readLines(filepath.Join(dir, "queries.jsonl"), func(l judgedLine) {
		if g := gains[l.ID]; len(g) > 0 {
			j.Questions = append(j.Questions, Question{Text: l.Text, Gains: g})
		}
	})
	return j, err
}

// judgedLine is a document or a question.
type judgedLine struct {
	ID    string `json:"_id"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

func (l *judgedLine) entry() search.Entry {
	return search.Entry{Text: l.Text, Envelope: relais.Envelope{Format: 1, CaseID: "c1", Revision: 1,
		Document: relais.Document{ID: relais.DocumentID(l.ID), Kind: relais.KindFile, Subject: l.Title}}}
}

// readLines hands over each line of a file of JSON lines.
func readLines(path string, use func(judgedLine)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	for lines := json.NewDecoder(f); lines.More(); {
		var l judgedLine
		if err := lines.Decode(&l); err != nil {
			return err
		}
		use(l)
	}
	return nil
}

// readGains reads the gains of documents by question; the first line is a heading.
func readGains(path string) (map[string]map[relais.DocumentID]float64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	gains := make(map[string]map[relais.DocumentID]float64)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 3 {
			continue
		}
		gain, err := strconv.ParseFloat(fields[2], 64)
		if err != nil || gain <= 0 {
			continue
		}
		if gains[fields[0]] == nil {
			gains[fields[0]] = make(map[relais.DocumentID]float64)
		}
		gains[fields[0]][relais.DocumentID(fields[1])] = gain
	}
	return gains, lines.Err()
}

// NDCG gives the normalized discounted cumulative gain of a question's first ten hits,
// from 0 to 1 (Järvelin and Kekäläinen 2002, with the gains as they are).
func (q *Question) NDCG(hits []relais.DocumentID) float64 {
	got, best := 0.0, 0.0
	for i, id := range hits[:min(Depth, len(hits))] {
		got += q.Gains[id] / math.Log2(float64(i+2))
	}
	ideal := make([]float64, 0, len(q.Gains))
	for _, gain := range q.Gains {
		ideal = append(ideal, gain)
	}
	slices.Sort(ideal)
	slices.Reverse(ideal)
	for i, gain := range ideal[:min(Depth, len(ideal))] {
		best += gain / math.Log2(float64(i+2))
	}
	return got / best
}

// AnyWord makes a question a query that wants one of its words, and takes it through
// the language of queries as a person's text goes. A question that is no query in that
// language is taken word by word.
func AnyWord(text string) search.Node {
	n, err := search.Parse(text, parseOptions())
	if err != nil || n == nil {
		n = search.Text{Words: text}
	}
	var words search.Or
	for _, t := range search.Wanted(n) {
		for _, w := range strings.Fields(t.Words) {
			words = append(words, search.Text{In: t.In, Words: w})
		}
	}
	return words
}
