package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
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
			if !a.cfg.Policy().Shared {
				return relais.WithHint(relais.Errorf(relais.KindInvalid, "promote", "no servers are named"), "--stream, --index, --blobs and --state")
			}
			p := a.newProgress()
			defer p.end()
			return a.program().Promote(cmd.Context(), p.each(func(e relais.Event) {
				if !a.cfg.quiet {
					fmt.Fprintln(a.sys.out, plain(e.Detail))
				}
			}))
		},
	}
	cmd.Flags().Bool("json", false, "print JSON lines")
	return cmd
}
