package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/relais-archive/relais/internal/relais"
)

// Export asks for documents as a set of files, by the parameters of GET /api/v1/export, and
// calls fn for each, by id: its line of the manifest, and its bytes, valid until fn
// returns. Of one whose bytes cannot be had, or were not all sent the time before, fault
// is the kind of the error. An answer that breaks off is of relais.KindUnavailable; one of
// everything that lacks documents ends with an [Incomplete].
func (c *Client) Export(ctx context.Context, query url.Values, fn func(e relais.Exported, fault relais.Kind, body io.Reader) error) error {
	res, err := c.do(ctx, http.MethodGet, "/api/v1/export", query, nil, "")
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read to its end, or given up
	_, params, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return relais.Errorf(relais.KindInternal, "read export", "the server sends no parts")
	}
	for parts := multipart.NewReader(res.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		switch {
		case errors.Is(err, io.EOF):
			return incomplete(res)
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return relais.E(relais.KindUnavailable, "read export", errors.Join(errors.New("the server stopped answering"), err))
		}
		var e relais.Exported
		if err := json.Unmarshal([]byte(part.Header.Get(relais.HeaderExported)), &e); err != nil {
			return relais.E(relais.KindInternal, "read export", err)
		}
		if err := fn(e, relais.Kind(part.Header.Get(relais.HeaderFault)), part); err != nil {
			return err
		}
	}
}
