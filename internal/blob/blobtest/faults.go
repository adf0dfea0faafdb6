package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
)

// wantFaults runs Verify and checks that only faults of these codes are reported,
// each of them harmless if it is an orphan.
func wantFaults(t *testing.T, s blob.Verifier, readData bool, codes ...string) []blob.Fault {
	t.Helper()
	var faults []blob.Fault
	if _, err := s.Verify(t.Context(), readData, func(f blob.Fault) { faults = append(faults, f) }); err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		if !slices.Contains(codes, f.Code) || f.Harmless != (f.Code == "orphan_pack") {
			t.Errorf("unexpected fault %+v", f)
		}
	}
	return faults
}

var errCrash = errors.New("power cut")

// crashing fails, once it is told to, before or after what it is asked to do.
type crashing struct {
	blob.Backend
	blob.Keys
	blob.Index
	at    string // ensure, pack, index or mark
	after bool   // the step is done, then the power goes
}

func (c *crashing) step(name string, do func() error) error {
	if c.at != name {
		return do()
	}
	if c.after {
		if err := do(); err != nil {
			return err
		}
	}
	return errCrash
}

func (c *crashing) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	return c.step("pack", func() error { return c.Backend.Put(ctx, name, r, size) })
}

func (c *crashing) Ensure(ctx context.Context, id relais.CaseID, d []relais.Digest) (keys []relais.SealKey, err error) {
	err = c.step("ensure", func() error {
		keys, err = c.Keys.Ensure(ctx, id, d)
		return err
	})
	return keys, err
}

func (c *crashing) PutBlobs(ctx context.Context, l map[relais.Digest]relais.Location, replace bool) error {
	step := "index"
	for _, loc := range l {
		if loc.Codec == blob.Erased {
			step = "mark"
		}
	}
	return c.step(step, func() error { return c.Index.PutBlobs(ctx, l, replace) })
}

func (c *crashing) store(t *testing.T) *blob.Packs {
	return Parts{c, c, c}.store(t)
}

// storeCrash stops a put at every step, then does it again as ingest would.
func storeCrash(t *testing.T, p Parts) {
	n := uint64(100)
	for _, step := range []string{"ensure", "pack", "index"} {
		for _, after := range []bool{false, true} {
			n++
			data := prose(n, 10_000)
			broken := &crashing{p.Backend, p.Keys, p.Index, step, after}
			if err := broken.store(t).Put(t.Context(), "c1", []blob.Blob{Of(data)}); !errors.Is(err, errCrash) {
				t.Fatalf("%s: acknowledged, or %v", step, err)
			}
			s := p.store(t)
			wantFaults(t, s, true, "orphan_pack")
			put(t, s, "c1", Of(data))
			wantBytes(t, s, "c1", data)
			wantFaults(t, s, true, "orphan_pack")
		}
	}
	if orphans := wantFaults(t, p.store(t), true, "orphan_pack"); len(orphans) != 2 {
		t.Errorf("%d orphans, want those of two crashes between pack and index", len(orphans))
	}
}

// storeForgetCrash stops between the two halves of Forget, then at every step of the
// put that meets the blob again.
func storeForgetCrash(t *testing.T, p Parts) {
	for i, step := range []string{"", "mark", "ensure", "pack", "index"} {
		data := prose(uint64(200+i), 10_000)
		d := []relais.Digest{relais.DigestOf(data)}
		put(t, p.store(t), "c1", Of(data))
		half := &crashing{p.Backend, p.Keys, p.Index, "mark", false}
		if err := half.store(t).Forget(t.Context(), "c1", d); !errors.Is(err, errCrash) {
			t.Fatalf("half a Forget gave %v", err)
		}
		_, err := p.store(t).Open(t.Context(), "c1", d[0])
		wantKind(t, err, relais.KindForgotten)
		wantFaults(t, p.store(t), false, "missing_key", "orphan_pack")
		if step != "" {
			broken := &crashing{p.Backend, p.Keys, p.Index, step, true}
			if err := broken.store(t).Put(t.Context(), "c1", []blob.Blob{Of(data)}); !errors.Is(err, errCrash) {
				t.Fatalf("%s: %v", step, err)
			}
		}
		put(t, p.store(t), "c1", Of(data))
		wantBytes(t, p.store(t), "c1", data)
	}
	wantFaults(t, p.store(t), true, "orphan_pack")
}

// flipped changes one bit of what is read from every pack.
type flipped struct {
	blob.Backend
	at  int64
	bit byte
}

func (f *flipped) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	r, err := f.Backend.Get(ctx, name, offset, length)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if i := f.at - offset; i >= 0 && i < int64(len(data)) {
		data[i] ^= f.bit
	}
	return io.NopCloser(bytes.NewReader(data)), r.Close()
}

// storeDamage flips bits: no read gives wrong bytes, and Verify names the blob.
func storeDamage(t *testing.T, p Parts) {
	data := [][]byte{prose(1, 300), noise(2, 200), prose(3, 3<<20), noise(4, 1<<20+100)}
	put(t, p.store(t), "c1", Of(data[0]), Of(data[1]), Of(data[2]), Of(data[3]))
	known, err := p.Index.Blobs(t.Context(), digestsOf(data))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(5, 5)) // #nosec G404 -- a test
	for _, d := range data {
		loc := known[relais.DigestOf(d)]
		step := max(1, loc.Length/40)
		for at := loc.Offset; at < loc.Offset+loc.Length; at += step {
			bad := Parts{&flipped{p.Backend, at, 1 << random.IntN(8)}, p.Keys, p.Index}.store(t)
			if _, err := read(t, bad, "c1", relais.DigestOf(d)); relais.KindOf(err) != relais.KindDamaged {
				t.Fatalf("byte %d of %d: %v", at-loc.Offset, loc.Length, err)
			}
		}
		bad := Parts{&flipped{p.Backend, loc.Offset + loc.Length/2, 4}, p.Keys, p.Index}.store(t)
		faults := wantFaults(t, bad, true, "bad_blob")
		if len(faults) != 1 || faults[0].Digest != relais.DigestOf(d) {
			t.Errorf("faults %+v", faults)
		}
		wantFaults(t, bad, false)
	}
	damageElsewhere(t, p)
}

// damageElsewhere flips every byte of a pack that belongs to no blob.
func damageElsewhere(t *testing.T, p Parts) {
	known, last := int64(0), int64(8)
	err := p.Index.EachBlob(t.Context(), func(_ relais.Digest, l relais.Location) error {
		known++
		last = max(last, l.Offset+l.Length)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, size := packSizes(t, p)
	for at := range size {
		if at >= 8 && at < last {
			continue
		}
		bad := Parts{&flipped{p.Backend, at, 1 << (at % 8)}, p.Keys, p.Index}.store(t)
		faults := 0
		_, err := bad.Verify(t.Context(), at < 8, func(blob.Fault) { faults++ })
		if err != nil || faults == 0 {
			t.Fatalf("byte %d of the pack: %d faults, %v", at, faults, err)
		}
	}
}

func digestsOf(data [][]byte) (list []relais.Digest) {
	for _, d := range data {
		list = append(list, relais.DigestOf(d))
	}
	return list
}

func storeVerify(t *testing.T, p Parts) {
	s := p.store(t)
	wantFaults(t, s, true)
	put(t, s, "c1", Of(prose(1, 1000)), Of(nil), Of(noise(1, 2<<20)))
	put(t, s, "c1", Of(prose(2, 1000)))
	checked, err := s.Verify(t.Context(), true, func(f blob.Fault) { t.Errorf("fault %+v", f) })
	if err != nil || checked.Packs != 2 || checked.Blobs != 4 || checked.Bytes < 2<<20 {
		t.Errorf("checked %+v, %v", checked, err)
	}
	if known, err := s.Verify(t.Context(), false, func(blob.Fault) {}); err != nil || known.Bytes != 0 {
		t.Errorf("bytes read without being asked: %+v, %v", known, err)
	}
	verifyMissing(t, p)
	verifyWrongPlace(t, p)
}

// verifyMissing takes a pack away, then cuts it short.
func verifyMissing(t *testing.T, p Parts) {
	d := relais.DigestOf(prose(2, 1000))
	known, err := p.Index.Blobs(t.Context(), []relais.Digest{d})
	if err != nil {
		t.Fatal(err)
	}
	pack := known[d].Pack
	data := getBytes(t, p.Backend, pack, 0, -1)
	for _, cut := range []int{0, 10, len(data) / 2, len(data) - 1} {
		putBytes(t, p.Backend, pack, data[:cut])
		if faults := wantFaults(t, p.store(t), false, "bad_toc"); len(faults) != 1 {
			t.Errorf("cut at %d: %v", cut, faults)
		}
	}
	if err := p.Backend.Delete(t.Context(), pack); err != nil {
		t.Fatal(err)
	}
	if faults := wantFaults(t, p.store(t), false, "missing_pack"); len(faults) != 1 || faults[0].Pack != pack {
		t.Errorf("faults %v", faults)
	}
	_, err = read(t, p.store(t), "c1", d)
	wantKind(t, err, relais.KindDamaged)
	putBytes(t, p.Backend, pack, data)
	wantFaults(t, p.store(t), true)
}

// verifyWrongPlace points the index elsewhere.
func verifyWrongPlace(t *testing.T, p Parts) {
	d := relais.DigestOf(prose(1, 1000))
	known, err := p.Index.Blobs(t.Context(), []relais.Digest{d})
	if err != nil {
		t.Fatal(err)
	}
	loc := known[d]
	loc.Offset++
	if err := p.Index.PutBlobs(t.Context(), map[relais.Digest]relais.Location{d: loc}, true); err != nil {
		t.Fatal(err)
	}
	if faults := wantFaults(t, p.store(t), false, "bad_blob"); len(faults) != 1 || faults[0].Digest != d {
		t.Errorf("faults %v", faults)
	}
	_, err = read(t, p.store(t), "c1", d)
	wantKind(t, err, relais.KindDamaged)
}
