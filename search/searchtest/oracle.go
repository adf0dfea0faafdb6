package searchtest

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// oracle is the naive twin of an engine: it looks at every document, every time. It
// is written from the contract alone, and shares nothing with engines but the terms.
type oracle struct {
	engine Engine
	docs   map[relais.DocumentID]search.Entry
	cache  map[string][]token
}

type token struct{ term, surface string }

func newOracle(e Engine) *oracle {
	return &oracle{engine: e, docs: make(map[relais.DocumentID]search.Entry), cache: make(map[string][]token)}
}

// apply keeps the promise of search.Writer.
func (o *oracle) apply(entries []search.Entry) {
	for _, e := range entries {
		id := e.Envelope.Document.ID
		old, held := o.docs[id]
		outdated := held && e.Envelope.Revision < old.Envelope.Revision
		switch {
		case e.Removed && (!outdated || e.Envelope.Revision == 0):
			delete(o.docs, id)
		case !e.Removed && !outdated:
			o.docs[id] = e
		}
	}
}

// search answers a request with all of its hits.
func (o *oracle) search(req search.Request) search.Result {
	if checked, err := req.Checked(); err == nil {
		req.Query = checked.Query
	}
	var hits []search.Entry
	for _, e := range o.docs {
		if req.Scope.Allows(e.Envelope.CaseID, &e.Envelope.Document) && (req.Query == nil || o.finds(req.Query, &e)) {
			hits = append(hits, e)
		}
	}
	slices.SortFunc(hits, func(a, b search.Entry) int { return compareHits(req.Order, &a, &b) })
	res := search.Result{Total: len(hits)}
	for i := range hits {
		res.IDs = append(res.IDs, hits[i].Envelope.Document.ID)
	}
	if len(req.Facets) > 0 {
		res.Facets = make(map[search.Field][]relais.FacetValue)
	}
	for _, f := range req.Facets {
		res.Facets[f] = facet(hits, f, req.FacetSize)
	}
	if req.Histogram {
		res.Histogram = histogram(hits)
	}
	return res
}

// compareHits sorts by date, the undated last, then by id.
func compareHits(order search.Order, a, b *search.Entry) int {
	x, y := &a.Envelope.Document, &b.Envelope.Document
	if x.Date.IsZero() != y.Date.IsZero() {
		if x.Date.IsZero() {
			return 1
		}
		return -1
	}
	c := y.Date.Compare(x.Date)
	if order == search.Oldest {
		c = -c
	}
	return cmp.Or(c, cmp.Compare(x.ID, y.ID))
}

// finds tells whether a tree finds a document.
func (o *oracle) finds(n search.Node, e *search.Entry) bool {
	one := func(c search.Node) bool { return o.finds(c, e) }
	d := &e.Envelope.Document
	switch n := n.(type) {
	case search.And:
		return !slices.ContainsFunc(n, func(c search.Node) bool { return !one(c) })
	case search.Or:
		return slices.ContainsFunc(n, one)
	case search.Not:
		return !one(n.Of)
	case search.Text:
		return o.reads(o.engine.Clause(n), e)
	case search.Value:
		return o.has(n, e)
	case search.Days:
		return !d.Date.IsZero() && (n.From.IsZero() || !d.Date.Before(n.From)) && (n.Until.IsZero() || d.Date.Before(n.Until))
	case search.Undated:
		return d.Date.IsZero()
	case search.Bytes:
		return (n.Over == 0 || d.Size > n.Over) && (n.Under == 0 || d.Size < n.Under)
	}
	return false
}

// reads tells whether a document holds all phrases of a clause.
func (o *oracle) reads(c search.Clause, e *search.Entry) bool {
	texts := texts(c.In, e)
	for _, p := range c.Phrases {
		if !slices.ContainsFunc(texts, func(t string) bool { return o.contains(o.tokens(t), p) }) {
			return false
		}
	}
	return len(c.Phrases) > 0
}

func (o *oracle) tokens(text string) []token {
	if t, ok := o.cache[text]; ok {
		return t
	}
	var tokens []token
	for term, surface := range o.engine.Tokens(text) {
		tokens = append(tokens, token{term, surface})
	}
	o.cache[text] = tokens
	return tokens
}

// contains tells whether a phrase stands somewhere in a text.
func (o *oracle) contains(text []token, p search.Phrase) bool {
	for i := range text {
		if standsAt(text[i:], p) {
			return true
		}
	}
	return false
}

// standsAt: the beginning of a word is that of its term or, where it stands alone,
// of its surface.
func standsAt(text []token, p search.Phrase) bool {
	for i, t := range p.Terms {
		if i >= len(text) || text[i].term != t {
			return false
		}
	}
	if p.Prefix == "" {
		return len(p.Terms) > 0
	}
	if len(p.Terms) >= len(text) {
		return false
	}
	last := text[len(p.Terms)]
	return strings.HasPrefix(last.term, p.Prefix) || len(p.Terms) == 0 && strings.HasPrefix(last.surface, p.Prefix)
}

// texts gives the texts of a field; no phrase spans two of them.
func texts(f search.TextField, e *search.Entry) []string {
	d := &e.Envelope.Document
	var t []string
	add := func(fields ...search.TextField) bool { return slices.Contains(fields, f) }
	address := func(a relais.Address) { t = append(t, a.Name, a.Address) }
	if add(search.InAll, search.InSubject) {
		t = append(t, d.Subject)
	}
	if add(search.InAll) {
		t = append(t, zoneTexts(e.Text, d.Zones)...)
	}
	if d.From != nil && add(search.InAll, search.InFrom, search.InWith) {
		address(*d.From)
	}
	for _, a := range slices.Concat(d.To, d.Bcc) {
		if add(search.InAll, search.InTo, search.InWith) {
			address(a)
		}
	}
	for _, a := range d.Cc {
		if add(search.InAll, search.InTo, search.InCc, search.InWith) {
			address(a)
		}
	}
	if add(search.InAll, search.InFilename) {
		t = append(t, d.Name)
		for _, a := range d.Attachments {
			t = append(t, a.Name)
		}
	}
	return t
}

func zoneTexts(text string, zones []relais.Zone) []string {
	if len(zones) == 0 {
		return []string{text}
	}
	var t []string
	for _, z := range zones {
		t = append(t, text[z.Start:z.End])
	}
	return t
}

// has tells whether a document has a value.
func (o *oracle) has(n search.Value, e *search.Entry) bool {
	d := &e.Envelope.Document
	is := func(s string) bool { return s != "" && plain(s) == plain(n.Value) }
	switch n.Field {
	case search.ByThread:
		return is(d.Thread)
	case search.ByID:
		id := strings.Trim(n.Value, "<>")
		return is(string(d.ID)) || is(string(d.Content)) || d.MessageID != "" && plain(d.MessageID) == plain(id)
	case search.ByKind:
		return is(string(d.Kind))
	case search.ByLanguage:
		return is(d.Language)
	case search.ByCase:
		return is(string(e.Envelope.CaseID)) || o.named(d.Case, n.Value)
	case search.ByAttachment:
		return plain(n.Value) == map[bool]string{true: "yes", false: "no"}[slices.ContainsFunc(d.Attachments, func(a relais.Attachment) bool { return !a.Inline })]
	case search.ByOwner:
		return slices.ContainsFunc(d.Occurrences, func(c relais.Occurrence) bool { return is(c.Owner) })
	case search.ByFolder:
		return slices.ContainsFunc(d.Occurrences, func(c relais.Occurrence) bool {
			return is(c.Folder) || n.Value != "" && strings.HasPrefix(plain(c.Folder), plain(n.Value)+"/") || o.named(c.Folder, n.Value)
		})
	case search.ByTopic:
		return slices.ContainsFunc(d.Topics, func(t relais.Tag) bool { return is(t.ID) })
	case search.ByClient:
		return slices.ContainsFunc(shown(d.Clients), func(t relais.Tag) bool { return is(t.ID) || o.named(t.Name, n.Value) })
	case search.ByUncertain:
		return slices.ContainsFunc(unsure(d.Clients), func(t relais.Tag) bool { return is(t.ID) || o.named(t.Name, n.Value) })
	case search.ByState:
		return n.Value == search.StateUncertain && len(unsure(d.Clients)) > 0 ||
			d.Unread != "" && is(map[bool]string{true: "partial", false: "unreadable"}[d.Extraction == relais.ExtractionPartial])
	case search.ByType:
		return slices.ContainsFunc(mediaTypes(d), func(m string) bool { return is(m) || is(relais.Family(m)) })
	}
	return false
}

// named tells whether a name holds the words of a value next to each other.
func (o *oracle) named(name, value string) bool {
	surfaces := func(s string) string {
		b := " "
		for _, t := range o.tokens(s) {
			b += t.surface + " "
		}
		return b
	}
	wanted := surfaces(value)
	return wanted != " " && strings.Contains(surfaces(name), wanted)
}

func shown(tags []relais.Tag) []relais.Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t relais.Tag) bool { return t.Confidence < relais.ShownConfidence })
}

func unsure(tags []relais.Tag) []relais.Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t relais.Tag) bool { return t.Confidence >= relais.ShownConfidence })
}

// mediaTypes gives the media types of a document and of its attachments.
func mediaTypes(d *relais.Document) []string {
	own := d.MediaType
	if own == "" && d.Kind == relais.KindMessage {
		own = "message/rfc822"
	}
	types := []string{own}
	for _, a := range d.Attachments {
		types = append(types, a.MediaType)
	}
	return types
}

// plain folds case and accents.
func plain(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.TrimSpace(s)) {
		if !unicode.IsMark(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// facet counts the values of a field among hits.
func facet(hits []search.Entry, f search.Field, size int) []relais.FacetValue {
	counts := make(map[string]int)
	labels := make(map[string]map[string]int)
	for i := range hits {
		names := fieldValues(f, &hits[i])
		for v, name := range names {
			counts[v]++
			if labels[v] == nil {
				labels[v] = make(map[string]int)
			}
			labels[v][name]++
		}
	}
	var out []relais.FacetValue
	for v, n := range counts {
		out = append(out, relais.FacetValue{Value: v, Label: mostFrequent(labels[v]), Count: n})
	}
	slices.SortFunc(out, func(a, b relais.FacetValue) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return out[:min(size, len(out))]
}

// fieldValues gives a document's values of a facet, with their names.
func fieldValues(f search.Field, e *search.Entry) map[string]string {
	d := &e.Envelope.Document
	v := make(map[string]string)
	switch f {
	case search.FacetClient:
		for _, t := range shown(d.Clients) {
			v[t.ID] = t.Name
		}
	case search.FacetTopic:
		for _, t := range d.Topics {
			v[t.ID] = t.Name
		}
	case search.FacetCase:
		v[string(e.Envelope.CaseID)] = d.Case
	case search.FacetKind:
		v[string(d.Kind)] = ""
	case search.FacetType:
		for _, m := range mediaTypes(d) {
			v[relais.Family(m)] = ""
		}
	case search.FacetLanguage:
		v[d.Language] = ""
	case search.FacetYear:
		v[yearOf(d.Date)] = ""
	case search.FacetFrom:
		if d.From != nil {
			v[strings.ToLower(d.From.Address)] = ""
		}
	}
	delete(v, "")
	return v
}

// yearOf gives a date's year in the archive's zone, or the value of the undated.
func yearOf(t time.Time) string {
	if t.IsZero() {
		return search.NoDate
	}
	return t.In(Zone()).Format("2006")
}

func mostFrequent(names map[string]int) string {
	best, most := "", 0
	for name, n := range names {
		if n > most || n == most && name < best {
			best, most = name, n
		}
	}
	return best
}

// histogram counts dated hits by month.
func histogram(hits []search.Entry) []relais.FacetValue {
	counts := make(map[string]int)
	for i := range hits {
		if d := hits[i].Envelope.Document.Date; !d.IsZero() {
			counts[d.In(Zone()).Format("2006-01")]++
		}
	}
	out := []relais.FacetValue{}
	for m, n := range counts {
		out = append(out, relais.FacetValue{Value: m, Count: n})
	}
	slices.SortFunc(out, func(a, b relais.FacetValue) int { return cmp.Compare(a.Value, b.Value) })
	return out
}
