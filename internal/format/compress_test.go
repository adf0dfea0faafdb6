package format

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"

	"github.com/relais-archive/relais/internal/relais"
)

// packedBy is a text, compressed.
func packedBy(t *testing.T, how Compression, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if how == Zstd {
		z, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestUncompress(t *testing.T) {
	const text = "Bonjour,\nvoici le devis.\n"
	bzip, err := hex.DecodeString("425a68393141592653594eece83600000251800010400006449080200031064c4101a7a9a580bb9431f8bb9229c28482776741b0")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		how  Compression
		data []byte
		want string
	}{
		{Gzip, packedBy(t, Gzip, text), text},
		{Gzip, append(packedBy(t, Gzip, text), packedBy(t, Gzip, text)...), text + text},
		{Zstd, packedBy(t, Zstd, text), text},
		{Bzip2, bzip, "hello world\n"},
	} {
		if got := CompressionOf(c.data); got != c.how {
			t.Errorf("%s is told as %q", c.how, got)
		}
		in, err := Uncompress(iotest.OneByteReader(bytes.NewReader(c.data)), c.how, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(in)
		if err != nil || string(got) != c.want || in.Close() != nil {
			t.Errorf("%s: %q, %v", c.how, got, err)
		}
		cut, err := Uncompress(bytes.NewReader(c.data[:len(c.data)-3]), c.how, DefaultLimits())
		if err == nil {
			_, err = io.ReadAll(cut)
		}
		if relais.KindOf(err) != relais.KindDamaged {
			t.Errorf("%s cut short: %v", c.how, err)
		}
	}
	for _, plain := range []string{"", "BZh is a name\n", "BZh9 and more text", "\x1f", "From: a@b\n"} {
		if got := CompressionOf([]byte(plain)); got != "" {
			t.Errorf("%q is told as %s", plain, got)
		}
	}
	for _, how := range []Compression{XZ, LZ4, ""} {
		if _, err := Uncompress(strings.NewReader("x"), how, DefaultLimits()); relais.KindOf(err) != relais.KindRefused {
			t.Errorf("%s: %v", how, err)
		}
	}
}

// TestUncompressBomb is row F3: what grows too much ends at the limit.
func TestUncompressBomb(t *testing.T) {
	for _, how := range []Compression{Gzip, Zstd} {
		bomb := packedBy(t, how, strings.Repeat("\x00", 64<<20))
		in, err := Uncompress(bytes.NewReader(bomb), how, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, in)
		if relais.KindOf(err) != relais.KindTooLarge || n > 32<<20 {
			t.Errorf("%s: %d bytes, %v", how, n, err)
		}
	}
	lim := DefaultLimits()
	lim.ArchiveBytes = 100
	in, err := Uncompress(bytes.NewReader(packedBy(t, Gzip, strings.Repeat("abc", 100))), Gzip, lim)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, in); relais.KindOf(err) != relais.KindTooLarge || n > 100 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestUncompressKeepsTheSourcesError(t *testing.T) {
	data := packedBy(t, Gzip, "text")
	in, err := Uncompress(io.MultiReader(bytes.NewReader(data[:12]), iotest.ErrReader(io.ErrClosedPipe)), Gzip, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(in); err != io.ErrClosedPipe {
		t.Error(err)
	}
}
