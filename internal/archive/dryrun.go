package archive

import (
	"context"
	"errors"
	"time"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/ingest"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// dryRun counts what an ingest would do, after what was captured before.
func (ar *Archive) dryRun(ctx context.Context, req relais.IngestRequest, emit func(relais.Event)) error {
	k, err := ar.Cases.Case(ctx, req.Case)
	if relais.KindOf(err) == relais.KindNotFound {
		k, err = relais.Case{ID: relais.NewCaseID(req.Case, 0), Name: req.Case}, nil
	}
	if err != nil {
		return err
	}
	return count(ctx, ar.on.State, k, req, emit)
}

// DryRun counts what a capture would do where there is no archive yet.
func DryRun(ctx context.Context, req relais.IngestRequest, emit func(relais.Event)) error {
	return count(ctx, nothingCaptured{}, relais.Case{ID: relais.NewCaseID(req.Case, 0), Name: req.Case}, req, emit)
}

// nothingCaptured is the ledger of an archive that is not there.
type nothingCaptured struct{}

// Cursor is at the start.
func (nothingCaptured) Cursor(context.Context, relais.CaseID, string, string, string) (string, error) {
	return "", nil
}

// Known knows no position.
func (nothingCaptured) Known(context.Context, relais.CaseID, string, string) (func(folder, position string) bool, error) {
	return func(string, string) bool { return false }, nil
}

// RecordCaptured is never called: a dry run records nothing.
func (nothingCaptured) RecordCaptured(context.Context, relais.Captured) error {
	return relais.Errorf(relais.KindInternal, "record captured", "a dry run records nothing")
}

// CopiesAt knows no copy.
func (nothingCaptured) CopiesAt(context.Context, relais.CaseID, string, string, string, string) ([]relais.Copy, error) {
	return nil, nil
}

// Supersede is never called: there is no copy.
func (nothingCaptured) Supersede(context.Context, relais.CaseID, []string) error {
	return relais.Errorf(relais.KindInternal, "supersede", "a dry run records nothing")
}

// count runs through the sources without storing, and sends what it counted as a
// balance in which everything is pending.
func count(ctx context.Context, ledger ingest.Ledger, k relais.Case, req relais.IngestRequest, emit func(relais.Event)) error {
	sources, err := openSources(ctx, req)
	if err != nil {
		return err
	}
	sum, err := capture(ctx, ingest.Deps{Ledger: ledger, Now: time.Now, Limits: format.DefaultLimits()}, k.ID, tag.CompanyWords{}, req, sources, emit)
	err = errors.Join(err, closeSources(sources))
	if ctx.Err() == nil {
		counts := relais.Counts{Seen: sum.Seen, Refused: sum.Refused, Excluded: sum.Excluded, Pending: sum.Captured}
		emit(relais.Event{Type: "balance", Balance: &relais.Balance{Case: k.Name, Counts: counts, FoldersUnread: int64(len(sum.Failed)), Sources: []relais.SourceBalance{}, Reasons: []relais.ReasonCount{}}})
	}
	return err
}
