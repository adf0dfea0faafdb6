// Package kafkatest does to a broker, for tests, what an operator should not do.
package kafkatest

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/segmentio/kafka-go"
)

// DeleteTopics deletes topics by their whole names, namespace and all. A topic that is
// not there is an error, as is a broker that does not answer.
func DeleteTopics(ctx context.Context, brokers []string, names ...string) error {
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(brokers...), Transport: transport}
	done, err := client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: names})
	if err != nil {
		return err
	}
	return errors.Join(slices.Collect(maps.Values(done.Errors))...)
}
