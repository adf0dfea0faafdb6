package seal

import (
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

func TestCacheIsBoundedAndKeepsWhatIsUsed(t *testing.T) {
	c := newMemory(100)
	d := digests(0, 1000)
	keys := make([]relais.SealKey, 1)
	for i := range d {
		keys[0] = relais.SealKey{byte(i), byte(i >> 8), 1}
		c.put(0, "c1", d[i:i+1], keys)
		if missing, _ := c.get(0, "c1", d[:1], keys); len(missing) != 0 {
			t.Fatalf("the one always asked for was dropped after %d", i)
		}
		if c.keys.Len() > 100 {
			t.Fatalf("%d keys held", c.keys.Len())
		}
	}
	if keys[0] != (relais.SealKey{0, 0, 1}) {
		t.Error("another key came back")
	}
	if missing, _ := c.get(0, "c2", d[999:], keys); len(missing) != 1 {
		t.Error("a key crossed cases")
	}
}

func TestCacheDoesNotTakeBackWhatWasDropped(t *testing.T) {
	c := newMemory(100)
	d, keys := digests(0, 1), make([]relais.SealKey, 1)
	_, epoch := c.get(0, "c1", d, keys) // a reader starts,
	c.drop("c1", d)                     // the key is forgotten,
	c.put(epoch, "c1", d, keys)         // and the reader comes back late.
	if missing, _ := c.get(0, "c1", d, keys); len(missing) != 1 {
		t.Error("a forgotten key is in memory again")
	}
}
