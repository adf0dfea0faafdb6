package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/relais-archive/relais/internal/stream"
	kafka "github.com/segmentio/kafka-go"
)

// End gives the position after the last acknowledged record of each partition. It
// is ErrLost when it was seen farther.
func (l *Log) End(ctx context.Context, topic string) (stream.Position, error) {
	if err := l.check(ctx, topic); err != nil {
		return nil, err
	}
	end, err := l.ends(ctx, topic)
	return end, l.because(ctx, "end of "+topic, topic, err)
}

// offsets asks the leaders for the first or the last offset of each partition.
func (l *Log) offsets(ctx context.Context, topic string, which int64) (stream.Position, error) {
	name := l.name(topic)
	var ask []kafka.OffsetRequest
	for p := range l.partitions[topic] {
		ask = append(ask, kafka.OffsetRequest{Partition: p, Timestamp: which})
	}
	at := stream.Position{}
	err := patient(ctx, func() error {
		got, err := l.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{name: ask}})
		if err != nil {
			return err
		}
		for _, p := range got.Topics[name] {
			if p.Error != nil {
				return p.Error
			}
			if at[p.Partition] = p.LastOffset; which == kafka.FirstOffset {
				at[p.Partition] = p.FirstOffset
			}
		}
		if len(at) != len(ask) {
			return fmt.Errorf("%d partitions of %d have answered", len(at), len(ask))
		}
		return nil
	})
	return at, err
}

// count sums a position over its partitions.
func count(p stream.Position) (n int64) {
	for _, off := range p {
		n += off
	}
	return n
}

// Committed gives the position a group has committed. Where the loss of records is accepted
// what was deleted counts as passed: nobody will ever read it.
func (l *Log) Committed(ctx context.Context, group, topic string) (stream.Position, error) {
	at, err := l.committed(ctx, group, topic)
	if err != nil || !l.opt.AcceptLoss {
		return at, err
	}
	start, err := l.offsets(ctx, topic, kafka.FirstOffset)
	if err != nil {
		return nil, l.because(ctx, "start of "+topic, topic, err)
	}
	for p, first := range start {
		if first > 0 {
			at[p] = max(at[p], first)
		}
	}
	return at, nil
}

func (l *Log) committed(ctx context.Context, group, topic string) (stream.Position, error) {
	if err := l.check(ctx, topic); err != nil {
		return nil, err
	}
	name := l.name(topic)
	var ask []int
	for p := range l.partitions[topic] {
		ask = append(ask, p)
	}
	var got *kafka.OffsetFetchResponse
	err := patient(ctx, func() (err error) {
		if got, err = l.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{
			GroupID: l.name(group), Topics: map[string][]int{name: ask},
		}); err == nil {
			err = got.Error
		}
		return err
	})
	at := stream.Position{}
	if errors.Is(err, kafka.GroupIdNotFound) {
		return at, nil // it has never committed
	}
	if err != nil {
		return nil, l.fail(ctx, "position of "+group, err)
	}
	for _, p := range got.Topics[name] {
		if p.Error != nil {
			return nil, l.fail(ctx, "position of "+group, p.Error)
		}
		if p.CommittedOffset >= 0 { // -1: none yet
			at[p.Partition] = p.CommittedOffset
		}
	}
	return at, nil
}

// Reset sets a group's position: see [stream.Positions]. The broker refuses while the group
// has members; one that was killed stays one until its session ends, which is waited for.
func (l *Log) Reset(ctx context.Context, group, topic string, to stream.Position) error {
	if err := l.check(ctx, topic); err != nil {
		return err
	}
	name := l.name(topic)
	var set []kafka.OffsetCommit
	for p := range l.partitions[topic] {
		set = append(set, kafka.OffsetCommit{Partition: p, Offset: to[p]})
	}
	members := []kafka.Error{kafka.UnknownMemberId, kafka.IllegalGeneration, kafka.RebalanceInProgress}
	return l.fail(ctx, "reset "+group, during(ctx, session+requestTime, slices.Concat(members, unsettled()), func() error {
		got, err := l.client.OffsetCommit(ctx, &kafka.OffsetCommitRequest{
			GroupID: l.name(group), GenerationID: -1, Topics: map[string][]kafka.OffsetCommit{name: set},
		})
		if err != nil {
			return err
		}
		for _, p := range got.Topics[name] {
			if p.Error != nil {
				return p.Error
			}
		}
		return nil
	}))
}

// unsettled gives the answers of brokers that are agreeing who is to answer: for a
// moment after a topic or the first group was made, and when a broker leaves.
func unsettled() []kafka.Error {
	return []kafka.Error{
		kafka.NotLeaderForPartition, kafka.LeaderNotAvailable, kafka.OffsetNotAvailable,
		kafka.NotCoordinatorForGroup, kafka.GroupCoordinatorNotAvailable, kafka.GroupLoadInProgress,
	}
}

// patient repeats a question while the brokers are agreeing who is to answer it.
func patient(ctx context.Context, ask func() error) error {
	return during(ctx, requestTime, unsettled(), ask)
}

// during repeats a question for a time, while the answer is one of those that pass.
func during(ctx context.Context, d time.Duration, pass []kafka.Error, ask func() error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for {
		err := ask()
		if !slices.ContainsFunc(pass, func(e kafka.Error) bool { return errors.Is(err, e) }) {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// check refuses an unknown topic, and everything once the log is closed.
func (l *Log) check(ctx context.Context, topic string) error {
	if err := stream.CheckTopic(topic); err != nil {
		return err
	}
	return l.fail(ctx, "ask for "+topic, l.life.Err())
}
