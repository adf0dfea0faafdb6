package state

import (
	"context"
	"maps"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
)

// PutBlobs records where blobs rest, all or none. One that is known keeps its
// place unless replace is set.
func (db *DB) PutBlobs(ctx context.Context, locations map[relais.Digest]relais.Location, replace bool) error {
	tail := `ON CONFLICT (digest) DO NOTHING RETURNING digest`
	if replace {
		tail = `ON CONFLICT (digest) DO UPDATE SET pack = excluded.pack, start = excluded.start,
			length = excluded.length, size = excluded.size, codec = excluded.codec RETURNING digest`
	}
	rows := make([][]any, 0, len(locations))
	for d, l := range locations {
		rows = append(rows, []any{d.String(), l.Pack, l.Offset, l.Length, l.Size, int64(l.Codec)})
	}
	sortRows(rows) // whoever puts the same blobs meets them in the same order
	db.places.writing.Lock()
	defer db.places.writing.Unlock()
	var put []relais.Digest
	write := func(tx session) error {
		return withRows(tx, rows, func(query string, args []any) error {
			return each(ctx, tx, `INSERT INTO blobs (digest, pack, start, length, size, codec) `+query+" "+tail, args, func(r row) error {
				d, err := scanDigest(r)
				put = append(put, d)
				return err
			})
		})
	}
	var err error
	if replace {
		err = db.locked(ctx, "record blobs", lockBlobs, write)
	} else {
		err = db.update(ctx, "record blobs", write)
	}
	if err != nil {
		db.places.drop(slices.Collect(maps.Keys(locations))) // who knows what was written
		return err
	}
	for _, d := range put {
		db.places.put(d, locations[d])
	}
	return nil
}

func scanDigest(r row) (relais.Digest, error) {
	var name string
	if err := r.Scan(&name); err != nil {
		return relais.Digest{}, err
	}
	d, err := relais.ParseDigest(name)
	return d, garbled(err)
}

// Blobs gives the places of those digests that are known.
func (db *DB) Blobs(ctx context.Context, digests []relais.Digest) (map[relais.Digest]relais.Location, error) {
	found := make(map[relais.Digest]relais.Location, len(digests))
	var others []relais.Digest
	for _, d := range digests {
		if l, ok := db.places.get(d); ok {
			found[d] = l
		} else {
			others = append(others, d)
		}
	}
	err := eachIn(ctx, db.read, `SELECT digest, pack, start, length, size, codec FROM blobs WHERE digest IN (?)`,
		nil, hexes(others), func(r row) error {
			d, l, err := scanBlob(r)
			found[d] = l
			return err
		})
	return found, unavailable("find blobs", err)
}

// DropBlobs removes entries.
func (db *DB) DropBlobs(ctx context.Context, digests []relais.Digest) error {
	db.places.writing.Lock()
	defer db.places.writing.Unlock()
	db.places.drop(digests)
	return db.locked(ctx, "drop blobs", lockBlobs, func(tx session) error {
		return execIn(ctx, tx, `DELETE FROM blobs WHERE digest IN (?)`, nil, hexes(digests))
	})
}

// EachBlob calls fn for every entry, by pack and offset. It reads in pages, so that
// no read transaction lasts.
func (db *DB) EachBlob(ctx context.Context, fn func(relais.Digest, relais.Location) error) error {
	const page = 1000
	type entry struct {
		d relais.Digest
		l relais.Location
	}
	pack, start := "", int64(-1)
	for {
		var list []entry
		err := each(ctx, db.read, `SELECT digest, pack, start, length, size, codec FROM blobs
			WHERE (pack, start) > ($1, $2) ORDER BY pack, start LIMIT $3`, []any{pack, start, page}, func(r row) error {
			d, l, err := scanBlob(r)
			list = append(list, entry{d, l})
			return err
		})
		if err != nil || len(list) == 0 {
			return unavailable("list blobs", err)
		}
		for _, e := range list {
			if err := fn(e.d, e.l); err != nil {
				return err
			}
		}
		pack, start = list[len(list)-1].l.Pack, list[len(list)-1].l.Offset
	}
}

func scanBlob(r row) (d relais.Digest, l relais.Location, err error) {
	var name string
	var codec int64
	if err = r.Scan(&name, &l.Pack, &l.Offset, &l.Length, &l.Size, &codec); err != nil {
		return d, l, err
	}
	l.Codec = uint8(codec)
	d, err = relais.ParseDigest(name)
	return d, l, garbled(err)
}

func hexes(digests []relais.Digest) []string {
	list := make([]string, len(digests))
	for i, d := range digests {
		list[i] = d.String()
	}
	return list
}
