// Package stream answers one question: how does a record survive a power cut?
//
// A [Log] keeps records in topics. What Append has acknowledged is durable; Run delivers
// it at least once, in order within a partition, and commits a group's position only after
// the handler has returned: what a handler does must be safe to repeat. Nobody may rely on
// an offset as an identity or a version.
//
// Twins: package sqlite (one file, one process) and package kafka. Both pass
// package streamtest, and both run their consumers with [Deliver].
package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// The topics of Relais.
const (
	TopicRaw      = "raw"      // one Item per occurrence; kept
	TopicEnriched = "enriched" // envelopes; compacted by key (document id)
	TopicRefused  = "refused"  // pointers to what could not be handled; kept
)

// Topics lists every topic, for an implementation that has to make them.
func Topics() []string { return []string{TopicRaw, TopicEnriched, TopicRefused} }

// Limits of one record, in bytes. Bodies rest in packs: what travels here refers to
// them.
const (
	MaxKey   = 1 << 10
	MaxValue = 1 << 20
)

// The errors of a Log, beside those of a context that has ended. A handler may
// return ErrUnavailable as it is: Run takes it for retryable whatever RunOptions say.
var (
	ErrUnavailable  = errors.New("the log does not answer") // its disk or server: the same call may succeed later
	ErrClosed       = errors.New("the log is closed")
	ErrTooLarge     = errors.New("a record is over the limit of size")
	ErrUnknownTopic = errors.New("no such topic")
	// ErrLost is final: waiting does not help, and Run ends with it. Somebody deleted a
	// topic or part of it, or restored an older one.
	ErrLost = errors.New("records that were acknowledged are gone")
	// ErrDenied comes with ErrUnavailable: the log's server does not let this program
	// in, or does not let it do this, and only its operator can change that.
	ErrDenied = errors.New("the log's server refuses this program")
)

// Record is what is appended: a key that chooses the partition and, in a compacted
// topic, replaces what had the same key before. A Value of no bytes is a tombstone,
// and is read as nil.
type Record struct {
	Key   string
	Value []byte
	// Together, when set, chooses the partition instead of the key: records that are best
	// read by one reader have the same value. It is not read back.
	Together string
}

// Message is a record as read.
type Message struct {
	Record
	Topic     string
	Partition int
	Offset    int64
	Appended  time.Time
}

// Refusal says that a message can never be handled. Run appends a pointer to it to
// topic "refused" before it commits: where it stands and a reason, never content.
type Refusal struct {
	Index  int    // of the message in the batch
	Code   string // a stable reason class; CodeRefused when empty
	Record Record // what to append instead of a pointer, unless it is empty
}

// Handler handles one batch, in the order given, and returns what it refuses. An
// error means that nothing of the batch may be committed: Run calls again, with a
// growing pause while the error is retryable (see [RunOptions]), and cuts the batch
// in two to find the guilty message otherwise; a message that fails alone three
// times is refused with code "poison". A panic is such an error. The context ends
// when the program stops: a handler may finish its batch, which is then committed,
// or return the context's error.
type Handler func(ctx context.Context, batch []Message) ([]Refusal, error)

// Position is the next offset of each partition of a topic. A missing partition
// stands at 0.
type Position map[int]int64

// Reached tells whether every partition of p is at or past goal.
func (p Position) Reached(goal Position) bool {
	for part, off := range goal {
		if p[part] < off {
			return false
		}
	}
	return true
}

// RunOptions tune a consumer; the zero value takes the defaults.
type RunOptions struct {
	MaxBatch int           // messages in a batch; 256
	MaxBytes int           // bytes of values in a batch, one message at least; 8 MiB
	MaxWait  time.Duration // how long a batch that is not full may wait; 50 ms
	Pause    time.Duration // after how long without a message it waits no more; MaxWait
	// Idle, when set, is called after a commit, or at the start, when the group has
	// committed all there is; it is not called again until something was read. Each
	// runner of a group calls its own. On error it is called again after a pause,
	// unless something comes in first.
	Idle func(ctx context.Context) error
	// Retryable tells whether a handler's error may go away with nothing changed
	// but time (a server is down): the batch then waits, however long. Nil means
	// that none does but the log's own. Callers pass relais.Retryable.
	Retryable func(error) bool
	// Version, when set, gives the version that a message is of the document its key
	// names, or 0 when that is unknown. The pointer to a refused message carries it, so
	// that a later reader can tell whether a newer version followed.
	Version func(Message) int64
	// OnFault, when set, is told each error that Run outlives, so that the caller
	// can log and count it. It must return soon.
	OnFault func(error)
}

// Log is the durable log that each twin implements. Callers declare which of these roles
// they need.
type Log interface {
	Appender
	Runner
	Positions
	Compacter
	io.Closer // calls under way return an error
}

// Appender is where records are written.
type Appender interface {
	// Append adds records to a topic, in order, and returns when all are durable.
	// On error some may have been added: append again. Nobody may write to the
	// values afterwards: the log may still be sending them.
	Append(ctx context.Context, topic string, records []Record) error
}

// Runner delivers records to consumers.
type Runner interface {
	// Run reads a topic for a group from its committed position, batch by batch, until ctx
	// ends (it then returns nil) or the log is closed. Any number of runners may share one
	// group; a partition goes to one of them at a time. A group that stands where the log
	// has no records any more, or none yet, gets ErrLost: it would silently miss records.
	Run(ctx context.Context, group, topic string, opt RunOptions, h Handler) error
}

// Positions tells how far a topic goes, and how far its groups have come.
type Positions interface {
	// End gives the position after the last acknowledged record.
	End(ctx context.Context, topic string) (Position, error)
	// Committed gives the position a group has committed.
	Committed(ctx context.Context, group, topic string) (Position, error)
	// Reset sets a group's position; the group must not be running. Partitions
	// that to does not name stand at 0 afterwards.
	Reset(ctx context.Context, group, topic string, to Position) error
}

// Compacter gives space back.
type Compacter interface {
	// Compact drops superseded records of a compacted topic, where the log does
	// not do so of itself. The last record of every key stays, tombstones too: a
	// group that starts from nothing still reads the present state.
	Compact(ctx context.Context, topic string) error
}

// CheckAppend tells whether records may be appended to a topic: a twin calls it
// before it touches anything. The error is ErrUnknownTopic or ErrTooLarge.
func CheckAppend(topic string, records []Record) error {
	if err := CheckTopic(topic); err != nil {
		return err
	}
	for i, r := range records {
		if len(r.Key) > MaxKey || len(r.Value) > MaxValue {
			return fmt.Errorf("append to %s: record %d, key of %d and value of %d bytes: %w",
				topic, i, len(r.Key), len(r.Value), ErrTooLarge)
		}
	}
	return nil
}

// Fault says what a twin was doing when its disk or server failed it: the error is
// ErrClosed when the log was closed meanwhile, and ErrUnavailable otherwise, unless
// ctx has ended. It is nil for nil.
func Fault(ctx context.Context, op string, err error, closed bool) error {
	switch {
	case err == nil:
		return nil
	case closed:
		return fmt.Errorf("%s: %w", op, ErrClosed)
	case ctx.Err() != nil: // a client's own time limits look alike, and are no end
		return fmt.Errorf("%s: %w", op, err)
	}
	return fmt.Errorf("%s: %w: %w", op, ErrUnavailable, err)
}

// CheckTopic gives ErrUnknownTopic unless topic is one of Topics.
func CheckTopic(topic string) error {
	if !slices.Contains(Topics(), topic) {
		return fmt.Errorf("topic %q: %w", topic, ErrUnknownTopic)
	}
	return nil
}
