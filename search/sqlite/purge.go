package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/sqlitefile"
)

// Purge makes sure that nothing of removed documents is left in the file. Deleted
// postings stay in FTS5's segments until these are merged; what merging frees is
// overwritten with zeros (secure_delete), but the write-ahead log keeps its bytes
// until it is cut. Purge does nothing when nothing was removed since the last time;
// else it costs about as much as copying the index. Searches may go on meanwhile.
func (x *Index) Purge(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	due, err := x.purgeDue(ctx)
	if err != nil || !due {
		return err
	}
	if err := x.update(ctx, "purge index", func(tx *sql.Tx) (*snapshot, error) { return nil, x.merge(ctx, tx) }); err != nil {
		return err
	}
	if err := x.cutLog(ctx); err != nil {
		return err
	}
	return x.update(ctx, "purge index", func(tx *sql.Tx) (*snapshot, error) { return nil, setMeta(ctx, tx, "purge", 0) })
}

// purgeDue tells whether something was removed since the last purge. It is written in
// the file with the removal, so that no crash forgets it.
func (x *Index) purgeDue(ctx context.Context) (bool, error) {
	tx, err := x.read.BeginTx(ctx, nil)
	if err != nil {
		return false, failed("purge index", err)
	}
	defer rollback(tx)
	due, err := meta(ctx, tx, "purge")
	return due != 0, err
}

// merge writes all postings into one segment, without those of removed documents,
// and the columns without their rows.
func (x *Index) merge(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO postings(postings) VALUES ('optimize')`); err != nil {
		return failed("purge index", err)
	}
	return x.saveBlocks(ctx, tx, x.current.Load().now)
}

// cutLog brings the write-ahead log into the file and empties it. Readers that look
// at an old commit keep it from being cut for a while.
func (x *Index) cutLog(ctx context.Context) error {
	err := x.file.CutLog(ctx)
	if errors.Is(err, sqlitefile.ErrBusy) {
		return relais.Errorf(relais.KindUnavailable, "purge index", "searches hold the log")
	}
	return failed("purge index", err)
}
