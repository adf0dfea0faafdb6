package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/stream"
	kafka "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestBrokerRestart: a run outlives its broker, and nothing acknowledged is lost.
func TestBrokerRestart(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	start := func() *kfake.Cluster {
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(dir), kfake.SyncWrites())
		if err != nil {
			t.Fatal(err)
		}
		return cluster
	}
	cluster := start()
	l := openLog(t, options(t, cluster.ListenAddrs()))
	var read atomic.Int32
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- l.Run(ctx, "g", stream.TopicRaw, stream.RunOptions{}, func(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
			read.Add(int32(len(batch)))
			return nil, nil
		})
	}()
	appendOne(ctx, t, l, 1)
	until(ctx, t, &read, 1)
	cluster.Close()
	cluster = start()
	defer cluster.Close()
	at := time.Now()
	appendOne(ctx, t, l, 2)
	until(ctx, t, &read, 2)
	t.Logf("%v after the broker came back", time.Since(at))
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestFencedCommit: a member that was thought dead may not commit; it joins again and
// handles anew what it could not commit.
func TestFencedCommit(t *testing.T) {
	cluster := newCluster(t)
	l := openLog(t, options(t, cluster.ListenAddrs()))
	fill(t, l, 20)
	var fenced atomic.Int32
	cluster.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		fenced.Add(1)
		commit := req.(*kmsg.OffsetCommitRequest)
		resp := commit.ResponseKind().(*kmsg.OffsetCommitResponse)
		for _, topic := range commit.Topics {
			answer := kmsg.NewOffsetCommitResponseTopic()
			answer.Topic = topic.Topic
			for _, p := range topic.Partitions {
				part := kmsg.NewOffsetCommitResponseTopicPartition()
				part.Partition, part.ErrorCode = p.Partition, kerr.IllegalGeneration.Code
				answer.Partitions = append(answer.Partitions, part)
			}
			resp.Topics = append(resp.Topics, answer)
		}
		return resp, nil, fenced.Load() <= 3 // the library tries as often
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	times, told := map[string]int{}, 0
	opt := stream.RunOptions{
		Idle:    func(context.Context) error { cancel(); return nil },
		OnFault: func(error) { told++ },
	}
	err := l.Run(ctx, "g", stream.TopicRaw, opt, func(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		for _, m := range batch {
			times[m.Key]++
		}
		return nil, nil
	})
	at, _ := l.Committed(t.Context(), "g", stream.TopicRaw)
	if err != nil || len(times) != 20 || count(at) != 20 || told == 0 {
		t.Errorf("error %v, %d of 20 messages, %v committed, %d faults told", err, len(times), at, told)
	}
}

// appendOne appends until the broker answers.
func appendOne(ctx context.Context, t *testing.T, l *Log, i int) {
	t.Helper()
	for {
		err := l.Append(ctx, stream.TopicRaw, []stream.Record{{Key: "k", Value: fmt.Append(nil, i)}})
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("append: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func until(ctx context.Context, t *testing.T, n *atomic.Int32, want int32) {
	t.Helper()
	for n.Load() < want {
		if ctx.Err() != nil {
			t.Fatalf("%d messages, want %d", n.Load(), want)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestResetAfterADeath: the member of a process that was killed keeps its place until
// its session ends; the group's position can be set as soon as it has.
func TestResetAfterADeath(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		t.Parallel()
		opt := options(t, brokers)
		l := openLog(t, opt)
		fill(t, l, 3)
		joinAndDie(t, l, "dead")
		if err := l.Reset(t.Context(), "dead", stream.TopicRaw, stream.Position{}); err != nil {
			t.Fatal(err)
		}
		if at, err := l.Committed(t.Context(), "dead", stream.TopicRaw); err != nil || len(at) != opt.Partitions {
			t.Errorf("position %v, %v", at, err)
		}
	})
}

// joinAndDie makes a member of a group that never says anything again.
func joinAndDie(t *testing.T, l *Log, group string) {
	t.Helper()
	join := &kafka.JoinGroupRequest{
		GroupID: l.name(group), SessionTimeout: session, RebalanceTimeout: session, ProtocolType: "consumer",
		Protocols: []kafka.GroupProtocol{{Name: "range", Metadata: kafka.GroupProtocolSubscription{Topics: []string{l.name(stream.TopicRaw)}}}},
	}
	var joined *kafka.JoinGroupResponse
	if err := patient(t.Context(), func() (err error) {
		if joined, err = l.client.JoinGroup(t.Context(), join); err != nil {
			return err
		}
		if errors.Is(joined.Error, kafka.MemberIDRequired) {
			join.MemberID = joined.MemberID
			if joined, err = l.client.JoinGroup(t.Context(), join); err != nil {
				return err
			}
		}
		return joined.Error
	}); err != nil {
		t.Fatal(err)
	}
	got, err := l.client.SyncGroup(t.Context(), &kafka.SyncGroupRequest{
		GroupID: join.GroupID, GenerationID: joined.GenerationID, MemberID: joined.MemberID, ProtocolType: "consumer", ProtocolName: "range",
		Assignments: []kafka.SyncGroupRequestAssignment{{MemberID: joined.MemberID}},
	})
	if err != nil || got.Error != nil {
		t.Fatal(err, got)
	}
}
