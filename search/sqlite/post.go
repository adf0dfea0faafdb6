package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// tokens is what an analyst makes of a document.
type tokens struct {
	key  key                        // of the text
	same bool                       // as the one in the postings: then there are no columns
	text [search.ColumnCount]string // what FTS5 is given
}

// ahead is how many documents analysts may be done with before they are written: it
// bounds the memory that terms take.
const ahead = 64

// analyze makes the tokens of changes on several goroutines and hands the changes to
// use in their order, while further ones are made.
func (x *Index) analyze(ctx context.Context, changes []*change, use func(*change) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	ready := make([]chan struct{}, len(changes))
	for i := range ready {
		ready[i] = make(chan struct{})
	}
	places := make(chan struct{}, ahead)
	var taken atomic.Int64
	for range min(x.analysts, len(changes)) {
		wg.Go(func() { x.analyst(ctx, changes, ready, places, &taken) })
	}
	for i, c := range changes {
		select {
		case <-ready[i]:
		case <-ctx.Done():
			return failed("index", ctx.Err())
		}
		if err := use(c); err != nil {
			return err
		}
		c.text = [search.ColumnCount]string{}
		<-places
	}
	return nil
}

// analyst makes tokens of one change after another. It takes a place before a
// change, so that the change waited for always has one.
func (x *Index) analyst(ctx context.Context, changes []*change, ready []chan struct{}, places chan struct{}, taken *atomic.Int64) {
	a := x.analyzers.Get().(*analysis.Analyzer)
	defer x.analyzers.Put(a)
	w := search.NewPoster(a)
	for {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		i := int(taken.Add(1)) - 1
		if i >= len(changes) {
			<-places
			return
		}
		changes[i].tokenize(w)
		close(ready[i])
	}
}

// tokenize makes the tokens of a document, unless its text is in the postings as it
// is: tags change more often than texts.
func (c *change) tokenize(w *search.Poster) {
	if c.entry == nil {
		return
	}
	p := search.Parts(c.entry)
	c.key = textKey(p)
	if c.same = !c.isNew && c.key == c.held; !c.same {
		for i, text := range w.Columns(p) {
			c.text[i] = string(text)
		}
		c.words = w.Lengths()
	}
}

// poster writes postings in one transaction.
type poster struct {
	insert, remover *sql.Stmt
}

// newPoster prepares the statements that a transaction repeats.
func newPoster(ctx context.Context, tx *sql.Tx) (*poster, error) {
	names := columnNames()
	insert, err := tx.PrepareContext(ctx, `INSERT INTO postings(rowid, `+strings.Join(names, ", ")+`) VALUES (?`+strings.Repeat(", ?", len(names))+`)`)
	if err != nil {
		return nil, failed("index", err)
	}
	remover, err := tx.PrepareContext(ctx, `DELETE FROM postings WHERE rowid = ?`)
	return &poster{insert: insert, remover: remover}, failed("index", err)
}

// put writes a document's postings, unless they are there already.
func (p *poster) put(ctx context.Context, c *change) error {
	if c.same {
		return nil
	}
	if !c.isNew {
		if err := p.remove(ctx, c); err != nil {
			return err
		}
	}
	args := make([]any, 0, 1+search.ColumnCount)
	args = append(args, postingsRow(c.row))
	for _, text := range c.text {
		args = append(args, text)
	}
	_, err := p.insert.ExecContext(ctx, args...)
	return failed("index", err)
}

// remove takes a document's postings out of every answer; Purge takes them out of
// the file.
func (p *poster) remove(ctx context.Context, c *change) error {
	_, err := p.remover.ExecContext(ctx, postingsRow(c.row))
	return failed("index", err)
}

// postingsRow gives a row's number in FTS5, which has them from 1.
func postingsRow(row uint32) int64 { return int64(row) + 1 }
