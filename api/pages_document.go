package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/api/ui"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// maxSiblings is how many documents of its conversation the page of one lists.
const maxSiblings = 50

// documentPage answers GET /documents/ID.
func (s *Server) documentPage(c *gin.Context) {
	scope, ok := s.scoped(c)
	if !ok {
		return
	}
	ctx := c.Request.Context()
	o, err := s.open(ctx, scope, relais.DocumentID(c.Param("id")), ui.MaxText)
	if err != nil {
		s.fail(c, err)
		return
	}
	d := o.Document
	siblings, err := s.siblings(ctx, scope, d.Thread)
	if err != nil {
		s.fail(c, err)
		return
	}
	if !s.disclose(c, audit.Entry{Action: actionDocumentOpen, Objects: []string{string(d.ID)}, Count: 1}) {
		return
	}
	if len(siblings.Hits) > 1 && !s.discloseSiblings(c, siblings) {
		return
	}
	view := ui.Document{Frame: s.frame(c), Document: d, Siblings: siblings.Hits, More: siblings.Total - len(siblings.Hits)}
	view.Segments, view.Cut = ui.Segments(d.Text, d.Zones), o.Cut
	s.show(c, http.StatusOK, view)
}

// siblings lists the messages of a conversation, oldest first.
func (s *Server) siblings(ctx context.Context, scope relais.Scope, thread string) (relais.Page, error) {
	if thread == "" {
		return relais.Page{}, nil
	}
	query := search.And{search.Value{Field: search.ByThread, Value: thread}, search.Value{Field: search.ByKind, Value: string(relais.KindMessage)}}
	return s.answers.List(ctx, search.Request{Query: query, Scope: scope, Order: search.Oldest, Limit: maxSiblings})
}

func (s *Server) discloseSiblings(c *gin.Context, p relais.Page) bool {
	ids := make([]string, len(p.Hits))
	for i, h := range p.Hits {
		ids[i] = string(h.ID)
	}
	return s.disclose(c, audit.Entry{Action: actionThreadList, Objects: ids, Count: int64(p.Total)})
}

// threadPage answers GET /threads/ID: the messages of a conversation, oldest first;
// attachments stand with their message.
func (s *Server) threadPage(c *gin.Context) {
	scope, ok := s.scoped(c)
	if !ok {
		return
	}
	docs, err := s.deps.Library.Thread(c.Request.Context(), scope, c.Param("id"))
	if err != nil {
		s.fail(c, err)
		return
	}
	docs = conversation(docs)
	view := ui.Thread{Frame: s.frame(c), ID: c.Param("id"), Title: docs[0].Subject, More: max(len(docs)-maxMessages, 0)}
	docs = docs[:len(docs)-view.More]
	if !s.disclose(c, audit.Entry{Action: actionThreadOpen, Objects: documentIDs(docs), Count: int64(len(docs))}) {
		return
	}
	left := mostThread
	err = s.deps.Library.Openings(c.Request.Context(), scope, idsOf(docs), ui.MaxText, func(o relais.Opening) error {
		m := ui.Message{Document: o.Document, Cut: o.Cut}
		if text := ui.Clip(o.Document.Text, max(left, leastMessage)); len(text) < len(o.Document.Text) {
			o.Document.Text, m.Cut = text, true
		}
		left -= len(o.Document.Text)
		m.Segments, m.Document.Text, m.Document.NewText = ui.Segments(o.Document.Text, o.Document.Zones), "", ""
		view.Messages = append(view.Messages, m)
		return nil
	})
	if err != nil {
		s.fail(c, err)
		return
	}
	s.show(c, http.StatusOK, view)
}

// mostThread is how much text the page of a conversation shows, in bytes; beyond it each
// message shows its beginning, leastMessage at most.
const (
	mostThread   = 2 << 20
	leastMessage = 2 << 10
)

// conversation leaves out attachments, unless there is nothing else to see.
func conversation(docs []relais.Document) []relais.Document {
	var messages []relais.Document
	for _, d := range docs {
		if d.Kind == relais.KindMessage {
			messages = append(messages, d)
		}
	}
	if len(messages) == 0 {
		return docs
	}
	return messages
}
