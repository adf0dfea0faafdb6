package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
)

// refusingLog has every batch end as a merge at another generation does.
type refusingLog struct{ stream.Log }

func (refusingLog) Run(context.Context, string, string, stream.RunOptions, stream.Handler) error {
	return relais.Errorf(relais.KindConflict, "merge", "read at another generation")
}

// TestStageOfAnEarlierGeneration: that the generation rose is no fault of the stage, which
// begins anew; any other conflict is one.
func TestStageOfAnEarlierGeneration(t *testing.T) {
	db, err := state.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's
	for name, rises := range map[string]bool{"rose": true, "stayed": false} {
		logger := slog.New(slog.DiscardHandler)
		p := New(Deps{Log: refusingLog{}, State: db, Group: enrich.Group, Broken: func(error) bool { return false }, Logger: logger})
		p.deps.Enricher = func(ctx context.Context) (Enricher, error) {
			stage, err := enrich.NewStage(ctx, enrich.Deps{
				Log: refusingLog{}, State: db, Limits: format.DefaultLimits(), Logger: logger, Clock: time.Now, Workers: 1,
			})
			if rises && err == nil {
				_, err = db.NextGeneration(ctx)
			}
			return stage, err
		}
		if err := p.enrich(t.Context()); (err == nil) != rises {
			t.Errorf("the generation %s: %v", name, err)
		}
	}
}

// notYet is an error that only says that it is not yet time.
type notYet struct{}

func (notYet) Error() string { return "not yet" }
func (notYet) Waiting() bool { return true }

// TestWaitingIsNoFault: who waits for a server's own time warns of nothing, and faults are
// warned of as ever.
func TestWaitingIsNoFault(t *testing.T) {
	var said bytes.Buffer
	tell := bears(Index, slog.New(slog.NewTextHandler(&said, nil)))
	tell(fmt.Errorf("idle: %w", relais.E(relais.KindUnavailable, "purge", notYet{})))
	if said.Len() > 0 {
		t.Errorf("said %s", said.String())
	}
	tell(relais.Errorf(relais.KindUnavailable, "index", "no answer"))
	if !strings.Contains(said.String(), "no answer") {
		t.Errorf("said %s", said.String())
	}
}
