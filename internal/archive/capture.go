package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/ingest"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
)

// Ingest captures sources into a case and, unless told not to, waits until they can
// be found. The balance is the last event.
func (ar *Archive) Ingest(ctx context.Context, req relais.IngestRequest, emit func(relais.Event)) error {
	if req.DryRun {
		return ar.dryRun(ctx, req, emit)
	}
	sources, err := openSources(ctx, req)
	if err != nil {
		return err
	}
	before := ar.pipeline.Taken(ctx)
	k, news, err := ar.captureInto(ctx, req, sources, emit)
	err = errors.Join(err, closeSources(sources))
	if news == nil || err != nil && ctx.Err() != nil {
		return pipeline.FullDisk(err)
	}
	req.NoWait = req.NoWait || relais.NoRoom(err) // the stages want room too
	return pipeline.FullDisk(errors.Join(err, ar.finish(ctx, k, req, before, news, emit)))
}

// refusalNews tells of each refusal once: not of those that an earlier run told of.
type refusalNews struct {
	ar   *Archive
	c    relais.CaseID
	told map[string]bool
	emit func(relais.Event)
}

func (ar *Archive) newRefusals(ctx context.Context, c relais.CaseID, emit func(relais.Event)) (*refusalNews, error) {
	n := &refusalNews{ar: ar, c: c, told: map[string]bool{}, emit: emit}
	list, err := ar.Refusals(ctx, c)
	for _, r := range list {
		n.told[r.ID] = true
	}
	return n, err
}

// filter passes events on, but refusals that were told of. That a folder could not be
// read is told by every run that tried.
func (n *refusalNews) filter(e relais.Event) {
	if e.Type == "refused" {
		if n.told[e.Refusal.ID] && !e.Refusal.OfFolder() {
			return
		}
		n.told[e.Refusal.ID] = true
	}
	n.emit(e)
}

// rest tells of what later stages refused.
func (n *refusalNews) rest(ctx context.Context) error {
	list, err := n.ar.Refusals(ctx, n.c)
	for i := range list {
		if n.told[list[i].ID] {
			continue
		}
		n.filter(relais.Event{Type: "refused", Source: list[i].Source, Folder: list[i].Folder, Refusal: &list[i]})
	}
	return err
}

// captureInto opens the case and captures into it. Without a case there is no news.
func (ar *Archive) captureInto(ctx context.Context, req relais.IngestRequest, sources []ingest.Source, emit func(relais.Event)) (relais.Case, *refusalNews, error) {
	opened, err := ar.Cases.Open(ctx, req.Case, req.Owner, req.SureOfCase)
	if err != nil {
		return relais.Case{}, nil, err
	}
	if opened.Created {
		emit(relais.Event{Type: "note", Detail: fmt.Sprintf("Opened case %q.", opened.Case.Name)})
	}
	// Before the stages of this process begin: what they refuse from now on is news.
	news, err := ar.newRefusals(ctx, opened.Case.ID, emit)
	if err != nil {
		return opened.Case, nil, err
	}
	ar.pipeline.Start(ctx)
	deps := ingest.Deps{Blobs: ar.on.Blobs, Log: ar.on.Log, Ledger: ar.on.State, Now: time.Now, Limits: format.DefaultLimits()}
	company, err := companyWords(ctx, ar.on.State)
	if err != nil {
		return opened.Case, news, err
	}
	_, err = capture(ctx, deps, opened.Case.ID, company, req, sources, news.filter)
	ar.pipeline.Captured(ctx)
	return opened.Case, news, err
}

func openSources(ctx context.Context, req relais.IngestRequest) ([]ingest.Source, error) {
	var list []ingest.Source
	for _, s := range req.Sources {
		spec := ingest.Spec{Location: s, User: req.User, Limits: format.DefaultLimits(), Password: given(req.Password)}
		if req.Token != "" {
			spec.Token = given(req.Token)
		}
		opened, err := ingest.Open(ctx, spec)
		if err != nil {
			return nil, errors.Join(err, closeSources(list))
		}
		list = append(list, opened)
	}
	return list, nil
}

// given is a secret that was asked for already.
func given(secret string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return secret, nil }
}

func closeSources(list []ingest.Source) error {
	errs := make([]error, len(list))
	for i, s := range list {
		errs[i] = s.Close()
	}
	return errors.Join(errs...)
}

// capture runs one capture. A folder that could not be read is an event and a line of
// the account, and no error.
func capture(ctx context.Context, deps ingest.Deps, c relais.CaseID, company tag.CompanyWords, req relais.IngestRequest, sources []ingest.Source, emit func(relais.Event)) (ingest.Summary, error) {
	personal, err := tag.PersonalFolders(company)
	if err != nil {
		return ingest.Summary{}, err
	}
	sum, err := ingest.NewCapture(deps).Run(ctx, ingest.Job{
		Case: c, Owner: req.Owner, Sources: sources, Since: req.Since, Until: req.Until,
		ExcludeFolders: req.ExcludeFolders, NamesOnly: req.NamesOnly, DryRun: req.DryRun, Personal: personal,
	}, func(e ingest.Event) { emit(captureEvent(e)) })
	if folder := (ingest.FolderError{}); errors.As(err, &folder) {
		err = nil
	}
	return sum, err
}

func captureEvent(e ingest.Event) relais.Event {
	out := relais.Event{Type: "progress", Stage: "capture", Source: e.Source, Folder: e.Folder, Done: e.Seen, Bytes: e.Bytes}
	if e.Announced != nil {
		out.Total = *e.Announced
	}
	if e.Note != "" {
		return relais.Event{Type: "note", Source: e.Source, Detail: e.Note}
	}
	if e.Refusal != nil {
		out.Type, out.Refusal = "refused", e.Refusal
	}
	return out
}

// finish waits, when asked to, and sends the balance.
func (ar *Archive) finish(ctx context.Context, k relais.Case, req relais.IngestRequest, before pipeline.Taken, news *refusalNews, emit func(relais.Event)) error {
	if !req.NoWait {
		waitCtx, cancel := ctx, context.CancelFunc(func() {})
		if req.Timeout > 0 {
			waitCtx, cancel = context.WithTimeout(ctx, req.Timeout)
		}
		err := ar.takeUp(waitCtx)
		if err == nil {
			err = ar.waitSince(waitCtx, before, emit)
		}
		cancel()
		if err != nil && ctx.Err() == nil && waitCtx.Err() != nil {
			err = relais.WithHint(relais.Errorf(relais.KindUnavailable, "wait", "not everything can be found yet"), "everything is captured; `relais balance` tells what is pending")
		}
		if err != nil {
			return err
		}
	}
	if err := news.rest(ctx); err != nil {
		return err
	}
	b, err := ar.Cases.Balance(ctx, k.Name)
	if err == nil {
		b.Apart, err = ar.apart(ctx)
	}
	if err == nil {
		emit(relais.Event{Type: "balance", Balance: &b})
	}
	return err
}
