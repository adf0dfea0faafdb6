package seal

import (
	"context"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/sqlitefile"
)

// Check reads the whole of an embedded keyring, deep its indexes too; a server checks its
// own pages. Deep, every wrap is opened, wherever it rests: one that was changed, or moved
// to another blob or case, opens no longer. What is damaged is of relais.KindDamaged.
func (k *Keyring) Check(ctx context.Context, deep bool) error {
	const op = "check keys"
	if e, ok := k.engine.(embedded); ok {
		if err := e.file.Check(ctx, deep); err != nil {
			return storeError(op, err)
		}
	}
	if !deep {
		return nil
	}
	bad, err := k.unopened(ctx)
	if err == nil && bad > 0 {
		err = relais.Errorf(relais.KindDamaged, "", "%s not open under the master key", relais.Number(bad, "key does", "keys do"))
	}
	return storeError(op, err)
}

// Freeze keeps an embedded keyring as it is at one moment: see [sqlitefile.File.Freeze].
func (k *Keyring) Freeze(ctx context.Context) (*sqlitefile.Frozen, error) {
	e, ok := k.engine.(embedded)
	if !ok {
		return nil, relais.Errorf(relais.KindInvalid, "copy keys", "a server copies itself")
	}
	f, err := e.file.Freeze(ctx)
	return f, storeError("copy keys", err)
}

// unopened counts the wraps that do not open, and those that no key leads to any more.
func (k *Keyring) unopened(ctx context.Context) (bad int64, err error) {
	var all, opened int64
	if err := k.read.QueryRowContext(ctx, `SELECT count(*) FROM seal_wraps`).Scan(&all); err != nil {
		return 0, err
	}
	for after := (row{}); ; {
		page, err := k.page(ctx, k.read, after, nil)
		if err != nil {
			return 0, err
		}
		for _, r := range page {
			if _, err := k.wraps.unwrap(r.c, r.digest, r.wrap); err == nil {
				opened++
			}
		}
		if len(page) < copyPage {
			return max(0, all-opened), nil // on servers some may have come meanwhile
		}
		after = page[len(page)-1]
	}
}
