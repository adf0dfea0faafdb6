package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// Incomplete is the error of an export of everything, of relais.KindDamaged, once all that
// there is has come: documents are missing that the archive should hold.
type Incomplete struct {
	Count int
	IDs   []relais.DocumentID // the first of them
}

// Error names them.
func (e *Incomplete) Error() string {
	names := make([]string, len(e.IDs))
	for i, id := range e.IDs {
		names[i] = string(id)
	}
	if len(names) < e.Count {
		names = append(names, "…")
	}
	return fmt.Sprintf("%s missing: %s", relais.Number(int64(e.Count), "document is", "documents are"), strings.Join(names, ", "))
}

// incomplete reads what an answer says it lacks; nil when it is whole.
func incomplete(h http.Header) error {
	words := strings.Fields(h.Get(relais.HeaderMissing))
	if len(words) == 0 {
		return nil
	}
	e := &Incomplete{}
	var err error
	if e.Count, err = strconv.Atoi(words[0]); err != nil {
		return relais.E(relais.KindInternal, "read export", err)
	}
	for _, id := range words[1:] {
		e.IDs = append(e.IDs, relais.DocumentID(id))
	}
	return relais.WithHint(relais.E(relais.KindDamaged, "export", e), "what there is was written; `relais verify` says what is damaged, and how it is mended")
}

// lacking is the body of an answer that ends with the error of what it lacks.
type lacking struct {
	io.ReadCloser
	end error
}

// Read reads on.
func (l lacking) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		err = l.end
	}
	return n, err
}
