package state

import (
	"context"

	"github.com/relais-archive/relais/internal/sqlitefile"
)

// Check reads the whole of an embedded state, deep its indexes too. A damaged file is
// of relais.KindDamaged. A server checks its own pages.
func (db *DB) Check(ctx context.Context, deep bool) error {
	if _, ok := db.dialect.(*embedded); !ok {
		return nil
	}
	return unavailable("check state", sqlitefile.Check(ctx, db.readers, deep))
}
