package audit

import (
	"context"
	"database/sql"

	"github.com/relais-archive/relais/internal/postgres"
	"github.com/relais-archive/relais/internal/relais"
)

// Copy adds to a log those entries of a file that it lacks, byte for byte, so that the
// chain continues and still verifies. A copy that was stopped resumes where it was; one
// that was complete does nothing. A log that holds anything but the beginning of the
// file's chain is of relais.KindConflict, and is left as it is. progress is told the
// number of the last entry that is in both.
func Copy(ctx context.Context, from *File, to *Postgres, progress func(seq int64)) error {
	const op = "copy audit"
	have, err := to.end(ctx)
	if err != nil {
		return postgres.Error(op, err)
	}
	var at head
	var group []record
	end, err := from.scan(ctx, func(r record) error {
		if err := at.follows(r); err != nil {
			return err
		}
		switch at = r.head(); {
		case at.seq < have.seq:
			return nil
		case at.seq == have.seq:
			return same(at, have)
		}
		if group = append(group, r); len(group) < maxGroup {
			return nil
		}
		err := to.addAll(ctx, group)
		group = nil
		progress(at.seq)
		return err
	})
	switch {
	case err != nil:
		return postgres.Error(op, err)
	case end.seq < have.seq:
		return same(end, have)
	case len(group) > 0:
		if err := to.addAll(ctx, group); err != nil {
			return postgres.Error(op, err)
		}
	}
	progress(at.seq)
	return nil
}

// same checks that two chains have one head.
func same(a, b head) error {
	if a != b {
		return relais.Errorf(relais.KindConflict, "copy audit", "the log has entries of its own")
	}
	return nil
}

// addAll adds records that follow the log's end.
func (l *Postgres) addAll(ctx context.Context, group []record) error {
	return l.db.Update(ctx, func(tx *sql.Tx) error {
		last, err := lockHead(ctx, tx)
		if err != nil {
			return err
		}
		if last.seq+1 != group[0].link.Entry.Seq || last.hash != group[0].link.Prev {
			return relais.Errorf(relais.KindConflict, "copy audit", "entries came in meanwhile")
		}
		return insert(ctx, tx, group)
	})
}
