package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) privacyCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "privacy", Short: "Settle what may be marked personal, and is withheld until then"}
	cmd.AddCommand(a.privacyListCmd(), a.privacyShowCmd(), a.privacySettleCmd(), a.privacyUndoCmd())
	return cmd
}

func (a *app) privacyListCmd() *cobra.Command {
	var caseName, folder, rule, cursor string
	var limit int
	var settled bool
	cmd := &cobra.Command{
		Use: "list", Short: "List what waits to be settled", Args: cobra.NoArgs,
		Long: `Lists the documents that are withheld since a mark may mean that they are personal:
how many by rule and folder, then each with its date, its size and where its marks
stand, never what they say. A folder whose name is the mark itself is named by an id,
which --folder takes as well as a name.`,
		Example: "  relais privacy list --case \"Ann leaves\"\n  relais privacy list --rule subject --json\n  relais privacy list --settled",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"limit": {fmt.Sprint(limit)}}
			for name, v := range map[string]string{"case": caseName, "folder": folder, "rule": rule, "cursor": cursor} {
				if v != "" {
					q.Set(name, v)
				}
			}
			return a.with(cmd.Context(), false, func(s *session) error {
				var list relais.DoubtfulList
				if err := s.Get(cmd.Context(), "/api/v1/privacy", q, &list); err != nil {
					return err
				}
				if settled {
					return a.showDecisions(list.Decisions)
				}
				return a.showDoubtful(list)
			})
		},
	}
	cmd.Flags().StringVar(&caseName, "case", "", "of one case only")
	cmd.Flags().StringVar(&folder, "folder", "", "marked in one folder, by `NAME` or id")
	cmd.Flags().StringVar(&rule, "rule", "", "marked by one `RULE`")
	cmd.Flags().IntVar(&limit, "limit", 100, "how many documents, 1 to 1000")
	cmd.Flags().StringVar(&cursor, "cursor", "", "go on where the list before ended")
	cmd.Flags().BoolVar(&settled, "settled", false, "list what was decided instead")
	cmd.Flags().Bool("json", false, "print JSON: a line a document, with --settled a line a decision")
	return cmd
}

func (a *app) showDoubtful(list relais.DoubtfulList) error {
	if a.json {
		for _, d := range list.Documents {
			if err := a.printJSON(d); err != nil {
				return err
			}
		}
		return nil
	}
	if list.Total == 0 {
		fmt.Fprintln(a.sys.out, "Nothing waits to be settled.")
		return nil
	}
	fmt.Fprintf(a.sys.out, "%s withheld since a mark may mean that they are personal.\n\n", relais.Number(list.Total, "document is", "documents are"))
	w := tabwriter.NewWriter(a.sys.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "COUNT\tRULE\tFOLDER\tFOLDER ID")
	for _, m := range list.Marks {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", m.Count, m.Rule, folderOf(m), m.FolderID)
	}
	fmt.Fprintln(w, "\nID\tDATE\tSIZE\tMARKS")
	for _, d := range list.Documents {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", d.ID, a.day(d.Date), d.Size, marksOf(d.Marks))
	}
	err := w.Flush()
	if list.Next != "" {
		fmt.Fprintf(a.sys.out, "\nMore: --cursor %s\n", list.Next)
	}
	return err
}

// folderOf names a mark's folder, unless its name is the mark.
func folderOf(m relais.PrivacyMark) string {
	switch {
	case m.Place == "folder":
		return "(its name is the mark)"
	case m.Folder == "":
		return "(the top of its source)"
	}
	return plain(m.Folder)
}

// marksOf says where marks stand, each place once.
func marksOf(list []relais.PrivacyMark) string {
	var places []string
	for _, m := range list {
		if n := len(places); n == 0 || places[n-1] != m.Rule {
			places = append(places, m.Rule)
		}
	}
	return strings.Join(places, ", ")
}

func (a *app) showDecisions(list []relais.Decision) error {
	for _, d := range list {
		if a.json {
			if err := a.printJSON(d); err != nil {
				return err
			}
			continue
		}
		what := string(d.About) + " " + plain(d.Target)
		if d.About == relais.AboutDocument {
			what = "document " + string(d.Document)
		}
		fmt.Fprintf(a.sys.out, "%s  %s: %s, %s\n", d.ID, what, d.Verdict, a.actOf(d.Act))
		if d.Undone != nil {
			fmt.Fprintf(a.sys.out, "    undone %s\n", a.actOf(*d.Undone))
		}
	}
	return nil
}

// actOf says when somebody did something, who and why.
func (a *app) actOf(act relais.Act) string {
	said := a.day(act.At) + " by " + plain(act.Actor)
	if act.Reason != "" {
		said += ": " + plain(act.Reason)
	}
	return said
}

func (a *app) privacyShowCmd() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "show ID", Short: "Tell the subject and the sender of a doubtful document", Args: cobra.ExactArgs(1),
		Long: `Tells the subject and the sender of a document that waits to be settled, and the folders
it lies in. That you asked is recorded first, with your reason.`,
		Example: "  relais privacy show d3f2a… --reason \"settling the folder, asked by the works council\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), false, func(s *session) error {
				var told relais.Disclosed
				err := s.Send(cmd.Context(), http.MethodPost, "/api/v1/privacy/"+url.PathEscape(args[0]), map[string]string{"reason": reason}, &told)
				if err != nil {
					return err
				}
				return a.showDisclosed(told)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why you ask (wanted)")
	cmd.Flags().Bool("json", false, "print JSON")
	_ = cmd.MarkFlagRequired("reason") // the flag exists: it was made just above
	return cmd
}

func (a *app) showDisclosed(told relais.Disclosed) error {
	if a.json {
		return a.printJSON(told)
	}
	from := ""
	if told.From != nil {
		from = told.From.String()
	}
	fmt.Fprintf(a.sys.out, "%s  %s\n", told.ID, a.day(told.Date))
	for _, line := range [][2]string{{"subject", told.Subject}, {"name", told.Name}, {"from", from}, {"folders", strings.Join(told.Folders, ", ")}, {"marks", marksOf(told.Marks)}} {
		if line[1] != "" {
			fmt.Fprintf(a.sys.out, "    %-8s %s\n", line[0], plain(line[1]))
		}
	}
	for _, t := range told.Told {
		fmt.Fprintf(a.sys.out, "    told before, %s\n", a.actOf(t))
	}
	return nil
}

func (a *app) privacySettleCmd() *cobra.Command {
	var req relais.SettleRequest
	var as string
	wait := true
	cmd := &cobra.Command{
		Use: "settle [ID…]", Short: "Say whether what is doubtful is professional or personal",
		Long: `Settles what a doubtful mark means: of documents, or of every mark met in a folder or seen
by a rule, in later documents of the case too. Professional: the documents are indexed
and shown as all others are. Personal: they are quarantined. Several things at once are
settled towards personal only; towards professional it takes a reason, and one document,
folder or rule at a time. A document with several marks is shown once all of them are
settled. No decision lifts a sure mark. Everything is recorded, and can be undone.`,
		Example: "  relais privacy settle --folder \"Clients/CSE\" --as professional --reason \"a client of ours\"\n" +
			"  relais privacy settle d3f2a… d77b1… --as personal\n  relais privacy settle --rule protected_subject --as personal",
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, id := range args {
				req.Documents = append(req.Documents, relais.DocumentID(id))
			}
			req.Verdict, req.NoWait = relais.Verdict(as), !wait
			return a.settle(cmd.Context(), "/api/v1/privacy/settle", req)
		},
	}
	f := cmd.Flags()
	f.StringVar(&req.Case, "case", "", "the case of the folder or rule, where there are several")
	f.StringArrayVar(&req.Folders, "folder", nil, "marks met in a folder, by `NAME` or id")
	f.StringArrayVar(&req.Rules, "rule", nil, "marks that a `RULE` sees")
	f.StringVar(&as, "as", "", "professional or personal (wanted)")
	f.StringVar(&req.Reason, "reason", "", "why (wanted for professional)")
	f.BoolVar(&wait, "wait", true, "wait until what is shown can be found")
	f.Bool("json", false, "print JSON lines")
	_ = cmd.MarkFlagRequired("as") // the flag exists: it was made just above
	return cmd
}

func (a *app) privacyUndoCmd() *cobra.Command {
	var req relais.UndoRequest
	wait := true
	cmd := &cobra.Command{
		Use: "undo ID", Short: "Undo a decision", Args: cobra.ExactArgs(1),
		Long: `Undoes a decision, named by its own id or, of a decision on a document, by the document's:
what followed from it follows from the others then.`,
		Example: "  relais privacy undo p-4be1…",
		RunE: func(cmd *cobra.Command, args []string) error {
			req.ID, req.NoWait = args[0], !wait
			return a.settle(cmd.Context(), "/api/v1/privacy/undo", req)
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why")
	cmd.Flags().BoolVar(&wait, "wait", true, "wait until what is shown can be found")
	cmd.Flags().Bool("json", false, "print JSON lines")
	return cmd
}

// settle sends a decision on privacy and shows what it moved.
func (a *app) settle(ctx context.Context, path string, req any) error {
	return a.send(ctx, path, req, a.showSettled)
}

func (a *app) showSettled(e relais.Event) {
	if e.Type != "settled" {
		fmt.Fprintln(a.sys.out, plain(e.Detail))
		return
	}
	var done relais.Settled
	if resultOf(e, &done) != nil {
		return // it is as settled without being told
	}
	for _, d := range done.Decisions {
		fmt.Fprintf(a.sys.out, "Decision %s\n", d.ID)
	}
	for _, part := range []struct {
		n    int64
		what string
	}{
		{done.Professional, "shown now"}, {done.Personal, "quarantined now"}, {done.Doubtful, "withheld as doubtful again"},
		{done.Still, "still doubtful, for other marks"},
	} {
		if part.n > 0 {
			fmt.Fprintf(a.sys.out, "%s %s\n", relais.Number(part.n, "document", "documents"), part.what)
		}
	}
	if done.Professional+done.Personal+done.Doubtful+done.Still == 0 {
		fmt.Fprintln(a.sys.out, "No document changes now.")
	}
}
