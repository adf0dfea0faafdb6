package kafka

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/internal/stream/streamtest"
	kafka "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// onBrokers runs a test on a broker in this process, and on the real one that
// RELAIS_TEST_KAFKA names (host:port,…).
func onBrokers(t *testing.T, test func(t *testing.T, brokers []string)) {
	t.Run("fake", func(t *testing.T) { test(t, fakeBroker(t)) })
	t.Run("real", func(t *testing.T) { test(t, realBroker(t)) })
}

func realBroker(t testing.TB) []string {
	t.Helper()
	brokers := os.Getenv("RELAIS_TEST_KAFKA")
	if brokers == "" {
		t.Skip("RELAIS_TEST_KAFKA names no broker")
	}
	return strings.Split(brokers, ",")
}

func TestContract(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		streamtest.Test(t, func(t *testing.T) func() (stream.Log, error) {
			opt := options(t, brokers)
			return func() (stream.Log, error) { return Open(t.Context(), opt) }
		})
	})
}

// options are for a namespace of their own, which goes with the test.
func options(t testing.TB, brokers []string) Options {
	opt := Options{Brokers: brokers, Namespace: "test-" + rand.Text(), Partitions: 3, Create: true}
	t.Cleanup(func() { deleteTopics(t, opt, stream.Topics()...) })
	return opt
}

// deleteTopics deletes topics by hand; those that are not there do not matter.
func deleteTopics(t testing.TB, opt Options, names ...string) {
	t.Helper()
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(opt.Brokers...), Transport: transport}
	for i, name := range names {
		names[i] = opt.Namespace + "." + name
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), requestTime)
	defer cancel()
	_, _ = client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: names}) // the broker may be gone already
}

func fakeBroker(t *testing.T) []string { return newCluster(t).ListenAddrs() }

func newCluster(t *testing.T) *kfake.Cluster {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ListenFn(func(network, _ string) (net.Listener, error) {
		return net.Listen(network, "127.0.0.1:0")
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster
}

func openLog(t *testing.T, opt Options) *Log {
	t.Helper()
	l, err := Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestTopicsAreMade(t *testing.T) {
	cluster := newCluster(t)
	opt := options(t, cluster.ListenAddrs())
	openLog(t, opt)
	for _, topic := range stream.Topics() {
		info := cluster.TopicInfo(opt.Namespace + "." + topic)
		want := map[string]string{
			"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime",
		}
		if topic == stream.TopicEnriched {
			want["cleanup.policy"] = "compact"
		}
		for k, v := range want {
			if got := info.Configs[k]; got == nil || *got != v {
				t.Errorf("%s: %s is %v, want %s", topic, k, got, v)
			}
		}
		if n := len(cluster.PartitionInfos(opt.Namespace + "." + topic)); n != opt.Partitions {
			t.Errorf("%s: %d partitions, want %d", topic, n, opt.Partitions)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	made := options(t, fakeBroker(t))
	openLog(t, made)
	other := made
	other.Partitions = 5
	inClear := made
	inClear.Brokers, inClear.Link.User = append(inClear.Brokers, "kafka.example:9092"), "relais"
	for name, opt := range map[string]Options{
		"other number of partitions": other,
		"password in clear":          inClear,
		"no broker":                  {},
		"nobody listens":             {Brokers: []string{"127.0.0.1:1"}},
	} {
		if l, err := Open(t.Context(), opt); err == nil {
			t.Errorf("%s: opened", name)
			_ = l.Close()
		}
	}
	made.Partitions = 0
	if l := openLog(t, made); l.partitions[stream.TopicRaw] != 3 {
		t.Errorf("%d partitions, want the 3 that exist", l.partitions[stream.TopicRaw])
	}
}

// TestPartitionerIsFixed freezes where keys go: murmur2, with the hashes of the test
// of Kafka's own partitioner (Utils.murmur2). To change it would break the order of
// a key's records in every log there is.
func TestPartitionerIsFixed(t *testing.T) {
	l := openLog(t, options(t, fakeBroker(t)))
	for key, hash := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "abc": 479470107,
		"a-little-bit-long-string": -985981536, "a-little-bit-longer-string": -1486304829,
	} {
		want := int(hash&0x7fffffff) % 8
		if got := l.writer.Balancer.Balance(kafka.Message{Key: []byte(key)}, 0, 1, 2, 3, 4, 5, 6, 7); got != want {
			t.Errorf("key %q goes to %d, want %d", key, got, want)
		}
	}
	if got := l.writer.Balancer.Balance(kafka.Message{}, 3, 4); got != l.writer.Balancer.Balance(kafka.Message{Key: []byte{}}, 3, 4) {
		t.Error("no key and an empty key part")
	}
}

// TestStalledReaderIsMadeAnew lets every fetch fail until the group is joined a
// second time: only the watchdog gets the messages out.
func TestStalledReaderIsMadeAnew(t *testing.T) {
	cluster := newCluster(t)
	l := openLog(t, options(t, cluster.ListenAddrs()))
	l.silence = 200 * time.Millisecond
	var joins atomic.Int32
	cluster.ControlKey(int16(kmsg.JoinGroup), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		joins.Add(1)
		return nil, nil, false
	})
	cluster.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if joins.Load() < 2 {
			return nil, errors.New("no answer"), true
		}
		return nil, nil, false
	})
	if err := l.Append(t.Context(), stream.TopicRaw, []stream.Record{{Key: "k", Value: []byte("v")}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	read := 0
	err := l.Run(ctx, "g", stream.TopicRaw, stream.RunOptions{}, func(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		read += len(batch)
		cancel()
		return nil, nil
	})
	if err != nil || read != 1 {
		t.Errorf("%d messages, error %v, %d joins; want 1", read, err, joins.Load())
	}
}
