package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) unreadableCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "unreadable", Short: "List and read again what could not be read"}
	cmd.AddCommand(a.unreadableListCmd(), a.unreadableRetryCmd())
	return cmd
}

func (a *app) unreadableListCmd() *cobra.Command {
	var caseName string
	var partial bool
	cmd := &cobra.Command{
		Use: "list", Short: "List documents whose text could not be read, with reasons", Args: cobra.NoArgs,
		Long: `Lists documents, attachments included, of which no text could be read: their bytes are
kept, and words within them find nothing. The reason is locked, damaged, no_reader,
picture, sound, limit or failed. Pictures within a message's text are not listed.
A search finds the same: is:unreadable, is:partial.`,
		Example: "  relais unreadable list --case \"Ann leaves\"\n  relais unreadable list --partial --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"limit": {"1000"}}
			if caseName != "" {
				q.Set("case", caseName)
			}
			if partial {
				q.Set("partial", "1")
			}
			return a.with(cmd.Context(), false, func(s *session) error { return a.listUnread(cmd.Context(), s, q) })
		},
	}
	cmd.Flags().StringVar(&caseName, "case", "", "of one case only")
	cmd.Flags().BoolVar(&partial, "partial", false, "those read in part instead")
	cmd.Flags().Bool("json", false, "print JSON, a line a document")
	return cmd
}

// listUnread prints every page.
func (a *app) listUnread(ctx context.Context, s *session, q url.Values) error {
	for {
		var page relais.UnreadPage
		if err := s.Get(ctx, "/api/v1/unreadable", q, &page); err != nil {
			return err
		}
		for _, d := range page.Documents {
			if err := a.showUnread(d); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		q.Set("cursor", page.Next)
	}
}

func (a *app) showUnread(d relais.UnreadDocument) error {
	if a.json {
		return a.printJSON(d)
	}
	_, err := fmt.Fprintf(a.sys.out, "%s  %-9s %10d  %s  (%s)\n", d.ID, d.Reason, d.Size, plain(d.Name), plain(d.Case))
	return err
}

func (a *app) unreadableRetryCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "retry", Short: "Read again what could not be read", Args: cobra.NoArgs,
		Long: `Reads again the documents of which no text, or not all, could be read: after a new version
that reads more formats, say. Every document is indexed anew, too.`,
		Example: "  relais unreadable retry",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.watch(cmd.Context(), "/api/v1/unreadable/retry", nil, func(e relais.Event) {
				fmt.Fprintln(a.sys.out, plain(e.Detail))
			})
		},
	}
	cmd.Flags().Bool("json", false, "print JSON lines")
	return cmd
}

// unreadWords says what is missing of a text, and why; "" where nothing is.
func unreadWords(s relais.ReadState, why string) string {
	switch s {
	case relais.Unreadable:
		return "text could not be read: " + why
	case relais.ReadInPart:
		return "text read in part: " + why
	}
	return ""
}
