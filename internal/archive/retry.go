package archive

import (
	"context"
	"fmt"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/relais"
)

// RetryRefused reads again what enrich refused, and tells how much of it, in one case
// or (with no name) in all, still is.
func (ar *Archive) RetryRefused(ctx context.Context, caseName string, emit func(relais.Event)) error {
	var id relais.CaseID
	if caseName != "" {
		k, err := ar.Cases.Case(ctx, caseName)
		if err != nil {
			return err
		}
		id = k.ID
	}
	before, err := ar.Refusals(ctx, id)
	if err != nil {
		return err
	}
	if len(before) == 0 {
		emit(relais.Event{Type: "note", Detail: "Nothing was refused."})
		return nil
	}
	if err := ar.readAnew(ctx, emit); err != nil {
		return err
	}
	after, err := ar.Refusals(ctx, id)
	if err == nil {
		emit(relais.Event{Type: "note", Detail: fmt.Sprintf("Of %s, %d still refused.",
			relais.Number(int64(len(before)), "refused item", "refused items"), len(after))})
	}
	return err
}

// RetryUnread reads again what could not be read: what the readers remember of it is
// forgotten, then every item is read at a new generation.
func (ar *Archive) RetryUnread(ctx context.Context, emit func(relais.Event)) error {
	before, err := ar.on.State.UnreadTotals(ctx)
	if err != nil {
		return err
	}
	if before == (relais.UnreadCounts{}) {
		emit(relais.Event{Type: "note", Detail: "Everything was read."})
		return nil
	}
	if err := ar.on.State.ForgetExtractions(ctx, enrich.ExtractionVersion, enrich.NotWhole); err != nil {
		return err
	}
	if err := ar.readAnew(ctx, emit); err != nil {
		return err
	}
	after, err := ar.on.State.UnreadTotals(ctx)
	if err == nil {
		emit(relais.Event{Type: "note", Result: after, Detail: fmt.Sprintf("%s could not be read, %d still cannot; %d were read in part, %d still are.",
			relais.Number(before.Unreadable, "document", "documents"), after.Unreadable, before.Partial, after.Partial)})
	}
	return err
}
