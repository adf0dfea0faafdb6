package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// fakes stand for the three that the stage brings together. Values of messages are
// the revision, or the name of an error's kind.
type fakes struct {
	mu      sync.Mutex
	applied [][]string
	refuse  map[relais.DocumentID]string
	texts   map[relais.DocumentID]string
	errs    map[relais.DocumentID]relais.Kind // of texts
	apply   error
	open    error
	reading error // of all texts
	purged  int
	opened  int
}

func (f *fakes) Open(_ context.Context, records []stream.Message) ([]Opened, error) {
	var l []Opened
	for _, m := range records {
		f.opened++
		var o Opened
		if n, err := fmt.Sscan(string(m.Value), &o.Envelope.Revision); n != 1 || err != nil {
			o.Err = relais.E(relais.Kind(m.Value), "open", nil)
		}
		o.Envelope.Document.ID = relais.DocumentID(m.Key)
		o.Envelope.TextBlob[0] = 1
		l = append(l, o)
	}
	return l, f.open
}

func (f *fakes) Texts(_ context.Context, list []relais.Envelope) (texts []string, faults []error, err error) {
	for _, e := range list {
		id := e.Document.ID
		texts, faults = append(texts, f.texts[id]), append(faults, nil)
		if k, ok := f.errs[id]; ok {
			faults[len(faults)-1] = relais.E(k, "text", errors.New("the secret of "+string(id)))
		}
	}
	return texts, faults, f.reading
}

func (f *fakes) Apply(_ context.Context, entries []Entry) ([]Refusal, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var l []string
	var refused []Refusal
	for _, e := range entries {
		id := e.Envelope.Document.ID
		if e.Removed {
			l = append(l, "-"+string(id))
			continue
		}
		l = append(l, fmt.Sprintf("%s@%d:%.5s", id, e.Envelope.Revision, e.Text))
		if code, ok := f.refuse[id]; ok {
			refused = append(refused, Refusal{ID: id, Code: code})
		}
	}
	f.applied = append(f.applied, l)
	return refused, f.apply
}

func (f *fakes) Refresh(context.Context) error { return nil }

func (f *fakes) Purge(context.Context) error {
	f.purged++
	return nil
}

// messages makes a batch of "key=value"; without value, a tombstone.
func messages(specs ...string) []stream.Message {
	var l []stream.Message
	for i, s := range specs {
		key, value, ok := strings.Cut(s, "=")
		m := stream.Message{Topic: stream.TopicEnriched, Partition: 3, Offset: int64(100 + i), Record: stream.Record{Key: key}}
		if ok {
			m.Value = []byte(value)
		}
		l = append(l, m)
	}
	return l
}

func TestStage(t *testing.T) {
	for _, tc := range []struct {
		name    string
		fakes   *fakes
		batch   []stream.Message
		want    [][]string
		refused map[int]string
	}{
		{name: "nothing"},
		{name: "texts", fakes: &fakes{texts: map[relais.DocumentID]string{"a": "alpha", "b": "beta"}},
			batch: messages("a=1", "b=2"), want: [][]string{{"a@1:alpha", "b@2:beta"}}},
		{name: "highest revision", batch: messages("a=2", "b=1", "a=3", "a=1"), want: [][]string{{"b@1:", "a@3:"}}},
		{name: "same revision twice", batch: messages("a=2", "b=1", "a=2"), want: [][]string{{"b@1:", "a@2:"}}},
		{name: "tombstone", batch: messages("a=2", "b=1", "a"), want: [][]string{{"b@1:", "-a"}}},
		{name: "after a tombstone", batch: messages("a=5", "a", "a", "a=1"), want: [][]string{{"-a", "a@1:"}}},
		{name: "buried and unreadable", batch: messages("a=refused", "a"), want: [][]string{{"-a"}}},
		{name: "forgotten", batch: messages("a=forgotten", "b=1"), want: [][]string{{"-a", "b@1:"}}},
		{name: "unreadable", batch: messages("a=refused", "b=1", "c=damaged"), want: [][]string{{"b@1:"}},
			refused: map[int]string{0: "envelope_refused", 2: "envelope_damaged"}},
		{name: "text damaged or forgotten", fakes: &fakes{errs: map[relais.DocumentID]relais.Kind{"a": relais.KindDamaged, "b": relais.KindForgotten}},
			batch: messages("a=1", "b=1", "c=1"), want: [][]string{{"-b", "c@1:"}}, refused: map[int]string{0: "text_damaged"}},
		{name: "refused by the engine", fakes: &fakes{refuse: map[relais.DocumentID]string{"b": "mapping"}},
			batch: messages("a=1", "b=1"), want: [][]string{{"a@1:", "b@1:"}}, refused: map[int]string{1: "mapping"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := tc.fakes
			if f == nil {
				f = new(fakes)
			}
			refused, err := NewStage(f, f, f).Handle(context.Background(), tc.batch)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, f.applied); d != "" {
				t.Errorf("applied (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tc.refused, pointers(t, tc.batch, refused)); d != "" {
				t.Errorf("refused (-want +got):\n%s", d)
			}
		})
	}
}

// pointers checks what refusals point at and gives their codes.
func pointers(t *testing.T, batch []stream.Message, refused []stream.Refusal) map[int]string {
	t.Helper()
	var codes map[int]string
	for _, r := range refused {
		if r.Index >= len(batch) || r.Record.Value != nil || strings.Contains(r.Code, "secret") {
			t.Errorf("message %d: %q %s", r.Index, r.Code, r.Record.Value)
		}
		if codes == nil {
			codes = make(map[int]string)
		}
		codes[r.Index] = r.Code
	}
	return codes
}

// TestStageFails: what is nobody's fault but time's fails the whole batch.
func TestStageFails(t *testing.T) {
	down := relais.E(relais.KindUnavailable, "test", nil)
	for name, f := range map[string]*fakes{
		"open":     {open: down},
		"texts":    {reading: down},
		"apply":    {apply: down},
		"login":    {apply: relais.E(relais.KindAuth, "test", nil)},
		"gone":     {apply: relais.E(relais.KindDamaged, "test", nil)},
		"text":     {errs: map[relais.DocumentID]relais.Kind{"b": relais.KindUnavailable}},
		"canceled": {errs: map[relais.DocumentID]relais.Kind{"b": relais.KindCanceled}},
	} {
		refused, err := NewStage(f, f, f).Handle(context.Background(), messages("a=1", "b=1"))
		if err == nil || refused != nil || !transient(err) {
			t.Errorf("%s: refused %v, error %v", name, refused, err)
		}
	}
	f := new(fakes)
	if _, err := NewStage(f, f, f).Handle(context.Background(), messages("a=1", "b=unavailable")); !relais.Retryable(err) {
		t.Errorf("an envelope that cannot be had now: %v", err)
	}
}

// TestStageBounds: texts in memory are bounded, whatever the batch.
func TestStageBounds(t *testing.T) {
	f := &fakes{texts: make(map[relais.DocumentID]string)}
	large := strings.Repeat("x", 1<<20)
	var specs []string
	for i := range 300 {
		id := fmt.Sprintf("d%03d", i)
		f.texts[relais.DocumentID(id)] = large
		specs = append(specs, id+"=1")
	}
	if _, err := NewStage(f, f, f).Handle(context.Background(), messages(specs...)); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, l := range f.applied {
		total += len(l)
		if len(l) > 2*stageWindow {
			t.Errorf("%d texts of a megabyte at once", len(l))
		}
	}
	if total != 300 {
		t.Errorf("%d entries applied", total)
	}
}

// TestStageStops: a writer that fails while more is read ends the batch, with its fault.
func TestStageStops(t *testing.T) {
	f := &fakes{apply: relais.E(relais.KindUnavailable, "test", errors.New("down"))}
	var specs []string
	for i := range 5 * stageLoad {
		specs = append(specs, fmt.Sprintf("d%d=1", i))
	}
	if _, err := NewStage(f, f, f).Handle(context.Background(), messages(specs...)); !relais.Retryable(err) || !strings.Contains(err.Error(), "down") {
		t.Errorf("%v", err)
	}
	if n := len(f.applied); n < 1 || n > 2 {
		t.Errorf("%d loads were written", n)
	}
}

func TestStageIdle(t *testing.T) {
	f := new(fakes)
	opt := NewStage(f, f, f).RunOptions()
	if err := opt.Idle(context.Background()); err != nil || f.purged != 1 || opt.MaxBatch < 256 {
		t.Errorf("purged %d times, %v", f.purged, err)
	}
	var plain struct{ Writer }
	if err := NewStage(plain, f, f).Idle(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestStageCanceled: a batch whose context ends before its last load is written is not
// done, however late that is: its group would pass what the index never saw.
func TestStageCanceled(t *testing.T) {
	for range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		f := &ending{fakes: new(fakes), cancel: cancel}
		if _, err := NewStage(f, f, f).Handle(ctx, messages("a=1")); err == nil && len(f.applied) == 0 {
			t.Fatal("a batch that was not written is done")
		}
		cancel()
	}
}

// ending ends the context of a batch when all that is to be read of it is read.
type ending struct {
	*fakes
	cancel context.CancelFunc
}

func (f *ending) Texts(ctx context.Context, list []relais.Envelope) ([]string, []error, error) {
	defer f.cancel()
	return f.fakes.Texts(ctx, list)
}

// few gives one text at a time, as where texts are long.
type few struct{ *fakes }

func (f few) Texts(ctx context.Context, list []relais.Envelope) ([]string, []error, error) {
	return f.fakes.Texts(ctx, list[:1])
}

// TestStageTakesTextsAsTheyCome: where the texts of a window are too much to hold at once,
// the stage asks for the rest, and each document is written once, with its own.
func TestStageTakesTextsAsTheyCome(t *testing.T) {
	f := &fakes{texts: map[relais.DocumentID]string{"a": "one", "c": "three", "d": "four"}}
	batch := append(messages("a=1"), messages("b")...)
	batch = append(batch, messages("c=1", "d=2")...)
	if _, err := NewStage(f, few{f}, f).Handle(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(slices.Concat(f.applied...), " ")
	if got != "a@1:one -b c@1:three d@2:four" {
		t.Error(got)
	}
}
