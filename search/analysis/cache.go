package analysis

// generation is how many words each half of the cache holds: the vocabulary of a
// large mailbox is some 100,000 words, of which a few thousand make most of it.
const generation = 32 << 10

// maxCached is the longest word, in bytes as written, worth remembering.
const maxCached = 40

// word is what a written word becomes.
type word struct{ term, surface string }

// cache remembers words in two generations: when the young one is full it becomes
// the old one, whose words are dropped unless they were met again. Its bound holds
// whatever the text.
type cache struct{ young, old map[string]word }

func newCache() cache {
	return cache{young: make(map[string]word)}
}

func (c *cache) get(raw string) (word, bool) {
	if w, ok := c.young[raw]; ok {
		return w, true
	}
	return c.revive(raw)
}

func (c *cache) revive(raw string) (word, bool) {
	w, ok := c.old[raw]
	if ok {
		c.put(raw, w)
	}
	return w, ok
}

// put keeps a word; raw must not be a slice of a text, which it would keep alive.
func (c *cache) put(raw string, w word) {
	if len(c.young) >= generation {
		c.old, c.young = c.young, make(map[string]word, generation)
	}
	c.young[raw] = w
}
