// Package answer answers one question: what does one question get? A question is read
// once, in the scope of who asks, and put to the engine once where once is enough. What
// comes back is what people see: documents with extracts, values with names, notes on
// what the query did not say or what nothing has, and ways to narrow and to widen. JSON,
// pages, exports and lists of clients say it in their own manner; none of them knows how
// it was found.
package answer

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// Library opens documents within a scope, in the order given; those out of it are left out.
type Library interface {
	// Openings calls fn for each with at most the first most bytes of its text.
	Openings(ctx context.Context, scope relais.Scope, ids []relais.DocumentID, most int, fn func(relais.Opening) error) error
}

// Cases lists the cases there are.
type Cases interface {
	List(ctx context.Context) ([]relais.Case, error)
}

// Clients lists the clients that documents are tagged with.
type Clients interface {
	Clients(ctx context.Context) ([]relais.Client, []relais.Contact, error)
}

// Deps is what answers are made from.
type Deps struct {
	Searcher search.Searcher
	// Counter counts what else a question may have meant; without one, nothing is offered.
	Counter search.Counter
	// Lister lists all that a question finds.
	Lister   search.Lister
	Library  Library
	Cases    Cases
	Clients  Clients
	Now      func() time.Time
	Location *time.Location  // the archive's time zone: what a day is
	Topics   []search.Choice // what topic: takes
	// Name gives what people call a value of a field in a language ("fr", else English),
	// where the field has names of its own: topics, kinds, types, languages.
	Name   func(lang, field, value string) string
	Logger *slog.Logger
}

// Answerer answers questions. It is safe for concurrent use.
type Answerer struct {
	deps    Deps
	markers search.Markers
	once    sync.Once
	meant   map[string]string // topics by words; see lexicon
}

// New makes an answerer.
func New(d Deps) *Answerer { return &Answerer{deps: d} }

// Question is one question, as somebody asks it.
type Question struct {
	Text      string // in the query language
	Lang      string // of what is said about the answer: "fr", else English
	Scope     relais.Scope
	Order     search.Order // search.Newest when empty
	Limit     int          // hits wanted, 1 to 1000; 20 when 0
	Cursor    string       // of the page before, for the next
	Facets    []search.Field
	FacetSize int // values of each facet; 20 when 0
	Histogram bool
}

// Answer is one page of what a question gets.
type Answer struct {
	relais.Page
	by *Answerer
	reading
}

// Ask answers a question. What cannot be read is of relais.KindInvalid, and wraps a
// *search.SyntaxError where the fault has a place in the text.
func (a *Answerer) Ask(ctx context.Context, q Question) (*Answer, error) {
	r, err := a.read(ctx, q)
	if relais.KindOf(err) == relais.KindInvalid && a.pasted(q.Text) {
		return a.askPasted(ctx, q, err)
	}
	if err != nil {
		return nil, err
	}
	page, err := a.Find(ctx, r.request)
	if err != nil {
		return nil, err
	}
	ans := &Answer{Page: page, by: a, reading: r}
	if q.Cursor != "" { // the first page has said it
		return ans, nil
	}
	if err := ans.note(ctx); err != nil {
		return nil, err
	}
	if err := ans.forgive(ctx); err != nil && relais.KindOf(err) != relais.KindInvalid { // what an engine cannot count is not offered
		return nil, err
	}
	return ans, nil
}

// Find runs a search that is a tree already and dresses its hits.
func (a *Answerer) Find(ctx context.Context, req search.Request) (relais.Page, error) {
	return a.find(ctx, req, search.SnippetScan)
}

// List is as Find, for who wants no extracts: no text is read.
func (a *Answerer) List(ctx context.Context, req search.Request) (relais.Page, error) {
	return a.find(ctx, req, 0)
}

// find runs a search and dresses its hits, whose extracts are of the first most bytes of
// their texts. What the engine's part of the time was is logged.
func (a *Answerer) find(ctx context.Context, req search.Request, most int) (relais.Page, error) {
	start := a.deps.Now()
	res, err := a.deps.Searcher.Search(ctx, req)
	a.deps.Logger.Info("searched", "hits", len(res.IDs), "code", relais.KindOf(err), "took", a.deps.Now().Sub(start).String())
	if err != nil {
		return relais.Page{}, err
	}
	page := relais.Page{Total: res.Total, Next: res.Next, Notes: res.Notes, Histogram: res.Histogram}
	if page.Facets, err = a.labelled(ctx, res.Facets); err != nil {
		return page, err
	}
	page.Hits, err = a.hits(ctx, req, res.IDs, most)
	return page, err
}
