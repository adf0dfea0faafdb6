package api

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

// open reads one document within a scope, with the first most bytes of its text.
func (s *Server) open(ctx context.Context, scope relais.Scope, id relais.DocumentID, most int) (o relais.Opening, err error) {
	found := false
	err = s.deps.Library.Openings(ctx, scope, []relais.DocumentID{id}, most, func(one relais.Opening) error {
		o, found = one, true
		return nil
	})
	if err == nil && !found {
		err = relais.Errorf(relais.KindNotFound, "open document", "no document %s", id)
	}
	return o, err
}

// document answers GET /api/v1/documents/ID with an ETag over what it says.
func (s *Server) document(c *gin.Context) {
	scope, ok := s.scoped(c)
	if !ok {
		return
	}
	ctx := c.Request.Context()
	o, err := s.open(ctx, scope, relais.DocumentID(c.Param("id")), heldText)
	if err != nil {
		s.fail(c, err)
		return
	}
	p, err := paperOf(ctx, o)
	if err != nil {
		s.fail(c, err)
		return
	}
	if !s.disclose(c, audit.Entry{Action: actionDocumentOpen, Objects: []string{string(o.Document.ID)}, Count: 1}) {
		return
	}
	etag := `"` + hex.EncodeToString(p.etag.Sum(nil)[:16]) + `"`
	c.Header("ETag", etag)
	c.Header("Cache-Control", "private, no-cache")
	if holds(c.GetHeader("If-None-Match"), etag) {
		c.Status(http.StatusNotModified)
		return
	}
	c.Header("Content-Type", "application/json; charset=utf-8")
	c.Status(http.StatusOK)
	if err := p.write(ctx, c.Writer); err != nil {
		s.cut(c, err)
	}
}

// text answers GET /api/v1/documents/ID/text: all of what was read of a document, as it is
// read from where it rests.
func (s *Server) text(c *gin.Context) {
	scope, ok := s.scoped(c)
	if !ok {
		return
	}
	id := relais.DocumentID(c.Param("id"))
	o, err := s.open(c.Request.Context(), scope, id, heldText)
	if err == nil && o.Damaged {
		err = relais.Errorf(relais.KindDamaged, "open text", "the text of %s cannot be read back", id)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	if !s.disclose(c, audit.Entry{Action: actionDocumentOpen, Objects: []string{string(id)}, Count: 1}) {
		return
	}
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if err := s.sendText(c, o); err != nil {
		s.cut(c, err)
	}
}

func (s *Server) sendText(c *gin.Context, o relais.Opening) error {
	if !o.Cut {
		_, err := io.WriteString(c.Writer, o.Document.Text)
		return err
	}
	text, err := o.Whole(c.Request.Context())
	if err != nil {
		return err
	}
	_, err = io.Copy(c.Writer, s.whileAllowed(c, text))
	return errors.Join(err, text.Close())
}

// holds tells whether a list of entity tags holds one, by the weak comparison that
// If-None-Match asks for (RFC 9110, section 13.1.2).
func holds(list, etag string) bool {
	for tag := range strings.SplitSeq(list, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

// raw answers GET /api/v1/documents/ID/raw: the bytes as captured, always as a
// download, for they are a stranger's.
func (s *Server) raw(c *gin.Context) {
	scope, ok := s.scoped(c)
	if !ok {
		return
	}
	inSteps(c.Request.Context())
	id := relais.DocumentID(c.Param("id"))
	raw, err := s.deps.Library.Open(c.Request.Context(), scope, id)
	if err != nil {
		s.fail(c, err)
		return
	}
	defer func() { _ = raw.Body.Close() }() // it was read to its end, or the client left
	if !s.disclose(c, audit.Entry{Action: actionDocumentRaw, Objects: []string{string(id)}, Count: 1}) {
		return
	}
	h := c.Writer.Header()
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fileName(raw.Name, string(id))}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Type", "application/octet-stream")
	if _, err := io.Copy(c.Writer, s.whileAllowed(c, raw.Body)); err != nil {
		h.Del("Content-Disposition")
		s.cut(c, err)
	}
}

// cut ends an answer that cannot be finished. What was sent must not pass for the
// whole, so that the connection breaks.
func (s *Server) cut(c *gin.Context, err error) {
	if !c.Writer.Written() {
		s.fail(c, err)
		return
	}
	s.deps.Logger.Error("an answer was cut", "route", c.FullPath(), "code", string(relais.KindOf(err)), "error", err)
	panic(http.ErrAbortHandler)
}

// maxFileName bounds the names downloads are offered under, in bytes: what file
// systems take.
const maxFileName = 200

// fileName makes a stranger's file name safe to save under: no path, no control, no
// change of direction that would hide the extension, no dots in front.
func fileName(name, id string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar || strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimLeft(name, ". "), ". ")
	if stem, _, _ := strings.Cut(name, "."); device(stem) {
		name = "_" + name
	}
	if len(name) > maxFileName {
		ext := name[max(strings.LastIndexByte(name, '.'), len(name)-16):]
		name = strings.ToValidUTF8(name[:maxFileName-len(ext)], "") + strings.ToValidUTF8(ext, "")
	}
	if name == "" {
		return id
	}
	return name
}

// device tells the names that are no files to Windows, whatever comes after their first dot.
func device(stem string) bool {
	stem = strings.ToUpper(strings.TrimSpace(stem))
	return slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, stem) ||
		len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' && stem[3] <= '9'
}

// thread answers GET /api/v1/threads/ID: the conversation, oldest first.
func (s *Server) thread(c *gin.Context) {
	scope, ok := s.scoped(c)
	if !ok {
		return
	}
	docs, err := s.deps.Library.Thread(c.Request.Context(), scope, c.Param("id"))
	if err != nil {
		s.fail(c, err)
		return
	}
	if !s.disclose(c, audit.Entry{Action: actionThreadOpen, Objects: documentIDs(docs), Count: int64(len(docs))}) {
		return
	}
	if err := s.sendThread(c, idsOf(docs)); err != nil {
		s.cut(c, err)
	}
}

// sendThread writes the documents of a conversation as they are read.
func (s *Server) sendThread(c *gin.Context, ids []relais.DocumentID) error {
	id, err := json.Marshal(c.Param("id"))
	if err != nil {
		return relais.E(relais.KindInternal, "encode thread", err)
	}
	c.Header("Content-Type", "application/json; charset=utf-8")
	c.Status(http.StatusOK)
	out := bufio.NewWriterSize(c.Writer, 64<<10)
	before := `{"documents":[`
	err = s.eachPaper(c, ids, func(p *paper) error {
		_, err := out.WriteString(before)
		before = ","
		if err == nil {
			err = p.write(c.Request.Context(), out)
		}
		return err
	})
	if err != nil {
		return err
	}
	if before != "," { // all were erased meanwhile
		_, _ = out.WriteString(before) // an error stays
	}
	_, _ = out.WriteString(`],"id":` + string(id) + "}")
	return out.Flush()
}

func idsOf(docs []relais.Document) []relais.DocumentID {
	ids := make([]relais.DocumentID, len(docs))
	for i, d := range docs {
		ids[i] = d.ID
	}
	return ids
}

func documentIDs(docs []relais.Document) []string {
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = string(d.ID)
	}
	return ids
}
