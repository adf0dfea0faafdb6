package archive

import (
	"context"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/stream"
)

// Metrics writes counters in the text format of Prometheus: ids and numbers only, those
// of the process among them.
func (ar *Archive) Metrics(ctx context.Context, w io.Writer) error {
	reg := prometheus.NewRegistry()
	if err := reg.Register(collectors.NewGoCollector()); err != nil {
		return err
	}
	if err := reg.Register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})); err != nil {
		return err
	}
	g := gauges{reg}
	for _, measure := range []func(context.Context, gauges) error{ar.measureStages, ar.measureRefusals, ar.measureDocuments} {
		if err := measure(ctx, g); err != nil {
			return err
		}
	}
	families, err := reg.Gather()
	if err != nil {
		return err
	}
	enc := expfmt.NewEncoder(w, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			return err
		}
	}
	return nil
}

// gauges takes numbers that are looked up anew each time somebody asks.
type gauges struct{ reg *prometheus.Registry }

// set says one number.
func (g gauges) set(name, help string, value int64) error {
	return g.reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value) }))
}

// byStage says one number of each stage.
func (g gauges) byStage(name, help string, values map[string]int64) error {
	vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"stage"})
	for stage, n := range values {
		vec.WithLabelValues(stage).Set(float64(n))
	}
	return g.reg.Register(vec)
}

// measureStages says how far each stage has read, and when each that runs in this process
// last finished a batch: one that lags and does not move is in trouble.
func (ar *Archive) measureStages(ctx context.Context, g gauges) error {
	generation, err := ar.on.State.Generation(ctx)
	if err != nil {
		return err
	}
	done, lag, moved := map[string]int64{}, map[string]int64{}, map[string]int64{}
	for _, s := range []struct{ stage, group, topic string }{
		{pipeline.Enrich, enrich.Group(generation), stream.TopicRaw}, {pipeline.Index, ar.on.Index.Group(), stream.TopicEnriched},
		{pipeline.Refused, refused.Group, stream.TopicRefused},
	} {
		end, err := ar.on.Log.End(ctx, s.topic)
		if err != nil {
			return err
		}
		at, err := ar.on.Log.Committed(ctx, s.group, s.topic)
		if err != nil {
			return err
		}
		done[s.stage], lag[s.stage] = pipeline.Records(at), pipeline.Records(end)-pipeline.Records(at)
	}
	for stage, at := range ar.pipeline.LastMoved() {
		moved[stage] = at.Unix()
	}
	if err := g.byStage("relais_stage_records_total", "Records of its topic that a stage has read.", done); err != nil {
		return err
	}
	if err := g.byStage("relais_stage_lag", "Records of its topic that a stage has yet to read.", lag); err != nil {
		return err
	}
	return g.byStage("relais_stage_last_progress_seconds", "When a stage of this process last finished a batch, in seconds since 1970.", moved)
}

// measureRefusals says what was refused.
func (ar *Archive) measureRefusals(ctx context.Context, g gauges) error {
	list, err := ar.Refusals(ctx, "")
	if err != nil {
		return err
	}
	folders := int64(0)
	for _, r := range list {
		if r.OfFolder() {
			folders++
		}
	}
	if err := g.set("relais_refused", "Items and records that were refused.", int64(len(list))-folders); err != nil {
		return err
	}
	return g.set("relais_folders_unread", "Folders that could not be read.", folders)
}

// measureDocuments says what of the documents is withheld, or could not be read.
func (ar *Archive) measureDocuments(ctx context.Context, g gauges) error {
	doubtful, err := ar.on.State.CountDoubtful(ctx)
	if err != nil {
		return err
	}
	unread, err := ar.on.State.UnreadTotals(ctx)
	if err != nil {
		return err
	}
	for _, m := range []struct {
		name, help string
		n          int64
	}{
		{"relais_doubtful", "Documents withheld until somebody settles whether they are personal.", doubtful},
		{"relais_unreadable", "Documents of which no text could be read.", unread.Unreadable},
		{"relais_partial", "Documents of which not all text could be read.", unread.Partial},
	} {
		if err := g.set(m.name, m.help, m.n); err != nil {
			return err
		}
	}
	return nil
}
