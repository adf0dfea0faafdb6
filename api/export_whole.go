package api

import (
	"context"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search/answer"
)

// Inventory tells what an export of everything has to hold.
type Inventory interface {
	// Expect remembers what one begun now has to hold; missing then names, by id, what
	// those listed lack, or have and cannot be opened.
	// It tells moved of each of its steps.
	Expect(ctx context.Context, moved func()) (missing func(ctx context.Context, listed []relais.DocumentID) ([]relais.DocumentID, error), err error)
}

// everything lists all documents in scope, and says in a header which of them are missing.
// Who sees everything is told all of them; others those that they could open: of the rest
// nobody can tell whether they were theirs.
func (s *Server) everything(c *gin.Context, q answer.Question) ([]relais.DocumentID, error) {
	ctx := c.Request.Context()
	missing, err := s.deps.Stock.Expect(ctx, func() { moved(ctx) })
	if err != nil {
		return nil, err
	}
	ids, err := s.answers.Every(ctx, q)
	if err != nil {
		return nil, err
	}
	lost, err := missing(ctx, ids)
	if err != nil || len(lost) == 0 {
		return ids, err
	}
	s.deps.Logger.Error("an export lacks documents", "route", c.FullPath(), "count", len(lost), "first", string(lost[0]))
	if !q.Scope.SeesAll() {
		docs, err := s.deps.Library.Headers(ctx, q.Scope, lost)
		if err != nil || len(docs) == 0 {
			return ids, err
		}
		lost = lost[:0]
		for i := range docs {
			lost = append(lost, docs[i].ID)
		}
	}
	c.Header(relais.HeaderMissing, namesOf(lost))
	return ids, nil
}

// mostNamed is how many documents a header names: what stands between us and who asks may
// take no longer ones.
const mostNamed = 50

// namesOf gives the number of documents, and the first of their names.
func namesOf(ids []relais.DocumentID) string {
	text := strconv.Itoa(len(ids))
	for _, id := range ids[:min(len(ids), mostNamed)] {
		text += " " + string(id)
	}
	return text
}
