package analysis

import "hash/maphash"

// How many sets of two words the cache holds. It begins with few, for a query is all
// that many an analyzer reads, and ends with enough for a mailbox: of its vocabulary of
// some 100,000 words a few thousand make most. With more, the processor's own cache
// holds less, and real mail takes longer (measured: some percent with four times as many).
const (
	firstSets = 64
	mostSets  = firstSets << 6 // see grow
)

// maxCached is the longest word, in bytes as written, worth remembering.
const maxCached = 40

// word is what a written word becomes.
type word struct{ term, surface string }

// cached is a word as written and what it becomes.
type cached struct {
	raw string
	word
}

// cache remembers words: of those whose hashes fall into one set, the two met last. Its
// bound holds whatever the text. A map would cost more than what it saves: to find a word
// there takes as long as to scan it.
type cache struct {
	seed maphash.Seed
	sets [][2]cached // a power of two
	puts int         // since there were so many
}

func newCache() cache {
	return cache{seed: maphash.MakeSeed(), sets: make([][2]cached, firstSets)}
}

func (c *cache) set(raw string) *[2]cached {
	return &c.sets[maphash.String(c.seed, raw)&uint64(len(c.sets)-1)]
}

// grow makes room for four times the words. Those there were are not moved: they come
// again, or were not worth it.
func (c *cache) grow() {
	c.sets, c.puts = make([][2]cached, 4*len(c.sets)), 0
}

func (c *cache) get(raw string) (word, bool) {
	s := c.set(raw)
	if s[0].raw == raw {
		return s[0].word, true
	}
	if s[1].raw == raw {
		s[0], s[1] = s[1], s[0]
		return s[0].word, true
	}
	return word{}, false
}

// bytes is get for a word that is not a string yet.
func (c *cache) bytes(raw []byte) (word, bool) {
	for _, w := range c.sets[maphash.Bytes(c.seed, raw)&uint64(len(c.sets)-1)] {
		if w.raw == string(raw) {
			return w.word, true
		}
	}
	return word{}, false
}

// put keeps a word, which is not empty; raw must not be a slice of a text, which it
// would keep alive.
func (c *cache) put(raw string, w word) {
	if c.puts++; c.puts > 2*len(c.sets) && len(c.sets) < mostSets {
		c.grow()
	}
	s := c.set(raw)
	s[0], s[1] = cached{raw, w}, s[0]
}
