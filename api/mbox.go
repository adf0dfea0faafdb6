package api

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// writeMbox writes a message in mboxrd: every line that begins ">*From " gains one
// ">", so that reading it back undoes exactly that.
func writeMbox(w io.Writer, d relais.Document, raw io.Reader) error {
	date := d.Date
	if date.IsZero() {
		date = time.Unix(0, 0).UTC()
	}
	if _, err := fmt.Fprintf(w, "From relais@localhost %s\n", date.UTC().Format(time.ANSIC)); err != nil {
		return err
	}
	return quoteMbox(w, raw)
}

// quoteMbox copies one message, quoted, with the empty line that ends it.
func quoteMbox(w io.Writer, r io.Reader) error {
	br := bufio.NewReaderSize(r, 64<<10)
	fresh := true // at the start of a line
	for {
		part, err := br.ReadSlice('\n')
		if err := writeQuoted(w, part, fresh); err != nil {
			return err
		}
		if len(part) > 0 {
			fresh = part[len(part)-1] == '\n'
		}
		switch {
		case err == nil, errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return endMessage(w, fresh)
		default:
			return err
		}
	}
}

func writeQuoted(w io.Writer, part []byte, fresh bool) error {
	if fresh && bytes.HasPrefix(bytes.TrimLeft(part, ">"), []byte("From ")) {
		if _, err := io.WriteString(w, ">"); err != nil {
			return err
		}
	}
	_, err := w.Write(part)
	return err
}

func endMessage(w io.Writer, fresh bool) error {
	end := "\n"
	if !fresh {
		end = "\n\n"
	}
	_, err := io.WriteString(w, end)
	return err
}
