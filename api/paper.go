package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"maps"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/relais-archive/relais/internal/relais"
)

// heldText is how much of a text is held in memory to be sent: a longer one is sent by
// blocks, as it is read.
const heldText = 1 << 20

// paper is a document that is ready to be written as JSON with sorted keys: its text was
// read to its end, so that damage is known before the first byte is sent.
type paper struct {
	relais.Opening
	fields      map[string]json.RawMessage // but those of a text too long to hold
	first, last int64                      // where the new text of such a one begins and ends, without its outer white space
	etag        hash.Hash                  // over what the document says
}

// paperOf reads a document to the end of its text. A text that cannot be read back costs
// the document its text.
func paperOf(ctx context.Context, o relais.Opening) (*paper, error) {
	p := &paper{Opening: o, etag: sha256.New()}
	var text []byte
	if o.Cut {
		var err error
		if text, err = p.survey(ctx); relais.Lost(err) {
			p.MarkDamaged()
		} else if err != nil {
			return nil, err
		}
	}
	if p.Cut {
		p.Document.Text, p.Document.NewText = "", ""
	}
	b, err := json.Marshal(p.Document)
	if err == nil {
		err = json.Unmarshal(b, &p.fields)
	}
	if err != nil {
		return nil, relais.E(relais.KindInternal, "encode document", err)
	}
	body, err := json.Marshal(p.fields)
	if err != nil {
		return nil, relais.E(relais.KindInternal, "encode document", err)
	}
	_, _ = p.etag.Write(append(body, text...)) // a hash never fails
	return p, nil
}

// survey reads the whole of a text, proves it, and finds its new text. It gives the digest.
func (p *paper) survey(ctx context.Context) (digest []byte, err error) {
	text, err := p.Whole(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, text.Close()) }()
	sum := sha256.New()
	if _, err := io.Copy(sum, text); err != nil {
		return nil, err
	}
	p.first, p.last, err = trimmed(newText(text, p.Document.Zones))
	return sum.Sum(nil), err
}

// newText reads the zones of a text that its author wrote.
func newText(text relais.Text, zones []relais.Zone) io.Reader {
	var parts []io.Reader
	for z := range relais.NewZones(zones, text.Size()) {
		parts = append(parts, io.NewSectionReader(text, int64(z.Start), int64(z.End-z.Start)))
	}
	return io.MultiReader(parts...)
}

// trimmed finds where a text begins and ends without the white space around it (as
// strings.TrimSpace does); both are 0 where there is nothing else.
func trimmed(r io.Reader) (first, last int64, err error) {
	first = -1
	at := int64(0)
	err = inRunes(r, func(block []byte) error {
		for i := 0; i < len(block); {
			c, n := utf8.DecodeRune(block[i:])
			if !unicode.IsSpace(c) {
				if first < 0 {
					first = at + int64(i)
				}
				last = at + int64(i+n)
			}
			i += n
		}
		at += int64(len(block))
		return nil
	})
	return max(first, 0), last, err
}

// inRunes calls fn with one block of a text after the other, none of which ends within a
// character.
func inRunes(r io.Reader, fn func(block []byte) error) error {
	buffer, kept := make([]byte, 32<<10), 0
	for {
		n, err := r.Read(buffer[kept:])
		n += kept
		end := n
		if err == nil {
			end = whole(buffer[:n])
		}
		if ferr := fn(buffer[:end]); ferr != nil {
			return ferr
		}
		kept = copy(buffer, buffer[end:n])
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// whole gives the length of what is left without a character whose end has not come.
func whole(b []byte) int {
	for i := len(b) - 1; i >= 0 && i > len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return i
			}
			break
		}
	}
	return len(b)
}

// write writes the document.
func (p *paper) write(ctx context.Context, w io.Writer) error {
	if !p.Cut {
		b, err := json.Marshal(p.fields)
		if err != nil {
			return relais.E(relais.KindInternal, "encode document", err)
		}
		_, err = w.Write(b)
		return err
	}
	text, err := p.Whole(ctx)
	if err != nil {
		return err
	}
	err = p.writeFields(w, text)
	return errors.Join(err, text.Close())
}

// writeFields writes the fields by their names, those of the text by blocks.
func (p *paper) writeFields(w io.Writer, text relais.Text) error {
	long := map[string]io.Reader{"text": io.NewSectionReader(text, 0, text.Size())}
	if p.last > p.first {
		fresh := newText(text, p.Document.Zones)
		if _, err := io.CopyN(io.Discard, fresh, p.first); err != nil {
			return err
		}
		long["new_text"] = io.LimitReader(fresh, p.last-p.first)
	}
	names := slices.Sorted(maps.Keys(p.fields))
	for name := range long {
		names = append(names, name)
	}
	slices.Sort(names)
	opening := "{"
	for _, name := range names {
		if _, err := io.WriteString(w, opening+`"`+name+`":`); err != nil {
			return err
		}
		opening = ","
		if err := p.writeField(w, name, long[name]); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "}")
	return err
}

func (p *paper) writeField(w io.Writer, name string, text io.Reader) error {
	if text == nil {
		_, err := w.Write(p.fields[name])
		return err
	}
	return writeString(w, text)
}

// writeString writes a text as package json writes a string, without holding it.
func writeString(w io.Writer, text io.Reader) error {
	if _, err := io.WriteString(w, `"`); err != nil {
		return err
	}
	err := inRunes(text, func(block []byte) error {
		b, err := json.Marshal(string(block))
		if err != nil {
			return relais.E(relais.KindInternal, "encode text", err)
		}
		_, err = w.Write(bytes.TrimSuffix(bytes.TrimPrefix(b, []byte(`"`)), []byte(`"`)))
		return err
	})
	if err == nil {
		_, err = io.WriteString(w, `"`)
	}
	return err
}
