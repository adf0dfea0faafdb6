package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/relais-archive/relais/internal/stream"
	kafka "github.com/segmentio/kafka-go"
)

// positionsKept is how long brokers should remember the positions of groups that are
// away: a shorter time makes a pause of the whole archive cost a full reading.
const positionsKept = 30 * 24 * time.Hour

// Check gives what is wrong with the brokers and the topics, as one error that joins a
// sentence for each fault; nil when all is well. It changes nothing (Open mends settings).
// Beyond what a Log needs to work, it reports partitions whose replicas are behind, and
// brokers that soon forget the positions of idle groups.
func (l *Log) Check(ctx context.Context) error {
	var found []error
	for _, topic := range stream.Topics() {
		found = append(found, l.checkTopic(ctx, topic))
	}
	return errors.Join(append(found, l.checkBroker(ctx))...)
}

func (l *Log) checkTopic(ctx context.Context, topic string) error {
	if err := l.check(ctx, topic); err != nil {
		return err
	}
	have, err := l.describe(ctx, topic)
	if err != nil {
		return err
	}
	t, err := l.metadata(ctx, topic)
	if err != nil {
		return l.fail(ctx, "ask for "+topic, err)
	}
	var found []error
	for _, s := range wrong(have, settings(topic, len(t.Partitions[0].Replicas))) {
		found = append(found, fmt.Errorf("topic %s has %s=%s, want %s: restart a process to have it set", t.Name, s.name, have[s.name], s.value))
	}
	if n := l.partitions[topic]; n != len(t.Partitions) {
		found = append(found, fmt.Errorf("topic %s has %d partitions and had %d: they cannot change: %w", t.Name, len(t.Partitions), n, stream.ErrLost))
	}
	for _, p := range t.Partitions {
		if len(p.Isr) < len(p.Replicas) {
			found = append(found, fmt.Errorf("topic %s, partition %d: %d of %d replicas are in sync", t.Name, p.ID, len(p.Isr), len(p.Replicas)))
		}
	}
	_, err = l.End(ctx, topic)
	return errors.Join(append(found, err)...)
}

// checkBroker looks at what brokers do to groups. Not every account is allowed to ask,
// which is not a fault.
func (l *Log) checkBroker(ctx context.Context) error {
	meta, err := l.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{l.name(stream.TopicRaw)}})
	if err != nil || len(meta.Brokers) == 0 {
		return l.fail(ctx, "ask for brokers", err)
	}
	const name = "offsets.retention.minutes"
	got, err := l.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{
		Resources: []kafka.DescribeConfigRequestResource{{
			ResourceType: kafka.ResourceTypeBroker, ResourceName: strconv.Itoa(meta.Brokers[0].ID), ConfigNames: []string{name},
		}},
	})
	if err != nil || len(got.Resources) != 1 || got.Resources[0].Error != nil {
		return nil
	}
	for _, e := range got.Resources[0].ConfigEntries {
		minutes, err := strconv.Atoi(e.ConfigValue)
		if kept := time.Duration(minutes) * time.Minute; e.ConfigName == name && err == nil && kept < positionsKept {
			return fmt.Errorf("the brokers forget after %d days where idle groups stand, which then read all again: set %s to %d",
				int(kept.Hours()/24), name, int(positionsKept.Minutes()))
		}
	}
	return nil
}
