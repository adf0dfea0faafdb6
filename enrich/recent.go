package enrich

import (
	"context"
	"sync"

	"github.com/relais-archive/relais/internal/relais"
)

// recent remembers, text and all, what the files read lately were found to say, and
// has one reader at a time read a file: what a thread passes round arrives in many
// messages of one batch, before the first of them is merged.
type recent struct {
	mu         sync.Mutex
	size       int // of the young generation's texts, in bytes
	young, old map[fileOf]*finding
}

// fileOf is a file as one case holds it.
type fileOf struct {
	c relais.CaseID
	d relais.Digest
}

// finding is a file being read; once done is closed, what it was found to say.
type finding struct {
	done chan struct{}
	kept bool
	extracted
	text string
}

// The bounds of one of the two generations. A longer text is not worth keeping.
const (
	recentTexts = 4 << 20
	recentFiles = 1 << 12
	recentText  = 256 << 10
)

func newRecent() *recent { return &recent{young: map[fileOf]*finding{}} }

// once gives what a file is found to say: by reading it, or by waiting for whoever
// reads it already. When they fail, everyone tries on their own account.
func (r *recent) once(ctx context.Context, file fileOf, read func() (extracted, string, error)) (extracted, string, error) {
	f, mine := r.claim(file)
	if !mine {
		select {
		case <-f.done:
		case <-ctx.Done():
			return extracted{}, "", ctx.Err()
		}
		if f.kept {
			return f.extracted, f.text, nil
		}
		return read()
	}
	defer r.settle(file, f)
	e, text, err := read()
	// What was recalled has no text here: it would outlive the case's hold on it.
	f.kept = err == nil && len(text) <= recentText && (text != "") == !e.Text.IsZero()
	f.extracted, f.text = e, text
	return e, text, err
}

func (r *recent) claim(file fileOf) (f *finding, mine bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f, ok := r.young[file]; ok {
		return f, false
	}
	if f, ok := r.old[file]; ok {
		return f, false
	}
	f = &finding{done: make(chan struct{})}
	r.young[file] = f
	return f, true
}

// settle lets those who wait go on; it runs after a panic too.
func (r *recent) settle(file fileOf, f *finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(f.done)
	if !f.kept {
		delete(r.young, file)
		delete(r.old, file)
		return
	}
	if r.size += len(f.text); r.size >= recentTexts || len(r.young) >= recentFiles {
		r.old, r.young, r.size = r.young, map[fileOf]*finding{}, 0
	}
}
