package seal

import (
	"context"

	"github.com/relais-archive/relais/internal/sqlitefile"
)

// Check reads the whole of an embedded keyring, deep its indexes too. A damaged file
// is of relais.KindDamaged. A server checks its own pages.
func (k *Keyring) Check(ctx context.Context, deep bool) error {
	if _, ok := k.engine.(embedded); !ok {
		return nil
	}
	return storeError("check keys", sqlitefile.Check(ctx, k.read, deep))
}
