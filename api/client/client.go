// Package client answers one question: how does a Go program ask Relais? It speaks
// the HTTP interface, over the network with a token or over the local socket.
package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// Client asks one server. It is safe for concurrent use.
type Client struct {
	base  string
	http  *http.Client
	token string
}

// New makes a client of the server at base, such as "http://127.0.0.1:8080". token
// is a bearer token, empty on the local socket.
func New(base string, hc *http.Client, token string) *Client {
	return &Client{base: strings.TrimSuffix(base, "/"), http: hc, token: token}
}

// Get decodes the answer to a GET into v.
func (c *Client) Get(ctx context.Context, path string, query url.Values, v any) error {
	return c.call(ctx, http.MethodGet, path, query, nil, "", v)
}

// Send encodes body as JSON, sends it and decodes the answer into v, which may be nil.
func (c *Client) Send(ctx context.Context, method, path string, body, v any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return relais.E(relais.KindInternal, "encode request", err)
	}
	return c.call(ctx, method, path, nil, bytes.NewReader(b), "application/json", v)
}

func (c *Client) call(ctx context.Context, method, path string, query url.Values, body io.Reader, mediaType string, v any) error {
	res, err := c.do(ctx, method, path, query, body, mediaType)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	if v == nil {
		_, err = io.Copy(io.Discard, res.Body)
	} else {
		err = json.NewDecoder(res.Body).Decode(v)
	}
	if err != nil {
		return relais.E(relais.KindUnavailable, "read answer", err)
	}
	return nil
}

// do sends a request; an answer that is not a success becomes its problem's error.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, body io.Reader, mediaType string) (*http.Response, error) {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, relais.E(relais.KindInvalid, "make request", err)
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, relais.E(relais.KindUnavailable, "ask the server", err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		defer func() { _ = res.Body.Close() }() // only the problem is read
		return nil, problem(res.Body)
	}
	return res, nil
}

func problem(r io.Reader) error {
	var p relais.Problem
	if err := json.NewDecoder(io.LimitReader(r, 1<<20)).Decode(&p); err != nil || p.Code == "" {
		return relais.Errorf(relais.KindInternal, "ask the server", "it answered something that is no problem document")
	}
	return p.Err()
}

// Open starts a download; the caller closes it.
func (c *Client) Open(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	res, err := c.do(ctx, http.MethodGet, path, query, nil, "")
	if err != nil {
		return nil, err
	}
	return &lacking{res.Body, res}, nil
}

// Watch starts a long verb and calls fn for each of its events but the last, which
// ends it: with nil, or with the verb's error. An answer that breaks off is of
// relais.KindUnavailable.
func (c *Client) Watch(ctx context.Context, path string, query url.Values, body io.Reader, mediaType string, fn func(relais.Event)) error {
	res, err := c.do(ctx, http.MethodPost, path, query, body, mediaType)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read to its last event, or given up
	dec := json.NewDecoder(bufio.NewReader(res.Body))
	for {
		var e relais.Event
		if err := dec.Decode(&e); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return relais.E(relais.KindUnavailable, "follow the work", errors.Join(errors.New("the server stopped answering"), err))
		}
		switch {
		case e.Type == "done":
			return nil
		case e.Type == "error" && e.Problem != nil:
			return e.Problem.Err()
		}
		fn(e)
	}
}

// Ingest runs a capture.
func (c *Client) Ingest(ctx context.Context, req relais.IngestRequest, fn func(relais.Event)) error {
	b, err := json.Marshal(req)
	if err != nil {
		return relais.E(relais.KindInternal, "encode request", err)
	}
	return c.Watch(ctx, "/api/v1/ingests", nil, bytes.NewReader(b), "application/json", fn)
}

// ImportClients sends CSV files of clients and contacts; contacts may be nil.
func (c *Client) ImportClients(ctx context.Context, clients, contacts io.Reader, fn func(relais.Event)) error {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, r := range map[string]io.Reader{"clients": clients, "contacts": contacts} {
		if r == nil {
			continue
		}
		part, err := w.CreateFormFile(name, name+".csv")
		if err != nil {
			return relais.E(relais.KindInternal, "make form", err)
		}
		if _, err := io.Copy(part, r); err != nil {
			return relais.E(relais.KindInvalid, "read "+name, err)
		}
	}
	if err := w.Close(); err != nil {
		return relais.E(relais.KindInternal, "make form", err)
	}
	return c.Watch(ctx, "/api/v1/clients/import", nil, &form, w.FormDataContentType(), fn)
}

// Search runs a query; the parameters are those of GET /api/v1/search.
func (c *Client) Search(ctx context.Context, query url.Values) (relais.Page, error) {
	var page relais.Page
	err := c.Get(ctx, "/api/v1/search", query, &page)
	return page, err
}

// Document opens one document.
func (c *Client) Document(ctx context.Context, id string) (relais.Document, error) {
	var d relais.Document
	err := c.Get(ctx, "/api/v1/documents/"+url.PathEscape(id), nil, &d)
	return d, err
}

// Balance gives the account of a case.
func (c *Client) Balance(ctx context.Context, name string) (relais.Balance, error) {
	var b relais.Balance
	err := c.Get(ctx, "/api/v1/cases/"+url.PathEscape(name)+"/balance", nil, &b)
	return b, err
}

// Cases lists the cases.
func (c *Client) Cases(ctx context.Context) ([]relais.Case, error) {
	var answer struct {
		Cases []relais.Case `json:"cases"`
	}
	err := c.Get(ctx, "/api/v1/cases", nil, &answer)
	return answer.Cases, err
}

// CreateToken makes a bearer token, shown this once.
func (c *Client) CreateToken(ctx context.Context, name string, validFor time.Duration) (string, error) {
	var answer struct {
		Token string `json:"token"`
	}
	err := c.Send(ctx, http.MethodPost, "/api/v1/tokens", map[string]any{"name": name, "valid_for": validFor}, &answer)
	return answer.Token, err
}

// Tokens lists the bearer tokens, also expired ones.
func (c *Client) Tokens(ctx context.Context) ([]relais.TokenView, error) {
	var answer struct {
		Tokens []relais.TokenView `json:"tokens"`
	}
	err := c.Get(ctx, "/api/v1/tokens", nil, &answer)
	return answer.Tokens, err
}

// RevokeToken ends the live token of an id or a name.
func (c *Client) RevokeToken(ctx context.Context, which string) (relais.TokenView, error) {
	var ended relais.TokenView
	err := c.Send(ctx, http.MethodDelete, "/api/v1/tokens/"+url.PathEscape(which), nil, &ended)
	return ended, err
}
