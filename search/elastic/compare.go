package elastic

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/relais-archive/relais/internal/relais"
)

// held is what the server has of a document now, whether found already or not.
type held struct {
	ID          relais.DocumentID `json:"_id"`
	Found       bool              `json:"found"`
	Sequence    int64             `json:"_seq_no"`
	PrimaryTerm int64             `json:"_primary_term"`
	Source      struct {
		Revision int64 `json:"revision"`
	} `json:"_source"`
	Error *cause `json:"error"`
}

// compare looks at what stands in the way of some writes, and gives those that must be
// sent again, guarded by what was seen. A version is seldom in the way for long: it is
// a newer revision, or that of a removal which the server remembers for a while,
// though what was removed may come again in any revision.
func (x *Index) compare(ctx context.Context, writes []*write) (again []*write, err error) {
	if len(writes) == 0 {
		return nil, nil
	}
	docs, err := x.look(ctx, writes)
	if err != nil {
		return nil, err
	}
	for i, w := range writes {
		if w.weigh(docs[i]) {
			again = append(again, w)
		}
	}
	return again, nil
}

// weigh tells whether a write is still needed, and guards it.
func (w *write) weigh(h held) bool {
	switch {
	case h.Found && w.entry.Removed && w.revision() == 0:
		w.guard = byNothing
	case h.Found && h.Source.Revision > w.revision():
		return false
	case h.Found:
		w.guard, w.sequence, w.primaryTerm = bySequence, h.Sequence, h.PrimaryTerm
	case w.entry.Removed:
		return false
	default:
		w.guard = byAbsence
	}
	return true
}

// look gives what the server has of each document, as of now.
func (x *Index) look(ctx context.Context, writes []*write) ([]held, error) {
	const op = "compare revisions"
	ids := make([]relais.DocumentID, len(writes))
	for i, w := range writes {
		ids[i] = w.id
	}
	body, err := json.Marshal(object{"ids": ids})
	if err != nil {
		return nil, relais.E(relais.KindInternal, op, err)
	}
	r, err := x.call(ctx, op, func() esapi.Request { return esapi.MgetRequest{Index: x.name, Body: bytes.NewReader(body)} })
	if err != nil {
		return nil, err
	}
	var answer struct{ Docs []held }
	if err := r.decode(op, &answer); err != nil {
		return nil, err
	}
	if len(answer.Docs) != len(writes) {
		return nil, relais.Errorf(relais.KindUnavailable, op, "the server speaks of %d documents, not of %d", len(answer.Docs), len(writes))
	}
	for i, h := range answer.Docs {
		if h.ID != writes[i].id || h.Error != nil {
			return nil, relais.Errorf(relais.KindUnavailable, op, "a document cannot be looked at")
		}
	}
	return answer.Docs, nil
}
