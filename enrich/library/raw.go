package library

import (
	"context"
	"errors"
	"io"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// Raw is the bytes of a document as they were captured: a message whole, an
// attachment decoded.
type Raw struct {
	Name      string
	MediaType string
	Size      int64
	Body      io.ReadCloser
}

// Raw opens the captured bytes of a document within the scope.
func (l *Library) Raw(ctx context.Context, scope relais.Scope, id relais.DocumentID) (Raw, error) {
	e, err := l.envelope(ctx, scope, id)
	if err != nil {
		return Raw{}, err
	}
	body, err := l.blobs.Open(ctx, e.CaseID, e.Blob)
	if err != nil {
		return Raw{}, err
	}
	d := e.Document
	raw := Raw{Name: d.Name, MediaType: d.MediaType, Size: body.Size(), Body: body}
	if d.Kind == relais.KindMessage {
		raw.Name = string(d.ID) + l.forms.Extension(d.MediaType)
	}
	if e.Member == "" {
		return raw, nil
	}
	form, err := l.forms.Of(body)
	if err != nil {
		return Raw{}, errors.Join(err, body.Close())
	}
	_, part, err := form.OpenPart(body, format.DefaultLimits(), e.Member)
	if err != nil {
		return Raw{}, errors.Join(err, body.Close())
	}
	raw.Size, raw.Body = d.Size, &member{Reader: part, whole: body}
	return raw, nil
}

// member is a part of a blob; closing it closes the blob.
type member struct {
	io.Reader
	whole io.Closer
}

// Close closes the blob that holds the part.
func (m *member) Close() error { return m.whole.Close() }
