package archive

import (
	"context"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// verification is what a verify found.
type verification struct {
	blob.Checked
	Documents int64 `json:"documents"`
	Records   int64 `json:"records"` // of the streams, when data is read
	Faults    int64 `json:"faults"`
	Harmless  int64 `json:"harmless"`
	Refused   int64 `json:"refused"` // records and documents on record as refused: known, and no fault
}

// Verify checks the files of tables page by page, packs by their checksums, the index against the envelopes it was
// made from, these against the items they were read from, and the audit log by its chain; and, when data is to be read, opens
// every document and every record of the streams.
func (ar *Archive) Verify(ctx context.Context, readData bool, emit func(relais.Event)) error {
	done, err := ar.alone("verify")
	if err != nil {
		return err
	}
	defer done()
	var v verification
	known := &knownRefusals{tell: func(code, detail string) {
		v.Refused++
		emit(relais.Event{Type: "note", Detail: code + " " + detail})
	}}
	fault := func(f blob.Fault) {
		if f.Harmless {
			v.Harmless++
		} else {
			v.Faults++
		}
		emit(relais.Event{Type: "fault", Detail: f.Code + " " + f.Pack + " " + f.Detail, Result: f})
	}
	for _, step := range []func() error{
		func() error { return ar.verifyFiles(ctx, readData, fault) },
		func() error { return known.learn(ctx, ar, fault) },
		func() (err error) { v.Checked, err = ar.on.Blobs.Verify(ctx, readData, fault); return err },
		func() error { return ar.verifyState(ctx, fault) },
		func() error { return ar.verifyDecided(ctx, fault) },
		func() (err error) { v.Documents, err = ar.verifyIndex(ctx, known, fault); return err },
		func() (err error) {
			if readData {
				v.Records, err = ar.verifyData(ctx, known, fault)
			}
			return err
		},
		func() error {
			err := ar.on.Audit.Verify(ctx)
			if relais.KindOf(err) == relais.KindDamaged {
				fault(blob.Fault{Code: "audit_chain", Detail: err.Error()})
				return nil
			}
			return err
		},
	} {
		err := step()
		if err != nil && (ctx.Err() != nil || v.Faults == 0 && relais.KindOf(err) != relais.KindDamaged) {
			return err
		}
		if err != nil { // damage, or what comes of it: the other steps may find more
			fault(blob.Fault{Code: "unreadable", Detail: err.Error()})
		}
	}
	emit(relais.Event{Type: "verified", Result: v})
	if v.Faults > 0 {
		return relais.WithHint(relais.Errorf(relais.KindDamaged, "verify", "%s", relais.Number(v.Faults, "fault", "faults")),
			"`relais reindex` mends the index and what is remembered of documents; packs come back from a backup")
	}
	return nil
}

// verifyFiles reads the files of tables: what is malformed in one of them may not be
// met by any question that is asked of it today.
func (ar *Archive) verifyFiles(ctx context.Context, deep bool, fault func(blob.Fault)) error {
	for _, f := range ar.on.Files {
		err := f.Check(ctx, deep)
		if relais.KindOf(err) == relais.KindDamaged {
			fault(blob.Fault{Code: "file_damaged", Pack: f.Name, Detail: err.Error()})
		} else if err != nil {
			return err
		}
	}
	return nil
}

// verifyIndex compares the index, document by document, with the current envelopes. What
// the index stage has refused is not there, or of an older revision.
func (ar *Archive) verifyIndex(ctx context.Context, known *knownRefusals, fault func(blob.Fault)) (int64, error) {
	want := map[relais.DocumentID]int64{}
	if err := ar.on.State.EachEnvelope(ctx, func(page []state.Envelope) error {
		for _, e := range page {
			want[e.ID] = e.Revision
		}
		return nil
	}); err != nil {
		return 0, err
	}
	total := int64(len(want))
	err := ar.on.Index.Each(ctx, func(id relais.DocumentID, revision int64) error {
		switch r, ok := want[id]; {
		case !ok:
			fault(blob.Fault{Code: "index_extra", Detail: string(id)})
		case r != revision && !known.document(id, r):
			fault(blob.Fault{Code: "index_stale", Detail: string(id)})
		}
		delete(want, id)
		return nil
	})
	if relais.KindOf(err) == relais.KindDamaged {
		fault(blob.Fault{Code: "index_damaged", Detail: err.Error()})
		return total, nil
	}
	for _, id := range sorted(want) {
		if !known.document(id, want[id]) {
			fault(blob.Fault{Code: "index_missing", Detail: string(id)})
		}
	}
	return total, err
}
