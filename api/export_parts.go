package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/relais"
)

// headerLeftOut is the trailer of an mbox: how many documents it has no room for, since
// they are no messages and within none that it holds.
const headerLeftOut = "Relais-Left-Out"

// exportParts sends documents as multipart/mixed (RFC 2046), each a part: its line of the
// manifest, then its bytes, which an mbox wants quoted. Attachments within a message or
// file that is sent are no parts of their own. What cannot be read is named, so that one
// fault costs one document.
func (s *Server) exportParts(c *gin.Context, ids []relais.DocumentID, mbox bool) error {
	out := bufio.NewWriterSize(c.Writer, 64<<10)
	p := &parts{Server: s, c: c, ids: ids, w: multipart.NewWriter(out), mbox: mbox}
	c.Header("Content-Type", "multipart/mixed; boundary="+p.w.Boundary())
	c.Status(http.StatusOK)
	err := s.batches(c, ids, func(scope relais.Scope, some []relais.DocumentID) error {
		p.scope = scope
		return p.send(c.Request.Context(), some)
	})
	if err != nil {
		return err
	}
	return errors.Join(p.w.Close(), out.Flush())
}

type parts struct {
	*Server
	c     *gin.Context
	scope relais.Scope
	ids   []relais.DocumentID // all that are exported, sorted
	w     *multipart.Writer
	mbox  bool
}

// send sends some documents; where they cannot be opened together, each is tried alone.
func (p *parts) send(ctx context.Context, ids []relais.DocumentID) error {
	docs, err := p.deps.Library.Headers(ctx, p.scope, ids)
	switch {
	case err == nil:
	case passing(ctx, err):
		return err
	case len(ids) == 1:
		return p.fault(relais.Exported{ID: ids[0]}, err)
	default:
		half := len(ids) / 2
		if err := p.send(ctx, ids[:half]); err != nil {
			return err
		}
		return p.send(ctx, ids[half:])
	}
	for _, d := range docs {
		if carried(p.ids, d) {
			continue
		}
		if err := p.one(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// passing tells a fault of the moment, which ends the answer, from one of a document.
func passing(ctx context.Context, err error) bool {
	return ctx.Err() != nil || relais.Retryable(err) || relais.KindOf(err) == relais.KindAuth
}

// carried tells an attachment whose message or file is among the exported.
func carried(sorted []relais.DocumentID, d relais.Document) bool {
	_, there := slices.BinarySearch(sorted, d.Parent)
	return d.Kind == relais.KindAttachment && there
}

func (p *parts) one(ctx context.Context, d relais.Document) error {
	line := relais.Exported{ID: d.ID, SHA256: d.SHA256, Size: d.Size, Case: d.Case, Date: d.Date, Subject: d.Subject, Kind: d.Kind}
	if d.Kind != relais.KindMessage {
		line.Name = fileName(d.Name, string(d.ID))
	}
	raw, err := p.deps.Library.Open(ctx, p.scope, d.ID)
	if err != nil {
		if passing(ctx, err) {
			return err
		}
		return p.fault(line, err)
	}
	defer func() { _ = raw.Body.Close() }() // only read
	w, err := p.part(line, "")
	if err != nil {
		return err
	}
	body := &faulty{r: p.whileAllowed(p.c, raw.Body)}
	if p.mbox && d.Kind == relais.KindMessage {
		err = writeMbox(w, d, body)
	} else {
		_, err = io.Copy(w, body)
	}
	if body.err != nil && !passing(ctx, body.err) {
		return p.fault(line, body.err)
	}
	return err
}

// faulty remembers what reading failed with, to tell it from a fault of writing.
type faulty struct {
	r   io.Reader
	err error
}

// Read reads on.
func (f *faulty) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

func (p *parts) fault(line relais.Exported, err error) error {
	kind := problemOf(err).Code // what was forgotten answers as what never was
	p.deps.Logger.Error("a document cannot be exported", "id", string(line.ID), "code", kind)
	_, err = p.part(line, kind)
	return err
}

func (p *parts) part(line relais.Exported, fault string) (io.Writer, error) {
	b, err := json.Marshal(line)
	if err != nil {
		return nil, relais.E(relais.KindInternal, "encode manifest", err)
	}
	h := textproto.MIMEHeader{"Content-Type": {"application/octet-stream"}, relais.HeaderExported: {string(b)}}
	if line.Kind == relais.KindMessage && !p.mbox {
		h.Set("Content-Type", "message/rfc822")
	}
	if fault != "" {
		h.Set(relais.HeaderFault, fault)
	}
	return p.w.CreatePart(h)
}
