package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

// backupFlags name the folders of copies.
type backupFlags struct{ keys, set string }

// folders gives the two folders, absolute: the process that copies may stand elsewhere.
func (f backupFlags) folders(dir string) (abs, keys string, err error) {
	if abs, err = filepath.Abs(dir); err == nil {
		keys, err = filepath.Abs(cmp.Or(f.keys, abs+".keys"))
	}
	return abs, keys, err
}

func (a *app) backupCmd() *cobra.Command {
	var f backupFlags
	cmd := &cobra.Command{
		Use: "backup DIR", Short: "Copy the archive, while everything runs", Args: cobra.ExactArgs(1),
		Long: `Copies the archive into DIR as it is at one moment, while ingests, searches and "relais
serve" go on. What is there already is not copied again: of packs only the new ones are
written. The keys go to a folder of their own (DIR.keys, or --keys), since they must
expire sooner: what a person had erased comes back with an older copy of them, so that
copies older than thirty days are dropped, and more than ten.

The master key is never copied: keep it elsewhere. The index is made again by
"relais restore".`,
		Example: "  relais backup /mnt/backup/relais\n  relais backup /mnt/backup/relais --keys /mnt/other/relais-keys",
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, keys, err := f.folders(args[0])
			if err != nil {
				return relais.E(relais.KindInvalid, "read DIR", err)
			}
			return a.watch(cmd.Context(), "/api/v1/backup", url.Values{"dir": {dir}, "keys": {keys}}, func(e relais.Event) {
				if n := counts(e); e.Type == "backed_up" {
					fmt.Fprintf(a.sys.out, "Copied to %s, in %s: %s, of which %d new. Its keys are in %s; the master key (%s) is in neither.\n", dir,
						(time.Duration(n["milliseconds"]) * time.Millisecond).Round(100*time.Millisecond),
						relais.Number(n["packs"], "pack", "packs"), n["packs_written"], keys, a.cfg.KeyFile)
				}
			})
		},
	}
	cmd.Flags().StringVar(&f.keys, "keys", "", "the `FOLDER` of the keys (default DIR.keys)")
	cmd.Flags().Bool("json", false, "print JSON lines")
	return cmd
}

func (a *app) restoreCmd() *cobra.Command {
	var f backupFlags
	cmd := &cobra.Command{
		Use: "restore DIR", Short: "Bring the archive back from a copy", Args: cobra.ExactArgs(1),
		Long: `Brings an archive back from a folder that "relais backup" made into --data, which must
hold none: the newest copy, or the one that --set names. Then the index is made, and
every byte is looked at; that the archive comes from a copy is on record in its audit log.
The master key must be where it was, or named with --key-file.`,
		Example: "  relais restore /mnt/backup/relais --data /srv/relais",
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, keys, err := f.folders(args[0])
			if err != nil {
				return relais.E(relais.KindInvalid, "read DIR", err)
			}
			return a.restore(cmd.Context(), dir, keys, f.set)
		},
	}
	cmd.Flags().StringVar(&f.keys, "keys", "", "the `FOLDER` of the keys (default DIR.keys)")
	cmd.Flags().StringVar(&f.set, "set", "", "the `NAME` of the copy (default the newest)")
	cmd.Flags().Bool("json", false, "print JSON lines")
	return cmd
}

func (a *app) restore(ctx context.Context, dir, keys, name string) error {
	p := a.newProgress()
	defer p.end()
	emit := p.each(func(e relais.Event) {
		if !a.cfg.quiet && (e.Type == "fault" || e.Type == "note") {
			fmt.Fprintln(a.sys.out, plain(e.Detail))
		}
	})
	set, err := a.program().Restore(ctx, dir, keys, name, emit)
	if err != nil {
		return err
	}
	return a.with(ctx, false, func(s *session) error {
		s.held.Start(ctx)
		if err := s.held.Restored(ctx, set, emit); err != nil {
			return err
		}
		if !a.cfg.quiet && !a.json {
			fmt.Fprintf(a.sys.out, "Restored the copy of %s into %s: its index is made, every byte is whole.\n", set, a.cfg.Data)
		}
		return nil
	})
}
