// Package library answers one question: how is an enriched document opened again?
// It unseals current envelopes, joins their text, and hands out the bytes as they
// were captured, always within a scope. What is out of scope, quarantined, erased or
// unknown answers alike.
package library

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/relais-archive/relais/enrich/item"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
)

// Library opens the documents of one archive.
type Library struct {
	state *state.DB
	blobs blob.Store
	forms item.List           // of messages
	held  *semaphore.Weighted // by all that openings hold at once
}

// New makes a library over state and packs.
func New(db *state.DB, blobs blob.Store) *Library {
	return &Library{state: db, blobs: blobs, forms: item.Forms(), held: semaphore.NewWeighted(inFlight)}
}

// WithForms gives the library with other forms of messages.
func (l *Library) WithForms(forms item.List) *Library {
	return &Library{state: l.state, blobs: l.blobs, forms: forms, held: l.held}
}

// Documents opens those of the ids that are within the scope, in the order given,
// with their text. Others are passed over.
func (l *Library) Documents(ctx context.Context, scope relais.Scope, ids []relais.DocumentID) ([]relais.Document, error) {
	docs := make([]relais.Document, 0, len(ids))
	err := l.Whole(ctx, scope, ids, func(d relais.Document) error { docs = append(docs, d); return nil })
	return docs, err
}

// Whole calls fn for each document that Documents gives, one after the other, for who has no
// room for all of their texts. It fails with the first that cannot be read.
func (l *Library) Whole(ctx context.Context, scope relais.Scope, ids []relais.DocumentID, fn func(relais.Document) error) error {
	list, err := l.envelopes(ctx, scope, ids)
	if err != nil {
		return err
	}
	return l.whole(ctx, list, fn)
}

// whole opens documents one after the other, each with all of its text. It fails with the
// first that cannot be read.
func (l *Library) whole(ctx context.Context, list []relais.Envelope, fn func(relais.Document) error) error {
	return l.begin(ctx, list, noEnd, semaphore.NewWeighted(window), window, func(o relais.Opening, fault error) error {
		if fault != nil {
			return fault
		}
		return fn(o.Document)
	})
}

// Headers opens documents as Documents does, without their text.
func (l *Library) Headers(ctx context.Context, scope relais.Scope, ids []relais.DocumentID) ([]relais.Document, error) {
	list, err := l.envelopes(ctx, scope, ids)
	return documents(list), err
}

func documents(list []relais.Envelope) []relais.Document {
	docs := make([]relais.Document, len(list))
	for i, e := range list {
		docs[i] = e.Document
	}
	return docs
}

// readers is how many texts are opened at once: where packs are far away, a page must not
// cost one answering time a document.
const readers = 20

// newText joins the zones of a text that its author wrote.
func newText(text string, zones []relais.Zone) string {
	var b strings.Builder
	for z := range relais.NewZones(zones, int64(len(text))) {
		b.WriteString(text[z.Start:z.End])
	}
	return strings.TrimSpace(b.String())
}

// textsBytes is how many bytes of text are opened at once, one text at least: a text may
// have 20 MiB.
const textsBytes = 8 << 20

// Texts gives the texts of envelopes that the caller may see, in order, of the first of
// them alone when these come to 8 MiB; one that cannot be opened has an error of its own.
// The last error says that none could be looked up.
func (l *Library) Texts(ctx context.Context, list []relais.Envelope) (texts []string, faults []error, err error) {
	found, err := l.find(ctx, list)
	if err != nil {
		return nil, nil, err
	}
	list = list[:within(found, list, textsBytes)]
	texts, faults = make([]string, len(list)), make([]error, len(list))
	var g errgroup.Group
	g.SetLimit(readers)
	for i, e := range list {
		if !e.TextBlob.IsZero() {
			g.Go(func() error {
				texts[i], faults[i] = text(ctx, found[e.CaseID], e.TextBlob)
				return nil
			})
		}
	}
	return texts, faults, g.Wait()
}

// within counts the envelopes whose texts come to so many bytes: the first at least.
func within(found map[relais.CaseID]*blob.Found, list []relais.Envelope, bytes int64) int {
	for i, e := range list {
		if !e.TextBlob.IsZero() {
			bytes -= found[e.CaseID].Size(e.TextBlob)
		}
		if i > 0 && bytes < 0 {
			return i
		}
	}
	return len(list)
}

// find looks the texts of envelopes up, by case.
func (l *Library) find(ctx context.Context, list []relais.Envelope) (map[relais.CaseID]*blob.Found, error) {
	digests := map[relais.CaseID][]relais.Digest{}
	for _, e := range list {
		if !e.TextBlob.IsZero() {
			digests[e.CaseID] = append(digests[e.CaseID], e.TextBlob)
		}
	}
	found := make(map[relais.CaseID]*blob.Found, len(digests))
	for c, wanted := range digests {
		var err error
		if found[c], err = l.blobs.Find(ctx, c, wanted); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func text(ctx context.Context, found *blob.Found, d relais.Digest) (string, error) {
	r, err := found.Open(ctx, d)
	if err != nil {
		return "", err
	}
	b := make([]byte, r.Size())
	_, err = io.ReadFull(r, b)
	return string(b), errors.Join(err, r.Close())
}

// Thread opens the documents of a conversation, oldest first, without their text; when
// none can be seen the error is of relais.KindNotFound.
func (l *Library) Thread(ctx context.Context, scope relais.Scope, thread string) ([]relais.Document, error) {
	sealed, err := l.state.ThreadEnvelopes(ctx, thread)
	if err != nil {
		return nil, err
	}
	list, err := l.open(ctx, scope, sealed)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, relais.Errorf(relais.KindNotFound, "open thread", "no such thread")
	}
	docs := documents(list)
	slices.SortFunc(docs, func(a, b relais.Document) int {
		if c := a.Date.Compare(b.Date); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return docs, nil
}

// Each calls fn for every document within the scope, by id, with its text.
func (l *Library) Each(ctx context.Context, scope relais.Scope, fn func(relais.Document) error) error {
	return l.state.EachEnvelope(ctx, func(page []state.Envelope) error {
		list, err := l.open(ctx, scope, page)
		if err != nil {
			return err
		}
		return l.whole(ctx, list, fn)
	})
}

func (l *Library) envelope(ctx context.Context, scope relais.Scope, id relais.DocumentID) (relais.Envelope, error) {
	list, err := l.envelopes(ctx, scope, []relais.DocumentID{id})
	if err == nil && len(list) == 0 {
		err = relais.Errorf(relais.KindNotFound, "open document", "no document %s", id)
	}
	if err != nil {
		return relais.Envelope{}, err
	}
	return list[0], nil
}

func (l *Library) envelopes(ctx context.Context, scope relais.Scope, ids []relais.DocumentID) ([]relais.Envelope, error) {
	found, err := l.state.Envelopes(ctx, ids)
	if err != nil {
		return nil, err
	}
	sealed := make([]state.Envelope, 0, len(ids))
	for _, id := range ids {
		if e, ok := found[id]; ok {
			sealed = append(sealed, e)
		}
	}
	return l.open(ctx, scope, sealed)
}

// open unseals envelopes, keeps those within the scope and names their cases.
func (l *Library) open(ctx context.Context, scope relais.Scope, sealed []state.Envelope) ([]relais.Envelope, error) {
	if scope.Empty() || len(sealed) == 0 {
		return nil, nil
	}
	names, err := l.caseNames(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]relais.Envelope, 0, len(sealed))
	for c, group := range byCase(sealed) {
		opened, err := l.unseal(ctx, c, group)
		if err != nil {
			return nil, err
		}
		for _, e := range opened {
			if scope.Allows(c, &e.Document) {
				e.Document.Case = names[c]
				list = append(list, e)
			}
		}
	}
	rank := make(map[relais.DocumentID]int, len(sealed))
	for i, s := range sealed {
		rank[s.ID] = i
	}
	slices.SortFunc(list, func(a, b relais.Envelope) int { return rank[a.Document.ID] - rank[b.Document.ID] })
	return list, nil
}

func byCase(sealed []state.Envelope) map[relais.CaseID][]blob.Sealed {
	groups := map[relais.CaseID][]blob.Sealed{}
	for _, s := range sealed {
		groups[s.Case] = append(groups[s.Case], blob.Sealed{Digest: s.Blob, Bytes: s.Sealed})
	}
	return groups
}

// unseal opens envelopes of one case; those whose key was destroyed are passed over.
func (l *Library) unseal(ctx context.Context, c relais.CaseID, sealed []blob.Sealed) ([]relais.Envelope, error) {
	plain, err := l.blobs.Unseal(ctx, c, relais.SealedEnvelope, sealed)
	if relais.KindOf(err) == relais.KindForgotten {
		return l.unsealSome(ctx, c, sealed)
	}
	if err != nil {
		return nil, err
	}
	list := make([]relais.Envelope, len(plain))
	for i, b := range plain {
		if err := json.Unmarshal(b, &list[i]); err != nil {
			return nil, relais.E(relais.KindDamaged, "decode envelope", err)
		}
	}
	return list, nil
}

func (l *Library) unsealSome(ctx context.Context, c relais.CaseID, sealed []blob.Sealed) ([]relais.Envelope, error) {
	if len(sealed) == 1 {
		return nil, nil
	}
	half := len(sealed) / 2
	a, err := l.unseal(ctx, c, sealed[:half])
	if err != nil {
		return nil, err
	}
	b, err := l.unseal(ctx, c, sealed[half:])
	return append(a, b...), err
}

func (l *Library) caseNames(ctx context.Context) (map[relais.CaseID]string, error) {
	cases, err := l.state.Cases(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[relais.CaseID]string, len(cases))
	for _, c := range cases {
		names[c.ID] = c.Name
	}
	return names, nil
}

// Records opens records of stream "enriched": an envelope each, in order; one that
// cannot be understood has an error of its own, a tombstone has neither.
func (l *Library) Records(ctx context.Context, batch []stream.Message) ([]relais.Envelope, []error, error) {
	list, faults := make([]relais.Envelope, len(batch)), make([]error, len(batch))
	groups := map[relais.CaseID][]int{}
	sealed := make([]blob.Sealed, len(batch))
	for i, m := range batch {
		if m.Value == nil {
			continue
		}
		r, err := relais.DecodeRecord(m.Value)
		if err != nil {
			faults[i] = err
			continue
		}
		groups[r.Case] = append(groups[r.Case], i)
		sealed[i] = blob.Sealed{Digest: r.Blob, Bytes: r.Sealed}
	}
	for c, at := range groups {
		if err := l.openRecords(ctx, c, at, sealed, list, faults); err != nil {
			return nil, nil, err
		}
	}
	return list, faults, nil
}

func (l *Library) openRecords(ctx context.Context, c relais.CaseID, at []int, sealed []blob.Sealed, list []relais.Envelope, faults []error) error {
	group := make([]blob.Sealed, len(at))
	for i, k := range at {
		group[i] = sealed[k]
	}
	opened, err := l.unseal(ctx, c, group)
	switch {
	case err != nil && relais.Retryable(err):
		return err
	case err == nil && len(opened) == len(at):
		for i, k := range at {
			list[k] = opened[i]
		}
		return nil
	case len(at) == 1:
		faults[at[0]] = errors.Join(err, relais.Errorf(relais.KindForgotten, "open record", "its key was destroyed"))
		return nil
	}
	for _, k := range at {
		if err := l.openRecords(ctx, c, []int{k}, sealed, list, faults); err != nil {
			return err
		}
	}
	return nil
}
