package blobtest

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
)

// Parts are the three places that a store needs.
type Parts struct {
	Backend blob.Backend
	Keys    blob.Keys
	Index   blob.Index
}

func (p Parts) store(t *testing.T) *blob.Packs {
	return blob.New(p.Backend, p.Keys, p.Index, blob.Options{TempDir: t.TempDir(), MaxMemory: 4 << 20})
}

// TestStore holds the store over some backend, keys and index to blob.Store. open
// gives empty ones.
func TestStore(t *testing.T, open func(t *testing.T) Parts) {
	for name, test := range map[string]func(*testing.T, Parts){
		"round trip": storeRoundTrip, "found": storeFound, "deduplicated": storeDeduplicated, "two cases": storeTwoCases,
		"forgotten": storeForgotten, "wrong bytes": storeWrongBytes, "ranges": storeRanges,
		"concurrent": storeConcurrent, "crash": storeCrash, "forget crash": storeForgetCrash,
		"reveals nothing": storeRevealsNothing, "damage": storeDamage, "verify": storeVerify, "records": storeRecords,
		"records sealed again": storeRecordsAgain,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// noise gives n bytes that do not compress, always the same.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n+7)
	r := rand.New(rand.NewPCG(seed, 1)) // #nosec G404 -- a test
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return b[:n]
}

// prose gives n bytes that compress.
func prose(seed uint64, n int) []byte {
	const words = "le la pompe devis prix commande livraison joint vanne de à pour avec sans retard "
	r := rand.New(rand.NewPCG(seed, 2)) // #nosec G404 -- a test
	b := make([]byte, 0, n+40)
	for len(b) < n {
		i := r.IntN(len(words) - 12)
		b = append(b, words[i:i+12]...)
	}
	return b[:n]
}

// Of makes a blob of bytes in memory.
func Of(data []byte) blob.Blob {
	return blob.Blob{Digest: relais.DigestOf(data), Size: int64(len(data)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

func put(t *testing.T, s blob.Putter, c relais.CaseID, blobs ...blob.Blob) {
	t.Helper()
	if err := s.Put(t.Context(), c, blobs); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s blob.Opener, c relais.CaseID, d relais.Digest) ([]byte, error) {
	t.Helper()
	r, err := s.Open(t.Context(), c, d)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if cerr := r.Close(); cerr != nil {
		t.Error(cerr)
	}
	return data, err
}

func wantBytes(t *testing.T, s blob.Opener, c relais.CaseID, want []byte) {
	t.Helper()
	if got, err := read(t, s, c, relais.DigestOf(want)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d came back, or wrong ones: %v", len(got), len(want), err)
	}
}

// samples are of every size that a package, a threshold or a buffer can trip over.
func samples() (list [][]byte) {
	for i, n := range []int{0, 1, 100, 35_000, 65535, 65536, 65537, 131072, 1<<20 - 1, 1 << 20, 1<<20 + 1, 1<<20 + 65536, 5 << 20} {
		list = append(list, noise(uint64(i), n), prose(uint64(i), n))
	}
	return list
}

func storeRoundTrip(t *testing.T, p Parts) {
	s := p.store(t)
	var blobs []blob.Blob
	for _, data := range samples() {
		blobs = append(blobs, Of(data))
	}
	put(t, s, "c1", blobs...)
	for _, data := range samples() {
		wantBytes(t, s, "c1", data)
		r, err := s.Open(t.Context(), "c1", relais.DigestOf(data))
		if err != nil || r.Size() != int64(len(data)) {
			t.Fatalf("size of %d bytes: %v", len(data), err)
		}
		_ = r.Close()
	}
	put(t, s, "c1") // nothing
	_, err := s.Open(t.Context(), "c1", relais.DigestOf([]byte("never put")))
	wantKind(t, err, relais.KindNotFound)
}

// storeFound looks up together what opens, what was never put, what is another case's
// and what was forgotten: each answers as if it had been asked for alone.
func storeFound(t *testing.T, p Parts) {
	s := p.store(t)
	small, large, others, gone := prose(1, 5000), noise(2, 3<<20), prose(3, 5000), prose(4, 5000)
	put(t, s, "c1", Of(small), Of(large), Of(gone))
	put(t, s, "c2", Of(others))
	if err := s.Forget(t.Context(), "c1", []relais.Digest{relais.DigestOf(gone)}); err != nil {
		t.Fatal(err)
	}
	never := relais.DigestOf([]byte("never put"))
	digests := []relais.Digest{relais.DigestOf(small), never, relais.DigestOf(gone), relais.DigestOf(others), relais.DigestOf(large), relais.DigestOf(small)}
	found, err := s.Find(t.Context(), "c1", digests)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]byte{large, small} {
		r, err := found.Open(t.Context(), relais.DigestOf(want))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %d came back, or wrong ones: %v", len(got), len(want), err)
		}
		_ = r.Close()
	}
	for d, kind := range map[relais.Digest]relais.Kind{
		never: relais.KindNotFound, relais.DigestOf(gone): relais.KindForgotten, relais.DigestOf(others): relais.KindForgotten,
	} {
		_, err := found.Open(t.Context(), d)
		wantKind(t, err, kind)
	}
	nothing, err := s.Find(t.Context(), "c1", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = nothing.Open(t.Context(), relais.DigestOf(small))
	wantKind(t, err, relais.KindNotFound)
}

func packSizes(t *testing.T, p Parts) (packs int, bytes int64) {
	t.Helper()
	for _, size := range listed(t, p.Backend) {
		packs++
		bytes += size
	}
	return packs, bytes
}

func storeDeduplicated(t *testing.T, p Parts) {
	s := p.store(t)
	a, b := Of(noise(1, 10_000)), Of(noise(2, 10_000))
	put(t, s, "c1", a, b, a, a)
	packs, size := packSizes(t, p)
	if packs != 1 || size > 21_000 {
		t.Errorf("%d packs of %d bytes for 20,000 distinct ones", packs, size)
	}
	unread := a
	unread.Open = func() (io.ReadCloser, error) { return nil, errors.New("read without need") }
	put(t, s, "c1", unread)
	if again, _ := packSizes(t, p); again != packs {
		t.Error("a blob that was there made a new pack")
	}
}

func storeTwoCases(t *testing.T, p Parts) {
	s := p.store(t)
	data := prose(1, 20_000)
	put(t, s, "c1", Of(data))
	_, err := s.Open(t.Context(), "c2", relais.DigestOf(data))
	wantKind(t, err, relais.KindForgotten)
	put(t, s, "c2", Of(data))
	wantBytes(t, s, "c2", data)
	if packs, _ := packSizes(t, p); packs != 1 {
		t.Errorf("%d packs for one blob", packs)
	}
	d := []relais.Digest{relais.DigestOf(data)}
	if err := s.Forget(t.Context(), "c1", d); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, s, "c2", data)
	_, err = s.Open(t.Context(), "c1", d[0])
	wantKind(t, err, relais.KindForgotten)
	for c, want := range map[relais.CaseID]bool{"c1": false, "c2": true} {
		if held, err := s.Held(t.Context(), c, d); err != nil || held[d[0]] != want {
			t.Errorf("%s holds it: %v, %v", c, held, err)
		}
	}
}

func storeForgotten(t *testing.T, p Parts) {
	s := p.store(t)
	data, kept := prose(1, 20_000), prose(2, 20_000)
	put(t, s, "c1", Of(data), Of(kept))
	d := []relais.Digest{relais.DigestOf(data)}
	sealed, err := s.Seal(t.Context(), "c1", "raw", []blob.Sealed{{Digest: d[0], Bytes: []byte("record")}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time finishes what a crash had left
		if err := s.Forget(t.Context(), "c1", d); err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.Open(t.Context(), "c1", d[0])
	wantKind(t, err, relais.KindForgotten)
	wantBytes(t, s, "c1", kept)
	wantFaults(t, s, true)

	put(t, s, "c1", Of(data)) // met again: stored again, under a new key
	wantBytes(t, s, "c1", data)
	_, err = s.Unseal(t.Context(), "c1", "raw", []blob.Sealed{{Digest: d[0], Bytes: sealed[0]}})
	wantKind(t, err, relais.KindDamaged)
	wantFaults(t, s, true)
}

func storeWrongBytes(t *testing.T, p Parts) {
	s := p.store(t)
	for name, data := range map[string][]byte{"small": prose(1, 5000), "large": prose(1, 3<<20)} {
		good := Of(prose(9, 100))
		short, long, other, broken := Of(data), Of(data), Of(data), Of(data)
		short.Size--
		long.Size++
		other.Open = Of(append([]byte("X"), data[1:]...)).Open
		broken.Open = func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(data[:4000]), errReader{errors.New("I/O error")})), nil
		}
		for what, bad := range map[string]blob.Blob{"short": short, "long": long, "other": other} {
			if err := s.Put(t.Context(), "c1", []blob.Blob{good, bad}); relais.KindOf(err) != relais.KindConflict {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		wantKind(t, s.Put(t.Context(), "c1", []blob.Blob{broken}), relais.KindUnavailable)
		held, err := s.Held(t.Context(), "c1", []relais.Digest{good.Digest, relais.DigestOf(data)})
		if err != nil || len(held) != 0 {
			t.Errorf("%s: a failed batch left %v, %v", name, held, err)
		}
	}
	if packs, _ := packSizes(t, p); packs != 0 {
		t.Errorf("failed batches left %d packs", packs)
	}
}

func storeRanges(t *testing.T, p Parts) {
	s := p.store(t)
	for _, data := range [][]byte{prose(1, 70_000), noise(2, 3<<20), prose(3, 3<<20)} {
		put(t, s, "c1", Of(data))
		r, err := s.Open(t.Context(), "c1", relais.DigestOf(data))
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(4, 4)) // #nosec G404 -- a test
		for i := range 40 {
			off := random.IntN(len(data))
			b := make([]byte, min(1+random.IntN(150_000), len(data)-off))
			if i%4 == 0 {
				off = off &^ 0xffff
			}
			if n, err := r.ReadAt(b, int64(off)); n != len(b) || err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(b, data[off:off+n]) {
				t.Fatalf("range %d+%d of %d: %d bytes, %v", off, len(b), len(data), n, err)
			}
		}
		b := make([]byte, 100)
		if n, err := r.ReadAt(b, int64(len(data)-10)); n != 10 || !errors.Is(err, io.EOF) {
			t.Errorf("over the end: %d, %v", n, err)
		}
		if n, err := r.ReadAt(b, int64(len(data))); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %d, %v", n, err)
		}
		if all, err := io.ReadAll(r); err != nil || !bytes.Equal(all, data) {
			t.Errorf("ranges disturbed the reader: %v", err)
		}
		_ = r.Close()
	}
}

func storeConcurrent(t *testing.T, p Parts) {
	s := p.store(t)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			c := relais.CaseID([]string{"c1", "c2"}[i%2])
			for n := range 6 {
				batch := []blob.Blob{Of(prose(uint64(n), 9000)), Of(noise(uint64(n+i), 30_000)), Of(noise(uint64(n), 1<<20+5))}
				if err := s.Put(t.Context(), c, batch); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for n := range 6 {
		for _, c := range []relais.CaseID{"c1", "c2"} {
			wantBytes(t, s, c, prose(uint64(n), 9000))
			wantBytes(t, s, c, noise(uint64(n), 1<<20+5))
		}
	}
	wantFaults(t, s, true, "orphan_pack") // two that stored the same blobs at once
}

// A canary must not be found in what rests, in any of the shapes it may take.
func storeRevealsNothing(t *testing.T, p Parts) {
	s := p.store(t)
	canary := "CANARI-Dupont-48213-Soupape"
	text := []byte("Objet : " + canary + "\r\n\r\n" + canary)
	wide := make([]byte, 0, 2*len(canary))
	for _, u := range utf16.Encode([]rune(canary)) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	large := append(prose(1, 2<<20), text...)
	put(t, s, "c1", Of(text), Of(large), Of(append(noise(1, 2<<20), text...)), Of(wide))
	shapes := [][]byte{[]byte(canary[:10]), wide[:20]}
	for i := range 3 {
		shapes = append(shapes, []byte(base64.StdEncoding.EncodeToString([]byte(canary)[i:])[:12]))
	}
	for name := range listed(t, p.Backend) {
		data := getBytes(t, p.Backend, name, 0, -1)
		for _, shape := range shapes {
			if bytes.Contains(data, shape) {
				t.Errorf("a pack holds %q", shape)
			}
		}
	}
}

func storeRecords(t *testing.T, p Parts) {
	s := p.store(t)
	a, b := Of(prose(1, 100)), Of(prose(2, 100))
	put(t, s, "c1", a, b)
	put(t, s, "c2", a)
	records := []blob.Sealed{
		{Digest: a.Digest, Bytes: []byte("objet secret")}, {Digest: b.Digest}, {Digest: a.Digest, Bytes: noise(1, 100_000)},
	}
	sealed, err := s.Seal(t.Context(), "c1", "raw", records)
	if err != nil {
		t.Fatal(err)
	}
	var back []blob.Sealed
	for i, r := range records {
		back = append(back, blob.Sealed{Digest: r.Digest, Bytes: sealed[i]})
	}
	plain, err := s.Unseal(t.Context(), "c1", "raw", back)
	if err != nil || len(plain) != 3 || string(plain[0]) != "objet secret" || len(plain[1]) != 0 || !bytes.Equal(plain[2], records[2].Bytes) {
		t.Fatalf("records came back changed: %v", err)
	}
	if bytes.Contains(sealed[0], []byte("secret")) {
		t.Error("a sealed record is readable")
	}
	_, err = s.Unseal(t.Context(), "c1", "enriched", back[:1])
	wantKind(t, err, relais.KindDamaged)
	_, err = s.Unseal(t.Context(), "c2", "raw", back[:1])
	wantKind(t, err, relais.KindDamaged)
	_, err = s.Unseal(t.Context(), "c1", "raw", []blob.Sealed{{Digest: b.Digest, Bytes: sealed[0]}})
	wantKind(t, err, relais.KindDamaged)
	for _, bad := range [][]byte{nil, sealed[0][:5], append(slices.Clone(sealed[0]), 0)} {
		_, err = s.Unseal(t.Context(), "c1", "raw", []blob.Sealed{{Digest: a.Digest, Bytes: bad}})
		wantKind(t, err, relais.KindDamaged)
	}
	_, err = s.Seal(t.Context(), "c1", "raw", []blob.Sealed{{Digest: relais.DigestOf([]byte("unknown"))}})
	wantKind(t, err, relais.KindForgotten)
}

// storeRecordsAgain: no two records are sealed with the same nonce, though they speak of
// one blob and are sealed under its key: who has both could tell that they are alike, or
// what they say from one another.
func storeRecordsAgain(t *testing.T, p Parts) {
	s := p.store(t)
	a := Of(prose(1, 100))
	put(t, s, "c1", a)
	plain := [][]byte{[]byte("objet: remise de 12 %"), []byte("objet: remise de 30 %"), []byte("objet: remise de 12 %")}
	var records []blob.Sealed
	for _, b := range plain {
		records = append(records, blob.Sealed{Digest: a.Digest, Bytes: b})
	}
	var sealed [][]byte
	for range 3 { // together, and one call after another
		more, err := s.Seal(t.Context(), "c1", "raw", records)
		if err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, more...)
	}
	for i, x := range sealed {
		for j, y := range sealed[:i] {
			if bytes.Equal(x, y) {
				t.Errorf("records %d and %d are sealed to the same bytes", j, i)
			}
			if sharesStream(x, y, plain[i%3], plain[j%3]) {
				t.Errorf("records %d and %d are sealed with one stream of keys", j, i)
			}
		}
	}
}

// sharesStream tells whether two sealed texts differ, somewhere, in all the bits in which
// their plain texts differ and in no other: encrypted in counter mode with one nonce they
// do. By chance they do once in 2^160.
func sharesStream(x, y, plainX, plainY []byte) bool {
	differ := func(a, b []byte) []byte {
		out := make([]byte, min(len(a), len(b)))
		subtle.XORBytes(out, a, b)
		return out
	}
	return bytes.Contains(differ(x, y), differ(plainX, plainY))
}
