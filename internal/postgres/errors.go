package postgres

import (
	"context"
	"crypto/tls"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/relais-archive/relais/internal/relais"
)

// Error gives an error of a call to the database the kind that says what to do; one that
// has a kind keeps it. Whatever an operator can mend (a role, a certificate, a dropped
// table) is of relais.KindUnavailable: a running stage then continues once it is mended,
// where any other kind would make it refuse the documents it holds.
func Error(op string, err error) error {
	kind, hint := kindOf(err)
	switch kind {
	case relais.KindAuth, relais.KindForbidden, relais.KindInvalid:
		kind = relais.KindUnavailable
	}
	return wrap(kind, hint, op, err)
}

// OpenError is Error for callers that open a database: what an operator has to mend is of
// relais.KindAuth, KindForbidden or KindInvalid, with the next step.
func OpenError(op string, err error) error {
	kind, hint := kindOf(err)
	return wrap(kind, hint, op, err)
}

func wrap(kind relais.Kind, hint, op string, err error) error {
	var known *relais.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if err = relais.E(kind, op, err); hint != "" {
		err = relais.WithHint(err, hint)
	}
	return err
}

// kindOf gives the kind of an error that the server or the way to it has given, and
// the next step where there is one.
func kindOf(err error) (kind relais.Kind, hint string) {
	var said *pgconn.PgError
	var unreached *pgconn.ConnectError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.Canceled):
		return relais.KindCanceled, ""
	case errors.As(err, &said):
		return explainCode(said.Code)
	case errors.As(err, &untrusted):
		return relais.KindAuth, "name the authority that signed the server's certificate: sslrootcert=FILE"
	case errors.As(err, &unreached):
		return relais.KindUnavailable, "" // also when the time to connect ran out
	case errors.Is(err, context.DeadlineExceeded):
		return relais.KindCanceled, ""
	}
	return relais.KindUnavailable, "" // the connection broke, in one of many ways
}

// explainCode reads a SQLSTATE (PostgreSQL's manual, appendix A). Faults from outside (a
// server that starts, stops, is full or found a deadlock) are taken to pass with time; a
// fault of our own statements is never tried again.
func explainCode(code string) (relais.Kind, string) {
	switch code {
	case "42501":
		return relais.KindForbidden, "the database role needs to own its schemas, or the right to create them"
	case "3D000":
		return relais.KindInvalid, "create the database first"
	case "42P01":
		return relais.KindUnavailable, "a table is gone: bring the schema back from a backup"
	case "25006":
		return relais.KindUnavailable, "the server is read-only: name the primary"
	case "55000", "55006", "55P03":
		return relais.KindUnavailable, "" // in use, or about to be
	}
	switch code[:min(2, len(code))] {
	case "28":
		return relais.KindAuth, passwordFrom
	case "XX":
		if code == "XX000" {
			return relais.KindInternal, ""
		}
		return relais.KindDamaged, "the database is damaged: bring it back from a backup"
	case "54":
		return relais.KindTooLarge, ""
	case "0A", "21", "22", "23", "42":
		return relais.KindInternal, ""
	}
	return relais.KindUnavailable, ""
}
