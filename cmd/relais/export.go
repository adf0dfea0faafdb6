package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/relais-archive/relais/api/client"
	"github.com/relais-archive/relais/internal/relais"
)

func exportQuery(format string, all bool, words []string) url.Values {
	q := url.Values{"format": {format}, "q": {strings.Join(words, " ")}}
	if all {
		q.Set("all", "1")
	}
	return q
}

// copyTo copies what open gives to a file, whole or not at all, or to standard output
// where none is named.
func (a *app) copyTo(output string, open func() (io.ReadCloser, error)) error {
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
	var lack *client.Incomplete
	if errors.As(err, &lack) { // all there is has come
		return errors.Join(f.Sync(), f.Close(), os.Rename(f.Name(), path), err)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// exportFiles writes an export as a set of files: eml a folder of them, mbox one file of
// messages, or the standard output, with the others beside it.
func (a *app) exportFiles(ctx context.Context, s *session, q url.Values, output string) error {
	mbox := q.Get("format") == "mbox"
	if output == "" && !mbox {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "export", "eml is a folder of files"), "name it with --output")
	}
	h, err := &handOut{mailbox: a.sys.out}, error(nil)
	switch {
	case !mbox:
		h, err = openFolder(output)
	case output != "":
		h, err = openMailbox(output)
	}
	if err != nil {
		return err
	}
	h.tell = func(e relais.Exported, what string) {
		fmt.Fprintf(a.sys.err, "relais: %s %s: %s\n", e.ID, plain(cmp.Or(e.Name, e.Subject)), plain(what))
	}
	q.Set("parts", "1")
	err = s.Export(ctx, q, h.take)
	var lack *client.Incomplete
	if errors.As(err, &lack) { // all there is has come, and keeps its names
		if ended := h.end(nil); !errors.As(ended, new(outcome)) { // which counts for less
			err = errors.Join(ended, err)
		}
	} else {
		err = h.end(err)
	}
	if mbox && h.beside > 0 {
		a.tell("%s in %s", relais.Number(int64(h.beside), "document that is no message is", "documents that are no messages are"), plain(output+".files"))
	}
	return err
}
