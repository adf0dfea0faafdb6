package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) balanceCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "balance [CASE]", Short: "Account for every item seen", Args: cobra.MaximumNArgs(1),
		Long: `Tells, by source and folder, what became of every item seen: stored, duplicate,
refused, quarantined (marked personal: nobody has read them), doubtful (perhaps marked
personal: withheld until somebody settles it), excluded by a rule, erased, or pending.
Records of the streams that no stage can handle and that are of no case are told apart:
they were never seen in a source; and so are the documents, attachments included, whose
text could not be read, or not all of it: their bytes are kept. A file that was taken for
one document and may be a mailbox is named in a warning. Without CASE, all cases and their
total. Exits with 5 when a case does not balance: something is pending, or a folder could
not be read.`,
		Example: "  relais balance\n  relais balance \"Ann leaves\" --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := named(args...); err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.with(ctx, false, func(s *session) error {
				names := args
				if len(names) == 0 {
					cases, err := s.Cases(ctx)
					if err != nil {
						return err
					}
					for _, k := range cases {
						names = append(names, k.Name)
					}
				}
				list, err := a.showBalances(ctx, s, names)
				if err != nil {
					return err
				}
				total := relais.Total(list)
				if len(args) == 0 {
					err = a.showTotal(len(list), total)
				}
				if err == nil && !total.Balanced {
					err = outcome(exitUnbalanced)
				}
				return err
			})
		},
	}
	cmd.Flags().Bool("json", false, "print JSON: a line a case and, when none is named, a last one of type total")
	return cmd
}

// showBalances prints the accounts of cases and gives them.
func (a *app) showBalances(ctx context.Context, s *session, names []string) ([]relais.Balance, error) {
	var list []relais.Balance
	for _, name := range names {
		b, err := s.Balance(ctx, name)
		if err == nil {
			err = a.showBalance(b)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

// showTotal prints the account of all cases; a person sees that of a single one already.
func (a *app) showTotal(cases int, total relais.Balance) error {
	if a.json {
		return a.printJSON(struct {
			Type  string `json:"type"`
			Cases int    `json:"cases"`
			relais.Balance
		}{"total", cases, total})
	}
	if cases != 1 {
		total.Case = fmt.Sprintf("All %d cases", cases)
		a.printBalanceLine(total)
	}
	return nil
}

func (a *app) showBalance(b relais.Balance) error {
	if a.json {
		return a.printJSON(b)
	}
	a.printBalanceLine(b)
	w := tabwriter.NewWriter(a.sys.out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "announced\tseen\tstored\tduplicate\trefused\tquarantined\tdoubtful\texcluded\tpending\t  source / folder")
	for _, s := range b.Sources {
		announced := "-"
		if s.Announced != nil {
			announced = fmt.Sprint(*s.Announced)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t  %s\n", announced, s.Seen, s.Stored, s.Duplicate, s.Refused,
			s.Quarantined, s.Doubtful, s.Excluded, s.Pending, folderLine(s))
	}
	for _, s := range b.Sources {
		if s.Unread {
			fmt.Fprintf(w, "not read\t  %s\n", folderLine(s))
		}
	}
	printReasons(w, "", b.Reasons)
	printReasons(w, "not readable: ", b.UnreadableReasons)
	printReasons(w, "read in part: ", b.PartialReasons)
	err := w.Flush()
	for _, n := range b.Warnings {
		fmt.Fprintf(a.sys.out, "Warning: %s was taken for one document, and %d separators of messages stand in it (%s).\n",
			plain(path.Join(n.Source, n.Folder, cmp.Or(n.Position, "a file that is withheld"))), n.Count, n.Code)
	}
	return err
}

func printReasons(w io.Writer, of string, list []relais.ReasonCount) {
	for _, r := range list {
		fmt.Fprintf(w, "%d\t  %s%s\n", r.Count, of, r.Code)
	}
}

// printBalanceLine says a balance in one line.
func (a *app) printBalanceLine(b relais.Balance) {
	line := fmt.Sprintf("%s: %d seen = %d stored + %s + %d refused + %d personal (nobody has read %s)",
		plain(b.Case), b.Seen, b.Stored, relais.Number(b.Duplicate, "duplicate", "duplicates"), b.Refused, b.Quarantined,
		map[bool]string{true: "it", false: "them"}[b.Quarantined == 1])
	for _, part := range []struct {
		n    int64
		name string
	}{{b.Doubtful, "doubtful (withheld: `relais privacy list`)"}, {b.Excluded, "excluded"}, {b.Erased, "erased"}, {b.Pending, "pending"}} {
		if part.n > 0 {
			line += fmt.Sprintf(" + %d %s", part.n, part.name)
		}
	}
	if b.Apart > 0 {
		line += fmt.Sprintf(" (and apart, %s of no case: `relais refused list`)", relais.Number(b.Apart, "record", "records"))
	}
	line += unreadFolders(b)
	if n := int64(len(b.Warnings)); n > 0 {
		line += fmt.Sprintf(" (%s may be a mailbox that was taken for one document: `relais balance`)", relais.Number(n, "file", "files"))
	}
	line += unreadDocuments(b)
	switch {
	case !b.Balanced && b.Pending > 0 && b.Seen == b.Sum():
		line += "  — NOT ALL READ YET"
	case !b.Balanced:
		line += "  — DOES NOT BALANCE"
	}
	fmt.Fprintln(a.sys.out, line)
}

// unreadFolders says how many folders could not be read, "" when all were.
func unreadFolders(b relais.Balance) string {
	if b.FoldersUnread == 0 {
		return ""
	}
	return "; " + relais.Number(b.FoldersUnread, "folder", "folders") + " could not be read"
}

// folderLine names a folder of a source; those that are marked private have no name here.
func folderLine(s relais.SourceBalance) string {
	if s.Marked {
		return plain(s.Source) + " / (folders marked personal)"
	}
	return plain(s.Source + " / " + s.Folder)
}

// unreadDocuments says of how many documents the text could not be read, or not all of
// it: they stand beside the sum.
func unreadDocuments(b relais.Balance) string {
	var parts []string
	if b.Unreadable > 0 {
		parts = append(parts, relais.Number(b.Unreadable, "document", "documents")+" without a text that could be read")
	}
	if b.Partial > 0 {
		parts = append(parts, relais.Number(b.Partial, "document", "documents")+" read in part")
	}
	if len(parts) == 0 {
		return ""
	}
	return "; beside that, " + strings.Join(parts, " and ") + " (`relais unreadable list`)"
}
