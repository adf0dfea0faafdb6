package blob

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestSealedRecordsAreFrozen: a record sealed long ago opens, as it was or compressed, in
// its context, case and blob, and in no other.
func TestSealedRecordsAreFrozen(t *testing.T) {
	p, d := New(nil, nil, nil, Options{}), relais.DigestOf([]byte("a"))
	aead, err := recordCipher(relais.SealKey{1, 2, 31: 3})
	if err != nil {
		t.Fatal(err)
	}
	for sealed, want := range map[string]string{
		"01ad8be53e0b1f5916ee4664876510bbc051285a710f99fa7c400cba14183a6e0094":                                     "objet",
		"02fa37afdaaf8ea20764d4a0562397c4cef97a326d7e5037017ee780402e9f5facaa047171f4a3a3dc87eec674b4ab2c0e19c3ea": strings.Repeat("objet ", 40),
	} {
		old, err := hex.DecodeString(sealed)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := p.unsealRecord(aead, old, recordData("raw", "c1", d)); err != nil || string(plain) != want {
			t.Errorf("%q, %v; want %q", plain, err, want)
		}
		for name, data := range map[string][]byte{
			"context": recordData("ra", "c1", d), "case": recordData("raw", "c", d), "blob": recordData("raw", "c1", relais.DigestOf(nil)),
			"borders moved": recordData("rawc", "1", d),
		} {
			if _, err := p.unsealRecord(aead, old, data); relais.KindOf(err) != relais.KindDamaged {
				t.Errorf("another %s: %v", name, err)
			}
		}
	}
	if _, err := p.unsealRecord(aead, []byte{3, 1, 2}, nil); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("a later format: %v", err)
	}
}
