package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) decideCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "decide", Short: "Decide of which client or topic something is, or that two clients are one",
		Long: `What you decide outlives what rules find: it stands as evidence that none of them
outweighs, is followed at once, without mail being read again, and again whenever
everything is read anew. A decision on a document outweighs one on its thread, then on
an address, a domain, a client; of two on one thing the later counts. Everything is
recorded, listed by ` + "`relais decisions list`" + ` and can be undone.`,
		Example: "  relais decide client Acme d3f2a…\n  relais decide topic contrat --thread t12ab…",
	}
	cmd.AddCommand(a.decideClientCmd(), a.decideTopicCmd(), a.decideMergeCmd(), a.decidePrivacyCmd())
	return cmd
}

// decideFlags adds the flags that say what a decision is about.
func decideFlags(f *pflag.FlagSet, req *relais.DecideRequest, wait *bool) {
	f.StringArrayVar(&req.Threads, "thread", nil, "a whole conversation, by its `ID` or that of a document in it")
	f.StringArrayVar(&req.Addresses, "address", nil, "everything exchanged with a mail `ADDRESS`, in every case")
	f.StringArrayVar(&req.Domains, "domain", nil, "everything exchanged with a registrable `DOMAIN`, in every case")
	f.StringVar(&req.Since, "since", "", "of documents of that `DAY` or later (YYYY-MM-DD)")
	f.StringVar(&req.Until, "until", "", "of documents of that `DAY` or earlier")
	f.BoolVar(&req.Not, "not", false, "it is not")
	commonFlags(f, &req.Reason, wait)
}

func commonFlags(f *pflag.FlagSet, reason *string, wait *bool) {
	f.StringVar(reason, "reason", "", "why, kept with the decision")
	f.BoolVar(wait, "wait", true, "wait until what changes can be found")
	f.Bool("json", false, "print JSON lines")
}

func (a *app) decideClientCmd() *cobra.Command {
	req, wait, none := relais.DecideRequest{Kind: relais.DecideClient}, true, false
	cmd := &cobra.Command{
		Use: "client CLIENT [ID…]", Short: "Decide of which client documents are, or are not", Args: cobra.MinimumNArgs(1),
		Long: `Decides that documents, conversations, or everything exchanged with an address or a
domain, is of a client, named by its id or its name; or is not, with --not. A document's
conversation learns it from it as from any document that is surely of a client. With
--none the client itself is none: no document is shown as its own.`,
		Example: "  relais decide client Acme d3f2a… d77b1…\n  relais decide client Acme --domain acme-group.example --since 2021-01-01\n" +
			"  relais decide client Acme --not --address bob@free.example\n  relais decide client \"Mailing House\" --none",
		RunE: func(cmd *cobra.Command, args []string) error {
			if none {
				req.Not, req.Clients = true, args[:1]
			}
			return a.decide(cmd.Context(), req, args, wait)
		},
	}
	decideFlags(cmd.Flags(), &req, &wait)
	cmd.Flags().BoolVar(&none, "none", false, "it is no client at all")
	return cmd
}

func (a *app) decideTopicCmd() *cobra.Command {
	req, wait := relais.DecideRequest{Kind: relais.DecideTopic}, true
	cmd := &cobra.Command{
		Use: "topic TOPIC [ID…]", Short: "Decide of which topic documents are, or are not", Args: cobra.MinimumNArgs(1),
		Long: `Decides that documents, conversations, or everything exchanged with an address or a
domain, or everything of a client, is of a topic, named by its id or its name; or is
not, with --not.`,
		Example: "  relais decide topic contrat d3f2a…\n  relais decide topic newsletter --domain mailing.example\n  relais decide topic prix --not --thread t12ab…",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.decide(cmd.Context(), req, args, wait) },
	}
	decideFlags(cmd.Flags(), &req, &wait)
	cmd.Flags().StringArrayVar(&req.Clients, "client", nil, "everything of a `CLIENT`, in every case")
	return cmd
}

func (a *app) decideMergeCmd() *cobra.Command {
	req, wait := relais.DecideRequest{Kind: relais.DecideMerge}, true
	cmd := &cobra.Command{
		Use: "merge CLIENT INTO", Short: "Decide that two clients are one", Args: cobra.ExactArgs(2),
		Long: `Decides that a client is another one: its documents are shown and counted as the other's,
and found by the name and the id of either. What would make two clients each other is
refused. Undoing it parts them again, for nothing is rewritten.`,
		Example: "  relais decide merge \"Acme France\" Acme --reason \"bought in 2021\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			req.Clients = args[:1]
			return a.decide(cmd.Context(), req, args[1:], wait)
		},
	}
	commonFlags(cmd.Flags(), &req.Reason, &wait)
	return cmd
}

func (a *app) decidePrivacyCmd() *cobra.Command {
	var req relais.SettleRequest
	wide := relais.DecideRequest{Kind: relais.DecidePrivacy}
	wait := true
	cmd := &cobra.Command{
		Use: "privacy [ID…]", Short: "Decide whether documents are personal",
		Long: `Decides that documents are personal, and quarantines them, or that what may be marked
personal is professional: as ` + "`relais privacy settle`" + ` does, which settles folders and rules
as well. No decision lifts a sure mark.

With --address or --domain all that was exchanged with somebody is personal, in every
case and in what comes later; but for documents that somebody decided of.`,
		Example: "  relais decide privacy d3f2a… --as personal\n  relais decide privacy --address mum@free.example --as personal",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(wide.Addresses)+len(wide.Domains) > 0 {
				return a.decide(cmd.Context(), wide, append([]string{wide.Value}, args...), wait)
			}
			if len(args) == 0 {
				return relais.Errorf(relais.KindInvalid, "decide", "name documents, or --address or --domain")
			}
			for _, id := range args {
				req.Documents = append(req.Documents, relais.DocumentID(id))
			}
			req.Verdict, req.Reason, req.NoWait = relais.Verdict(wide.Value), wide.Reason, !wait
			return a.settle(cmd.Context(), "/api/v1/privacy/settle", req)
		},
	}
	f := cmd.Flags()
	f.StringVar(&wide.Value, "as", "", "professional or personal (wanted)")
	f.StringArrayVar(&wide.Addresses, "address", nil, "everything exchanged with a mail `ADDRESS`, in every case")
	f.StringArrayVar(&wide.Domains, "domain", nil, "everything exchanged with a registrable `DOMAIN`, in every case")
	f.StringVar(&wide.Since, "since", "", "of documents of that `DAY` or later (YYYY-MM-DD), with --address or --domain")
	f.StringVar(&wide.Until, "until", "", "of documents of that `DAY` or earlier, with --address or --domain")
	commonFlags(f, &wide.Reason, &wait)
	_ = cmd.MarkFlagRequired("as") // the flag exists: it was made just above
	return cmd
}

// decide asks for what a verb's flags and arguments decide: its value, then documents.
func (a *app) decide(ctx context.Context, req relais.DecideRequest, args []string, wait bool) error {
	req.Value, req.NoWait = args[0], !wait
	for _, id := range args[1:] {
		req.Documents = append(req.Documents, relais.DocumentID(id))
	}
	return a.send(ctx, "/api/v1/decisions", req, a.showDecided)
}

func (a *app) showDecided(e relais.Event) {
	if e.Type != "decided" {
		fmt.Fprintln(a.sys.out, plain(e.Detail))
		return
	}
	var done relais.Decided
	if resultOf(e, &done) != nil {
		return // it is as decided without being told
	}
	const most = 20
	for _, d := range done.Decisions[:min(len(done.Decisions), most)] {
		fmt.Fprintf(a.sys.out, "Decision %s\n", d.ID)
	}
	if n := len(done.Decisions); n > most {
		fmt.Fprintf(a.sys.out, "and %d more\n", n-most)
	}
	if done.Known > 0 {
		fmt.Fprintf(a.sys.out, "%s known already\n", relais.Number(int64(done.Known), "decision was", "decisions were"))
	}
	if done.Documents == 0 {
		fmt.Fprintln(a.sys.out, "No document changes now.")
		return
	}
	fmt.Fprintf(a.sys.out, "%s now\n", relais.Number(done.Documents, "document changes", "documents change"))
}

func (a *app) decisionsCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "decisions", Short: "List, undo and carry over what people decided"}
	cmd.AddCommand(a.decisionsListCmd(), a.decisionsUndoCmd(), a.decisionsExportCmd(), a.decisionsImportCmd())
	return cmd
}

func (a *app) decisionsListCmd() *cobra.Command {
	var caseName string
	cmd := &cobra.Command{
		Use: "list", Short: "List what people decided, in the order it counts", Args: cobra.NoArgs,
		Example: "  relais decisions list\n  relais decisions list --case \"Ann leaves\" --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{}
			if caseName != "" {
				q.Set("case", caseName)
			}
			return a.with(cmd.Context(), false, func(s *session) error {
				var answer struct {
					Decisions []relais.Decision `json:"decisions"`
				}
				if err := s.Get(cmd.Context(), "/api/v1/decisions", q, &answer); err != nil {
					return err
				}
				return a.listDecisions(answer.Decisions)
			})
		},
	}
	cmd.Flags().StringVar(&caseName, "case", "", "of one case, and those that hold in all")
	cmd.Flags().Bool("json", false, "print JSON, a line a decision")
	return cmd
}

func (a *app) listDecisions(list []relais.Decision) error {
	if len(list) == 0 && !a.json {
		fmt.Fprintln(a.sys.out, "Nothing was decided.")
	}
	for _, d := range list {
		if a.json {
			if err := a.printJSON(d); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(a.sys.out, "%s  %s%s, %s\n", d.ID, sentence(d), daysOf(d), a.actOf(d.Act))
		if d.Undone != nil {
			fmt.Fprintf(a.sys.out, "    undone %s\n", a.actOf(*d.Undone))
		}
	}
	return nil
}

// sentence says what a decision says.
func sentence(d relais.Decision) string {
	target := plain(d.Target)
	if d.Document != "" {
		target = string(d.Document)
	}
	what := string(d.About) + " " + target
	verb := map[relais.Verdict]string{relais.Is: " is", relais.IsNot: " is not"}[d.Verdict]
	switch d.Kind {
	case relais.DecidePrivacy:
		return what + " is " + string(d.Verdict)
	case relais.DecideMerge:
		return what + " is client " + plain(d.Value)
	case relais.DecideClient:
		if d.About == relais.AboutClient {
			return what + " is none"
		}
	}
	return what + verb + " of " + string(d.Kind) + " " + plain(d.Value)
}

// daysOf says which documents a decision with dates is about.
func daysOf(d relais.Decision) (said string) {
	day := func(n int64) string { return time.Unix(n*24*60*60, 0).UTC().Format(time.DateOnly) }
	if d.Since != 0 {
		said += " since " + day(d.Since)
	}
	if d.Until != 0 {
		said += " until " + day(d.Until-1)
	}
	return said
}

func (a *app) decisionsUndoCmd() *cobra.Command {
	var req relais.UndoRequest
	wait := true
	cmd := &cobra.Command{
		Use: "undo ID", Short: "Undo a decision", Args: cobra.ExactArgs(1),
		Long:    `Undoes a decision: what followed from it follows from the others then. It stays on record.`,
		Example: "  relais decisions undo c-4be1…",
		RunE: func(cmd *cobra.Command, args []string) error {
			req.ID, req.NoWait = args[0], !wait
			return a.send(cmd.Context(), "/api/v1/decisions/undo", req, a.showDecided)
		},
	}
	commonFlags(cmd.Flags(), &req.Reason, &wait)
	return cmd
}

func (a *app) decisionsExportCmd() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "export", Short: "Write all decisions, a JSON object a line, for another archive", Args: cobra.NoArgs,
		Long: `Writes all that was decided, undone or not, as another archive of the same mail takes it.
It names folders, which may be marks of privacy themselves.`,
		Example: "  relais decisions export --output decisions.jsonl",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Lstat(output); err == nil && output != "" {
				return relais.Errorf(relais.KindInvalid, "write decisions", "%s is there already", output)
			}
			return a.with(cmd.Context(), false, func(s *session) error {
				return a.copyTo(output, func() (io.ReadCloser, error) { return s.Open(cmd.Context(), "/api/v1/decisions/export", nil) })
			})
		},
	}
	cmd.Flags().StringVar(&output, "output", "", "write to a new `FILE` instead of standard output")
	return cmd
}

func (a *app) decisionsImportCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Take decisions that were exported", Args: cobra.ExactArgs(1),
		Long: `Takes decisions that ` + "`relais decisions export`" + ` wrote, all or none: those that are known
already change nothing, so that it may be done again. They count in the order of their
time among those made here. Cases must be there; their mail may come later.`,
		Example: "  relais decisions import decisions.jsonl",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return relais.E(relais.KindInvalid, "open file", err)
			}
			defer func() { _ = f.Close() }() // only read
			return a.watchBody(cmd.Context(), "/api/v1/decisions/import", nil, f, "application/x-ndjson", a.showDecided)
		},
	}
	cmd.Flags().Bool("json", false, "print JSON lines")
	return cmd
}
