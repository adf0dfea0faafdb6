package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"golang.org/x/sync/errgroup"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// The bounds of bulk calls.
const (
	bulkDocuments = 250 // of one call
	bulkTime      = 3 * time.Minute
	itemTries     = 10 // of an item that the server is too busy for
)

// guard is what keeps an older revision from taking the place of a newer one.
type guard int

const (
	byVersion  guard = iota // an external version: the document's revision
	byNothing               // a tombstone without a revision counts whatever is held
	byAbsence               // only where nothing is held
	bySequence              // only on the version that was looked at
)

// write is what becomes of one document in a bulk call.
type write struct {
	entry       *search.Entry
	id          relais.DocumentID
	start, end  int // of its line in the load's buffer
	guard       guard
	sequence    int64 // of the version looked at
	primaryTerm int64
	tries       int
	busy        bool // the server was too busy for it
	refusal     *search.Refusal
}

func (w *write) revision() int64 { return w.entry.Envelope.Revision }

// Apply indexes entries in bulk calls of up to 8 MB, several under way at once, and
// returns when each is durable; Refresh lets them be found. Every item of an answer is
// read: one that the server is too busy for is sent again, one that it holds in a newer
// revision is left, one that it can never take is refused with the class of its
// reason. The error is of relais.KindUnavailable, relais.KindAuth, relais.KindDamaged
// (there is no index) or relais.KindCanceled, and says that some may be written and
// some not: the same call again puts that right.
func (x *Index) Apply(ctx context.Context, entries []search.Entry) ([]search.Refusal, error) {
	var refused []search.Refusal
	for _, round := range rounds(entries) {
		if err := x.apply(ctx, round); err != nil {
			return nil, err
		}
		for _, w := range round {
			if w.refusal != nil {
				refused = append(refused, *w.refusal)
			}
		}
	}
	return refused, nil
}

// ctxError gives the end of a context its kind.
func ctxError(ctx context.Context, op string) error {
	if ctx.Err() == nil {
		return nil
	}
	return relais.E(relais.KindCanceled, op, ctx.Err())
}

// rounds parts entries so that no document is twice in one: what is said of it first
// must have happened before the next. The stage names most documents once.
func rounds(entries []search.Entry) [][]*write {
	var all [][]*write
	named := make(map[relais.DocumentID]int, len(entries))
	for i := range entries {
		w := &write{entry: &entries[i], id: entries[i].Envelope.Document.ID}
		switch {
		case w.id == "":
			w.refusal = &search.Refusal{Code: "no_id", Detail: "the envelope names no document"}
		case w.entry.Removed && w.revision() == 0:
			w.guard = byNothing
		}
		n := named[w.id]
		if w.id != "" {
			named[w.id]++
		}
		if n == len(all) {
			all = append(all, nil)
		}
		all[n] = append(all[n], w)
	}
	return all
}

// apply writes one round. Several senders take what comes next, make its terms and
// send it.
func (x *Index) apply(ctx context.Context, round []*write) error {
	q := &queue{writes: round}
	for _, w := range round {
		if w.entry.Removed {
			x.purgeDue(true)
			break
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	for range min(x.senders, 1+len(round)/bulkDocuments) {
		g.Go(func() error { return x.sender(ctx, q) })
	}
	return g.Wait()
}

// queue hands out writes.
type queue struct {
	mu     sync.Mutex
	writes []*write
}

// take gives the next write that is not refused already; nil at the end.
func (q *queue) take() *write {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.writes) > 0 {
		w := q.writes[0]
		q.writes = q.writes[1:]
		if w.refusal == nil {
			return w
		}
	}
	return nil
}

// load is the writes of one call, whose documents stand in one buffer.
type load struct {
	lines  []byte
	writes []*write
}

// sender sends one load after another until nothing is left. While it waits for the server
// it leaves its encoder to others, so that no more encoders are in use than processors are
// busy.
func (x *Index) sender(ctx context.Context, q *queue) error {
	var room []byte
	for {
		e := x.encoders.Get().(*encoder)
		l, err := e.load(ctx, q, x.bulkBytes, room)
		x.encoders.Put(e)
		if err != nil || len(l.writes) == 0 {
			return err
		}
		if err := x.send(ctx, l); err != nil {
			return err
		}
		room = l.lines
	}
}

// load writes the next documents into room, of which the load before is done with.
func (e *encoder) load(ctx context.Context, q *queue, size int, room []byte) (*load, error) {
	e.Buffer = *bytes.NewBuffer(room[:0])
	l := new(load)
	for len(l.writes) < bulkDocuments && e.Len() < size {
		w := q.take()
		if w == nil {
			break
		}
		if err := ctxError(ctx, "index"); err != nil {
			return nil, err
		}
		w.start = e.Len()
		if !w.entry.Removed {
			if err := e.write(w.entry); err != nil {
				return nil, err
			}
		}
		w.end = e.Len()
		l.writes = append(l.writes, w)
	}
	l.lines, e.Buffer = e.Bytes(), bytes.Buffer{}
	return l, nil
}

// send calls until every write of a load is settled.
func (x *Index) send(ctx context.Context, l *load) error {
	pause := x.pauses()
	for len(l.writes) > 0 {
		again, err := x.bulk(ctx, l)
		if err != nil {
			return err
		}
		busy := false
		for _, w := range again {
			w.tries++
			if w.tries == itemTries {
				return relais.Errorf(relais.KindUnavailable, "index", "the server is too busy for %d of %d documents", len(again), len(l.writes))
			}
			busy = busy || w.busy
			w.busy = false
		}
		if busy {
			if err := x.wait(ctx, "index", pause); err != nil {
				return err
			}
		}
		l = &load{l.lines, again}
	}
	return nil
}

// bulk sends a load in one call, in two halves where it is too large for one, and
// gives what must be sent again.
func (x *Index) bulk(ctx context.Context, l *load) (again []*write, err error) {
	body, err := l.body()
	if err != nil {
		return nil, err
	}
	r, err := x.callFor(ctx, bulkTime, "index", func() esapi.Request {
		alias := true
		return esapi.BulkRequest{Index: x.name, Body: bytes.NewReader(body), RequireAlias: &alias,
			FilterPath: []string{"items.*._id", "items.*.status", "items.*._version", "items.*.error.type"}}
	})
	if err != nil {
		return nil, err
	}
	if r.status != http.StatusRequestEntityTooLarge {
		return x.read(ctx, l, r)
	}
	if len(l.writes) == 1 {
		l.writes[0].refuse("too_large", "the document is larger than what the server takes")
		return nil, nil
	}
	half := len(l.writes) / 2
	for _, part := range [][]*write{l.writes[:half], l.writes[half:]} {
		more, err := x.bulk(ctx, &load{l.lines, part})
		if err != nil {
			return nil, err
		}
		again = append(again, more...)
	}
	return again, nil
}

// action is the line before a document that says what is to be done with it.
type action struct {
	ID          string `json:"_id"`
	Version     *int64 `json:"version,omitempty"`
	VersionType string `json:"version_type,omitempty"`
	Sequence    *int64 `json:"if_seq_no,omitempty"`
	PrimaryTerm *int64 `json:"if_primary_term,omitempty"`
}

// body writes a load as the lines of a call.
func (l *load) body() ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(l.lines) + 160*len(l.writes))
	lines := json.NewEncoder(&b)
	for _, w := range l.writes {
		if err := lines.Encode(w.action()); err != nil {
			return nil, relais.E(relais.KindInternal, "index", err)
		}
		b.Write(l.lines[w.start:w.end])
	}
	return b.Bytes(), nil
}

func (w *write) action() map[string]action {
	a, verb, revision := action{ID: string(w.id)}, "index", w.revision()
	switch w.guard {
	case byVersion:
		a.Version, a.VersionType = &revision, "external_gte"
	case byAbsence:
		verb = "create"
	case bySequence:
		a.Sequence, a.PrimaryTerm = &w.sequence, &w.primaryTerm
	}
	if w.entry.Removed {
		verb = "delete"
	}
	return map[string]action{verb: a}
}

func (w *write) refuse(code, detail string) {
	w.refusal = &search.Refusal{ID: w.id, Code: code, Detail: detail}
}

// item is what an answer says of one write.
type item struct {
	ID      relais.DocumentID `json:"_id"`
	Status  int               `json:"status"`
	Version int64             `json:"_version"`
	Error   struct{ Type string }
}

// read settles each write by its item, and gives those that must be sent again. An
// answer that does not speak of each write is no answer.
func (x *Index) read(ctx context.Context, l *load, r reply) (again []*write, err error) {
	var answer struct{ Items []map[string]item }
	if err := r.decode("index", &answer); err != nil {
		return nil, err
	}
	if len(answer.Items) != len(l.writes) {
		return nil, relais.Errorf(relais.KindUnavailable, "index", "the server speaks of %d documents, not of %d", len(answer.Items), len(l.writes))
	}
	var conflicts []*write
	for i, w := range l.writes {
		for _, it := range answer.Items[i] {
			if it.ID != w.id {
				return nil, relais.Errorf(relais.KindUnavailable, "index", "the server speaks of another document")
			}
			repeat, conflict, err := w.settle(it)
			switch {
			case err != nil:
				return nil, err
			case conflict:
				conflicts = append(conflicts, w)
			case repeat:
				again = append(again, w)
			}
		}
	}
	compared, err := x.compare(ctx, conflicts)
	return append(again, compared...), err
}

// settle judges a write by its item: whether it must be sent again, or compared with
// what is held. What is not known to be good or bad is an error.
func (w *write) settle(it item) (repeat, conflict bool, err error) {
	switch {
	case it.Status == http.StatusOK || it.Status == http.StatusCreated:
		return w.raised(it.Version), false, nil
	case it.Status == http.StatusNotFound && w.entry.Removed && it.Error.Type == "":
		return false, false, nil // nothing was held
	case it.Status == http.StatusConflict:
		return false, true, nil
	case it.Status == http.StatusTooManyRequests, it.Status >= 500, it.Error.Type == "cluster_block_exception":
		w.busy = true
		return true, false, nil
	case it.Status == http.StatusBadRequest && !ofIndex(it.Error.Type):
		w.refuse("engine_"+it.Error.Type, "the server cannot take the document")
		return false, false, nil
	}
	told := reply{status: it.Status}
	told.body, err = json.Marshal(object{"error": it.Error})
	if err == nil {
		err = told.fault("index")
	}
	if err == nil {
		err = relais.Errorf(relais.KindUnavailable, "index", "the server answers %d to a document", it.Status)
	}
	return false, false, err
}

// ofIndex tells whether a reason lies in the index and not in the document.
func ofIndex(class string) bool {
	return class == "strict_dynamic_mapping_exception" || class == "index_closed_exception"
}

// raised makes a new document be written again when its version is less than its revision,
// so that a version is never less: the server counts from one where it has forgotten what
// was there.
func (w *write) raised(version int64) bool {
	if w.guard != byAbsence || version >= w.revision() {
		return false
	}
	w.guard = byVersion
	return true
}
