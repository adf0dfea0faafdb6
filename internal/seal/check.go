package seal

import "context"

// Check reads the whole of an embedded keyring, deep its indexes too. A damaged file
// is of relais.KindDamaged. A server checks its own pages.
func (k *Keyring) Check(ctx context.Context, deep bool) error {
	e, ok := k.engine.(embedded)
	if !ok {
		return nil
	}
	return storeError("check keys", e.file.Check(ctx, deep))
}
