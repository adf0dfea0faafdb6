package api

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// export answers GET /api/v1/export?format=jsonl|mbox&(all=1|q=…): documents by id,
// so that two exports of the same archive are the same bytes.
func (s *Server) export(c *gin.Context) {
	write, mediaType, err := s.exporter(c.DefaultQuery("format", "jsonl"))
	if err != nil {
		s.fail(c, err)
		return
	}
	ids, err := s.exported(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	if !s.disclose(c, audit.Entry{Action: actionExport, QueryHash: s.deps.Hash(c.Query("q")), Count: int64(len(ids))}) {
		return
	}
	c.Header("Content-Type", mediaType)
	c.Status(http.StatusOK)
	out := bufio.NewWriterSize(c.Writer, 64<<10)
	if err := s.writeAll(c, ids, out, write); err != nil {
		s.cut(c, err)
	}
}

type writeFunc func(ctx context.Context, scope relais.Scope, w io.Writer, d relais.Document) error

func (s *Server) exporter(format string) (writeFunc, string, error) {
	switch format {
	case "jsonl":
		return writeJSONL, "application/x-ndjson", nil
	case "mbox":
		return s.writeMbox, "application/mbox", nil
	}
	return nil, "", relais.WithHint(relais.Errorf(relais.KindInvalid, "read format", "%q is no export format", format), "jsonl, mbox or eml")
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
	node, err := s.query(c)
	if err != nil {
		return nil, err
	}
	var ids []relais.DocumentID
	req := search.Request{Query: node, Scope: s.scopeOf(c), Limit: 1000}
	for {
		res, err := s.deps.Searcher.Search(c.Request.Context(), req)
		if err != nil {
			return nil, err
		}
		ids = append(ids, res.IDs...)
		if res.Next == "" {
			slices.Sort(ids)
			return ids, nil
		}
		req.Cursor = res.Next
	}
}

func (s *Server) writeAll(c *gin.Context, ids []relais.DocumentID, out *bufio.Writer, write writeFunc) error {
	ctx, scope := c.Request.Context(), s.scopeOf(c)
	for len(ids) > 0 {
		n := min(len(ids), 100)
		docs, err := s.deps.Library.Documents(ctx, scope, ids[:n])
		if err != nil {
			return err
		}
		for _, d := range docs {
			if err := write(ctx, scope, out, d); err != nil {
				return err
			}
		}
		ids = ids[n:]
	}
	return out.Flush()
}

func writeJSONL(_ context.Context, _ relais.Scope, w io.Writer, d relais.Document) error {
	b, err := canonical(d)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
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
