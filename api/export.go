package api

import (
	"bufio"
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
	inSteps(c.Request.Context())
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

// batches goes through what takes long to send, some documents at a time: before each the
// right to them is looked at again.
func (s *Server) batches(c *gin.Context, ids []relais.DocumentID, fn func(scope relais.Scope, some []relais.DocumentID) error) error {
	for some := range slices.Chunk(ids, 100) {
		if err := s.still(c); err != nil {
			return err
		}
		scope, err := s.scopeOf(c)
		if err != nil {
			return err
		}
		if err := fn(scope, some); err != nil {
			return err
		}
	}
	return nil
}

// eachPaper opens documents one after the other, to be written.
func (s *Server) eachPaper(c *gin.Context, ids []relais.DocumentID, fn func(*paper) error) error {
	ctx := c.Request.Context()
	return s.batches(c, ids, func(scope relais.Scope, some []relais.DocumentID) error {
		return s.deps.Library.EachOpening(ctx, scope, some, heldText, func(o relais.Opening) error {
			p, err := paperOf(ctx, o)
			if err != nil {
				return err
			}
			return fn(p)
		})
	})
}

// exportJSONL sends a line for each document. Of one whose text cannot be read back the
// line says so, and the trailer names it.
func (s *Server) exportJSONL(c *gin.Context, ids []relais.DocumentID) error {
	c.Header("Trailer", relais.HeaderDamaged)
	c.Header("Content-Type", "application/x-ndjson")
	c.Status(http.StatusOK)
	out, ctx := bufio.NewWriterSize(c.Writer, 64<<10), c.Request.Context()
	var lost []relais.DocumentID
	err := s.eachPaper(c, ids, func(p *paper) error {
		if p.Damaged {
			lost = append(lost, p.Document.ID)
		}
		if err := p.write(ctx, out); err != nil {
			return err
		}
		return out.WriteByte('\n')
	})
	if err != nil {
		return err
	}
	s.tellDamages(c, lost)
	return out.Flush()
}

// tellDamages names what could not be read back, in a trailer: it is known at the end.
func (s *Server) tellDamages(c *gin.Context, lost []relais.DocumentID) {
	if len(lost) > 0 {
		s.deps.Logger.Error("documents could not be read back", "route", c.FullPath(), "count", len(lost), "first", string(lost[0]))
		c.Header(relais.HeaderDamaged, namesOf(lost))
	}
}

// exportMbox sends messages alone, and tells at the end how many documents are left out,
// and which messages could not be read back.
func (s *Server) exportMbox(c *gin.Context, ids []relais.DocumentID) error {
	c.Header("Trailer", headerLeftOut+", "+relais.HeaderDamaged)
	c.Header("Content-Type", "application/mbox")
	c.Status(http.StatusOK)
	out, left := bufio.NewWriterSize(c.Writer, 64<<10), 0
	var lost []relais.DocumentID
	err := s.batches(c, ids, func(scope relais.Scope, some []relais.DocumentID) error {
		docs, err := s.deps.Library.Headers(c.Request.Context(), scope, some)
		for _, d := range docs {
			switch {
			case d.Kind == relais.KindMessage:
				if err := s.sendMessage(c, out, scope, d, &lost); err != nil {
					return err
				}
			case !carried(ids, d):
				left++
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	c.Header(headerLeftOut, strconv.Itoa(left))
	s.tellDamages(c, lost)
	return out.Flush()
}

// sendMessage writes one message of a mailbox. One that cannot be opened is passed over and
// named; one that ends too soon ends the answer, for what was sent of it cannot be taken back.
func (s *Server) sendMessage(c *gin.Context, out io.Writer, scope relais.Scope, d relais.Document, lost *[]relais.DocumentID) error {
	raw, err := s.deps.Library.Open(c.Request.Context(), scope, d.ID)
	if relais.Lost(err) {
		*lost = append(*lost, d.ID)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = raw.Body.Close() }() // only read
	return writeMbox(out, d, s.whileAllowed(c, raw.Body))
}
