package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// stored is the columns as a file holds them.
type stored struct {
	snap      *snapshot
	unsaved   map[uint32]bool // blocks that the journal changes
	journaled int             // rows in the journal
}

// load reads all columns: the blocks, then what the journal changes in them. Months are
// those of a zone.
func load(ctx context.Context, tx *sql.Tx, dicts *dictionaries, zone *time.Location) (*stored, error) {
	commit, err := commitNumber(ctx, tx)
	if err != nil {
		return nil, err
	}
	b := newBuilder(new(snapshot), dicts, zone)
	if _, err := b.read(ctx, tx, `SELECT data FROM blocks ORDER BY number`, nil); err != nil {
		return nil, err
	}
	unsaved := make(map[uint32]bool)
	n, err := b.read(ctx, tx, `SELECT data FROM journal ORDER BY number`, unsaved)
	if err != nil {
		return nil, err
	}
	return &stored{b.snapshot(commit), unsaved, n}, nil
}

// read puts saved rows in place, counts them and notes the blocks they fall in.
func (b *builder) read(ctx context.Context, tx *sql.Tx, query string, touched map[uint32]bool) (int, error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return 0, failed("read index", err)
	}
	defer func() { _ = rows.Close() }()
	n := 0
	for rows.Next() {
		var data sql.RawBytes
		if err := rows.Scan(&data); err != nil {
			return 0, failed("read index", err)
		}
		c, err := decode(data, b.dicts)
		if err != nil {
			return 0, relais.WithHint(err, reindexHint)
		}
		b.put(c)
		n += len(c.rows)
		for _, row := range c.rows {
			if touched != nil {
				touched[row/blockRows] = true
			}
		}
	}
	return n, failed("read index", rows.Err())
}

// saveColumns records changed rows in the journal, at the cost of the change alone;
// once the journal has grown to a block's worth, it goes into its blocks.
func (x *Index) saveColumns(ctx context.Context, tx *sql.Tx, snap *snapshot, changed *columns) error {
	if x.journaled+len(changed.rows) > blockRows {
		return x.saveBlocks(ctx, tx, snap)
	}
	x.journaled += len(changed.rows)
	_, err := tx.ExecContext(ctx, `INSERT INTO journal VALUES (?, ?)`, snap.commit, encode(changed, &snap.lists))
	return failed("write index", err)
}

// saveBlocks writes the blocks that the journal changes, and empties it.
func (x *Index) saveBlocks(ctx context.Context, tx *sql.Tx, snap *snapshot) error {
	for n := range x.unsaved {
		data := encode(compact(snap.blocks[n], n*blockRows), &snap.lists)
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO blocks VALUES (?, ?)`, n, data); err != nil {
			return failed("write index", err)
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM journal`); err != nil {
		return failed("write index", err)
	}
	x.unsaved, x.journaled = make(map[uint32]bool), 0
	return nil
}

// update runs fn in one durable transaction. Where fn gives a new snapshot, readers
// are shown it as soon as they can see the new postings: both are known beforehand.
// After a failure the writer reads the file again before it writes.
func (x *Index) update(ctx context.Context, op string, fn func(*sql.Tx) (*snapshot, error)) error {
	if x.broken {
		if err := x.start(ctx); err != nil {
			return err
		}
	}
	tx, err := x.write.BeginTx(ctx, nil)
	if err != nil {
		return failed(op, err)
	}
	defer rollback(tx)
	x.broken = true
	now := x.current.Load().now
	if err := unchanged(ctx, tx, now); err != nil {
		return err
	}
	soon, err := fn(tx)
	if err != nil {
		return failed(op, err)
	}
	x.current.Store(&versions{now: now, soon: soon})
	if err := tx.Commit(); err != nil {
		return failed(op, err) // made or not: soon stays in sight until the file is read
	}
	x.broken = false
	if soon != nil {
		now = soon
	}
	x.current.Store(&versions{now: now})
	return nil
}

// unchanged makes sure that the file is as the writer knows it. The writer has locked the
// data directory; should there be two writers anyway, neither overwrites the other.
func unchanged(ctx context.Context, tx *sql.Tx, now *snapshot) error {
	commit, err := commitNumber(ctx, tx)
	if err == nil && commit != now.commit {
		return relais.Errorf(relais.KindUnavailable, "write index", "another process has written to the index")
	}
	return err
}
