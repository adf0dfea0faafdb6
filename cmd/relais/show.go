package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) showCmd() *cobra.Command {
	var text, raw bool
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show one document", Args: cobra.ExactArgs(1),
		Long: `Shows a document by its id, as search prints it: header, tags with their
evidence, and text. --raw gives the bytes as they were captured.`,
		Example: "  relais show d3f0…\n  relais show --raw d3f0… > message.eml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := named(args...); err != nil {
				return err
			}
			ctx, path := cmd.Context(), "/api/v1/documents/"+url.PathEscape(args[0])
			return a.with(ctx, false, func(s *session) error {
				if raw {
					body, err := s.Open(ctx, path+"/raw", nil)
					if err != nil {
						return err
					}
					_, err = io.Copy(a.sys.out, body)
					return errors.Join(err, body.Close())
				}
				if text {
					return a.showText(ctx, s, path)
				}
				d, err := s.Document(ctx, args[0])
				if err != nil {
					return err
				}
				if a.json {
					err = a.printJSON(d)
				} else {
					a.printDocument(d)
				}
				if err == nil && slices.ContainsFunc(d.Warnings, func(w relais.Warning) bool { return w.Code == relais.WarnTextDamaged }) {
					err = outcome(exitDamaged)
				}
				return err
			})
		},
	}
	f := cmd.Flags()
	f.Bool("json", false, "print JSON")
	f.BoolVar(&text, "text", false, "print the text alone")
	f.BoolVar(&raw, "raw", false, "print the captured bytes")
	cmd.MarkFlagsMutuallyExclusive("json", "text", "raw")
	return cmd
}

// showText prints a text as it comes.
func (a *app) showText(ctx context.Context, s *session, path string) error {
	body, err := s.Open(ctx, path+"/text", nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(a.sys.out, body)
	if err = errors.Join(err, body.Close()); err == nil {
		_, err = io.WriteString(a.sys.out, "\n")
	}
	return err
}

func (a *app) printDocument(d relais.Document) {
	w := a.sys.out
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-12s %s\n", name+":", plain(value))
		}
	}
	line("Subject", d.Subject)
	line("Name", d.Name)
	if d.From != nil {
		line("From", d.From.String())
	}
	line("To", addresses(d.To))
	line("Cc", addresses(d.Cc))
	if !d.Date.IsZero() {
		line("Date", a.moment(d.Date)+" ("+d.DateSource+")")
	}
	line("Kind", string(d.Kind)+" "+d.MediaType)
	line("Case", d.Case)
	line("Thread", d.Thread)
	printTags(w, "Client", d.Clients)
	printTags(w, "Topic", d.Topics)
	for _, at := range d.Attachments {
		line("Attachment", fmt.Sprintf("%s (%s, %s) %s", at.Name, at.MediaType, relais.Number(at.Size, "byte", "bytes"), at.ID))
	}
	for _, o := range d.Occurrences {
		line("Seen in", strings.TrimSpace(o.Source+" / "+o.Folder+" / "+o.Position+"  "+strings.Join(o.Flags, ",")))
	}
	line("Text", unreadWords(d.ReadState(), d.Unread))
	for _, wn := range d.Warnings {
		line("Warning", wn.Code+" "+wn.Detail)
	}
	fmt.Fprintln(w)
	for text := range strings.SplitSeq(d.Text, "\n") {
		fmt.Fprintln(w, plain(text))
	}
}

func printTags(w io.Writer, name string, tags []relais.Tag) {
	for _, t := range tags {
		label := t.Name
		if label == "" {
			label = t.ID
		}
		fmt.Fprintf(w, "%-12s %s, %d%%\n", name+":", plain(label), t.Confidence/10)
		for _, e := range t.Evidence {
			fmt.Fprintf(w, "%-12s   because %s %s (%d)\n", "", plain(e.Signal), plain(e.Detail), e.Weight)
		}
	}
}

func addresses(list []relais.Address) string {
	parts := make([]string, len(list))
	for i, a := range list {
		parts[i] = a.String()
	}
	return strings.Join(parts, ", ")
}
