package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/relais-archive/relais/internal/relais"
)

// Verify checks packs, index and keys against each other: see Store.
func (p *Packs) Verify(ctx context.Context, readData bool, report func(Fault)) (Checked, error) {
	v := &verifier{store: p, readData: readData, report: report, packs: make(map[string]packState)}
	// A pack put after this listing is looked for when the index speaks of it.
	err := p.resting.List(ctx, func(name string, size int64) error {
		v.packs[name] = packState{size: size}
		return nil
	})
	if err != nil {
		return v.checked, err
	}
	err = p.index.EachBlob(ctx, func(d relais.Digest, loc relais.Location) error {
		if len(v.group) > 0 && v.group[0].loc.Pack != loc.Pack {
			if err := v.checkGroup(ctx); err != nil {
				return err
			}
		}
		v.group = append(v.group, indexed{d, loc})
		return nil
	})
	if err == nil {
		err = v.checkGroup(ctx)
	}
	if err == nil {
		err = v.orphans(ctx)
	}
	return v.checked, err
}

// verifier is one run of Verify.
type verifier struct {
	store    *Packs
	readData bool
	report   func(Fault)
	packs    map[string]packState
	group    []indexed // the entries of one pack
	checked  Checked
}

type packState struct {
	size int64
	used bool
}

type indexed struct {
	digest relais.Digest
	loc    relais.Location
}

// checkGroup checks the entries gathered, all of one pack, and the pack. An error is
// one that ends the run; faults are reported.
func (v *verifier) checkGroup(ctx context.Context) error {
	if len(v.group) == 0 {
		return nil
	}
	defer func() { v.group = v.group[:0] }()
	name := v.group[0].loc.Pack
	v.checked.Blobs += int64(len(v.group))
	if err := v.checkKeys(ctx); err != nil {
		return err
	}
	state, listed := v.packs[name]
	if !listed {
		return v.unlisted(ctx, name)
	}
	state.used = true
	v.packs[name] = state
	v.checked.Packs++
	table, ok, err := v.contents(ctx, name, state.size)
	if err != nil || !ok {
		return err
	}
	v.checkPlaces(name, table)
	if v.readData {
		return v.checkBytes(ctx, name, table)
	}
	return nil
}

// checkKeys reports blobs that no key opens, though nobody erased them.
func (v *verifier) checkKeys(ctx context.Context) error {
	digests := make([]relais.Digest, len(v.group))
	for i, e := range v.group {
		digests[i] = e.digest
	}
	_, anywhere, err := v.store.keys.Held(ctx, "", digests)
	if err != nil {
		return err
	}
	for i, e := range v.group {
		if !anywhere[i] && e.loc.Codec != Erased {
			v.report(Fault{Pack: e.loc.Pack, Digest: e.digest, Code: "missing_key"})
		}
	}
	return nil
}

// unlisted tells a pack that is missing from one made since the listing, which the
// next run will check.
func (v *verifier) unlisted(ctx context.Context, name string) error {
	r, err := v.store.resting.Get(ctx, name, 0, magicSize)
	switch {
	case err == nil:
		return r.Close()
	case relais.KindOf(err) == relais.KindNotFound:
		v.report(Fault{Pack: name, Code: "missing_pack", Detail: fmt.Sprintf("%d blobs", len(v.group))})
		return nil
	}
	return err
}

// contents reads and checks a pack's table of contents; ok is false when a fault
// was reported.
func (v *verifier) contents(ctx context.Context, name string, size int64) (table contents, ok bool, err error) {
	table, err = v.store.contents(ctx, name, size)
	switch relais.KindOf(err) {
	case "":
		return table, true, nil
	case relais.KindDamaged, relais.KindInvalid: // a format that no program wrote is damage here: an archive has one of its own
		v.report(Fault{Pack: name, Code: "bad_toc", Detail: errors.Unwrap(err).Error()})
		return table, false, nil
	}
	return table, false, err
}

// contents reads a pack's table of contents.
func (p *Packs) contents(ctx context.Context, name string, size int64) (contents, error) {
	if size < magicSize+int64(trailerSize) {
		return contents{}, relais.Errorf(relais.KindDamaged, "read pack", "%d bytes are too short", size)
	}
	end, err := p.fetch(ctx, name, size-int64(trailerSize), int64(trailerSize))
	if err != nil {
		return contents{}, err
	}
	t, err := parseTrailer(end, size)
	if err != nil {
		return contents{}, err
	}
	tail, err := p.fetch(ctx, name, t.offset, size-t.offset)
	if err != nil {
		return contents{}, err
	}
	return parseContents(name, tail, size)
}

// fetch reads a short range of a pack into memory.
func (p *Packs) fetch(ctx context.Context, name string, offset, length int64) ([]byte, error) {
	r, err := p.resting.Get(ctx, name, offset, length)
	if err != nil {
		return nil, err
	}
	b := make([]byte, length)
	_, err = io.ReadFull(r, b)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, damaged(err)
	}
	return b, nil
}

// checkPlaces compares index entries with the pack's own table.
func (v *verifier) checkPlaces(name string, table contents) {
	places := make(map[int64]entry, len(table.entries))
	for _, e := range table.entries {
		places[e.offset] = e
	}
	for _, g := range v.group {
		e, ok := places[g.loc.Offset]
		if g.loc.Codec == Erased {
			e.codec = Erased
		}
		// An empty blob shares its offset with the one that follows.
		empty := g.loc.Length == 0 && g.loc.Size == 0
		if !empty && (!ok || e.digest != g.digest || e.location(name) != g.loc) {
			v.report(Fault{Pack: name, Digest: g.digest, Code: "bad_blob", Detail: "not where the index says"})
		}
	}
}

// checkBytes reads a pack from end to end.
func (v *verifier) checkBytes(ctx context.Context, name string, table contents) error {
	r, err := v.store.resting.Get(ctx, name, 0, table.offset)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // read only
	src := &sumReader{r: contextReader{ctx, r}}
	head := entry{length: magicSize, sum: relais.DigestOf([]byte(magic))}
	for i, e := range append([]entry{head}, table.entries...) {
		sum, err := src.sum(e.length)
		if kind := relais.KindOf(err); kind == relais.KindCanceled || kind == relais.KindUnavailable {
			return err
		}
		switch {
		case err == nil && sum == e.sum:
		case i == 0:
			v.report(Fault{Pack: name, Code: "bad_toc", Detail: "the beginning of the pack is damaged"})
		default:
			v.report(Fault{Pack: name, Digest: e.digest, Code: "bad_blob", Detail: "the sealed bytes are damaged"})
		}
	}
	v.checked.Bytes += src.read
	return nil
}

// orphans names packs that no index entry speaks of: a crash came before their
// entries were recorded, or all they held has been stored elsewhere since.
func (v *verifier) orphans(ctx context.Context) error {
	for name, state := range v.packs {
		if state.used {
			continue
		}
		v.checked.Packs++
		table, err := v.store.contents(ctx, name, state.size)
		if kind := relais.KindOf(err); err != nil && kind != relais.KindDamaged && kind != relais.KindNotFound {
			return err
		}
		used, err := v.indexedSince(ctx, name, table)
		if err != nil {
			return err
		}
		if used {
			continue
		}
		v.report(Fault{Pack: name, Code: "orphan_pack", Detail: fmt.Sprintf("%d blobs", len(table.entries)), Harmless: true})
	}
	return nil
}

// indexedSince tells whether a batch recorded its pack while Verify was running.
func (v *verifier) indexedSince(ctx context.Context, name string, table contents) (bool, error) {
	digests := make([]relais.Digest, len(table.entries))
	for i, e := range table.entries {
		digests[i] = e.digest
	}
	known, err := v.store.index.Blobs(ctx, digests)
	for _, loc := range known {
		if loc.Pack == name {
			return true, err
		}
	}
	return false, err
}

// sumReader hashes a stream piece by piece.
type sumReader struct {
	r    io.Reader
	read int64
}

func (s *sumReader) sum(n int64) (d relais.Digest, err error) {
	h := sha256.New()
	got, err := io.CopyN(h, s.r, n)
	s.read += got
	return relais.Digest(h.Sum(nil)), err
}
