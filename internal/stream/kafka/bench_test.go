package kafka

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/relais-archive/relais/internal/stream"
)

// BenchmarkAppend and BenchmarkRun show records a second on the real broker: batches
// of records of 2 KB, as the stages append them, one batch after the other.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{64, 256} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			opt := options(b, realBroker(b))
			opt.Partitions = 8
			l := benchLog(b, opt)
			batch := sealed(size)
			for b.Loop() {
				if err := l.Append(b.Context(), stream.TopicRaw, batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkRun(b *testing.B) {
	opt := options(b, realBroker(b))
	opt.Partitions = 8
	l := benchLog(b, opt)
	batch := sealed(256)
	const batches = 200
	for range batches {
		if err := l.Append(b.Context(), stream.TopicRaw, batch); err != nil {
			b.Fatal(err)
		}
	}
	group := 0
	for b.Loop() {
		group++
		ctx, cancel := context.WithCancel(b.Context())
		var n atomic.Int64
		err := l.Run(ctx, fmt.Sprint("g", group), stream.TopicRaw, stream.RunOptions{}, func(_ context.Context, got []stream.Message) ([]stream.Refusal, error) {
			if n.Add(int64(len(got))) == batches*int64(len(batch)) {
				cancel()
			}
			return nil, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*batches*len(batch))/b.Elapsed().Seconds(), "records/s")
}

func benchLog(b *testing.B, opt Options) *Log {
	b.Helper()
	l, err := Open(b.Context(), opt)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	return l
}

// sealed makes records that compress as little as sealed ones.
func sealed(n int) []stream.Record {
	list := make([]stream.Record, n)
	for i := range list {
		list[i] = stream.Record{Key: rand.Text(), Value: make([]byte, 2048)}
		_, _ = rand.Read(list[i].Value) // it never fails
	}
	return list
}
