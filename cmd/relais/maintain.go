package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/cmd/relais/wire"
	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) reindexCmd() *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use: "reindex", Short: "Make the index again, while the old one serves", Args: cobra.NoArgs,
		Long: `Makes the index again from the enriched documents, or, with --from raw, reads every
captured byte again first. Searches go on in the old index until the new one is whole.

With --accept-loss an archive on servers goes on with what is left of its streams after
somebody deleted a topic: stop workers and servers first, and start them again after.`,
		Example: "  relais reindex\n  relais reindex --from raw\n  relais reindex --from raw --accept-loss",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from != "enriched" && from != "raw" {
				return relais.Errorf(relais.KindInvalid, "read --from", "%q is neither enriched nor raw", from)
			}
			return a.watch(cmd.Context(), "/api/v1/reindex", url.Values{"from": {from}}, func(e relais.Event) {
				if e.Type == "reindexed" {
					a.printReindexed(e)
				}
			})
		},
	}
	cmd.Flags().BoolVar(&a.cfg.AcceptLoss, "accept-loss", false, "go on although records of a stream are gone")
	cmd.Flags().StringVar(&from, "from", "enriched", "enriched, or raw: read the captured bytes again")
	cmd.Flags().Bool("json", false, "print JSON lines")
	return cmd
}

// printReindexed says what was made again.
func (a *app) printReindexed(e relais.Event) {
	n := counts(e)
	if items := n["items"]; items > 0 {
		fmt.Fprintf(a.sys.out, "%s read again.\n", relais.Number(items, "item", "items"))
	}
	fmt.Fprintf(a.sys.out, "The index was made again: %s, in %s.\n", relais.Number(n["documents"], "document", "documents"),
		(time.Duration(n["milliseconds"]) * time.Millisecond).Round(100*time.Millisecond))
}

func (a *app) exportCmd() *cobra.Command {
	var format, output string
	var all bool
	cmd := &cobra.Command{
		Use: "export --format jsonl|mbox|eml [--all | QUERY]", Short: "Take documents out, in standard formats", Args: cobra.ArbitraryArgs,
		Long: `Exports documents: jsonl (one JSON object a line, sorted by id: two exports of one
archive are the same bytes), mbox (messages as captured, mboxrd), or eml (a folder of
message files; --output names it).
What is no message, and in none that is exported, is written too: eml puts it into files/
of the folder, mbox into FILE.files beside the mailbox that --output names; on standard
output there is no place for it, which is told. manifest.csv and manifest.jsonl in the
folder, or FILE.manifest.csv and .jsonl, list what was written: id, path, SHA-256, size,
case, date, subject. What could not be written is named, and the exit code is 1, or 13
where the archive is damaged. A text that cannot be read back stops nothing: its line of
jsonl has a warning (text_damaged) in its place, and it is named.`,
		Example: "  relais export --format jsonl --all > all.jsonl\n  relais export --format eml --output dossier 'client:\"Acme\"'",
		RunE: func(cmd *cobra.Command, args []string) error {
			q := exportQuery(format, all, args)
			return a.with(cmd.Context(), false, func(s *session) error {
				if format == "eml" || format == "mbox" {
					return a.exportFiles(cmd.Context(), s, q, output)
				}
				return a.copyTo(output, func() (io.ReadCloser, error) { return s.Open(cmd.Context(), "/api/v1/export", q) })
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&format, "format", "jsonl", "jsonl, mbox or eml")
	f.BoolVar(&all, "all", false, "everything")
	f.StringVar(&output, "output", "", "the `PATH` to write to, instead of standard output")
	return cmd
}

func (a *app) versionCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "Tell the version", Args: cobra.NoArgs, Example: "  relais version --json",
		RunE: func(*cobra.Command, []string) error {
			v := map[string]string{"version": version(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH}
			if a.json {
				return a.printJSON(v)
			}
			_, err := fmt.Fprintf(a.sys.out, "relais %s (%s, %s)\n", v["version"], v["go"], v["platform"])
			return err
		},
	}
	cmd.Flags().Bool("json", false, "print JSON")
	return cmd
}

// version is the module's, as the Go tool stamped it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func (a *app) completionCmd() *cobra.Command {
	return &cobra.Command{
		Use: "completion bash|zsh|fish|powershell", Short: "Print a completion script for a shell", Args: cobra.ExactArgs(1),
		Example: "  relais completion bash > /etc/bash_completion.d/relais",
		RunE: func(cmd *cobra.Command, args []string) error {
			root, w := cmd.Root(), a.sys.out
			for shell, gen := range map[string]func(io.Writer) error{
				"bash": func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
				"zsh":  root.GenZshCompletion, "powershell": root.GenPowerShellCompletionWithDesc,
				"fish": func(w io.Writer) error { return root.GenFishCompletion(w, true) },
			} {
				if shell == args[0] {
					return gen(w)
				}
			}
			return relais.Errorf(relais.KindInvalid, "completion", "no shell %q: bash, zsh, fish or powershell", args[0])
		},
	}
}

// extractVerb is the hidden verb of the child processes that read risky files.
const extractVerb = "extract-worker"

func (a *app) extractWorkerCmd() *cobra.Command {
	return &cobra.Command{
		Use: extractVerb, Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return wire.ReadFiles(cmd.Context(), os.Stdin, os.Stdout)
		},
	}
}
