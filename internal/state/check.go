package state

import "context"

// Check reads the whole of an embedded state, deep its indexes too. A damaged file is
// of relais.KindDamaged. A server checks its own pages.
func (db *DB) Check(ctx context.Context, deep bool) error {
	e, ok := db.dialect.(*embedded)
	if !ok {
		return nil
	}
	return unavailable("check state", e.file.Check(ctx, deep))
}
