package seal_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/relais-archive/relais/internal/postgres/postgrestest"
	"github.com/relais-archive/relais/internal/seal"
	"github.com/relais-archive/relais/internal/seal/sealtest"
)

func TestSQLite(t *testing.T) {
	sealtest.Test(t, func(t *testing.T) sealtest.Open { return inFile(filepath.Join(t.TempDir(), "a b?c.db")) })
}

// TestPostgres runs on the server that RELAIS_TEST_POSTGRES names.
func TestPostgres(t *testing.T) {
	sealtest.Test(t, func(t *testing.T) sealtest.Open { return inSchema(t) })
	sealtest.TestShared(t, func(t *testing.T) sealtest.Open { return inSchema(t) })
}

func BenchmarkSQLite(b *testing.B) {
	sealtest.Bench(b, inFile(filepath.Join(b.TempDir(), "keys.db")))
}

func BenchmarkPostgres(b *testing.B) { sealtest.Bench(b, inSchema(b)) }

func inFile(path string) sealtest.Open {
	return func(ctx context.Context, m seal.Master) (*seal.Keyring, error) { return seal.OpenSQLite(ctx, path, m) }
}

func inSchema(t testing.TB) sealtest.Open {
	url := postgrestest.URL(t)
	namespace := postgrestest.Schema(t, url)
	return func(ctx context.Context, m seal.Master) (*seal.Keyring, error) {
		return seal.OpenPostgres(ctx, seal.PostgresOptions{URL: url, Namespace: namespace}, m)
	}
}
