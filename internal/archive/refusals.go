package archive

import (
	"context"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/relais"
)

// Clients lists clients and contacts, which the caller leaves as they are.
func (ar *Archive) Clients(ctx context.Context) ([]relais.Client, []relais.Contact, error) {
	return ar.book.list(ctx, ar.on.State)
}

// Refusals lists what was refused, of one case or (with an empty id) of all: items, and
// records of the streams that no stage can handle. What is known as an item is not told
// as a record once more.
func (ar *Archive) Refusals(ctx context.Context, c relais.CaseID) ([]relais.Refusal, error) {
	list, err := ar.on.State.Refusals(ctx, c)
	if err != nil {
		return nil, err
	}
	records, err := ar.on.State.RefusedRecords(ctx, c)
	if err != nil || len(records) == 0 {
		return list, err
	}
	generation, err := ar.on.State.Generation(ctx)
	if err != nil {
		return nil, err
	}
	current := map[string]string{pipeline.Enrich: enrich.Group(generation), pipeline.Index: ar.on.Index.Group()}
	if records, err = refused.Standing(ctx, ar.on.Log, current, records); err != nil {
		return nil, err
	}
	items := map[[2]string]bool{}
	for _, f := range list {
		items[[2]string{f.ID, f.Stage}] = true
	}
	for _, f := range records {
		_, item := relais.SplitRecordKey(f.Record.Key)
		if !items[[2]string{f.Record.Key, f.Stage}] && !items[[2]string{item, f.Stage}] {
			list = append(list, f)
		}
	}
	return list, nil
}

// apart counts the refused records that are of no case.
func (ar *Archive) apart(ctx context.Context) (n int64, err error) {
	list, err := ar.Refusals(ctx, "")
	return relais.Apart(list), err
}
