package s3

import (
	"bytes"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/local"
)

// each runs a benchmark in a folder, in the bucket, and in the bucket behind a cache.
func each(b *testing.B, run func(b *testing.B, backend blob.Backend)) {
	b.Run("local", func(b *testing.B) {
		d, err := local.Open(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		defer d.Close()
		run(b, d)
	})
	b.Run("s3", func(b *testing.B) { run(b, real(b)) })
	b.Run("cached", func(b *testing.B) { run(b, blob.WithCache(real(b), 64<<20, 256<<10)) })
}

const packBytes = 4 << 20

func pack(b *testing.B, backend blob.Backend, name string) []byte {
	b.Helper()
	data := make([]byte, packBytes)
	random := rand.New(rand.NewPCG(1, 1)) // #nosec G404 -- a benchmark
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	if err := backend.Put(b.Context(), name, bytes.NewReader(data), packBytes); err != nil {
		b.Fatal(err)
	}
	return data
}

func BenchmarkPut(b *testing.B) {
	each(b, func(b *testing.B, backend blob.Backend) {
		data := pack(b, backend, "ab/pack")
		b.SetBytes(packBytes)
		for b.Loop() {
			if err := backend.Put(b.Context(), "ab/pack", bytes.NewReader(data), packBytes); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func read(b *testing.B, backend blob.Backend, offset int64) {
	r, err := backend.Get(b.Context(), "ab/pack", offset, 8<<10)
	if err != nil {
		b.Error(err)
		return
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		b.Error(err)
	}
	_ = r.Close()
}

// BenchmarkGet reads ranges one after the other, as the index stage does: the cache
// is warm after the first round.
func BenchmarkGet(b *testing.B) {
	each(b, func(b *testing.B, backend blob.Backend) {
		pack(b, backend, "ab/pack")
		b.SetBytes(8 << 10)
		for i := int64(0); b.Loop(); i++ {
			read(b, backend, i*(8<<10)%packBytes)
		}
	})
}

// BenchmarkGetCold is BenchmarkGet by a process that did not put the pack, nor read
// it before.
func BenchmarkGetCold(b *testing.B) {
	backend := real(b)
	pack(b, backend, "ab/pack")
	b.SetBytes(8 << 10)
	cached := blob.WithCache(backend, 64<<20, 256<<10)
	for i := int64(0); b.Loop(); i++ {
		at := i * (8 << 10) % packBytes
		if at == 0 {
			cached = blob.WithCache(backend, 64<<20, 256<<10)
		}
		read(b, cached, at)
	}
}

// BenchmarkGetAtOnce reads by eight readers, as a page of hits does.
func BenchmarkGetAtOnce(b *testing.B) {
	each(b, func(b *testing.B, backend blob.Backend) {
		pack(b, backend, "ab/pack")
		b.SetBytes(8 << 10)
		b.SetParallelism(4)
		var next atomic.Int64
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				read(b, backend, next.Add(1)*(8<<10)%packBytes)
			}
		})
	})
}
