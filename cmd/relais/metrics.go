package main

import (
	"context"
	"fmt"
	"io"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/stream"
)

// Metrics writes counters in the text format of Prometheus: ids and numbers only.
func (ar *archive) Metrics(ctx context.Context, w io.Writer) error {
	generation, err := ar.state.Generation(ctx)
	if err != nil {
		return err
	}
	for _, g := range []struct{ stage, group, topic string }{
		{stageEnrich, enrich.Group(generation), stream.TopicRaw}, {stageIndex, ar.index.Group(), stream.TopicEnriched},
		{stageRefused, refused.Group, stream.TopicRefused},
	} {
		end, err := ar.log.End(ctx, g.topic)
		if err != nil {
			return err
		}
		at, err := ar.log.Committed(ctx, g.group, g.topic)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "relais_stage_records_total{stage=%q} %d\nrelais_stage_lag{stage=%q} %d\n", g.stage, sum(at), g.stage, sum(end)-sum(at)); err != nil {
			return err
		}
	}
	list, err := ar.Refusals(ctx, "")
	if err != nil {
		return err
	}
	folders := 0
	for _, r := range list {
		if r.OfFolder() {
			folders++
		}
	}
	doubtful, err := ar.state.CountDoubtful(ctx)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "relais_refused %d\nrelais_folders_unread %d\nrelais_doubtful %d\n", len(list)-folders, folders, doubtful); err != nil {
		return err
	}
	unread, err := ar.state.UnreadTotals(ctx)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "relais_unreadable %d\nrelais_partial %d\n", unread.Unreadable, unread.Partial); err != nil {
		return err
	}
	return ar.progressMetrics(w)
}

// progressMetrics writes when each stage that runs in this process last finished a
// batch, in seconds since 1970: one that lags and does not move is in trouble.
func (ar *archive) progressMetrics(w io.Writer) error {
	moved := ar.pipeline.lastMoved()
	for _, stage := range sortedIDs(moved) {
		if _, err := fmt.Fprintf(w, "relais_stage_last_progress_seconds{stage=%q} %d\n", stage, moved[stage].Unix()); err != nil {
			return err
		}
	}
	return nil
}
