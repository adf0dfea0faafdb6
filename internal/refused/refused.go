// Package refused answers one question: which records could no stage handle? For each
// record that a stage refuses there is a pointer in topic "refused"; the stage of this
// package copies the pointers into state, where people can list them. A pointer holds no
// content.
package refused

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// Group is the consumer group that reads topic "refused", and the stage of what it
// cannot read itself.
const Group = "refused"

// CodeUnreadable is the code of a record of topic "refused" that is no pointer: some
// other program has appended it.
const CodeUnreadable = "pointer_unreadable"

// Keeper keeps refused records; the same record twice counts once.
type Keeper interface {
	RefuseRecords(ctx context.Context, list []relais.Refusal) error
}

// Stage brings pointers into state.
type Stage struct{ keep Keeper }

// NewStage makes the stage.
func NewStage(k Keeper) *Stage { return &Stage{k} }

// RunOptions are how the stage wants topic "refused" to be read: no pointer is ever
// refused, since that would append another one; every error is waited out instead.
func (s *Stage) RunOptions() stream.RunOptions {
	return stream.RunOptions{Retryable: func(error) bool { return true }}
}

// Handle is the stage's stream.Handler. It refuses nothing: what is no pointer is kept
// as a refused record itself.
func (s *Stage) Handle(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
	list := make([]relais.Refusal, len(batch))
	for i, m := range batch {
		list[i] = Read(m)
	}
	return nil, s.keep.RefuseRecords(ctx, list)
}

// Read gives the refusal that a record of topic "refused" tells of; one that is no
// pointer is the refusal of itself. Its case and its name are known to state.
func Read(m stream.Message) relais.Refusal {
	p, stage, generation := stream.Pointer{}, "", int64(0)
	if err := json.Unmarshal(m.Value, &p); err == nil {
		stage, generation = Split(p.Stage)
	}
	if !word(stage) || !word(p.Code) || !slices.Contains(stream.Topics(), p.Topic) ||
		p.Partition < 0 || p.Offset < 0 || p.Attempts < 0 || p.Version < 0 || len(p.Key) > stream.MaxKey {
		p, stage, generation = stream.PointTo(m, Group, CodeUnreadable, 1), Group, -1
	}
	return relais.Refusal{
		Stage: stage, Code: p.Code, Attempts: p.Attempts, At: m.Appended.UTC().Truncate(time.Second),
		Record: &relais.RefusedRecord{Topic: p.Topic, Partition: p.Partition, Offset: p.Offset, Key: p.Key,
			Generation: generation, Version: p.Version},
	}
}

// maxWord bounds the words that a pointer is taken to be made of.
const maxWord = 128

// word tells whether a text is one of the stable words that stages and codes are: text
// that another program wrote is never shown.
func word(s string) bool {
	return s != "" && len(s) <= maxWord && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// Split gives the stage and the generation of a consumer group: "enrich" and 3 for
// "enrich-3"; the generation is -1 where the name has none.
func Split(group string) (stage string, generation int64) {
	at := strings.LastIndexByte(group, '-')
	if at < 0 {
		return group, -1
	}
	n, err := strconv.ParseInt(group[at+1:], 10, 64)
	if err != nil || n < 0 {
		return group, -1
	}
	return group[:at], n
}
