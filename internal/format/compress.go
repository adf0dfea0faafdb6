package format

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/relais-archive/relais/internal/relais"
)

// Compression is a way in which a whole file is compressed, "" for none.
type Compression string

// The compressions that are recognised. Those of mail servers that Uncompress cannot read
// are recognised too, so that their bytes are not taken for text.
const (
	Gzip  Compression = "gzip"
	Bzip2 Compression = "bzip2"
	Zstd  Compression = "zstd"
	XZ    Compression = "xz"
	LZ4   Compression = "lz4"
)

// zstdWindow is the most memory that a frame may ask for: what zstd itself allows by
// default (zstd(1), --long).
const zstdWindow = 128 << 20

// CompressionOf tells by a file's first bytes how it is compressed.
func CompressionOf(first []byte) Compression {
	for _, m := range []struct {
		magic string
		is    Compression
	}{
		{"\x1f\x8b\x08", Gzip}, {"\x28\xb5\x2f\xfd", Zstd}, {"\xfd7zXZ\x00", XZ}, {"\x04\x22\x4d\x18", LZ4}, {"Dovecot-LZ4\x0d\x2a\x9b\xc5", LZ4},
	} {
		if bytes.HasPrefix(first, []byte(m.magic)) {
			return m.is
		}
	}
	// A block follows, or the end of an empty file; "BZh" alone could also begin a text.
	if len(first) >= 10 && string(first[:3]) == "BZh" && first[3] >= '1' && first[3] <= '9' &&
		(string(first[4:10]) == "1AY&SY" || string(first[4:10]) == "\x17\x72\x45\x38\x50\x90") {
		return Bzip2
	}
	return ""
}

// Uncompress reads what was compressed, within ArchiveBytes and ArchiveRatio. The error
// of reading is of relais.KindTooLarge at a limit, of relais.KindDamaged where the
// bytes are not what they should be; Uncompress itself says so of the first ones, and
// gives relais.KindRefused for a compression that is not read.
func Uncompress(r io.Reader, how Compression, lim Limits) (io.ReadCloser, error) {
	in := &countReader{r: r}
	u := &uncompressed{in: in, lim: lim}
	var err error
	switch how {
	case Gzip:
		u.r, err = gzip.NewReader(in)
	case Bzip2:
		u.r = bzip2.NewReader(in)
	case Zstd:
		var d *zstd.Decoder
		d, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		if err == nil {
			u.r, u.end = d, d.Close
		}
	default:
		return nil, relais.Errorf(relais.KindRefused, "uncompress", "%s is not read", how)
	}
	if err != nil {
		return nil, u.fault(err)
	}
	return u, nil
}

// uncompressed gives what a compressed file holds, counted.
type uncompressed struct {
	r   io.Reader
	in  *countReader
	lim Limits
	out int64
	end func()
	err error
}

// Read withholds what is over a limit.
func (u *uncompressed) Read(p []byte) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	n, err := u.r.Read(p)
	u.out += int64(n)
	switch {
	case u.out > u.lim.ArchiveBytes, u.out > ratioFree && u.out/u.lim.ArchiveRatio > u.in.n:
		n, err = 0, relais.E(relais.KindTooLarge, "uncompress", nil)
	case err != nil && !errors.Is(err, io.EOF):
		err = u.fault(err)
	}
	u.err = err
	return n, err
}

// fault is the source's own error, or says that the bytes are damaged.
func (u *uncompressed) fault(err error) error {
	if u.in.err != nil && !errors.Is(u.in.err, io.EOF) {
		return u.in.err
	}
	return relais.E(relais.KindDamaged, "uncompress", err)
}

// Close gives the memory back; the source stays open.
func (u *uncompressed) Close() error {
	if u.end != nil {
		u.end()
	}
	return nil
}

// countReader counts what is read of a source, and keeps its error.
type countReader struct {
	r   io.Reader
	n   int64
	err error
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil {
		c.err = err
	}
	return n, err
}
