// Package search answers one question: how is it found again? It holds the query
// language (text to tree), the contract every engine keeps, and the stage that
// feeds an engine from stream "enriched".
//
// Every read takes a relais.Scope. An engine adds it outside the user's tree, to
// hits, totals, facets and histograms alike. One analyzer, package analysis, makes
// the terms of texts and of queries, so that engines match the same documents by
// construction.
package search

import (
	"context"
	"errors"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// Order is how hits are sorted. Ties are broken by document id; by relevance, equal
// ranks go newest first before.
type Order string

// The orders.
const (
	Newest    Order = "newest" // the default
	Oldest    Order = "oldest"
	Relevance Order = "relevance"
)

// Field is a facet: a field whose values are counted over all hits.
type Field string

// The facets.
const (
	FacetClient   Field = "client"
	FacetTopic    Field = "topic"
	FacetCase     Field = "case"
	FacetKind     Field = "kind"
	FacetType     Field = "type" // media type family: pdf, word, sheet, slides, image, text, ...
	FacetLanguage Field = "language"
	FacetYear     Field = "year" // in the archive's time zone; NoDate of the undated
	FacetFrom     Field = "from" // sender's address
)

// NoDate is the value of FacetYear that counts the undated, which date:none finds.
const NoDate = "none"

// Request is one search.
type Request struct {
	Query     Node // nil finds everything in scope
	Scope     relais.Scope
	Order     Order
	Limit     int    // hits wanted, 1 to 1000; 20 when 0
	Cursor    string // from the page before; bound to query, scope and order
	Facets    []Field
	FacetSize int // values of each facet; 20 when 0
	Histogram bool
}

// Result is one page of ids. The caller opens the documents, in scope, to show them.
type Result struct {
	Total     int
	IDs       []relais.DocumentID
	Facets    map[Field][]relais.FacetValue // most frequent first, then by value
	Histogram []relais.FacetValue           // the dated by month, in the archive's time zone; ascending
	Next      string
	Notes     []relais.Note
}

// Searcher answers searches. A cursor that does not belong to the request is of
// relais.KindInvalid.
type Searcher interface {
	Search(ctx context.Context, req Request) (Result, error)
}

// Lister lists all that a query finds in one scope, in no order, as of one moment: what page
// after page would find, without looking for each page anew. nil lists everything in scope.
type Lister interface {
	// List calls fn with one part of the list after the other, until fn fails.
	List(ctx context.Context, scope relais.Scope, query Node, fn func([]relais.DocumentID) error) error
}

// MaxCounts is how many queries are counted at once.
const MaxCounts = 500

// Counter counts, in one scope, what each of some queries finds, MaxCounts at most; nil
// counts everything in scope. Nothing out of the scope moves a count, so that whoever
// offers only what has one tells nothing that is out of it.
type Counter interface {
	Counts(ctx context.Context, scope relais.Scope, queries []Node) ([]int, error)
}

// CheckedCounts gives queries as engines count them. Too many, or one out of bounds, are
// of relais.KindInvalid. Every Counter begins with it.
func CheckedCounts(queries []Node) ([]Node, error) {
	if len(queries) > MaxCounts {
		return nil, Invalid("no more than %d queries are counted at once", MaxCounts)
	}
	checked := make([]Node, len(queries))
	for i, q := range queries {
		r, err := Request{Query: q}.Checked()
		if err != nil {
			return nil, err
		}
		checked[i] = r.Query
	}
	return checked, nil
}

// Entry is one document as it is indexed, or the removal of one.
type Entry struct {
	Envelope relais.Envelope // with Document.ID always; the rest absent when Removed
	Text     string          // the document's whole text
	Removed  bool
}

// Refusal says that an entry can never be indexed.
type Refusal struct {
	ID     relais.DocumentID
	Code   string
	Detail string
}

// Writer keeps entries. Apply returns when they are durable and, after Refresh,
// found. An entry of a lower revision than the one held is ignored; the same entry
// twice changes nothing. The error is retryable or final for the whole batch.
type Writer interface {
	Apply(ctx context.Context, entries []Entry) ([]Refusal, error)
	Refresh(ctx context.Context) error
}

// ErrFormat is in the error of opening an index of another format, or of another
// version of the analyzer, than this program's: it can only be made again.
var ErrFormat = errors.New("the index is of another format than this program's")

// Index is one engine, open.
type Index interface {
	Searcher
	Lister
	Writer
	// Each calls fn for every document held, by id, until fn fails: for verify.
	Each(ctx context.Context, fn func(id relais.DocumentID, revision int64) error) error
	Close() error
}

// Prover is what an engine has that can be asked whether it still holds what it was given.
// A server of an index keeps checksums of its own.
type Prover interface {
	// Prove reads all that is held, once.
	Prove(ctx context.Context) (Proof, error)
}

// Proof is what an index held when it was read. It is not safe for concurrent use.
type Proof interface {
	// Has tells whether the index held a revision of a document.
	Has(id relais.DocumentID, revision int64) bool
	// Holds tells whether what it held of a document, at the revision of the entry, is
	// what the entry gives: words, values and dates.
	Holds(e *Entry) bool
}

// Texts opens texts; package blob's store is what stands behind.
type Texts interface {
	// Texts gives the texts of envelopes, in order: of the first of them, one at least,
	// where all are too much to hold at once. One that cannot be opened has an error of
	// its own. The last error says that none could be looked up.
	Texts(ctx context.Context, list []relais.Envelope) (texts []string, faults []error, err error)
}

// Clock gives the present, for relative dates of a query.
type Clock func() time.Time
