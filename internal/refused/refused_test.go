package refused_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// kept is a Keeper in memory, and the positions of groups.
type kept struct {
	list  []relais.Refusal
	fault error
	at    map[string]stream.Position
	asked int
}

func (k *kept) RefuseRecords(_ context.Context, list []relais.Refusal) error {
	k.list = append(k.list, list...)
	return k.fault
}

func (k *kept) Committed(_ context.Context, group, topic string) (stream.Position, error) {
	k.asked++
	return k.at[group+" "+topic], k.fault
}

func message(t *testing.T, p stream.Pointer) stream.Message {
	t.Helper()
	r, err := p.Record()
	if err != nil {
		t.Fatal(err)
	}
	return stream.Message{Record: r, Topic: stream.TopicRefused, Partition: 1, Offset: 9, Appended: time.Unix(1_700_000_000, 5)}
}

// TestPointers: what a pointer says is kept, and nothing else.
func TestPointers(t *testing.T) {
	m := message(t, stream.Pointer{Stage: "index-2", Code: "text_damaged", Topic: "enriched", Partition: 3, Offset: 17, Key: "d1", Attempts: 3, Version: 4})
	k := &kept{}
	if no, err := refused.NewStage(k).Handle(t.Context(), []stream.Message{m}); err != nil || len(no) > 0 {
		t.Fatal(no, err)
	}
	want := []relais.Refusal{{Stage: "index", Code: "text_damaged", Attempts: 3, At: time.Unix(1_700_000_000, 0).UTC(),
		Record: &relais.RefusedRecord{Topic: "enriched", Partition: 3, Offset: 17, Key: "d1", Generation: 2, Version: 4}}}
	if diff := cmp.Diff(want, k.list); diff != "" {
		t.Error(diff)
	}
}

// TestNoPointers: whatever else stands in topic "refused" is the refusal of itself, and
// not a word of it is kept.
func TestNoPointers(t *testing.T) {
	fine := stream.Pointer{Stage: "enrich-1", Code: "poison", Topic: "raw"}
	values := [][]byte{nil, []byte("secret"), []byte(`"secret"`), []byte(`{}`), []byte(`{"stage":7}`)}
	for _, spoil := range []func(*stream.Pointer){
		func(p *stream.Pointer) { p.Stage = "" }, func(p *stream.Pointer) { p.Stage = "secret words" },
		func(p *stream.Pointer) { p.Code = "" }, func(p *stream.Pointer) { p.Code = "secret: \x1b" },
		func(p *stream.Pointer) { p.Code = strings.Repeat("secret", 100) }, func(p *stream.Pointer) { p.Topic = "secret" },
		func(p *stream.Pointer) { p.Partition = -1 }, func(p *stream.Pointer) { p.Offset = -1 },
		func(p *stream.Pointer) { p.Attempts = -1 }, func(p *stream.Pointer) { p.Key = strings.Repeat("secret", 200) },
	} {
		p := fine
		spoil(&p)
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, b)
	}
	for _, v := range values {
		m := message(t, fine)
		m.Key, m.Value = "k", v
		got := refused.Read(m)
		if got.Stage != refused.Group || got.Code != refused.CodeUnreadable || got.Record.Place() != "refused/1/9" || got.Record.Generation != -1 {
			t.Errorf("%.80s: %+v %+v", v, got, got.Record)
		}
		if b, _ := json.Marshal(got); strings.Contains(string(b), "secret") {
			t.Errorf("content is kept: %s", b)
		}
	}
	newer := message(t, fine)
	newer.Value = []byte(strings.Replace(string(newer.Value), "{", `{"of_a_newer_version":[1],`, 1))
	if got := refused.Read(newer); got.Stage != "enrich" || got.Record.Topic != "raw" {
		t.Errorf("a newer pointer: %+v", got)
	}
}

// TestStateIsWaitedFor: an error of state is not the pointer's, whatever its kind.
func TestStateIsWaitedFor(t *testing.T) {
	s := refused.NewStage(&kept{fault: errors.New("broken for good")})
	if _, err := s.Handle(t.Context(), []stream.Message{message(t, stream.Pointer{})}); err == nil || !s.RunOptions().Retryable(err) {
		t.Errorf("%v is not waited for", err)
	}
}

func TestSplit(t *testing.T) {
	for group, want := range map[string]struct {
		stage      string
		generation int64
	}{
		"enrich-0": {"enrich", 0}, "index-12": {"index", 12}, "index": {"index", -1}, "promote-a1-B2": {"promote-a1-B2", -1},
		"": {"", -1}, "-": {"-", -1}, "x--3": {"x-", 3}, "x-+3": {"x", 3}, "x-99999999999999999999": {"x-99999999999999999999", -1},
	} {
		if stage, n := refused.Split(group); stage != want.stage || n != want.generation {
			t.Errorf("%q: %q %d", group, stage, n)
		}
	}
}

// TestStanding: a refusal counts until the group in use has passed its record.
func TestStanding(t *testing.T) {
	at := func(stage string, generation, offset int64) relais.Refusal {
		return relais.Refusal{Stage: stage, Record: &relais.RefusedRecord{Topic: "raw", Partition: 1, Offset: offset, Generation: generation}}
	}
	k := &kept{at: map[string]stream.Position{"enrich-3 raw": {1: 10}}}
	stay := []relais.Refusal{
		at("enrich", 3, 5), at("enrich", 4, 5), at("enrich", -1, 5), at("refused", -1, 5), // of today, of tomorrow, of no known day
		at("enrich", 2, 10), at("enrich", 2, 11), // not read again yet
		at("index", 1, 5), // of no stage that runs
	}
	all := append(slices.Clone(stay), at("enrich", 2, 9), at("enrich", 0, 0))
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	got, err := refused.Standing(t.Context(), k, map[string]string{"enrich": "enrich-3"}, all)
	if err != nil || len(got) != len(stay) || k.asked != 1 {
		t.Errorf("%d of %d, asked %d times (%v)", len(got), len(stay), k.asked, err)
	}
	for _, f := range got {
		if f.Stage == "enrich" && f.Record.Generation >= 0 && f.Record.Generation < 3 && f.Record.Offset < 10 {
			t.Errorf("%+v still counts", f.Record)
		}
	}
	k.fault = errors.New("away")
	if _, err := refused.Standing(t.Context(), k, map[string]string{"enrich": "enrich-3"}, all); err == nil {
		t.Error("what the log does not tell is taken for handled")
	}
}
