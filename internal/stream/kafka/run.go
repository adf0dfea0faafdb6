package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/relais-archive/relais/internal/stream"
	kafka "github.com/segmentio/kafka-go"
)

// How a group finds out that a member is gone. The library's own values left a
// reader silent for half a minute after a broker was back, these for less than ten
// seconds: brokers allow no shorter session.
const (
	session     = 6 * time.Second
	heartbeat   = time.Second
	joinBackoff = time.Second
)

// Silence is how long a group may stand still behind the end before its reader is thrown
// away and replaced: readers have been seen to stall for ever. It doubles each time that
// this did not help, since joining again disturbs the other members of the group.
const (
	firstSilence = 20 * time.Second
	lastSilence  = 5 * time.Minute
)

// inspection is how often a group that reads looks whether its topic is still the
// same; one that cannot read looks at once.
const inspection = 10 * time.Second

// readAhead is how many messages the library holds ready, of any size: what a process
// keeps for a reader stays under 64 MB and a batch.
const readAhead = 64

// Run reads a topic for a group: see [stream.Runner].
func (l *Log) Run(ctx context.Context, group, topic string, opt stream.RunOptions, h stream.Handler) error {
	if err := stream.CheckTopic(topic); err != nil {
		return err
	}
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.life, cancel)()

	f := &feed{log: l, group: group, topic: topic, silence: l.silence}
	err := stream.Deliver(run, l, f, group, topic, opt, h)
	f.close()
	if err == nil && l.life.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("run %s: %w", group, stream.ErrClosed)
	}
	return err
}

// feed reads for one Run.
type feed struct {
	log          *Log
	group, topic string
	reader       *kafka.Reader // nil until the next read

	looked  time.Time       // when the topic was last inspected
	next    stream.Position // the offset after the last message read of each partition
	silence time.Duration   // how long the next silence may last
	since   time.Time       // when something was last read, or the group last moved
	stood   stream.Position // where the group stood, behind the end, at the last watch; or nil
}

var _ stream.Feed = (*feed)(nil)

// Next gives the next message: see [stream.Feed]. The library reads ahead by
// itself, so that one at a time costs no request.
func (f *feed) Next(ctx context.Context, _, _ int) ([]stream.Message, error) {
	if err := f.open(ctx); err != nil {
		return nil, err
	}
	for {
		m, err := f.fetch(ctx)
		switch {
		case err == nil:
			f.since, f.silence, f.stood = time.Now(), f.log.silence, nil
			if err := f.follows(ctx, m); err != nil {
				return nil, err
			}
			return []stream.Message{f.message(m)}, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case time.Since(f.since) < f.silence:
			return nil, f.suspect(ctx, err) // of the broker, or of the connection
		}
		if err := f.watch(ctx); err != nil {
			return nil, err
		}
	}
}

// open makes the reader, after a look at what it will read, and looks again from
// time to time.
func (f *feed) open(ctx context.Context) error {
	if f.reader != nil && time.Since(f.looked) < inspection {
		return nil
	}
	if err := f.log.inspect(ctx, f.group, f.topic); err != nil {
		return err
	}
	f.looked = time.Now()
	if f.reader == nil {
		f.reader, f.next, f.since = f.log.newReader(f.group, f.topic), stream.Position{}, time.Now()
	}
	return nil
}

// suspect makes of a reader's error the loss behind it, if there is one. Where the
// offset is out of range, the library has ended the reading of that partition.
func (f *feed) suspect(ctx context.Context, err error) error {
	if errors.Is(err, kafka.OffsetOutOfRange) {
		f.close()
	}
	if lost := f.log.inspect(ctx, f.group, f.topic); errors.Is(lost, stream.ErrLost) {
		return lost
	}
	return fmt.Errorf("%w: %w", stream.ErrUnavailable, err)
}

// follows wants each message to follow the one before: the library skips deleted
// records without a word. Where another member has read on meanwhile, a partition
// begins at what the group has committed; a compacted topic has gaps.
func (f *feed) follows(ctx context.Context, m kafka.Message) error {
	next, known := f.next[m.Partition]
	f.next[m.Partition] = m.Offset + 1
	if !known || m.Offset <= next || f.topic == stream.TopicEnriched {
		return nil
	}
	at, err := f.log.Committed(ctx, f.group, f.topic)
	if err == nil && at[m.Partition] < m.Offset {
		err = f.log.lost("%s has no records from %d to %d in partition %d", f.topic, next, m.Offset-1, m.Partition)
	}
	if err != nil {
		f.close()
	}
	return err
}

// fetch waits for a message no longer than silence allows.
func (f *feed) fetch(ctx context.Context) (kafka.Message, error) {
	ctx, cancel := context.WithDeadline(ctx, f.since.Add(f.silence))
	defer cancel()
	return f.reader.FetchMessage(ctx)
}

// watch is called after a silence: when the group is behind and has not moved, it replaces
// the reader.
func (f *feed) watch(ctx context.Context) error {
	at, err := f.log.Committed(ctx, f.group, f.topic)
	if err != nil {
		return err
	}
	end, err := f.log.End(ctx, f.topic)
	if err != nil {
		return err
	}
	f.since = time.Now()
	if at.Reached(end) {
		f.stood = nil
		return nil
	}
	if f.stood != nil && f.stood.Reached(at) {
		f.silence = min(2*f.silence, lastSilence)
		f.close()
		f.stood = at
		return f.open(ctx)
	}
	f.stood = at
	return nil
}

func (f *feed) message(m kafka.Message) stream.Message {
	return stream.Message{
		Record: stream.Record{Key: string(m.Key), Value: m.Value},
		Topic:  f.topic, Partition: m.Partition, Offset: m.Offset, Appended: m.Time.UTC(),
	}
}

// Commit moves the group past a batch: see [stream.Feed]. A group that has changed
// meanwhile refuses; the reader is then replaced and joins it again.
func (f *feed) Commit(ctx context.Context, batch []stream.Message) error {
	last := map[int]kafka.Message{}
	for _, m := range batch {
		last[m.Partition] = kafka.Message{Topic: f.log.name(f.topic), Partition: m.Partition, Offset: m.Offset}
	}
	messages := make([]kafka.Message, 0, len(last))
	for _, m := range last {
		messages = append(messages, m)
	}
	if err := f.reader.CommitMessages(ctx, messages...); err != nil {
		f.close()
		return err
	}
	f.since = time.Now()
	return nil
}

func (f *feed) close() {
	if f.reader != nil {
		_ = f.reader.Close() // it never fails
		f.reader = nil
	}
}

func (l *Log) newReader(group, topic string) *kafka.Reader {
	return kafka.NewReader(kafka.ReaderConfig{
		Brokers: l.opt.Brokers, GroupID: l.name(group), Topic: l.name(topic), Dialer: l.dialer,
		StartOffset: kafka.FirstOffset, CommitInterval: 0, // at once, when a batch is done
		OffsetOutOfRangeError: true,                                                           // or it waits for ever where the group stands behind the end
		QueueCapacity:         readAhead, MaxBytes: 10 << 20, MaxWait: 500 * time.Millisecond, // Close waits that long
		ReadBackoffMin: 10 * time.Millisecond, ReadBackoffMax: time.Second,
		SessionTimeout: session, RebalanceTimeout: session, HeartbeatInterval: heartbeat, JoinGroupBackoff: joinBackoff,
	})
}
