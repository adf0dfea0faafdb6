package blob

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

func sample() contents {
	c := contents{offset: magicSize}
	for i, n := range []int64{100, 0, 70_000} {
		c.entries = append(c.entries, entry{
			digest: relais.DigestOf([]byte{byte(i)}), sum: relais.DigestOf([]byte{byte(i), 1}),
			offset: c.offset, length: n, size: 2 * n, codec: codecZstd,
		})
		c.offset += n
	}
	return c
}

func TestContentsRoundTrip(t *testing.T) {
	for _, c := range []contents{sample(), {offset: magicSize, entries: []entry{}}} {
		tail, name := c.tail()
		got, err := parseContents(name, tail, c.size())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, got, cmp.AllowUnexported(contents{}, entry{})); diff != "" {
			t.Error(diff)
		}
	}
}

// The layout is frozen: packs outlive the program. A new layout is a new number.
func TestFormatIsFrozen(t *testing.T) {
	tail, name := sample().tail()
	const want = "fa/fa4bab21"
	if len(tail) != 3*89+56 || name[:len(want)] != want {
		t.Errorf("%d bytes, name %s", len(tail), name)
	}
}

func TestParseContentsRefuses(t *testing.T) {
	c := sample()
	tail, name := c.tail()
	size := c.size()
	if _, err := parseContents("00/other", tail, size); relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("another pack's table was taken: %v", err)
	}
	if _, err := parseContents(name, tail, size+1); relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("a pack of another size was taken: %v", err)
	}
	for i := range tail {
		bad := bytes.Clone(tail)
		bad[i] ^= 0x10
		if _, err := parseContents(name, bad, size); err == nil {
			t.Errorf("byte %d may change unseen", i)
		}
		if _, err := parseContents(name, tail[:i], size); err == nil {
			t.Errorf("%d bytes are enough", i)
		}
	}
	newer := bytes.Clone(tail)
	newer[len(newer)-1] = 2
	if _, err := parseContents(name, newer, size); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("a newer format is not told: %v", err)
	}
}

// A table that is intact but says what cannot be, as no writer of ours makes.
func TestParseContentsOfAnotherWriter(t *testing.T) {
	for what, spoil := range map[string]func(*contents){
		"a gap":           func(c *contents) { c.entries[1].offset++ },
		"negative length": func(c *contents) { c.entries[0].length = -1 },
		"over the end":    func(c *contents) { c.entries[2].length = 1 << 40 },
		"negative size":   func(c *contents) { c.entries[2].size = -5 },
	} {
		c := sample()
		spoil(&c)
		tail, name := c.tail()
		if _, err := parseContents(name, tail, sample().size()); relais.KindOf(err) != relais.KindDamaged {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzParseContents(f *testing.F) {
	tail, name := sample().tail()
	f.Add(name, tail, sample().size())
	f.Add("", []byte(magic), int64(0))
	f.Fuzz(func(t *testing.T, name string, tail []byte, size int64) {
		c, err := parseContents(name, tail, size)
		if err != nil {
			return
		}
		if again, got := c.tail(); got != name || !bytes.Equal(again, tail) {
			t.Error("taken, yet not what it would be written as")
		}
	})
}

// Whatever the sealed bytes have become, to open them neither panics nor succeeds.
func FuzzOpenBytes(f *testing.F) {
	key := relais.SealKey{1}
	for _, n := range []int{0, 1, 1000, packageSize, packageSize + 1} {
		sealed, err := sealBytes(nil, key, bytes.NewReader(make([]byte, n)), int64(n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(sealed)
	}
	f.Fuzz(func(t *testing.T, sealed []byte) {
		plain, err := openBytes(nil, key, sealed)
		if err != nil && relais.KindOf(err) != relais.KindDamaged {
			t.Fatal(err)
		}
		if err == nil && int64(len(sealed)) != sealedSize(int64(len(plain))) {
			t.Errorf("%d sealed bytes gave %d", len(sealed), len(plain))
		}
	})
}

func TestSealedSize(t *testing.T) {
	for _, n := range []int64{0, 1, 100, packageSize - 1, packageSize, packageSize + 1, 3 * packageSize, 200_001} {
		sealed, err := sealBytes(nil, relais.SealKey{2}, bytes.NewReader(make([]byte, n)), n)
		if err != nil || int64(len(sealed)) != sealedSize(n) {
			t.Errorf("%d bytes seal to %d, %v", n, len(sealed), err)
		}
	}
}

// DARE marks the last package: a stream cut at a package's end is refused.
func TestOpenBytesRefusesACutStream(t *testing.T) {
	key := relais.SealKey{3}
	sealed, err := sealBytes(nil, key, bytes.NewReader(make([]byte, 3*packageSize)), 3*packageSize)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 3; n++ {
		if _, err := openBytes(nil, key, sealed[:n*sealedPackage]); relais.KindOf(err) != relais.KindDamaged {
			t.Errorf("%d packages of 3: %v", n, err)
		}
	}
	if _, err := openBytes(nil, relais.SealKey{4}, sealed); relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("another key: %v", err)
	}
}

func TestSpool(t *testing.T) {
	for _, limit := range []int64{0, 10, 1 << 20} {
		s := spool{dir: t.TempDir(), limit: limit}
		var want []byte
		for i := range 50 {
			piece := binary.BigEndian.AppendUint64(nil, uint64(i))
			want = append(want, piece...)
			if _, err := s.Write(piece); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if got, err := io.ReadAll(s.reader()); err != nil || !bytes.Equal(got, want) || s.size != int64(len(want)) {
				t.Errorf("limit %d: %d bytes, %v", limit, len(got), err)
			}
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}
