package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) refusedCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "refused", Short: "List, show and retry what was refused"}
	cmd.AddCommand(a.refusedListCmd(), a.refusedShowCmd(), a.refusedRetryCmd())
	return cmd
}

func (a *app) refusals(ctx context.Context, s *session, caseName string) ([]relais.Refusal, error) {
	var answer struct {
		Refused []relais.Refusal `json:"refused"`
	}
	q := url.Values{}
	if caseName != "" {
		q.Set("case", caseName)
	}
	err := s.Get(ctx, "/api/v1/refused", q, &answer)
	return answer.Refused, err
}

func (a *app) refusedListCmd() *cobra.Command {
	var caseName string
	cmd := &cobra.Command{
		Use: "list", Short: "List what was refused, with reasons", Args: cobra.NoArgs,
		Long: `Lists what was refused: items of sources, by source, folder and position; and records
of the streams that a stage cannot handle, by topic, partition and offset. Those that
belong to no case are listed when no case is named.`,
		Example: "  relais refused list --case \"Ann leaves\"",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), false, func(s *session) error {
				list, err := a.refusals(cmd.Context(), s, caseName)
				if err != nil {
					return err
				}
				for _, r := range list {
					if err := a.showRefusal(r, false); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&caseName, "case", "", "of one case only")
	cmd.Flags().Bool("json", false, "print JSON, a line a refusal")
	return cmd
}

func (a *app) refusedShowCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show one refusal", Args: cobra.ExactArgs(1), Example: "  relais refused show 3f2a…",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), false, func(s *session) error {
				list, err := a.refusals(cmd.Context(), s, "")
				if err != nil {
					return err
				}
				for _, r := range list {
					if r.ID == args[0] {
						return a.showRefusal(r, true)
					}
				}
				return relais.WithHint(relais.Errorf(relais.KindNotFound, "show refusal", "nothing refused has this id"), "`relais refused list`")
			})
		},
	}
	cmd.Flags().Bool("json", false, "print JSON")
	return cmd
}

func (a *app) refusedRetryCmd() *cobra.Command {
	var caseName string
	cmd := &cobra.Command{
		Use: "retry", Short: "Read again what could not be read", Args: cobra.NoArgs,
		Long: `Reads again what was captured and could not be read, after a new version, say; every
document is indexed anew, too.
What could not be captured is tried again by the next ingest of its source.`,
		Example: "  relais refused retry",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.watch(cmd.Context(), "/api/v1/refused/retry", url.Values{"case": {caseName}}, func(e relais.Event) {
				fmt.Fprintln(a.sys.out, plain(e.Detail))
			})
		},
	}
	cmd.Flags().StringVar(&caseName, "case", "", "of one case only")
	cmd.Flags().Bool("json", false, "print JSON lines")
	return cmd
}

func (a *app) showRefusal(r relais.Refusal, whole bool) error {
	if a.json {
		return a.printJSON(r)
	}
	fmt.Fprintf(a.sys.out, "%s  %-8s %-16s %s\n", r.ID, r.Stage, r.Code, place(r))
	if whole {
		fmt.Fprintf(a.sys.out, "    %s\n    tried %s, last %s; bytes: %s\n", plain(r.Detail), relais.Number(int64(r.Attempts), "time", "times"), a.moment(r.At), kept(r))
	}
	return nil
}

// place says where a refusal was met.
func place(r relais.Refusal) string {
	if r.Record != nil {
		return plain("record " + r.Record.Place())
	}
	if r.OfFolder() {
		return plain(r.Source + " / " + r.Folder)
	}
	return plain(r.Source + " / " + r.Folder + " / " + r.Position)
}

func kept(r relais.Refusal) string {
	if r.Record != nil {
		return "kept, in the stream"
	}
	if r.SHA256.IsZero() {
		return "not captured"
	}
	return "kept, sha256 " + r.SHA256.String()
}
