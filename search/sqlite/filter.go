package sqlite

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// where gives the rows of documents for which keep is true.
func (s *snapshot) where(keep func(b *block, i int) bool) *roaring.Bitmap {
	bits := make([]uint64, (len(s.blocks)*blockRows+63)/64)
	for n, b := range s.blocks {
		for i := range b.ids {
			if b.ids[i] != "" && keep(b, i) {
				row := n*blockRows + i
				bits[row/64] |= 1 << (row % 64)
			}
		}
	}
	return roaring.FromDense(bits, false)
}

// all gives the rows of all documents.
func (s *snapshot) all() *roaring.Bitmap {
	return s.where(func(*block, int) bool { return true })
}

// days gives the documents dated within bounds; one without a date is never.
func (s *snapshot) days(d search.Days) *roaring.Bitmap {
	from, until := bounds(d.From, d.Until)
	return s.where(func(b *block, i int) bool {
		return b.dates[i] != undated && b.dates[i] >= from && b.dates[i] < until
	})
}

// bounds gives dates as columns hold them: from, and before until. Zero is open.
func bounds(from, until time.Time) (int64, int64) {
	upper := int64(math.MaxInt64)
	if !until.IsZero() {
		upper = millis(until)
	}
	return millis(from), upper
}

// bytes gives the documents of a size within bounds.
func (s *snapshot) bytes(w search.Bytes) *roaring.Bitmap {
	return s.where(func(b *block, i int) bool {
		return (w.Over == 0 || b.sizes[i] > w.Over) && (w.Under == 0 || b.sizes[i] < w.Under)
	})
}

// scope gives the rows that some grant shows. The rule is that of
// relais.Scope.Allows; a test holds them together.
func (s *snapshot) scope(scope relais.Scope) *roaring.Bitmap {
	seen := roaring.New()
	for i := range scope.Grants {
		seen.Or(s.granted(&scope.Grants[i]))
	}
	return seen
}

// granted gives the rows that one grant shows. Everything a grant asks of a value is
// decided once for each code; a document is then a few lookups.
func (s *snapshot) granted(g *relais.Grant) *roaring.Bitmap {
	var inCase func(value) bool
	if !g.AllCases {
		inCase = func(v value) bool { return slices.Contains(g.Cases, relais.CaseID(v.ID)) }
	}
	cases := s.codes(fieldCase, inCase)
	clients := s.codes(fieldClient, func(v value) bool { return g.AllClients || slices.Contains(g.Clients, v.ID) })
	business := s.codes(fieldTopic, func(v value) bool { return relais.Business([]relais.Tag{{ID: v.ID}}) })
	after, before := bounds(g.After, g.Before)
	open := g.Unattributed && g.AllClients
	return s.where(func(b *block, i int) bool {
		if !cases[b.codes[fieldCase][i]] || b.dates[i] < after || b.dates[i] >= before {
			return false
		}
		return open || clients[b.codes[fieldClient][i]] && (g.Unattributed || business[b.codes[fieldTopic][i]])
	})
}

// codes tells for each code of a field whether one of its values will do; without a test,
// every code passes. Each value, whatever lists it is in, is tested once.
func (s *snapshot) codes(f field, test func(value) bool) []bool {
	tested := make(map[value]bool)
	once := func(v value) bool {
		ok, known := tested[v]
		if !known {
			ok = test(v)
			tested[v] = ok
		}
		return ok
	}
	ok := make([]bool, len(s.lists[f]))
	for c, l := range s.lists[f] {
		ok[c] = test == nil || slices.ContainsFunc(l, once)
	}
	return ok
}

// value gives the documents that have a value.
func (q *query) value(n search.Value) (*roaring.Bitmap, error) {
	wanted := n.Folded()
	switch n.Field {
	case search.ByThread:
		return q.keyed(n.Value, keyThread), nil
	case search.ByID:
		return q.identified(n.Value), nil
	}
	f, ok := valueField(n.Field)
	if !ok {
		return nil, search.Invalid("there is no such field")
	}
	test := func(v value) bool { return search.Fold(v.ID) == wanted }
	switch n.Field {
	case search.ByClient, search.ByUncertain, search.ByCase:
		name := words(q.analyzer, n.Value)
		test = func(v value) bool { return search.Fold(v.ID) == wanted || holds(words(q.analyzer, v.Name), name) }
	case search.ByFolder:
		name := words(q.analyzer, n.Value)
		test = func(v value) bool { return within(search.Fold(v.ID), wanted) || holds(words(q.analyzer, v.ID), name) }
	}
	codes := q.snap.codes(f, test)
	return q.snap.where(func(b *block, i int) bool { return codes[b.codes[f][i]] }), nil
}

// valueField gives the column of codes that a field is compared in.
func valueField(f search.ValueField) (field, bool) {
	switch f {
	case search.ByClient:
		return fieldClient, true
	case search.ByTopic:
		return fieldTopic, true
	case search.ByOwner:
		return fieldOwner, true
	case search.ByCase:
		return fieldCase, true
	case search.ByFolder:
		return fieldFolder, true
	case search.ByKind:
		return fieldKind, true
	case search.ByType:
		return fieldType, true
	case search.ByLanguage:
		return fieldLanguage, true
	case search.ByAttachment:
		return fieldAttachment, true
	case search.ByUncertain:
		return fieldUncertain, true
	case search.ByState:
		return fieldState, true
	}
	return 0, false
}

// within tells whether a folder is another one or lies below it.
func within(folder, above string) bool {
	above = strings.TrimSuffix(above, "/")
	rest, ok := strings.CutPrefix(folder, above)
	return ok && above != "" && (rest == "" || rest[0] == '/')
}

// keyed gives the documents with a value in a column of keys.
func (q *query) keyed(v string, column int) *roaring.Bitmap {
	k := search.KeyOf(v)
	return q.snap.where(func(b *block, i int) bool { return b.keys[column][i] == k && k != key{} })
}

// identified gives the documents that an id names: their own, that of their content,
// or a Message-ID, with or without its angle brackets.
func (q *query) identified(id string) *roaring.Bitmap {
	found := q.keyed(id, keyContent)
	found.Or(q.keyed(strings.Trim(strings.TrimSpace(id), "<>"), keyMessage))
	own := relais.DocumentID(search.Fold(id))
	found.Or(q.snap.where(func(b *block, i int) bool { return b.ids[i] == own }))
	return found
}
