package enrich

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
)

// shelfBytes is how many bytes of text wait in memory for one batch to be merged; what is
// more goes into a pack at once, so that memory is bounded by bytes, however many texts
// the items of a batch have.
const shelfBytes = 8 << 20

// shelf holds the texts of the items that are read together. A text in a pack that no
// merge came to name, because of a crash, is what the same batch finds there when it is
// read again.
type shelf struct {
	blobs blob.Store
	c     relais.CaseID

	mu    sync.Mutex
	texts map[relais.Digest]string
	size  int // of the texts, in bytes
}

func newShelf(blobs blob.Store, c relais.CaseID) *shelf {
	return &shelf{blobs: blobs, c: c, texts: map[relais.Digest]string{}}
}

// keep takes a text, and empties the shelf into a pack when it is full. Readers wait for
// that: they would only bring more.
func (s *shelf) keep(ctx context.Context, text string) (relais.Digest, error) {
	d := relais.DigestOf([]byte(text))
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.texts[d]; ok {
		return d, nil
	}
	s.texts[d] = text
	if s.size += len(text); s.size < shelfBytes {
		return d, nil
	}
	if err := s.blobs.Put(ctx, s.c, s.rest()); err != nil {
		return d, err
	}
	s.texts, s.size = map[relais.Digest]string{}, 0
	return d, nil
}

// rest lists what is to be put into a pack: nobody keeps anything more.
func (s *shelf) rest() []blob.Blob {
	list := make([]blob.Blob, 0, len(s.texts))
	for d, text := range s.texts {
		list = append(list, blob.Blob{Digest: d, Size: int64(len(text)), Open: openText(text)})
	}
	return list
}

// text gives a text that was kept, or one of an earlier batch; "" is the text of no digest.
func (s *shelf) text(ctx context.Context, d relais.Digest) (string, error) {
	if d.IsZero() {
		return "", nil
	}
	s.mu.Lock()
	t, ok := s.texts[d]
	s.mu.Unlock()
	if ok {
		return t, nil
	}
	rd, err := s.blobs.Open(ctx, s.c, d)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(rd)
	return string(b), errors.Join(err, rd.Close())
}

func openText(text string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}
