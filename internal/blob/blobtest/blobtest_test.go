package blobtest

import (
	"testing"

	"github.com/relais-archive/relais/internal/blob"
)

func TestMemoryBackend(t *testing.T) {
	TestBackend(t, func(*testing.T) blob.Backend { return NewBackend() })
}

func TestMemoryStore(t *testing.T) {
	TestStore(t, func(*testing.T) Parts { return Parts{NewBackend(), NewKeys(), NewIndex()} })
}
