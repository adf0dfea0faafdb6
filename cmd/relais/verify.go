package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

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
func (o *operator) Verify(ctx context.Context, readData bool, emit func(relais.Event)) error {
	done, err := o.upkeep("verify")
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
		func() error { return o.verifyFiles(ctx, readData, fault) },
		func() error { return known.learn(ctx, o, fault) },
		func() (err error) { v.Checked, err = o.ar.blobs.Verify(ctx, readData, fault); return err },
		func() error { return o.verifyState(ctx, fault) },
		func() error { return o.verifyDecided(ctx, fault) },
		func() (err error) { v.Documents, err = o.verifyIndex(ctx, known, fault); return err },
		func() (err error) {
			if readData {
				v.Records, err = o.verifyData(ctx, known, fault)
			}
			return err
		},
		func() error {
			err := o.ar.audit.Verify(ctx)
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
		return relais.WithHint(relais.Errorf(relais.KindDamaged, "verify", "%s", some(v.Faults, "fault", "faults")),
			"`relais reindex` mends the index and what is remembered of documents; packs come back from a backup")
	}
	return nil
}

// verifyFiles reads the files of tables: what is malformed in one of them may not be
// met by any question that is asked of it today.
func (o *operator) verifyFiles(ctx context.Context, deep bool, fault func(blob.Fault)) error {
	for _, f := range o.ar.files {
		err := f.check(ctx, deep)
		if relais.KindOf(err) == relais.KindDamaged {
			fault(blob.Fault{Code: "file_damaged", Pack: f.name, Detail: err.Error()})
		} else if err != nil {
			return err
		}
	}
	return nil
}

// verifyIndex compares the index, document by document, with the current envelopes. What
// the index stage has refused is not there, or of an older revision.
func (o *operator) verifyIndex(ctx context.Context, known *knownRefusals, fault func(blob.Fault)) (int64, error) {
	want := map[relais.DocumentID]int64{}
	if err := o.ar.state.EachEnvelope(ctx, func(page []state.Envelope) error {
		for _, e := range page {
			want[e.ID] = e.Revision
		}
		return nil
	}); err != nil {
		return 0, err
	}
	total := int64(len(want))
	err := o.ar.index.Each(ctx, func(id relais.DocumentID, revision int64) error {
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
	for _, id := range sortedIDs(want) {
		if !known.document(id, want[id]) {
			fault(blob.Fault{Code: "index_missing", Detail: string(id)})
		}
	}
	return total, err
}

func (a *app) verifyCmd() *cobra.Command {
	var readData bool
	cmd := &cobra.Command{
		Use: "verify", Short: "Prove that what is kept is whole", Args: cobra.NoArgs,
		Long: `Checks the files of tables page by page; packs against their tables of contents and, with --read-data, every byte
against its checksum, every document and every record of the streams; the index
against the documents it was made from; these against the items they were read from; the audit log by its chain. Exits with 13 when something is damaged. A record
that a stage has refused (see "relais refused list") is told and counted, and is no damage.`,
		Example: "  relais verify\n  relais verify --read-data --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{}
			if readData {
				q.Set("read_data", "1")
			}
			return a.watch(cmd.Context(), "/api/v1/verify", q, func(e relais.Event) {
				switch e.Type {
				case "fault", "note":
					fmt.Fprintln(a.sys.out, plain(e.Detail))
				case "verified":
					n := counts(e)
					fmt.Fprintf(a.sys.out, "%d packs, %d blobs, %d bytes read, %d documents, %d records: %d faults, %d harmless leftovers, %d known refusals\n",
						n["packs"], n["blobs"], n["bytes"], n["documents"], n["records"], n["faults"], n["harmless"], n["refused"])
				}
			})
		},
	}
	cmd.Flags().BoolVar(&readData, "read-data", false, "read every byte")
	cmd.Flags().Bool("json", false, "print JSON lines")
	return cmd
}
