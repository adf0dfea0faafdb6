package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

func exportQuery(format string, all bool, words []string) url.Values {
	q := url.Values{"format": {format}, "q": {strings.Join(words, " ")}}
	if all {
		q.Set("all", "1")
	}
	return q
}

// exportTo copies an export to a file, whole or not at all, or to standard output.
func (a *app) exportTo(ctx context.Context, s *session, q url.Values, output string) error {
	open := func() (io.ReadCloser, error) { return s.Open(ctx, "/api/v1/export", q) }
	if output != "" {
		return writeWhole(output, open)
	}
	body, err := open()
	if err != nil {
		return err
	}
	_, err = io.Copy(a.sys.out, body)
	return errors.Join(err, body.Close())
}

// writeWhole writes a file under a passing name and gives it its own at the end. It
// opens what is to be written once there is a file to write to.
func writeWhole(path string, open func() (io.ReadCloser, error)) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".relais-*")
	if err != nil {
		return relais.E(relais.KindInvalid, "write file", err)
	}
	body, err := open()
	if err == nil {
		_, err = io.Copy(f, body)
		err = errors.Join(err, body.Close(), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// exportEML writes each message as captured into a folder, named by its id.
func (a *app) exportEML(ctx context.Context, s *session, q url.Values, output string) error {
	if output == "" {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "export", "eml is a folder of files"), "name it with --output")
	}
	if err := os.MkdirAll(output, 0o700); err != nil {
		return relais.E(relais.KindInvalid, "make folder", err)
	}
	q.Set("format", "jsonl")
	list, err := s.Open(ctx, "/api/v1/export", q)
	if err != nil {
		return err
	}
	defer func() { _ = list.Close() }() // read to its end below
	dec := json.NewDecoder(bufio.NewReader(list))
	for {
		var d struct {
			ID   string         `json:"id"`
			Kind relais.DocKind `json:"kind"`
		}
		if err := dec.Decode(&d); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return relais.E(relais.KindUnavailable, "read export", err)
		}
		if d.Kind == relais.KindMessage {
			if err := a.exportOne(ctx, s, d.ID, filepath.Join(output, d.ID+".eml")); err != nil {
				return err
			}
		}
	}
}

func (a *app) exportOne(ctx context.Context, s *session, id, path string) error {
	return writeWhole(path, func() (io.ReadCloser, error) {
		return s.Open(ctx, "/api/v1/documents/"+url.PathEscape(id)+"/raw", nil)
	})
}
