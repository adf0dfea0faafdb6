package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/stream"
	kafka "github.com/segmentio/kafka-go"
)

// prepare makes the topics that are missing, where that is wanted, and has every
// topic as it must be.
func (l *Log) prepare(ctx context.Context) error {
	if err := l.reach(ctx); err != nil {
		return err
	}
	var missing []string
	err := sure(ctx, func() (err error) {
		missing, err = l.missing(ctx)
		if err == nil && len(missing) > 0 && !l.opt.Create {
			err = fmt.Errorf("namespace %s has no topic %s: %w", l.opt.Namespace, strings.Join(missing, ", "), stream.ErrLost)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := l.makeTopics(ctx, missing); err != nil {
		return err
	}
	for _, topic := range stream.Topics() {
		if err := l.open(ctx, topic, slices.Contains(missing, topic)); err != nil {
			return err
		}
	}
	return nil
}

// missing gives the topics that are not there.
func (l *Log) missing(ctx context.Context) (list []string, err error) {
	for _, topic := range stream.Topics() {
		if _, err := l.describe(ctx, topic); errors.Is(err, stream.ErrLost) {
			list = append(list, topic)
		} else if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// makeTopics makes topics; another process may do so at the same time.
func (l *Log) makeTopics(ctx context.Context, missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	var ask []kafka.TopicConfig
	for _, topic := range missing {
		ask = append(ask, l.config(topic))
	}
	made, err := l.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: ask})
	if err != nil {
		return l.fail(ctx, "make topics", err)
	}
	for topic, err := range made.Errors {
		if err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
			return l.fail(ctx, "make topic "+topic, err)
		}
	}
	return nil
}

func (l *Log) config(topic string) kafka.TopicConfig {
	c := kafka.TopicConfig{Topic: l.name(topic), NumPartitions: l.opt.Partitions, ReplicationFactor: l.opt.Replicas}
	if c.NumPartitions == 0 {
		c.NumPartitions = defaultPartitions
	}
	if c.ReplicationFactor == 0 {
		c.ReplicationFactor = -1 // the broker's default
	}
	for _, s := range settings(topic, l.opt.Replicas) {
		c.ConfigEntries = append(c.ConfigEntries, kafka.ConfigEntry{ConfigName: s.name, ConfigValue: s.value})
	}
	return c
}

// open waits until a topic answers, mends its settings and learns where it ends.
func (l *Log) open(ctx context.Context, topic string, fresh bool) error {
	replicas, err := l.await(ctx, topic)
	if err != nil {
		return err
	}
	if err := l.mend(ctx, topic, replicas, fresh); err != nil {
		return err
	}
	end, err := l.End(ctx, topic)
	if err != nil {
		return err
	}
	if n := count(end); n < l.opt.Held[topic] {
		return l.lost("%s has %d records, and has held %d: it was made anew", topic, n, l.opt.Held[topic])
	}
	return nil
}

// await waits until every partition of a topic has a leader that answers, counts
// them, and gives how many replicas they have.
func (l *Log) await(ctx context.Context, topic string) (replicas int, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	for {
		t, err := l.metadata(ctx, topic)
		if err == nil {
			if want := l.opt.Partitions; want != 0 && want != len(t.Partitions) {
				return 0, fmt.Errorf("topic %s has %d partitions, not %d: they cannot change, use another namespace",
					t.Name, len(t.Partitions), want)
			}
			l.partitions[topic] = len(t.Partitions)
			// A leader just elected is one that its broker may not know of yet.
			if _, err = l.offsets(ctx, topic, kafka.LastOffset); err == nil {
				return len(t.Partitions[0].Replicas), nil
			}
		}
		if denied(err) {
			return 0, l.fail(ctx, "ask for "+topic, err)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return 0, fmt.Errorf("topic %s does not answer: %w: %w", topic, stream.ErrUnavailable, err)
		}
	}
}

// metadata gives a topic's partitions once all have a leader. The library answers it
// from what it learned up to metadataAge ago.
func (l *Log) metadata(ctx context.Context, topic string) (kafka.Topic, error) {
	meta, err := l.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{l.name(topic)}})
	if err != nil {
		return kafka.Topic{}, err
	}
	if len(meta.Topics) == 0 {
		return kafka.Topic{}, kafka.UnknownTopicOrPartition
	}
	t := meta.Topics[0]
	if t.Error != nil {
		return t, t.Error
	}
	if len(t.Partitions) == 0 || slices.ContainsFunc(t.Partitions, func(p kafka.Partition) bool {
		return p.Error != nil || p.Leader.Host == ""
	}) {
		return t, kafka.LeaderNotAvailable
	}
	return t, nil
}
