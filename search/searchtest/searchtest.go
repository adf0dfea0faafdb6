// Package searchtest answers one question: does an engine find what it must? It is
// the conformance suite of search.Index: scripts that a person can read, and random
// corpora on which an engine and a naive reference must give the same answers.
package searchtest

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// Engine is what is tested.
type Engine struct {
	// Open opens the index kept in a directory of the test, or makes it; its months and
	// years are those of Zone.
	Open func(t testing.TB, dir string) search.Index
	// Tokens gives the terms of a text in order, each with its surface, and Clause
	// the terms of words that are looked for: both as package analysis makes them.
	Tokens func(text string) iter.Seq2[string, string]
	Clause func(search.Text) search.Clause
}

// Zone is the time zone of the archive under test: two hours ahead, so that days,
// months and years show whose they are.
func Zone() *time.Location { return time.FixedZone("Paris", 2*3600) }

// Run runs the whole suite.
func Run(t *testing.T, e Engine) {
	t.Run("scripts", func(t *testing.T) { runScripts(t, e) })
	t.Run("versus", func(t *testing.T) { runVersus(t, e) })
	t.Run("interference", func(t *testing.T) { runInterference(t, e) })
	t.Run("requests", func(t *testing.T) { runRequests(t, e) })
	t.Run("lists", func(t *testing.T) { runLists(t, e) })
	t.Run("counts", func(t *testing.T) { runCounts(t, e) })
}

// apply gives entries to an index, which must take them all.
func apply(t testing.TB, x search.Index, entries []search.Entry) {
	t.Helper()
	refused, err := x.Apply(context.Background(), entries)
	if err != nil || len(refused) > 0 {
		t.Fatalf("apply: refused %v, error %v", refused, err)
	}
	if err := x.Refresh(context.Background()); err != nil {
		t.Fatalf("refresh: %v", err)
	}
}

// pages asks for all pages of a request and gives the first, with the ids of all.
func pages(x search.Searcher, req search.Request) (search.Result, error) {
	ctx := context.Background()
	res, err := x.Search(ctx, req)
	for next := res.Next; err == nil && next != ""; {
		var page search.Result
		req.Cursor = next
		page, err = x.Search(ctx, req)
		res.IDs = append(res.IDs, page.IDs...)
		next = page.Next
	}
	res.Next = ""
	return res, err
}

// held lists the documents of an index, with their revisions.
func held(t testing.TB, x search.Index) (ids []relais.DocumentID, revisions map[relais.DocumentID]int64) {
	t.Helper()
	revisions = make(map[relais.DocumentID]int64)
	err := x.Each(context.Background(), func(id relais.DocumentID, revision int64) error {
		ids = append(ids, id)
		revisions[id] = revision
		return nil
	})
	if err != nil {
		t.Fatalf("each: %v", err)
	}
	return ids, revisions
}
