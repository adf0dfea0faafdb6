package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/relais-archive/relais/internal/stream"
)

func batchOf(n, size int) []stream.Record {
	records := make([]stream.Record, n)
	for i := range records {
		records[i] = stream.Record{Key: fmt.Sprintf("d%032x", i), Value: bytes.Repeat([]byte{byte(i)}, size)}
	}
	return records
}

// BenchmarkAppend appends batches of 400, alone and from four callers at once.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{300, 2048} {
		for _, topic := range []string{stream.TopicRaw, stream.TopicEnriched} {
			for _, callers := range []int{1, 4} {
				b.Run(fmt.Sprintf("%s/%dB/%d", topic, size, callers), func(b *testing.B) {
					benchmarkAppend(b, topic, size, callers)
				})
			}
		}
	}
}

func benchmarkAppend(b *testing.B, topic string, size, callers int) {
	l := openLog(b, filepath.Join(b.TempDir(), "log.db"))
	records := batchOf(400, size)
	next := make(chan struct{}, b.N)
	for range b.N {
		next <- struct{}{}
	}
	close(next)
	b.ResetTimer()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range next {
				if err := l.Append(b.Context(), topic, records); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N*len(records))/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkRun(b *testing.B) {
	l := openLog(b, filepath.Join(b.TempDir(), "log.db"))
	records := batchOf(400, 300)
	for range b.N {
		if err := l.Append(b.Context(), stream.TopicRaw, records); err != nil {
			b.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(b.Context())
	b.ResetTimer()
	opt := stream.RunOptions{Idle: func(context.Context) error { cancel(); return nil }}
	err := l.Run(ctx, "g", stream.TopicRaw, opt, func(context.Context, []stream.Message) ([]stream.Refusal, error) {
		return nil, nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N*len(records))/b.Elapsed().Seconds(), "records/s")
}
