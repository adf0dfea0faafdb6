package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
)

func (a *app) promoteCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "promote", Short: "Copy an embedded archive to servers", Args: cobra.NoArgs,
		Long: `Copies the archive embedded in --data to the servers that --stream, --index, --blobs
and --state name: packs, keys, what is remembered, the audit log and every captured
item. The rest is made again there; no mailbox is read. Interrupted, run it again: it
goes on where it was. At the end it reads every byte on the servers and compares the
documents of both archives; only then can the new one be opened.

Nothing may use the embedded archive meanwhile. It stays as it was: go on with one of
the two, not with both. The master key is the same for both.`,
		Example: "  relais promote --stream kafka://k:9092 --index https://e:9200 --blobs s3://relais --state postgres://p/relais",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.cfg.servers() == 0 {
				return relais.WithHint(relais.Errorf(relais.KindInvalid, "promote", "no servers are named"), "--stream, --index, --blobs and --state")
			}
			p := a.newProgress()
			defer p.end()
			return a.promote(cmd.Context(), p.each(func(e relais.Event) {
				if !a.cfg.quiet {
					fmt.Fprintln(a.sys.out, plain(e.Detail))
				}
			}))
		},
	}
	cmd.Flags().Bool("json", false, "print JSON lines")
	return cmd
}

// promotion copies an archive to servers. Each of its steps bears being done again.
type promotion struct {
	from, to *archive
	emit     func(relais.Event)
	group    string // reads stream "raw" of the one for the other, over all attempts
}

func (a *app) promote(ctx context.Context, emit func(relais.Event)) (err error) {
	embedded := *a
	embedded.cfg.stream, embedded.cfg.index, embedded.cfg.blobs, embedded.cfg.state = "", "", "", ""
	p := &promotion{emit: emit}
	if p.from, err = embedded.openArchive(ctx, false); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.from.Close()) }()
	if err := p.drain(ctx); err != nil {
		return err
	}
	if p.to, err = a.openHalf(ctx, p); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.to.Close()) }()
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"packs", p.copyPacks}, {"keys", p.copyKeys}, {"audit log", p.copyAudit}, {"state", p.copyState},
		{"captured items", p.appendRaw}, {"documents", p.appendEnriched}, {"index", p.fillIndex}, {"refused records", p.refuseAgain}, {"verification", p.verify},
	} {
		emit(relais.Event{Type: "note", Detail: step.name + " …"})
		if err := step.run(ctx); err != nil {
			return err
		}
	}
	p.to.location = p.from.location
	if err := p.to.writeSettings(ctx); err != nil {
		return err
	}
	emit(relais.Event{Type: "promoted", Detail: "The archive is on the servers, in namespace " + a.cfg.namespace + ". Go on with it there; the directory stays as it was."})
	return nil
}

// drain lets the stages of the embedded archive finish what was captured, so that what
// is copied is whole.
func (p *promotion) drain(ctx context.Context) error {
	if err := p.from.audit.Append(ctx, audit.Entry{Actor: "local", Action: "promote", Outcome: audit.Allowed}); err != nil {
		return err
	}
	return (&operator{p.from}).Wait(ctx, p.emit)
}

// openHalf opens the servers for a promotion: an empty namespace, or one that an
// earlier attempt with the same archive left half full.
func (a *app) openHalf(ctx context.Context, p *promotion) (_ *archive, err error) {
	to := &archive{cfg: a.cfg, logger: a.logger(), env: a.sys.env, half: true}
	defer func() {
		if err != nil {
			err = errors.Join(err, to.Close())
		}
	}()
	if err = to.openServers(ctx, true); err != nil {
		return nil, err
	}
	if !to.fresh {
		return nil, relais.WithHint(relais.Errorf(relais.KindConflict, "promote", "namespace %s holds an archive already", a.cfg.namespace),
			"--namespace names another")
	}
	if p.group, err = p.claim(ctx, to.state); err != nil {
		return nil, err
	}
	return to, to.assemble(ctx)
}

// claim marks the servers as being filled from this archive, and gives the group that
// reads its items for them, whose position tells how far earlier attempts came.
func (p *promotion) claim(ctx context.Context, to *state.DB) (group string, err error) {
	key, err := p.from.state.Meta(ctx, hashSetting)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(key)) // random, and every archive's own
	source := fmt.Sprintf("%x", sum[:8])
	mark, err := to.Meta(ctx, promotionSetting)
	if err != nil {
		return "", err
	}
	if mark == "" {
		mark = source + "-" + rand.Text()
		if err := to.SetMeta(ctx, promotionSetting, mark); err != nil {
			return "", err
		}
	}
	if mark[:len(source)] != source {
		return "", relais.WithHint(relais.Errorf(relais.KindConflict, "promote", "the namespace is being filled from another archive"),
			"end that promotion first, or name another namespace")
	}
	return "promote-" + mark, nil
}

// told passes on how far a step is.
func (p *promotion) told(stage string, done, total int64) {
	p.emit(relais.Event{Type: "progress", Stage: stage, Done: done, Total: total})
}

func (p *promotion) copyPacks(ctx context.Context) error {
	_, err := blob.CopyPacks(ctx, p.from.backend, p.to.backend, func(c blob.Copied) { p.told("packs", c.Present+c.Moved, c.Packs) })
	return err
}

func (p *promotion) copyKeys(ctx context.Context) error {
	return seal.Copy(ctx, p.from.keys, p.to.keys, func(n int64) { p.told("keys", n, 0) })
}

func (p *promotion) copyAudit(ctx context.Context) error {
	from, ok := p.from.audit.(*audit.File)
	to, server := p.to.audit.(*audit.Postgres)
	if !ok || !server {
		return relais.Errorf(relais.KindInternal, "copy audit log", "%T cannot become %T", p.from.audit, p.to.audit)
	}
	return audit.Copy(ctx, from, to, func(n int64) { p.told("audit", n, 0) })
}

func (p *promotion) copyState(ctx context.Context) error {
	own := []string{promotionSetting, indexSetting, heldSetting(stream.TopicRaw), heldSetting(stream.TopicEnriched)}
	return state.Copy(ctx, p.from.state, p.to.state, own, func(table string, n int64) { p.told("state: "+table, n, 0) })
}

// packed is how many items stand together, about: a pack's.
const packed = 64

// appendRaw appends every captured item. One that is appended twice, because an
// attempt ended between append and commit, is recognised when it is read.
func (p *promotion) appendRaw(ctx context.Context) error {
	goal, err := p.from.log.End(ctx, stream.TopicRaw)
	if err != nil {
		return err
	}
	run, done := context.WithCancel(ctx)
	defer done()
	count := int64(0)
	opt := stream.RunOptions{MaxBatch: 1000, Retryable: relais.Retryable, Idle: func(context.Context) error { done(); return nil }}
	err = p.from.log.Run(run, p.group, stream.TopicRaw, opt, func(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		records := make([]stream.Record, len(batch))
		for i, m := range batch {
			records[i] = m.Record
			records[i].Together = batch[i/packed*packed].Key
		}
		count += int64(len(batch))
		p.told("raw", count, sum(goal))
		return nil, p.to.log.Append(ctx, stream.TopicRaw, records)
	})
	return errors.Join(err, ctx.Err())
}

// appendEnriched appends the current envelope of every document: what the enrich stage
// does for documents that were decided and not yet appended.
func (p *promotion) appendEnriched(ctx context.Context) error {
	if err := p.to.state.MarkAll(ctx); err != nil {
		return err
	}
	stage, err := p.to.pipeline.newStage(ctx)
	if err != nil {
		return err
	}
	return stage.Recover(ctx)
}

func (p *promotion) fillIndex(ctx context.Context) error {
	o := &operator{p.to}
	return errors.Join(o.fill(ctx, groupOf(1), p.to.indexStage(p.to.index), p.emit), p.to.index.Refresh(ctx))
}

// refuseAgain lets the stages of the servers pass over what those of the directory have
// refused: the same records stand in other places there, and would be damage to a
// verification that knew nothing of them.
func (p *promotion) refuseAgain(ctx context.Context) error {
	list, err := p.from.Refusals(ctx, "")
	if err != nil || !slices.ContainsFunc(list, func(r relais.Refusal) bool { return r.Record != nil }) {
		return err
	}
	p.to.pipeline.run(ctx, []string{stageEnrich, stageRefused})
	defer p.to.pipeline.stop()
	return p.to.pipeline.wait(ctx, taken{}, func(stage string, l lag) { p.told(stage, l.Done, l.Total) })
}

// verify reads every byte on the servers, and compares the documents of both archives.
func (p *promotion) verify(ctx context.Context) error {
	faults := 0
	if err := (&operator{p.to}).Verify(ctx, true, func(e relais.Event) {
		if e.Type == "fault" {
			faults++
			p.emit(e)
		}
	}); err != nil {
		return err
	}
	a, err := contents(ctx, p.from)
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
func contents(ctx context.Context, ar *archive) (relais.Digest, error) {
	h := sha256.New()
	enc := json.NewEncoder(h)
	err := ar.library.Each(ctx, relais.Everything(), func(d relais.Document) error { return enc.Encode(d) })
	return relais.Digest(h.Sum(nil)), err
}
