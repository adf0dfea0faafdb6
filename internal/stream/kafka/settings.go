package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/stream"
	kafka "github.com/segmentio/kafka-go"
)

// setting is what a topic must be set to: value, or that number at least.
type setting struct {
	name, value string
	atLeast     bool
}

// tombstones is how long the broker keeps the last word on an erased document: a
// hundred years in milliseconds, since a reader may come as late as it likes. (The
// broker adds it to the time: the largest number would overflow and mean none.)
const tombstones = 100 * 365 * 24 * 3600 * 1000

// settings are those without which captured records could vanish, whatever the
// broker's own defaults are. Compression is left to the topic: sealed content does
// not compress.
func settings(topic string, replicas int) []setting {
	s := []setting{
		{name: "retention.ms", value: "-1"},
		{name: "retention.bytes", value: "-1"},
		{name: "cleanup.policy", value: "delete"}, // by age and size: never
		{name: "max.message.bytes", value: strconv.Itoa(maxMessage), atLeast: true},
		// The broker's clock: since 4.0 it refuses records of a client whose clock is
		// an hour ahead.
		{name: "message.timestamp.type", value: "LogAppendTime"},
		// A replica that was behind must not become the truth.
		{name: "unclean.leader.election.enable", value: "false"},
	}
	if topic == stream.TopicEnriched {
		s[2].value = "compact"
		s = append(s, setting{name: "delete.retention.ms", value: strconv.Itoa(tombstones), atLeast: true})
	}
	if replicas > 1 { // what one machine alone has is not durable: Append waits
		s = append(s, setting{name: "min.insync.replicas", value: "2", atLeast: true})
	}
	return s
}

// met tells whether a topic's value will do.
func (s setting) met(value string) bool {
	if !s.atLeast {
		return strings.EqualFold(value, s.value)
	}
	have, err := strconv.ParseInt(value, 10, 64)
	want, _ := strconv.ParseInt(s.value, 10, 64) // a constant
	return err == nil && have >= want
}

// describe gives the settings of a topic, asked of the broker itself: it is ErrLost
// when there is no such topic.
func (l *Log) describe(ctx context.Context, topic string) (map[string]string, error) {
	got, err := l.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{
		Resources: []kafka.DescribeConfigRequestResource{{ResourceType: kafka.ResourceTypeTopic, ResourceName: l.name(topic)}},
	})
	if err == nil && len(got.Resources) == 1 {
		err = got.Resources[0].Error
	}
	switch {
	case errors.Is(err, kafka.UnknownTopicOrPartition):
		return nil, fmt.Errorf("topic %s is not there: %w", l.name(topic), stream.ErrLost)
	case err != nil:
		return nil, l.fail(ctx, "describe "+topic, err)
	case len(got.Resources) != 1:
		return nil, l.fail(ctx, "describe "+topic, errors.New("no answer for it"))
	}
	values := map[string]string{}
	for _, e := range got.Resources[0].ConfigEntries {
		values[e.ConfigName] = e.ConfigValue
	}
	return values, nil
}

// mend sets what of a topic's settings would lose records.
func (l *Log) mend(ctx context.Context, topic string, replicas int, fresh bool) error {
	have, err := l.describe(ctx, topic)
	if err != nil {
		return err
	}
	var set []kafka.IncrementalAlterConfigsRequestConfig
	var was []string
	for _, s := range wrong(have, settings(topic, replicas)) {
		set = append(set, kafka.IncrementalAlterConfigsRequestConfig{Name: s.name, Value: s.value})
		was = append(was, fmt.Sprintf("%s=%s (was %s)", s.name, s.value, have[s.name]))
	}
	if len(set) == 0 {
		return nil
	}
	got, err := l.client.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{
		Resources: []kafka.IncrementalAlterConfigsRequestResource{{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: l.name(topic), Configs: set,
		}},
	})
	if err == nil && len(got.Resources) == 1 {
		err = got.Resources[0].Error
	}
	if err != nil {
		return l.fail(ctx, fmt.Sprintf("set %s of topic %s", strings.Join(was, ", "), l.name(topic)), err)
	}
	if !fresh {
		l.notice("topic %s could have lost records and was set to %s: run verify to see whether it has", l.name(topic), strings.Join(was, ", "))
	}
	return nil
}

// wrong gives the settings that a topic does not meet. A broker too old to know one
// leaves it out.
func wrong(have map[string]string, want []setting) []setting {
	return slices.DeleteFunc(slices.Clone(want), func(s setting) bool {
		value, known := have[s.name]
		return !known || s.met(value)
	})
}
