package client

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// Incomplete is the error of an export, of relais.KindDamaged, once all that there is has
// come: documents are missing that the archive should hold, or came without their text.
type Incomplete struct {
	Named         // what is missing
	Damaged Named // what came, but for what could not be read back of it
}

// Named is a number of documents.
type Named struct {
	Count int
	IDs   []relais.DocumentID // the first of them
}

// Error names them.
func (e *Incomplete) Error() string {
	var said []string
	if e.Count > 0 {
		said = append(said, relais.Number(int64(e.Count), "document is", "documents are")+" missing: "+e.names())
	}
	if n := e.Damaged; n.Count > 0 {
		said = append(said, relais.Number(int64(n.Count), "document", "documents")+" cannot be read back: "+n.names())
	}
	return strings.Join(said, "; ")
}

func (n Named) names() string {
	names := make([]string, len(n.IDs))
	for i, id := range n.IDs {
		names[i] = string(id)
	}
	if len(names) < n.Count {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// read reads what the server wrote in a field; "" is none.
func (n *Named) read(field string) (err error) {
	words := strings.Fields(field)
	if len(words) == 0 {
		return nil
	}
	if n.Count, err = strconv.Atoi(words[0]); err != nil {
		return relais.E(relais.KindInternal, "read export", err)
	}
	for _, id := range words[1:] {
		n.IDs = append(n.IDs, relais.DocumentID(id))
	}
	return nil
}

// incomplete reads what an answer that has come to its end says it lacks; nil when it is
// whole.
func incomplete(res *http.Response) error {
	e := &Incomplete{}
	if err := errors.Join(e.read(res.Header.Get(relais.HeaderMissing)), e.Damaged.read(res.Trailer.Get(relais.HeaderDamaged))); err != nil {
		return err
	}
	if e.Count+e.Damaged.Count == 0 {
		return nil
	}
	return relais.WithHint(relais.E(relais.KindDamaged, "export", e), "what there is was written; `relais verify` says what is damaged, and how it is mended")
}

// lacking is the body of an answer that ends with the error of what it lacks.
type lacking struct {
	io.ReadCloser
	res *http.Response
}

// Read reads on.
func (l *lacking) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		if lack := incomplete(l.res); lack != nil {
			err = lack
		}
	}
	return n, err
}
