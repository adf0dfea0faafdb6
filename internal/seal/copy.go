package seal

import (
	"bytes"
	"context"
	"crypto/subtle"
	"database/sql"

	"github.com/relais-archive/relais/internal/relais"
)

// copyPage is how many wraps are compared in one transaction.
const copyPage = 1000

// Copy makes one keyring hold the wraps of another under the same master key, as they are:
// none is opened. Only what differs is written, in the order of digests, so that a copy
// that was stopped goes on where it was; keys that the source has forgotten since are
// forgotten by the target. Nobody may write to either meanwhile. progress is told how many
// wraps were seen so far. Keyrings of two master keys are of relais.KindInvalid.
func Copy(ctx context.Context, from, to *Keyring, progress func(wraps int64)) error {
	const op = "copy keys"
	if subtle.ConstantTimeCompare(from.check, to.check) != 1 {
		return relais.Errorf(relais.KindInvalid, op, "they are under two master keys")
	}
	var after row
	for seen := int64(0); ; {
		page, err := from.page(ctx, from.read, after, nil)
		if err != nil {
			return storeError(op, err)
		}
		var until *row // to the end, after the last page
		if len(page) == copyPage {
			until = &page[len(page)-1]
		}
		if err := to.become(ctx, after, until, page); err != nil {
			return storeError(op, err)
		}
		seen += int64(len(page))
		progress(seen)
		if until == nil {
			return storeError(op, to.scrub(ctx))
		}
		after = *until
	}
}

// page gives the wraps after one, by digest and case: up to another, or a page.
func (k *Keyring) page(ctx context.Context, q querier, after row, until *row) (list []row, err error) {
	query := `SELECT digest, case_id, wrap FROM seal_wraps WHERE (digest, case_id) > ($1, $2)`
	args := []any{after.digest[:], string(after.c)}
	if until != nil {
		query += ` AND (digest, case_id) <= ($3, $4) ORDER BY digest, case_id`
		args = append(args, until.digest[:], string(until.c))
	} else {
		query += ` ORDER BY digest, case_id LIMIT $3`
		args = append(args, copyPage)
	}
	err = eachRow(ctx, q, query, args, func(r row) error { list = append(list, r); return nil })
	return list, err
}

// become makes the wraps between two those of a page.
func (k *Keyring) become(ctx context.Context, after row, until *row, page []row) error {
	var stale, missing []row
	err := k.update(ctx, func(tx *sql.Tx) error {
		have, err := k.page(ctx, tx, after, until)
		if err != nil {
			return err
		}
		stale, missing = differ(have, page)
		if len(stale) > 0 {
			if err := k.engine.raise(ctx, tx); err != nil {
				return err
			}
		}
		for _, r := range stale {
			if err := k.deleteWraps(ctx, tx, r.c, []relais.Digest{r.digest}); err != nil {
				return err
			}
		}
		return k.insertWraps(ctx, tx, missing)
	})
	for _, r := range stale {
		k.keys.drop(r.c, []relais.Digest{r.digest})
	}
	return err
}

// differ tells which rows to delete and which to insert so that have becomes want.
func differ(have, want []row) (stale, missing []row) {
	wanted := make(map[place][]byte, len(want))
	for _, r := range want {
		wanted[place{r.c, r.digest}] = r.wrap
	}
	held := make(map[place]bool, len(have))
	for _, r := range have {
		if e := (place{r.c, r.digest}); bytes.Equal(wanted[e], r.wrap) {
			held[e] = true
		} else {
			stale = append(stale, r)
		}
	}
	for _, r := range want {
		if !held[place{r.c, r.digest}] {
			missing = append(missing, r)
		}
	}
	return stale, missing
}
