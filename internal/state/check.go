package state

import (
	"context"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/sqlitefile"
)

// Check reads the whole of an embedded state, deep its indexes too. A damaged file is
// of relais.KindDamaged. A server checks its own pages.
func (db *DB) Check(ctx context.Context, deep bool) error {
	e, ok := db.dialect.(*embedded)
	if !ok {
		return nil
	}
	return unavailable("check state", e.file.Check(ctx, deep))
}

// Freeze keeps an embedded state as it is at one moment: see [sqlitefile.File.Freeze].
func (db *DB) Freeze(ctx context.Context) (*sqlitefile.Frozen, error) {
	e, ok := db.dialect.(*embedded)
	if !ok {
		return nil, relais.Errorf(relais.KindInvalid, "copy state", "a server copies itself")
	}
	f, err := e.file.Freeze(ctx)
	return f, unavailable("copy state", err)
}

// DropSpoiled deletes what an embedded state remembers of items and documents in rows that
// are not what was written, and tells how many there were: reading everything again makes
// them again. Rows that people or servers gave (cases, clients, decisions, tokens, cursors,
// where blobs rest) are left: only a backup has them.
func (db *DB) DropSpoiled(ctx context.Context) (int64, error) {
	e, ok := db.dialect.(*embedded)
	if !ok {
		return 0, nil
	}
	n, err := e.file.DropSpoiled(ctx, "occurrences", "documents", "envelopes", "extractions", "thread_keys", "subjects",
		"discovered", "correspondents")
	return n, unavailable("drop damaged rows", err)
}
