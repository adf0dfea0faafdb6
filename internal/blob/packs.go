package blob

import (
	"context"
	"sync"

	"github.com/relais-archive/relais/internal/relais"
)

// smallBlob is the size up to which a blob is handled in memory.
const smallBlob = 1 << 20

// Options tune a store; the zero value takes the defaults.
type Options struct {
	// TempDir holds packs too large for memory while they are made (sealed bytes
	// only); the system's own when empty.
	TempDir string
	// MaxMemory is the size of pack that is made in memory; 16 MiB.
	MaxMemory int64
}

// Packs is the Store of Relais: packs in a backend, keys and index beside it. It is
// safe for concurrent use.
type Packs struct {
	backend Backend
	resting Backend // what Verify reads: backend, without a cache
	keys    Keys
	index   Index
	opt     Options
	codecs  codecs
	scratch sync.Pool // of *scratch
	// holds serialises decisions about the last key of a blob: between checking that a key
	// is left and relying on it, none may be forgotten. Only one process of an archive
	// forgets at a time.
	holds sync.Mutex
}

var _ Store = (*Packs)(nil)

// New makes a store over the three places that it needs.
func New(backend Backend, keys Keys, index Index, opt Options) *Packs {
	if opt.MaxMemory <= 0 {
		opt.MaxMemory = 16 << 20
	}
	p := &Packs{backend: backend, resting: behind(backend), keys: keys, index: index, opt: opt, codecs: newCodecs()}
	p.scratch.New = func() any { return new(scratch) }
	return p
}

// scratch is what one small blob is read, compressed and sealed in.
type scratch struct{ plain, packed, sealed []byte }

// Put stores a batch for a case: see Store.
func (p *Packs) Put(ctx context.Context, c relais.CaseID, blobs []Blob) error {
	jobs, err := p.admit(ctx, c, unique(blobs))
	if err != nil || len(jobs) == 0 {
		return err
	}
	pack := &packer{store: p, spool: spool{dir: p.opt.TempDir, limit: p.opt.MaxMemory}}
	defer pack.spool.close() //nolint:errcheck // a temporary file
	if err := pack.fill(ctx, jobs); err != nil {
		return err
	}
	name, err := pack.put(ctx)
	if err != nil {
		return err
	}
	return p.record(ctx, name, pack.entries, jobs)
}

// job is one blob whose bytes have to be stored.
type job struct {
	Blob
	key     relais.SealKey
	replace bool // the index knows it as erased
}

func unique(blobs []Blob) []Blob {
	seen := make(map[relais.Digest]bool, len(blobs))
	list := make([]Blob, 0, len(blobs))
	for _, b := range blobs {
		if !seen[b.Digest] {
			seen[b.Digest] = true
			list = append(list, b)
		}
	}
	return list
}

// admit makes the case a holder of every blob, and tells which have to be stored.
func (p *Packs) admit(ctx context.Context, c relais.CaseID, blobs []Blob) ([]job, error) {
	digests := make([]relais.Digest, len(blobs))
	for i, b := range blobs {
		digests[i] = b.Digest
	}
	p.holds.Lock()
	defer p.holds.Unlock()
	known, err := p.index.Blobs(ctx, digests)
	if err != nil {
		return nil, err
	}
	if err := p.markKeyless(ctx, c, known); err != nil {
		return nil, err
	}
	keys, err := p.keys.Ensure(ctx, c, digests)
	if err != nil {
		return nil, err
	}
	var jobs []job
	for i, b := range blobs {
		if loc, ok := known[b.Digest]; !ok || loc.Codec == Erased {
			jobs = append(jobs, job{Blob: b, key: keys[i], replace: ok})
		}
	}
	return jobs, nil
}

// markKeyless marks as erased, in the index and in known, what no case has a key for: a
// crash came between the two steps of Forget. This must be durable before a new key is
// made, or the next crash would leave old bytes under a key that cannot open them.
func (p *Packs) markKeyless(ctx context.Context, c relais.CaseID, known map[relais.Digest]relais.Location) error {
	if len(known) == 0 {
		return nil
	}
	digests := make([]relais.Digest, 0, len(known))
	for d := range known {
		digests = append(digests, d)
	}
	_, anywhere, err := p.keys.Held(ctx, c, digests)
	if err != nil {
		return err
	}
	keyless := make(map[relais.Digest]relais.Location)
	for i, d := range digests {
		if loc := known[d]; !anywhere[i] && loc.Codec != Erased {
			loc.Codec = Erased
			keyless[d], known[d] = loc, loc
		}
	}
	if len(keyless) == 0 {
		return nil
	}
	return p.index.PutBlobs(ctx, keyless, true)
}

// record points the index to a durable pack. A blob that another batch has stored
// in the meantime keeps its place there.
func (p *Packs) record(ctx context.Context, pack string, entries []entry, jobs []job) error {
	replace := make(map[relais.Digest]bool)
	for _, j := range jobs {
		replace[j.Digest] = j.replace
	}
	added := map[bool]map[relais.Digest]relais.Location{false: {}, true: {}}
	for _, e := range entries {
		added[replace[e.digest]][e.digest] = e.location(pack)
	}
	for again, locations := range added {
		if len(locations) == 0 {
			continue
		}
		if err := p.index.PutBlobs(ctx, locations, again); err != nil {
			return err
		}
	}
	return nil
}

// Held tells which digests are stored and held by the case: see Store.
func (p *Packs) Held(ctx context.Context, c relais.CaseID, digests []relais.Digest) (map[relais.Digest]bool, error) {
	known, err := p.index.Blobs(ctx, digests)
	if err != nil {
		return nil, err
	}
	here, _, err := p.keys.Held(ctx, c, digests)
	if err != nil {
		return nil, err
	}
	held := make(map[relais.Digest]bool, len(digests))
	for i, d := range digests {
		if loc, ok := known[d]; ok && loc.Codec != Erased && here[i] {
			held[d] = true
		}
	}
	return held, nil
}

// Forget destroys the case's hold on blobs: see Store.
func (p *Packs) Forget(ctx context.Context, c relais.CaseID, digests []relais.Digest) error {
	p.holds.Lock()
	defer p.holds.Unlock()
	gone, err := p.keys.Forget(ctx, c, digests)
	if err != nil || len(gone) == 0 {
		return err
	}
	known, err := p.index.Blobs(ctx, gone)
	if err != nil || len(known) == 0 {
		return err
	}
	for d, loc := range known {
		loc.Codec = Erased
		known[d] = loc
	}
	return p.index.PutBlobs(ctx, known, true)
}
