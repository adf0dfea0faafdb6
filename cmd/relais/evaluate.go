package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/archive"
	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) evaluateCmd() *cobra.Command {
	var truth string
	cmd := &cobra.Command{
		Use: "evaluate --truth FILE.jsonl", Short: "Score the tags against truth", Args: cobra.NoArgs,
		Long: `Scores client, topic, language, thread and privacy tags against a file of truth:
JSON lines {"message_id","client","topic","lang","thread","personal"}. A missing field
is not scored; an empty client means that there is none. A message that cannot be
seen counts as taken for personal.`,
		Example: "  relais evaluate --truth truth.jsonl --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := os.Open(truth)
			if err != nil {
				return relais.E(relais.KindInvalid, "open truth", err)
			}
			defer func() { _ = f.Close() }() // only read
			return a.with(cmd.Context(), false, func(s *session) error {
				var r archive.Report
				err := s.Watch(cmd.Context(), "/api/v1/evaluate", nil, f, "application/x-ndjson", func(e relais.Event) {
					if err := resultOf(e, &r); err != nil {
						fmt.Fprintln(a.sys.err, "relais: the report cannot be read:", err)
					}
				})
				if err != nil || a.json {
					return orPrint(a, err, r)
				}
				a.printReport(r)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&truth, "truth", "", "the truth `FILE`")
	cmd.Flags().Bool("json", false, "print JSON")
	_ = cmd.MarkFlagRequired("truth") // the flag exists: it was made just above
	return cmd
}

// orPrint prints a value unless there is an error.
func orPrint(a *app, err error, v any) error {
	if err != nil {
		return err
	}
	return a.printJSON(v)
}

func (a *app) printReport(r archive.Report) {
	w := a.sys.out
	fmt.Fprintf(w, "%s of truth, %d found, %d withheld or absent\n", relais.Number(int64(r.Messages), "message", "messages"), r.Found, r.Withheld)
	fmt.Fprintf(w, "%-12s %9s %9s %9s %9s\n", "", "precision", "recall", "F1", "scored")
	row := func(name string, s archive.Score) {
		fmt.Fprintf(w, "%-12s %9.3f %9.3f %9.3f %9d\n", name, float64(s.Precision)/1000, float64(s.Recall)/1000, float64(s.F1)/1000, s.Support)
	}
	row("client", r.Client)
	row("topic", r.Topic)
	row("topic (any)", r.TopicAny)
	row("language", r.Language)
	row("thread", r.Thread)
	row("personal", r.Privacy)
	fmt.Fprintln(w, "client confidence, and how often it was right:")
	for _, b := range r.Calibration {
		fmt.Fprintf(w, "  %3d%%+  %5.1f%% of %d\n", b.From/10, 100*float64(b.Right)/float64(b.Count), b.Count)
	}
}
