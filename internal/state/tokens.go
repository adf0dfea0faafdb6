package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// PutToken adds a token's record, or replaces it.
func (db *DB) PutToken(ctx context.Context, r relais.TokenRecord) error {
	body, err := json.Marshal(r)
	if err != nil {
		return relais.E(relais.KindInternal, "encode token", err)
	}
	_, err = db.write.ExecContext(ctx, `INSERT INTO tokens (hash, body) VALUES ($1, $2)
		ON CONFLICT (hash) DO UPDATE SET body = excluded.body`, r.Hash.String(), string(body))
	return unavailable("keep token", err)
}

// Token gives the record of a token's hash; relais.KindNotFound when there is none.
func (db *DB) Token(ctx context.Context, hash []byte) (relais.TokenRecord, error) {
	var d relais.Digest
	copy(d[:], hash)
	list, err := bodies[relais.TokenRecord](ctx, db.read, `SELECT body FROM tokens WHERE hash = $1`, d.String())
	if err == nil && len(list) == 0 {
		err = relais.Errorf(relais.KindNotFound, "find token", "no such token")
	}
	if err != nil {
		return relais.TokenRecord{}, unavailable("find token", err)
	}
	return list[0], nil
}

// Tokens gives the records of all tokens, also of expired ones.
func (db *DB) Tokens(ctx context.Context) ([]relais.TokenRecord, error) {
	list, err := bodies[relais.TokenRecord](ctx, db.read, `SELECT body FROM tokens ORDER BY hash`)
	return list, unavailable("list tokens", err)
}

// Now gives the database's own time, which is this machine's when it is embedded.
func (db *DB) Now(ctx context.Context) (time.Time, error) {
	var seconds float64
	err := db.read.QueryRowContext(ctx, db.dialect.now()).Scan(&seconds)
	return time.UnixMicro(int64(seconds * 1e6)), unavailable("ask for the time", err)
}

// Try commits a write of one row, as each stage and each answer must be able to.
func (db *DB) Try(ctx context.Context) error {
	return db.update(ctx, "write state", func(tx session) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ('tried', $1)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, formatTime(time.Now()))
		return err
	})
}

// HighWater raises the highest time ever seen to now, where now is later, and gives
// it: what has expired stays expired when the clock is set back.
func (db *DB) HighWater(ctx context.Context, now time.Time) (time.Time, error) {
	high := now.UTC()
	err := db.locked(ctx, "remember the time", lockClock, func(tx session) error {
		var had string
		err := tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'high_water'`).Scan(&had)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if t := parseTime(had); t.After(high) {
			high = t
			return nil
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ('high_water', $1)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, formatTime(high))
		return err
	})
	return high, err
}
