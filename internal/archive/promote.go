package archive

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
)

// PromotionSetting names where state keeps which promotion fills an archive, until it
// is whole.
const PromotionSetting = "promotion"

// Promotion copies an archive to an empty one. Each of its steps bears being done again.
type Promotion struct {
	From *Archive
	// CopyAudit copies the audit log, whose two forms only their own room can join.
	CopyAudit func(ctx context.Context, told func(seq int64)) error
	Emit      func(relais.Event)

	to    *Archive
	group string // reads stream "raw" of the one for the other, over all attempts
}

// Drain lets the stages of the archive finish what was captured, so that what is copied
// is whole.
func (p *Promotion) Drain(ctx context.Context) error {
	if err := p.From.on.Audit.Append(ctx, audit.Entry{Actor: "local", Action: "promote", Outcome: audit.Allowed}); err != nil {
		return err
	}
	return p.From.Wait(ctx, p.Emit)
}

// Claim marks the state of the other archive as being filled from this one: it holds
// nothing yet, or what an earlier attempt left half full.
func (p *Promotion) Claim(ctx context.Context, to *state.DB) error {
	key, err := p.From.on.State.Meta(ctx, hashSetting)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(key)) // random, and every archive's own
	source := fmt.Sprintf("%x", sum[:8])
	mark, err := to.Meta(ctx, PromotionSetting)
	if err != nil {
		return err
	}
	if mark == "" {
		mark = source + "-" + rand.Text()
		if err := to.SetMeta(ctx, PromotionSetting, mark); err != nil {
			return err
		}
	}
	if len(mark) < len(source) || mark[:len(source)] != source {
		return relais.WithHint(relais.Errorf(relais.KindConflict, "promote", "the namespace is being filled from another archive"),
			"end that promotion first, or name another namespace")
	}
	p.group = "promote-" + mark // its position tells how far earlier attempts came
	return nil
}

// Run copies everything into the archive whose state was claimed, then reads every byte
// there and compares the documents of both.
func (p *Promotion) Run(ctx context.Context, to *Archive) error {
	p.to = to
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"packs", p.copyPacks}, {"keys", p.copyKeys}, {"audit log", p.copyAudit}, {"state", p.copyState},
		{"captured items", p.appendRaw}, {"documents", p.appendEnriched}, {"index", p.fillIndex}, {"refused records", p.refuseAgain}, {"verification", p.verify},
	} {
		p.Emit(relais.Event{Type: "note", Detail: step.name + " …"})
		if err := step.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// told passes on how far a step is.
func (p *Promotion) told(stage string, done, total int64) {
	p.Emit(relais.Event{Type: "progress", Stage: stage, Done: done, Total: total})
}

func (p *Promotion) copyPacks(ctx context.Context) error {
	_, err := blob.CopyPacks(ctx, p.From.on.Backend, p.to.on.Backend, func(c blob.Copied) { p.told("packs", c.Present+c.Moved, c.Packs) })
	return err
}

func (p *Promotion) copyKeys(ctx context.Context) error {
	return seal.Copy(ctx, p.From.on.Keys, p.to.on.Keys, func(n int64) { p.told("keys", n, 0) })
}

func (p *Promotion) copyAudit(ctx context.Context) error {
	return p.CopyAudit(ctx, func(n int64) { p.told("audit", n, 0) })
}

func (p *Promotion) copyState(ctx context.Context) error {
	own := []string{PromotionSetting, indexSetting, pipeline.HeldSetting(stream.TopicRaw), pipeline.HeldSetting(stream.TopicEnriched)}
	return state.Copy(ctx, p.From.on.State, p.to.on.State, own, func(table string, n int64) { p.told("state: "+table, n, 0) })
}

// packed is how many items stand together, about: a pack's.
const packed = 64

// appendRaw appends every captured item. One that is appended twice, because an
// attempt ended between append and commit, is recognised when it is read.
func (p *Promotion) appendRaw(ctx context.Context) error {
	goal, err := p.From.on.Log.End(ctx, stream.TopicRaw)
	if err != nil {
		return err
	}
	run, done := context.WithCancel(ctx)
	defer done()
	count := int64(0)
	opt := stream.RunOptions{MaxBatch: 1000, Retryable: relais.Retryable, Idle: func(context.Context) error { done(); return nil }}
	err = p.From.on.Log.Run(run, p.group, stream.TopicRaw, opt, func(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		records := make([]stream.Record, len(batch))
		for i, m := range batch {
			records[i] = m.Record
			records[i].Together = batch[i/packed*packed].Key
		}
		count += int64(len(batch))
		p.told("raw", count, pipeline.Records(goal))
		return nil, p.to.on.Log.Append(ctx, stream.TopicRaw, records)
	})
	return errors.Join(err, ctx.Err())
}

// appendEnriched appends the current envelope of every document: what the enrich stage
// does for documents that were decided and not yet appended.
func (p *Promotion) appendEnriched(ctx context.Context) error {
	if err := p.to.on.State.MarkAll(ctx); err != nil {
		return err
	}
	stage, err := p.to.stage(ctx)
	if err != nil {
		return err
	}
	return stage.Recover(ctx)
}

func (p *Promotion) fillIndex(ctx context.Context) error {
	return errors.Join(p.to.fill(ctx, groupOf(1), p.to.on.Index, p.Emit), p.to.on.Index.Refresh(ctx))
}

// refuseAgain lets the stages of the copy pass over what those of the original have
// refused: the same records stand in other places there, and would be damage to a
// verification that knew nothing of them.
func (p *Promotion) refuseAgain(ctx context.Context) error {
	list, err := p.From.Refusals(ctx, "")
	if err != nil || !slices.ContainsFunc(list, func(r relais.Refusal) bool { return r.Record != nil }) {
		return err
	}
	p.to.pipeline.Run(ctx, []string{pipeline.Enrich, pipeline.Refused})
	defer p.to.pipeline.Stop()
	return p.to.pipeline.Wait(ctx, pipeline.Taken{}, func(stage string, l pipeline.Lag) { p.told(stage, l.Done, l.Total) })
}

// verify reads every byte of the copy, and compares the documents of both archives.
func (p *Promotion) verify(ctx context.Context) error {
	if err := p.to.Verify(ctx, true, false, func(e relais.Event) {
		if e.Type == "fault" {
			p.Emit(e)
		}
	}); err != nil {
		return err
	}
	a, err := contents(ctx, p.From)
	if err != nil {
		return err
	}
	b, err := contents(ctx, p.to)
	if err == nil && a != b {
		err = relais.Errorf(relais.KindDamaged, "promote", "the two archives hold different documents")
	}
	return err
}

// contents gives the digest of every document of an archive, by id: nobody gets to see
// them, so that nothing is disclosed.
func contents(ctx context.Context, ar *Archive) (relais.Digest, error) {
	h := sha256.New()
	enc := json.NewEncoder(h)
	err := ar.Library.Each(ctx, relais.Everything(), func(d relais.Document) error { return enc.Encode(d) })
	return relais.Digest(h.Sum(nil)), err
}
