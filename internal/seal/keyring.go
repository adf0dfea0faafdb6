// Package seal answers one question: who can still read these bytes?
//
// Each blob has a random key of its own, kept nowhere but wrapped under the
// archive's master key: one wrap for each case that holds the blob. To destroy a
// blob's last wrap makes every copy of it unreadable at once: in packs, logs,
// indices and backups alike.
//
// Wraps rest apart from everything else (a file of their own, or a schema), so that their
// backups can expire sooner than any other. What is wrapped is bound to its case and
// digest; what is forgotten is overwritten on disk, not merely unlinked.
package seal

import (
	"context"
	"database/sql"
	"errors"

	"github.com/relais-archive/relais/internal/relais"
)

// Keyring keeps the wrapped keys of one archive. It is safe for concurrent use; one
// process at a time opens a file, any number of them a schema.
type Keyring struct {
	write  *sql.DB
	read   *sql.DB
	engine engine
	wraps  *wrapper
	keys   *memory
	check  []byte // tells one master key from another
	// scrub overwrites what a committed deletion has left outside of the table.
	scrub func(context.Context) error
}

// Close closes the file, or the connections.
func (k *Keyring) Close() error { return errors.Join(k.read.Close(), k.write.Close()) }

// Ensure gives the key of each digest in a case, in the order asked, making those
// that are missing (or adding a wrap for this case to a key another case holds). It
// returns when all are durable, in one transaction: ask for a batch at a time.
func (k *Keyring) Ensure(ctx context.Context, c relais.CaseID, digests []relais.Digest) ([]relais.SealKey, error) {
	const op = "ensure keys"
	keys := make([]relais.SealKey, len(digests))
	missing, epoch, err := k.cached(ctx, c, digests, keys)
	if err != nil {
		return nil, storeError(op, err)
	}
	if len(missing) == 0 {
		return keys, nil
	}
	wanted := pick(digests, missing)
	found := make(map[relais.Digest]relais.SealKey, len(wanted))
	err = k.update(ctx, func(tx *sql.Tx) error {
		added, err := k.ensure(ctx, tx, c, wanted, found)
		if err != nil {
			return err
		}
		return k.insertWraps(ctx, tx, added)
	})
	if err != nil {
		return nil, storeError(op, err)
	}
	k.fill(epoch, c, digests, keys, missing, found)
	return keys, nil
}

// ensure finds or makes the keys wanted, and returns the wraps to be added.
func (k *Keyring) ensure(ctx context.Context, tx *sql.Tx, c relais.CaseID, wanted []relais.Digest, found map[relais.Digest]relais.SealKey) ([]row, error) {
	held := make(map[relais.Digest]bool, len(wanted))
	err := k.eachWrap(ctx, tx, wanted, func(r row) error {
		held[r.digest] = held[r.digest] || r.c == c
		if _, ok := found[r.digest]; ok {
			return nil
		}
		key, err := k.wraps.unwrap(r.c, r.digest, r.wrap)
		found[r.digest] = key
		return err
	})
	if err != nil {
		return nil, err
	}
	added := make([]row, 0, len(wanted))
	for _, d := range wanted {
		if held[d] {
			continue
		}
		held[d] = true
		key, ok := found[d]
		if !ok {
			if key, err = newKey(); err != nil {
				return nil, err
			}
			found[d] = key
		}
		added = append(added, row{digest: d, c: c, wrap: k.wraps.wrap(c, d, key)})
	}
	return added, nil
}

// Open gives the keys of digests that the case holds. If one was forgotten, or never
// belonged to this case, the whole call is refused as relais.KindForgotten.
func (k *Keyring) Open(ctx context.Context, c relais.CaseID, digests []relais.Digest) ([]relais.SealKey, error) {
	const op = "open keys"
	keys := make([]relais.SealKey, len(digests))
	missing, epoch, err := k.cached(ctx, c, digests, keys)
	if err != nil {
		return nil, storeError(op, err)
	}
	if len(missing) == 0 {
		return keys, nil
	}
	wanted := pick(digests, missing)
	found := make(map[relais.Digest]relais.SealKey, len(wanted))
	err = k.eachWrap(ctx, k.read, wanted, func(r row) error {
		if r.c != c {
			return nil
		}
		key, err := k.wraps.unwrap(c, r.digest, r.wrap)
		found[r.digest] = key
		return err
	})
	if err != nil {
		return nil, storeError(op, err)
	}
	for _, d := range wanted {
		if _, ok := found[d]; !ok {
			return nil, relais.E(relais.KindForgotten, op, nil)
		}
	}
	k.fill(epoch, c, digests, keys, missing, found)
	return keys, nil
}

// Held tells, for each digest in the order asked, whether this case holds its key,
// and whether any case does.
func (k *Keyring) Held(ctx context.Context, c relais.CaseID, digests []relais.Digest) (here, anywhere []bool, err error) {
	mine := make(map[relais.Digest]bool, len(digests))
	all := make(map[relais.Digest]bool, len(digests))
	err = k.eachWrap(ctx, k.read, digests, func(r row) error {
		all[r.digest] = true
		mine[r.digest] = mine[r.digest] || r.c == c
		return nil
	})
	if err != nil {
		return nil, nil, storeError("look for keys", err)
	}
	here, anywhere = make([]bool, len(digests)), make([]bool, len(digests))
	for i, d := range digests {
		here[i], anywhere[i] = mine[d], all[d]
	}
	return here, anywhere, nil
}

// Forget destroys the wraps of these digests in this case and returns those of them that
// no case holds (any more, or ever): their bytes can never be read again. When it returns,
// no trace of the wraps is left in the file or its log (what a server keeps of them is
// said at OpenPostgres), and no process opens one from memory; called again, it finishes
// what a crash left undone.
func (k *Keyring) Forget(ctx context.Context, c relais.CaseID, digests []relais.Digest) ([]relais.Digest, error) {
	const op = "forget keys"
	k.keys.drop(c, digests)
	var gone []relais.Digest
	err := k.update(ctx, func(tx *sql.Tx) error {
		if err := k.deleteWraps(ctx, tx, c, digests); err != nil {
			return err
		}
		if err := k.engine.raise(ctx, tx); err != nil {
			return err
		}
		left := make(map[relais.Digest]bool, len(digests))
		err := k.eachWrap(ctx, tx, digests, func(r row) error { left[r.digest] = true; return nil })
		for _, d := range digests {
			if !left[d] {
				left[d] = true // named once, even if asked twice
				gone = append(gone, d)
			}
		}
		return err
	})
	// Again: a reader may have found a wrap after the first drop, before the commit.
	k.keys.drop(c, digests)
	if err == nil {
		err = k.scrub(ctx)
	}
	if err != nil {
		return nil, storeError(op, err)
	}
	return gone, nil
}

// cached fills keys with those remembered, unless they were forgotten meanwhile by
// whatever process, and returns the places of the others: see memory.get.
func (k *Keyring) cached(ctx context.Context, c relais.CaseID, digests []relais.Digest, keys []relais.SealKey) ([]int, uint64, error) {
	version, err := k.engine.version(ctx)
	if err != nil {
		return nil, 0, err
	}
	missing, epoch := k.keys.get(version, c, digests, keys)
	return missing, epoch, nil
}

// update runs fn in one durable transaction, the only one that writes keys meanwhile:
// otherwise two writers could make two keys for one blob, and a writer that forgets a key
// could overlook its last holder.
func (k *Keyring) update(ctx context.Context, fn func(*sql.Tx) error) error {
	return inTx(ctx, k.write, func(tx *sql.Tx) error {
		if err := k.engine.lock(ctx, tx); err != nil {
			return err
		}
		return fn(tx)
	})
}

// fill puts the keys found in their places, and remembers them.
func (k *Keyring) fill(epoch uint64, c relais.CaseID, digests []relais.Digest, keys []relais.SealKey, missing []int, found map[relais.Digest]relais.SealKey) {
	for _, i := range missing {
		keys[i] = found[digests[i]]
	}
	k.keys.put(epoch, c, digests, keys)
}

func pick(digests []relais.Digest, places []int) []relais.Digest {
	list := make([]relais.Digest, len(places))
	for n, i := range places {
		list[n] = digests[i]
	}
	return list
}
