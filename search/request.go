package search

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// The bounds of a request.
const (
	defaultLimit = 20
	maxLimit     = 1_000
	maxLevels    = 64
	maxNodes     = 1_000
)

// Checked gives the request with its defaults filled in. One that is out of bounds,
// or asks for what there is not, is of relais.KindInvalid. Every engine begins with it.
func (r Request) Checked() (Request, error) {
	if r.Order == "" {
		r.Order = Newest
	}
	if r.Limit == 0 {
		r.Limit = defaultLimit
	}
	if r.FacetSize == 0 {
		r.FacetSize = defaultLimit
	}
	nodes := 0
	switch {
	case !slices.Contains([]Order{Newest, Oldest, Relevance}, r.Order):
		return r, Invalid("there is no such order")
	case r.Limit < 0 || r.Limit > maxLimit || r.FacetSize < 0 || r.FacetSize > maxLimit:
		return r, Invalid("limits are from 1 to %d", maxLimit)
	case r.Query != nil && !bounded(r.Query, maxLevels, &nodes):
		return r, Invalid("the query has more than %d parts or %d levels", maxNodes, maxLevels)
	}
	r.Query = uncertainClients(r.Query)
	for _, f := range r.Facets {
		if !slices.Contains(Facets(), f) {
			return r, Invalid("there is no such facet")
		}
	}
	return r, nil
}

// bounded counts the nodes of a tree and tells whether it is of a size to work on.
func bounded(n Node, depth int, nodes *int) bool {
	*nodes++
	if *nodes > maxNodes || depth == 0 {
		return false
	}
	var children []Node
	switch n := n.(type) {
	case And:
		children = n
	case Or:
		children = n
	case Not:
		children = []Node{n.Of}
	}
	for _, c := range children {
		if !bounded(c, depth-1, nodes) {
			return false
		}
	}
	return true
}

// Invalid says what is wrong with a request, without quoting it.
func Invalid(format string, args ...any) error {
	return relais.Errorf(relais.KindInvalid, "search", format, args...)
}

// Wanted gives the words of a tree that are not negated: what an order by relevance
// looks at.
func Wanted(n Node) []Text { return wanted(nil, n) }

func wanted(words []Text, n Node) []Text {
	var children []Node
	switch n := n.(type) {
	case Text:
		return append(words, n)
	case And:
		children = n
	case Or:
		children = n
	}
	for _, c := range children {
		words = wanted(words, c)
	}
	return words
}

// cursorFormat is the format number of cursors.
const cursorFormat = 1

// cursor says where a page ended, and of which request.
type cursor struct {
	Format  int             `json:"v"`
	Request string          `json:"q"` // fingerprint
	After   json.RawMessage `json:"a"`
}

// SealCursor writes the cursor of the page that begins after a place, which is the
// engine's own and goes through JSON. It says nothing that the page before did not
// show.
func (r Request) SealCursor(after any) (string, error) {
	place, err := json.Marshal(after)
	if err != nil {
		return "", relais.E(relais.KindInternal, "write cursor", err)
	}
	b, err := json.Marshal(cursor{cursorFormat, r.Fingerprint(), place})
	if err != nil {
		return "", relais.E(relais.KindInternal, "write cursor", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// OpenCursor reads the request's cursor into an engine's place, and tells whether it
// has one. A cursor of another query, scope or order, or of another engine, is of
// relais.KindInvalid.
func (r Request) OpenCursor(after any) (bool, error) {
	if r.Cursor == "" {
		return false, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(r.Cursor)
	if err != nil {
		return false, Invalid("the cursor is not one of ours")
	}
	var c cursor
	if err := json.Unmarshal(b, &c); err != nil || c.Format != cursorFormat {
		return false, Invalid("the cursor is not one of ours")
	}
	if c.Request != r.Fingerprint() {
		return false, Invalid("the cursor belongs to another search")
	}
	if err := json.Unmarshal(c.After, after); err != nil {
		return false, Invalid("the cursor is not one of this engine's")
	}
	return true, nil
}

// Fingerprint tells requests apart whose results are not the same or not in the same
// order: by query, scope and order.
func (r Request) Fingerprint() string {
	h := sha256.New()
	writeNode(h, r.Query)
	scope, err := json.Marshal(r.Scope)
	if err != nil {
		return "" // never: a scope is plain values
	}
	writeFields(h, string(r.Order), string(scope))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// writeNode hashes a tree: each node by a word of its own, with what it holds. And
// and Or are closed, so that no two trees are written alike.
func writeNode(h hash.Hash, n Node) {
	switch n := n.(type) {
	case And:
		writeNodes(h, "and", n)
	case Or:
		writeNodes(h, "or", n)
	case Not:
		writeNodes(h, "not", []Node{n.Of})
	case Text:
		writeFields(h, "text", string(n.In), n.Words, fmt.Sprint(n.Phrase, n.Prefix))
	case Value:
		writeFields(h, "value", string(n.Field), n.Value)
	case Days:
		writeFields(h, "days", n.From.UTC().Format(time.RFC3339Nano), n.Until.UTC().Format(time.RFC3339Nano))
	case Undated:
		writeFields(h, "undated")
	case Bytes:
		writeFields(h, "bytes", fmt.Sprint(n.Over, n.Under))
	case Nothing:
		writeFields(h, "nothing")
	case nil:
		writeFields(h, "everything")
	}
}

// writeNodes hashes a node that has children.
func writeNodes(h hash.Hash, kind string, nodes []Node) {
	writeFields(h, kind)
	for _, n := range nodes {
		writeNode(h, n)
	}
	writeFields(h, "end")
}

// writeFields hashes strings with their lengths. A hash never fails.
func writeFields(h hash.Hash, fields ...string) {
	for _, f := range fields {
		_, _ = fmt.Fprintf(h, "%d:%s", len(f), f)
	}
}
