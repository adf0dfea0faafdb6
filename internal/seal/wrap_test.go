package seal

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

func testWrapper(t *testing.T, first byte) *wrapper {
	t.Helper()
	w, err := newWrapper(Master{key: [32]byte{first}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestWrapsDiffer: no two wraps are made with the same nonce, not even of one key.
func TestWrapsDiffer(t *testing.T) {
	w, d := testWrapper(t, 1), relais.DigestOf([]byte("a"))
	var wraps [][]byte
	for range 8 {
		wraps = append(wraps, w.wrap("c1", d, relais.SealKey{7}))
	}
	const nonce = 12 // bytes, after the format's
	for i, x := range wraps {
		for j, y := range wraps[:i] {
			if bytes.Equal(x[1:1+nonce], y[1:1+nonce]) {
				t.Errorf("wraps %d and %d have one nonce", j, i)
			}
		}
	}
}

// TestUnwrap: a wrap opens under its own master, case and digest, whole, and in its own
// format; else no key is given.
func TestUnwrap(t *testing.T) {
	w, d, key := testWrapper(t, 1), relais.DigestOf([]byte("a")), relais.SealKey{1, 2, 31: 3}
	good := w.wrap("c1", d, key)
	changed := func(at int) []byte {
		b := slices.Clone(good)
		b[at] ^= 1
		return b
	}
	for name, tt := range map[string]struct {
		by    *wrapper
		c     relais.CaseID
		d     relais.Digest
		wrap  []byte
		opens bool
	}{
		"own":            {w, "c1", d, good, true},
		"another master": {testWrapper(t, 2), "c1", d, good, false},
		"another case":   {w, "c2", d, good, false},
		"another blob":   {w, "c1", relais.DigestOf([]byte("b")), good, false},
		"nothing":        {w, "c1", d, nil, false},
		"the format":     {w, "c1", d, good[:1], false},
		"a later format": {w, "c1", d, changed(0), false},
		"its nonce":      {w, "c1", d, changed(1), false},
		"its key":        {w, "c1", d, changed(20), false},
		"its tag":        {w, "c1", d, changed(len(good) - 1), false},
		"cut":            {w, "c1", d, good[:len(good)-1], false},
	} {
		got, err := tt.by.unwrap(tt.c, tt.d, tt.wrap)
		if tt.opens && (err != nil || got != key) {
			t.Errorf("%s: %v, or another key", name, err)
		}
		if !tt.opens && (relais.KindOf(err) != relais.KindDamaged || got != relais.SealKey{}) {
			t.Errorf("%s: error %v, want one of damage and no key", name, err)
		}
	}
}

// TestWrapsAreFrozen: a wrap made long ago opens, in its case, under its master.
func TestWrapsAreFrozen(t *testing.T) {
	old, err := hex.DecodeString("01b4580cf67bfd376c5ab1d2c271c3b274f521a19d41596b2dcf1b9aeb870f88efd74f347d30501bc71baf4ae9be04c2f72a6314ad526ecfa3899ff764")
	if err != nil {
		t.Fatal(err)
	}
	w, d := testWrapper(t, 1), relais.DigestOf([]byte("a"))
	if key, err := w.unwrap("c1", d, old); err != nil || key != (relais.SealKey{1, 2, 31: 3}) {
		t.Errorf("%v, or another key", err)
	}
	if n := len(w.wrap("c1", d, relais.SealKey{})); n != len(old) {
		t.Errorf("a wrap of today has %d bytes, one of old %d", n, len(old))
	}
}
