package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) verifyCmd() *cobra.Command {
	var readData, repair bool
	cmd := &cobra.Command{
		Use: "verify", Short: "Prove that what is kept is whole", Args: cobra.NoArgs,
		Long: `Checks the files of tables page by page; packs against their tables of contents; the index
against the documents it was made from; these against the items they were read from; the
audit log by its chain. With --read-data also every byte of packs and every row of the
tables against its checksum, every key, document and record, and what the index holds of
each document against what it was made from. Exits with 13 when something is damaged. A
record that a stage has refused (see "relais refused list") is told and counted, and is no
damage.

With --repair the index, and what is remembered of documents, are made again where they are
damaged, and all is looked at once more. Packs, keys, streams, the audit log, cases,
clients and decisions come back from a backup alone.`,
		Example: "  relais verify\n  relais verify --read-data --json\n  relais verify --read-data --repair",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{}
			if readData {
				q.Set("read_data", "1")
			}
			if repair {
				q.Set("repair", "1")
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
	cmd.Flags().BoolVar(&repair, "repair", false, "make again what is damaged and can be made again")
	cmd.Flags().Bool("json", false, "print JSON lines")
	return cmd
}
