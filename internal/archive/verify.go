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

	remedies remedies
}

// Verify checks the files of tables page by page, packs by their checksums, the index
// against the envelopes it was made from, these against the items they were read from, and
// the audit log by its chain. When data is to be read, it checks every row by its checksum,
// opens every key, every document and every record of the streams, and makes each
// document's entry of the index again. With repair, what can be made again is, and all is
// looked at once more.
func (ar *Archive) Verify(ctx context.Context, readData, repair bool, emit func(relais.Event)) error {
	done, err := ar.alone("verify")
	if err != nil {
		return err
	}
	defer done()
	v, err := ar.verify(ctx, readData, emit)
	if err == nil && repair && v.Faults > 0 {
		if err = ar.repair(ctx, v.remedies, emit); err == nil {
			v, err = ar.verify(ctx, readData, emit)
		}
	}
	if err != nil {
		return err
	}
	if !readData {
		emit(relais.Event{Type: "note", Detail: "not_read Texts, rows, keys, records and what the index holds were not read: relais verify --read-data does that."})
	}
	emit(relais.Event{Type: "verified", Result: v})
	if v.Faults > 0 {
		return relais.WithHint(relais.Errorf(relais.KindDamaged, "verify", "%s", relais.Number(v.Faults, "fault", "faults")), v.remedies.hint())
	}
	return nil
}

// verify looks at everything once.
func (ar *Archive) verify(ctx context.Context, readData bool, emit func(relais.Event)) (v verification, err error) {
	known := &knownRefusals{tell: func(code, detail string) {
		v.Refused++
		emit(relais.Event{Type: "note", Detail: code + " " + detail})
	}}
	v.remedies = remedies{}
	fault := func(f blob.Fault) {
		if f.Harmless {
			v.Harmless++
		} else {
			v.Faults++
			v.remedies[remedyOf(f)] = true
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
			return v, err
		}
		if err != nil { // damage, or what comes of it: the other steps may find more
			fault(blob.Fault{Code: "unreadable", Detail: err.Error()})
		}
	}
	return v, nil
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
