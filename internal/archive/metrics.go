package archive

import (
	"context"
	"fmt"
	"io"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/stream"
)

// Metrics writes counters in the text format of Prometheus: ids and numbers only.
func (ar *Archive) Metrics(ctx context.Context, w io.Writer) error {
	generation, err := ar.on.State.Generation(ctx)
	if err != nil {
		return err
	}
	for _, g := range []struct{ stage, group, topic string }{
		{pipeline.Enrich, enrich.Group(generation), stream.TopicRaw}, {pipeline.Index, ar.on.Index.Group(), stream.TopicEnriched},
		{pipeline.Refused, refused.Group, stream.TopicRefused},
	} {
		end, err := ar.on.Log.End(ctx, g.topic)
		if err != nil {
			return err
		}
		at, err := ar.on.Log.Committed(ctx, g.group, g.topic)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "relais_stage_records_total{stage=%q} %d\nrelais_stage_lag{stage=%q} %d\n", g.stage, pipeline.Records(at), g.stage, pipeline.Records(end)-pipeline.Records(at)); err != nil {
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
	doubtful, err := ar.on.State.CountDoubtful(ctx)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "relais_refused %d\nrelais_folders_unread %d\nrelais_doubtful %d\n", len(list)-folders, folders, doubtful); err != nil {
		return err
	}
	unread, err := ar.on.State.UnreadTotals(ctx)
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
func (ar *Archive) progressMetrics(w io.Writer) error {
	moved := ar.pipeline.LastMoved()
	for _, stage := range sorted(moved) {
		if _, err := fmt.Fprintf(w, "relais_stage_last_progress_seconds{stage=%q} %d\n", stage, moved[stage].Unix()); err != nil {
			return err
		}
	}
	return nil
}
