package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/stream"
	kafka "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// patience bounds what a test waits for.
const patience = time.Minute

// TestMissingTopicIsNotMade: once an archive is there, a topic that is not is told, and
// made only by a repair.
func TestMissingTopicIsNotMade(t *testing.T) {
	t.Parallel() // most of it is waiting
	onBrokers(t, func(t *testing.T, brokers []string) {
		opt := options(t, brokers)
		fill(t, openLog(t, opt), 10)
		deleteTopics(t, opt, stream.TopicRaw)
		opt.Create = false
		for range 2 { // nor does the first attempt make it
			if l, err := Open(t.Context(), opt); !errors.Is(err, stream.ErrLost) || !strings.Contains(fmt.Sprint(err), stream.TopicRaw) {
				t.Errorf("open: %v, want ErrLost with the topic's name", err)
				_ = l.Close()
			}
		}
		opt.Create, opt.Held = true, map[string]int64{stream.TopicRaw: 10}
		if _, err := Open(t.Context(), opt); !errors.Is(err, stream.ErrLost) {
			t.Errorf("open of an empty topic that has held records: %v, want ErrLost", err)
		}
		opt.Create, opt.Held = false, nil
		fill(t, openLog(t, opt), 1)
	})
}

// TestTopicDeletedInMidRun: whoever reads, appends or asks is told; nothing is made
// anew, though the readers' library asks for topics in a way that makes them.
func TestTopicDeletedInMidRun(t *testing.T) {
	t.Parallel() // most of it is waiting
	onBrokers(t, func(t *testing.T, brokers []string) {
		opt := options(t, brokers)
		l := openLog(t, opt)
		run := follow(t, l, 10)
		deleteTopics(t, opt, stream.TopicRaw)
		if err := l.Append(t.Context(), stream.TopicRaw, records(1)); !errors.Is(err, stream.ErrLost) {
			t.Errorf("append: %v, want ErrLost", err)
		}
		if _, err := l.End(t.Context(), stream.TopicRaw); !errors.Is(err, stream.ErrLost) {
			t.Errorf("end: %v, want ErrLost", err)
		}
		wantLost(t, run)
		if err := l.Check(t.Context()); !errors.Is(err, stream.ErrLost) {
			t.Errorf("check: %v, want ErrLost", err)
		}
	})
}

// TestTopicMadeAnewInMidRun: a topic that was deleted and is there again, empty, is
// told too, and what stands in it by then does not pass for what stood there.
func TestTopicMadeAnewInMidRun(t *testing.T) {
	t.Parallel() // most of it is waiting
	onBrokers(t, func(t *testing.T, brokers []string) {
		opt := options(t, brokers)
		l := openLog(t, opt)
		run := follow(t, l, 10)
		deleteTopics(t, opt, stream.TopicRaw)
		openLog(t, opt) // somebody repairs, while others run
		if _, err := l.End(t.Context(), stream.TopicRaw); !errors.Is(err, stream.ErrLost) {
			t.Errorf("end: %v, want ErrLost", err)
		}
		wantLost(t, run)
	})
}

// TestAppendNoticesATopicMadeAnew by the offsets that the broker gives.
func TestAppendNoticesATopicMadeAnew(t *testing.T) {
	t.Parallel() // most of it is waiting
	onBrokers(t, func(t *testing.T, brokers []string) {
		opt := options(t, brokers)
		l := openLog(t, opt)
		fill(t, l, 10)
		deleteTopics(t, opt, stream.TopicRaw)
		openLog(t, opt)
		for ctx, err := t.Context(), error(nil); !errors.Is(err, stream.ErrLost); {
			if err = l.Append(ctx, stream.TopicRaw, records(1)); err == nil {
				t.Fatal("appended as if nothing had happened")
			}
		}
	})
}

// TestBrokerThatMakesTopics: with auto.create.topics.enable a reader of the library
// would bring back an empty topic.
func TestBrokerThatMakesTopics(t *testing.T) {
	t.Parallel() // most of it is waiting
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(3))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	opt := options(t, cluster.ListenAddrs())
	l := openLog(t, opt)
	run := follow(t, l, 10)
	deleteTopics(t, opt, stream.TopicRaw)
	wantLost(t, run)
	if _, err := Open(t.Context(), Options{Brokers: opt.Brokers, Namespace: "none"}); !errors.Is(err, stream.ErrLost) {
		t.Errorf("open: %v, want ErrLost", err)
	}
	if info := cluster.TopicInfo("none.raw"); info != nil {
		t.Error("Open has made the topic")
	}
}

// TestDeletedRecords: where the first records of a topic were deleted, a group that has
// not read them is told, one that has goes on, and one that accepts it gets the rest.
func TestDeletedRecords(t *testing.T) {
	t.Parallel() // most of it is waiting
	onBrokers(t, func(t *testing.T, brokers []string) {
		opt := options(t, brokers)
		l := openLog(t, opt)
		fill(t, l, 30)
		if n := len(read(t, l, "before", 30)); n != 30 {
			t.Fatalf("%d messages", n)
		}
		cut(t, opt, 3)
		err := l.Run(t.Context(), "after", stream.TopicRaw, stream.RunOptions{}, func(context.Context, []stream.Message) ([]stream.Refusal, error) {
			t.Error("the handler was called")
			return nil, nil
		})
		if !errors.Is(err, stream.ErrLost) {
			t.Errorf("run: %v, want ErrLost", err)
		}
		fill(t, l, 5)
		read(t, l, "before", 5)
		var told []string
		opt.AcceptLoss, opt.Notice = true, func(text string) { told = append(told, text) }
		read(t, openLog(t, opt), "after", 30+5-9)
		if len(told) == 0 {
			t.Error("the loss was not told")
		}
	})
}

// TestTrimmedForAGroupThatBegins: a group that is to read from the start what is no longer
// there is told so before anybody waits for it; where the loss is accepted, what is gone
// counts as passed, also where nothing is left to read.
func TestTrimmedForAGroupThatBegins(t *testing.T) {
	t.Parallel() // most of it is waiting
	onBrokers(t, func(t *testing.T, brokers []string) {
		opt := options(t, brokers)
		l := openLog(t, opt)
		fill(t, l, 30)
		if err := l.Inspect(t.Context(), "new", stream.TopicRaw); err != nil {
			t.Errorf("of a whole topic: %v", err)
		}
		cut(t, opt, -1) // all there is
		if err := l.Inspect(t.Context(), "new", stream.TopicRaw); !errors.Is(err, stream.ErrLost) {
			t.Errorf("inspect: %v, want ErrLost", err)
		}
		opt.AcceptLoss, opt.Notice = true, func(string) {}
		l = openLog(t, opt)
		end, err := l.End(t.Context(), stream.TopicRaw)
		if err != nil {
			t.Fatal(err)
		}
		at, err := l.Committed(t.Context(), "new", stream.TopicRaw)
		if err != nil || !at.Reached(end) || l.Inspect(t.Context(), "new", stream.TopicRaw) != nil {
			t.Errorf("accepted: at %v of %v, %v", at, end, err)
		}
	})
}

// cut deletes the first records of each partition of topic "raw", as an operator
// does by kafka-delete-records.
func cut(t *testing.T, opt Options, before int64) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(opt.Brokers...)) // kafka-go has no such request
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	topic := kmsg.NewDeleteRecordsRequestTopic()
	topic.Topic = opt.Namespace + "." + stream.TopicRaw
	for p := range opt.Partitions {
		part := kmsg.NewDeleteRecordsRequestTopicPartition()
		part.Partition, part.Offset = int32(p), before
		topic.Partitions = append(topic.Partitions, part)
	}
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Topics = append(req.Topics, topic)
	if _, err := req.RequestWith(t.Context(), client); err != nil {
		t.Fatal(err)
	}
}

// records makes records with many keys.
func records(n int) []stream.Record {
	list := make([]stream.Record, n)
	for i := range list {
		list[i] = stream.Record{Key: fmt.Sprint("key-", i), Value: fmt.Append(nil, i)}
	}
	return list
}

func fill(t testing.TB, l *Log, n int) {
	t.Helper()
	if err := l.Append(t.Context(), stream.TopicRaw, records(n)); err != nil {
		t.Fatal(err)
	}
}

// read runs a group until it has n messages, and one batch of silence.
func read(t *testing.T, l *Log, group string, n int) (got []stream.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	opt := stream.RunOptions{Idle: func(context.Context) error { cancel(); return nil }}
	err := l.Run(ctx, group, stream.TopicRaw, opt, func(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		got = append(got, batch...)
		return nil, nil
	})
	if err != nil || len(got) != n {
		t.Errorf("%s: %d messages, error %v; want %d", group, len(got), err, n)
	}
	return got
}

// follow fills a topic, runs a group until it has read all, and gives what the run
// ends with.
func follow(t *testing.T, l *Log, n int) <-chan error {
	t.Helper()
	l.silence = 200 * time.Millisecond
	fill(t, l, n)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	done, idle := make(chan error, 1), make(chan struct{})
	opt := stream.RunOptions{Idle: func(context.Context) error { close(idle); return nil }}
	go func() {
		done <- l.Run(ctx, "g", stream.TopicRaw, opt, func(context.Context, []stream.Message) ([]stream.Refusal, error) { return nil, nil })
	}()
	select {
	case <-idle:
	case err := <-done:
		t.Fatalf("run: %v", err)
	}
	return done
}

func wantLost(t *testing.T, run <-chan error) {
	t.Helper()
	if err := <-run; !errors.Is(err, stream.ErrLost) {
		t.Errorf("run: %v, want ErrLost", err)
	}
}

// TestSettingsAreMended: a topic that was set to lose records is set right at the
// next Open, and this is told; Check tells it before.
func TestSettingsAreMended(t *testing.T) {
	t.Parallel() // most of it is waiting
	onBrokers(t, func(t *testing.T, brokers []string) {
		opt := options(t, brokers)
		l := openLog(t, opt)
		if err := l.Check(t.Context()); err != nil && strings.Contains(err.Error(), "topic") {
			t.Errorf("check of topics just made: %v", err)
		}
		bad := []kafka.IncrementalAlterConfigsRequestConfig{
			{Name: "retention.ms", Value: "1000"}, {Name: "cleanup.policy", Value: "delete"}, {Name: "max.message.bytes", Value: "1000"},
		}
		_, err := l.client.IncrementalAlterConfigs(t.Context(), &kafka.IncrementalAlterConfigsRequest{
			Resources: []kafka.IncrementalAlterConfigsRequestResource{{
				ResourceType: kafka.ResourceTypeTopic, ResourceName: l.name(stream.TopicEnriched), Configs: bad,
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		opt.Notice = func(text string) { told = append(told, text) }
		checked := l.Check(t.Context())
		mended := openLog(t, opt)
		for _, b := range bad {
			if !strings.Contains(fmt.Sprint(checked), b.Name) || len(told) != 1 || !strings.Contains(told[0], b.Name) {
				t.Errorf("%s: not in %q, or not in %q", b.Name, checked, told)
			}
		}
		if err := mended.Check(t.Context()); err != nil && strings.Contains(err.Error(), "topic") {
			t.Errorf("check after: %v", err)
		}
	})
}
