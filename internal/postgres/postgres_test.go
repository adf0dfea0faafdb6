package postgres

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/relais-archive/relais/internal/postgres/postgrestest"
	"github.com/relais-archive/relais/internal/relais"
)

func TestURLsThatAreRefused(t *testing.T) {
	for name, url := range map[string]string{
		"a password":            "postgres://ann:hush@db.example/relais",
		"an empty password":     "postgres://ann:@db.example/relais",
		"one as a parameter":    "postgres://ann@db.example/relais?password=hush",
		"one of a key":          "postgres://ann@db.example/relais?sslpassword=hush",
		"another scheme":        "mysql://ann:hush@db.example/relais",
		"words":                 "host=db.example password=hush",
		"no URL":                "postgres://ann:hu sh@[db",
		"nothing":               "",
		"a mode that is none":   "postgres://db.example/relais?sslmode=perhaps",
		"a root that is absent": "postgres://db.example/relais?sslrootcert=/nowhere/root.pem",
	} {
		t.Run(name, func(t *testing.T) {
			err := Check(url)
			if relais.KindOf(err) != relais.KindInvalid {
				t.Fatalf("of kind %q: %v", relais.KindOf(err), err)
			}
			if strings.Contains(err.Error()+relais.HintOf(err), "hush") {
				t.Errorf("the password is told: %v", err)
			}
		})
	}
	if hint := relais.HintOf(Check("postgres://ann:hush@db/relais")); !strings.Contains(hint, "PGPASSFILE") {
		t.Errorf("hint: %q", hint)
	}
}

func TestLinksAreVerifiedOffThisMachine(t *testing.T) {
	verified := func(c *tls.Config) bool {
		return c != nil && !c.InsecureSkipVerify && c.ServerName != ""
	}
	for url, want := range map[string]bool{
		"postgres://ann@db.example/relais":                              true,
		"postgresql://ann@192.0.2.1:6432/relais":                        true,
		"postgres://ann@db.example/relais?sslmode=verify-full":          true,
		"postgres://ann@localhost,db.example/relais":                    true, // on the way to one of them
		"postgres:///relais?host=db.example":                            true,
		"postgres://ann@db.example/relais?sslmode=require":              false,
		"postgres://ann@db.example/relais?sslmode=disable":              false,
		"postgres://ann@127.0.0.1/relais":                               false,
		"postgres://ann@[::1]:5432/relais":                              false,
		"postgres:///relais?host=/var/run/postgresql":                   false,
		"postgres://localhost/relais?sslmode=disable&connect_timeout=3": false,
	} {
		config, err := parse(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		got := verified(config.TLSConfig)
		for _, f := range config.Fallbacks {
			got = got || verified(f.TLSConfig)
			if want && !verified(f.TLSConfig) {
				t.Errorf("%s: falls back to a link that is not verified", url)
			}
		}
		if got != want {
			t.Errorf("%s: verified %t, want %t", url, got, want)
		}
	}
}

func TestSchemaNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"relais": true, "relais-2_x": true, "": false, "Relais": false, "2nd": false, `a"b`: false, "pg": true,
		strings.Repeat("x", 64): false, "é": false,
	} {
		db, err := Open(Options{URL: "postgres://127.0.0.1/x", Schema: name, Conns: 1})
		if (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
		if db != nil {
			_ = db.Close()
		}
	}
}

func TestKindsOfErrors(t *testing.T) {
	said := func(code string) error { return fmt.Errorf("x: %w", &pgconn.PgError{Code: code}) }
	for _, tc := range []struct {
		err  error
		want relais.Kind // of OpenError; with Error, what an operator can mend is unavailable
	}{
		{said("40001"), relais.KindUnavailable}, {said("40P01"), relais.KindUnavailable}, {said("57P01"), relais.KindUnavailable},
		{said("53100"), relais.KindUnavailable}, {said("53300"), relais.KindUnavailable}, {said("08006"), relais.KindUnavailable},
		{said("57P03"), relais.KindUnavailable}, {said("25006"), relais.KindUnavailable}, {said("28P01"), relais.KindAuth},
		{said("3D000"), relais.KindInvalid}, {said("42501"), relais.KindForbidden}, {said("42601"), relais.KindInternal}, {said("42P01"), relais.KindUnavailable}, {said("54000"), relais.KindTooLarge},
		{said("23505"), relais.KindInternal}, {said("22021"), relais.KindInternal}, {said("XX001"), relais.KindDamaged},
		{context.Canceled, relais.KindCanceled}, {context.DeadlineExceeded, relais.KindCanceled},
		{fmt.Errorf("x: %w", &tls.CertificateVerificationError{Err: net.ErrClosed}), relais.KindAuth},
		{net.ErrClosed, relais.KindUnavailable}, {sql.ErrConnDone, relais.KindUnavailable},
		{relais.Errorf(relais.KindConflict, "x", "y"), relais.KindConflict},
	} {
		if got := relais.KindOf(OpenError("try", tc.err)); got != tc.want {
			t.Errorf("%v is of kind %q, want %q", tc.err, got, tc.want)
		}
		if slices.Contains([]relais.Kind{relais.KindAuth, relais.KindInvalid, relais.KindForbidden}, tc.want) {
			tc.want = relais.KindUnavailable
		}
		if got := relais.KindOf(Error("try", tc.err)); got != tc.want {
			t.Errorf("while it runs, %v is of kind %q, want %q", tc.err, got, tc.want)
		}
	}
	if Error("try", nil) != nil || OpenError("try", nil) != nil {
		t.Error("no error is an error")
	}
}

// TestNobodyThere: a server that does not answer is unavailable, whoever asks.
func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	db, err := Open(Options{URL: "postgres://ann@" + address + "/relais?sslmode=disable", Schema: "x", Conns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's
	for name, err := range map[string]error{
		"prepare": Error("x", db.Prepare(t.Context(), func(*sql.Tx) error { return nil })),
		"alone":   db.Alone(t.Context(), "x", func(context.Context) error { return nil }),
	} {
		if relais.KindOf(err) != relais.KindUnavailable {
			t.Errorf("%s: of kind %q: %v", name, relais.KindOf(err), err)
		}
	}
}

// TestOtherEncodingIsRefused: text of ours must come back as it went in.
func TestOtherEncodingIsRefused(t *testing.T) {
	address := postgrestest.URL(t)
	name := postgrestest.Schema(t, address)
	postgrestest.Exec(t, address, `CREATE DATABASE `+name+` ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`)
	defer postgrestest.Exec(t, address, `DROP DATABASE `+name)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	db, err := Open(Options{URL: u.String(), Schema: "relais", Conns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's
	if err := db.Prepare(t.Context(), func(*sql.Tx) error { return nil }); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("prepare: of kind %q: %v", relais.KindOf(err), err)
	}
	_ = db.Close()
}

// TestSession: connections have the settings that promises rest on, whatever the
// role's are, and locks of one schema are not those of another.
func TestSession(t *testing.T) {
	url := postgrestest.URL(t)
	open := func() *DB {
		db, err := Open(Options{URL: url + "&synchronous_commit=off&search_path=public", Schema: postgrestest.Schema(t, url), Conns: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.Prepare(t.Context(), func(*sql.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		return db
	}
	one, other := open(), open()
	for name, want := range map[string]string{
		"synchronous_commit": "on", "search_path": `"` + one.schema + `"`, "idle_in_transaction_session_timeout": "1min",
		"default_transaction_isolation": "read committed",
	} {
		var got string
		if err := one.QueryRowContext(t.Context(), `SELECT current_setting($1)`, name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", name, got, want, err)
		}
	}
	err := one.Update(t.Context(), func(tx *sql.Tx) error {
		if err := one.Lock(t.Context(), tx, "x"); err != nil {
			return err
		}
		return other.Update(t.Context(), func(tx *sql.Tx) error { return other.LockBoth(t.Context(), tx, "x", "y") })
	})
	if err != nil {
		t.Error(err)
	}
	boom := errors.New("boom")
	if err := one.Update(t.Context(), func(*sql.Tx) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("update: %v, want the callback's error", err)
	}
}
