package blob

import (
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// codecs are the compressors shared by all puts and reads: each serves as many
// goroutines as there are processors, and is made on first use.
type codecs struct {
	encoder func() (*zstd.Encoder, error)
	decoder func() (*zstd.Decoder, error)
}

func newCodecs() codecs {
	n := runtime.GOMAXPROCS(0)
	return codecs{
		encoder: sync.OnceValues(func() (*zstd.Encoder, error) { return zstd.NewWriter(nil, encoderOptions(n)...) }),
		decoder: sync.OnceValues(func() (*zstd.Decoder, error) { return zstd.NewReader(nil, decoderOptions(n)...) }),
	}
}

// encoderOptions: the fastest level, and a window that bounds what a reader needs.
// zstd's own checksum is left out, since digests are checked.
func encoderOptions(concurrency int) []zstd.EOption {
	return []zstd.EOption{
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(concurrency),
		zstd.WithWindowSize(window), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true),
	}
}

func decoderOptions(concurrency int) []zstd.DOption {
	return []zstd.DOption{
		zstd.WithDecoderConcurrency(concurrency), zstd.WithDecoderMaxWindow(window),
		zstd.WithDecoderMaxMemory(maxDecoded), zstd.WithDecoderLowmem(true),
	}
}

const (
	window     = 1 << 20
	maxDecoded = 1 << 40 // of a stream: sizes are checked where they are known
)

// compress gives the bytes to seal and their codec: compressed into dst when that
// saves at least a sixteenth, as they are otherwise.
func (c codecs) compress(dst, plain []byte) ([]byte, uint8, error) {
	enc, err := c.encoder()
	if err != nil {
		return nil, 0, err
	}
	packed := enc.EncodeAll(plain, dst[:0])
	if !shrinks(len(packed), len(plain)) {
		return plain, codecRaw, nil
	}
	return packed, codecZstd, nil
}

func shrinks(packed, plain int) bool { return packed < plain-plain/16 }
