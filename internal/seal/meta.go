package seal

import (
	"context"
	"crypto/subtle"
	"database/sql"

	"github.com/relais-archive/relais/internal/relais"
)

// formatNumber is that of the tables written today.
const formatNumber = 1

// makeTables makes the tables of a new keyring, or checks those of an old one.
func (k *Keyring) makeTables(ctx context.Context, tx *sql.Tx, schema string, master Master) (err error) {
	if k.check, err = master.derive("relais/seal/check/1"); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	if err := meta(ctx, tx, "format", []byte{formatNumber}, newerFormat); err != nil {
		return err
	}
	return meta(ctx, tx, "check", k.check, wrongMaster)
}

// meta sets a value on first use and compares it from then on.
func meta(ctx context.Context, tx *sql.Tx, name string, value []byte, differs func() error) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO seal_meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, value)
	if err != nil {
		return err
	}
	var stored []byte
	if err := tx.QueryRowContext(ctx, `SELECT value FROM seal_meta WHERE name = $1`, name).Scan(&stored); err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(stored, value) != 1 {
		return differs()
	}
	return nil
}

func newerFormat() error {
	return relais.WithHint(relais.Errorf(relais.KindInvalid, "", "the keys were written by a newer version"), "update relais")
}

func wrongMaster() error {
	return relais.WithHint(relais.Errorf(relais.KindInvalid, "", "the master key is not the one this archive was made with"),
		"name the right key file with --key-file")
}
