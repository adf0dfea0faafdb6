package enrich

import (
	"slices"
	"sync"

	"github.com/relais-archive/relais/internal/relais"
)

// maxOccurrences is how many places an envelope names, the smallest ones. One more is
// asked for, which tells that there are more.
const maxOccurrences = 500

// widespread remembers where the documents were seen that were seen in very many
// places, as of a revision: every batch brings more of them, and to look all of them
// up each time takes the square of their number. Whatever adds a place raises the
// revision, in whichever process, so that what is remembered of the current one is
// what state would say.
type widespread struct {
	mu   sync.Mutex
	docs map[relais.DocumentID]sightings
}

type sightings struct {
	revision int64
	smallest []relais.Occurrence // maxOccurrences+1 of them
}

// maxWidespread bounds how many documents are remembered, some 100 KB each.
const maxWidespread = 32

func newWidespread() *widespread { return &widespread{docs: map[relais.DocumentID]sightings{}} }

// put remembers the smallest places of a document, if they are too many to name.
func (w *widespread) put(id relais.DocumentID, revision int64, smallest []relais.Occurrence) {
	if len(smallest) <= maxOccurrences {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.docs[id]; !known && len(w.docs) >= maxWidespread {
		clear(w.docs)
	}
	w.docs[id] = sightings{revision, smallest}
}

// at gives the smallest places of a document at a revision, nil when it is not known.
func (w *widespread) at(id relais.DocumentID, revision int64) []relais.Occurrence {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.docs[id]; s.revision == revision {
		return slices.Clone(s.smallest)
	}
	return nil
}

// smallest puts places in order, the later of two that are one, and cuts them to what
// tells an envelope all it shows.
func smallest(list []relais.Occurrence) []relais.Occurrence {
	slices.Reverse(list) // a place read again may bear other flags: the last reading's stay
	slices.SortStableFunc(list, relais.Occurrence.Compare)
	list = slices.CompactFunc(list, func(a, b relais.Occurrence) bool { return a.Compare(b) == 0 })
	return list[:min(len(list), maxOccurrences+1)]
}
