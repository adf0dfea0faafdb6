package api

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search/answer"
)

// export answers GET /api/v1/export?format=jsonl|mbox|eml&(all=1|q=…): documents by id,
// so that two exports of the same archive are the same bytes. What makes several files
// comes in parts: eml always, mbox with parts=1.
func (s *Server) export(c *gin.Context) {
	format := c.DefaultQuery("format", "jsonl")
	send, ok := map[string]func(*gin.Context, []relais.DocumentID) error{
		"jsonl": s.exportJSONL, "mbox": s.exportMbox,
		"eml": func(c *gin.Context, ids []relais.DocumentID) error { return s.exportParts(c, ids, false) },
	}[format]
	if !ok {
		s.fail(c, relais.WithHint(relais.Errorf(relais.KindInvalid, "read format", "%q is no export format", format), "jsonl, mbox or eml"))
		return
	}
	inParts, err := boolOf(c, "parts")
	if err != nil {
		s.fail(c, err)
		return
	}
	if inParts && format == "mbox" {
		send = func(c *gin.Context, ids []relais.DocumentID) error { return s.exportParts(c, ids, true) }
	}
	ids, err := s.exported(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	if !s.disclose(c, audit.Entry{Action: actionExport, QueryHash: s.deps.Hash(c.Query("q")), Count: int64(len(ids))}) {
		return
	}
	if err := send(c, ids); err != nil {
		s.cut(c, err)
	}
}

// exported lists what an export holds: all in scope, or what a query finds.
func (s *Server) exported(c *gin.Context) ([]relais.DocumentID, error) {
	all, err := boolOf(c, "all")
	if err != nil {
		return nil, err
	}
	if !all && strings.TrimSpace(c.Query("q")) == "" {
		return nil, relais.WithHint(relais.Errorf(relais.KindInvalid, "export", "say what to export"), "--all, or a query")
	}
	scope, err := s.scopeOf(c)
	if err != nil {
		return nil, err
	}
	q := answer.Question{Text: c.Query("q"), Lang: string(language(c)), Scope: scope}
	if all && strings.TrimSpace(q.Text) == "" {
		return s.everything(c, q)
	}
	return s.answers.Every(c.Request.Context(), q)
}

// openFunc opens documents within a scope.
type openFunc func(context.Context, relais.Scope, []relais.DocumentID) ([]relais.Document, error)

// exportAll sends documents one after the other.
func (s *Server) exportAll(c *gin.Context, ids []relais.DocumentID, mediaType string, open openFunc, write func(io.Writer, relais.Document) error) error {
	c.Header("Content-Type", mediaType)
	c.Status(http.StatusOK)
	out := bufio.NewWriterSize(c.Writer, 64<<10)
	for some := range slices.Chunk(ids, 100) {
		if err := s.still(c); err != nil {
			return err
		}
		scope, err := s.scopeOf(c)
		if err != nil {
			return err
		}
		docs, err := open(c.Request.Context(), scope, some)
		if err != nil {
			return err
		}
		for _, d := range docs {
			if err := write(out, d); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

func (s *Server) exportJSONL(c *gin.Context, ids []relais.DocumentID) error {
	return s.exportAll(c, ids, "application/x-ndjson", s.deps.Library.Documents, func(w io.Writer, d relais.Document) error {
		b, err := canonical(d)
		if err == nil {
			_, err = w.Write(append(b, '\n'))
		}
		return err
	})
}

// exportMbox sends messages alone, and tells at the end how many documents are left out.
func (s *Server) exportMbox(c *gin.Context, ids []relais.DocumentID) error {
	c.Header("Trailer", headerLeftOut)
	scope, err := s.scopeOf(c)
	if err != nil {
		return err
	}
	ctx, left := c.Request.Context(), 0
	err = s.exportAll(c, ids, "application/mbox", s.deps.Library.Headers, func(w io.Writer, d relais.Document) error {
		if d.Kind != relais.KindMessage {
			if !carried(ids, d) {
				left++
			}
			return nil
		}
		raw, err := s.deps.Library.Open(ctx, scope, d.ID)
		if err != nil {
			return err
		}
		defer func() { _ = raw.Body.Close() }() // only read
		return writeMbox(w, d, s.whileAllowed(c, raw.Body))
	})
	c.Header(headerLeftOut, strconv.Itoa(left))
	return err
}

// canonical gives a document as JSON with sorted keys.
func canonical(d relais.Document) ([]byte, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return nil, relais.E(relais.KindInternal, "encode document", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return nil, relais.E(relais.KindInternal, "encode document", err)
	}
	b, err = json.Marshal(fields)
	if err != nil {
		return nil, relais.E(relais.KindInternal, "encode document", err)
	}
	return b, nil
}
