// Package postgrestest answers one question: which database may a test use? The one
// that RELAIS_TEST_POSTGRES names, in schemas of its own that go with the test.
package postgrestest

import (
	"context"
	"os"
	"strings"
	"testing"

	"crypto/rand"

	"github.com/jackc/pgx/v5"
)

// URL gives the test server's address; without one the test is skipped.
func URL(t testing.TB) string {
	t.Helper()
	url := os.Getenv("RELAIS_TEST_POSTGRES")
	if url == "" {
		t.Skip("RELAIS_TEST_POSTGRES names no server")
	}
	return url
}

// Schema gives a name that no other test uses. At the end of the test that schema,
// and the one of its keys, are dropped.
func Schema(t testing.TB, url string) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:12])
	t.Cleanup(func() {
		for _, s := range []string{name, name + "_keys"} {
			Exec(t, url, `DROP SCHEMA IF EXISTS `+pgx.Identifier{s}.Sanitize()+` CASCADE`)
		}
	})
	return name
}

// Exec runs statements on a connection of its own, as an operator would.
func Exec(t testing.TB, url, statements string) {
	t.Helper()
	ctx := context.Background() // also after the test's has ended
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statements); err != nil {
		t.Error(err)
	}
}

// Kill ends every other connection to the test's database that looks at a schema, as
// a restart of the server or a broken link does.
func Kill(t testing.TB, url, schema string) {
	t.Helper()
	Exec(t, url, `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
		WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.application_name = 'relais/`+schema+`'`)
}
