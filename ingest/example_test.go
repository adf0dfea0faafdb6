package ingest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/relais-archive/relais/ingest"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// How the program captures a folder: open the source, run the job, close it. The
// store, the log and the ledger are those of the archive.
func Example() {
	capture := func(ctx context.Context, path string, deps ingest.Deps) (ingest.Summary, error) {
		source, err := ingest.Open(ctx, ingest.Spec{Location: path, Limits: format.DefaultLimits()})
		if err != nil {
			return ingest.Summary{}, err
		}
		defer func() { _ = source.Close() }() // it was only read
		return ingest.NewCapture(deps).Run(ctx, ingest.Job{
			Case:           relais.NewCaseID("Ann leaves", 0),
			Owner:          relais.Owner{Address: "ann@company.example"},
			Sources:        []ingest.Source{source},
			Since:          time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC),
			ExcludeFolders: []string{"trash", "Archives/200*"},
		}, func(e ingest.Event) { fmt.Println(e.Folder, e.Seen, e.Done) })
	}
	_, err := capture(context.Background(), "no such folder", ingest.Deps{})
	fmt.Println(err)
	// Output: open source: no such file or folder
}
