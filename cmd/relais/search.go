package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) searchCmd() *cobra.Command {
	var limit int
	var cursor, sort string
	var facets bool
	cmd := &cobra.Command{
		Use: "search QUERY", Short: "Find documents", Args: cobra.ArbitraryArgs,
		Long: `Finds documents: all words wanted, "a phrase", -not, OR, ( ), prefix*, and

  from: to: cc: with: subject:      who and what about    (de: à: avec: objet:)
  client: topic: owner: case:       tags and origin       (sujet: proprietaire: depart:)
  folder: thread: kind: type:       place and form        (dossier: fil:)
  filename: has:attachment          files                 (fichier: pj:oui)
  after: before: date:2021-03..2021-06 newer_than:90d     (apres: avant:)
  date:none                         what has no date
  is:uncertain                      what may be about a client, or about client:x (est:incertain)
  lang: larger:1M id:

after: includes the day, before: does not. Days are those of the archive's time
zone, which was set when it was made. NOT, NON and SAUF stand for -, OU for OR.

What finds nothing, or nearly, is followed by searches that may have been meant.`,
		Example: `  relais search 'client:"Brasserie du Port" topic:prix'
  relais search --sort relevance --facets 'pompe garantie after:2023'
  relais search --json --limit 100 'from:ann has:attachment' | jq .total`,
		RunE: func(cmd *cobra.Command, args []string) error {
			q := url.Values{"q": {strings.Join(args, " ")}, "limit": {strconv.Itoa(limit)}}
			set := func(name, value string) {
				if value != "" {
					q.Set(name, value)
				}
			}
			set("cursor", cursor)
			set("sort", sort)
			if facets {
				q.Set("facets", "1")
			}
			return a.with(cmd.Context(), false, func(s *session) error {
				page, err := s.Search(cmd.Context(), q)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(page)
				}
				a.printPage(page)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.IntVar(&limit, "limit", 20, "hits on a page, 1 to 1000")
	f.StringVar(&cursor, "cursor", "", "go on from a page before (its \"next\")")
	f.StringVar(&sort, "sort", "", "newest (default), oldest or relevance")
	f.BoolVar(&facets, "facets", false, "count clients, topics, senders and more over all hits")
	f.Bool("json", false, "print JSON")
	return cmd
}

func (a *app) printPage(p relais.Page) {
	w := a.sys.out
	for _, h := range p.Hits {
		fmt.Fprintf(w, "%s  %s  %s\n", a.day(h.Date), title(h), hitFrom(h))
		if tags := tagLine(h.Clients, h.Topics); tags != "" {
			fmt.Fprintln(w, "    "+tags)
		}
		if h.Snippet != "" {
			fmt.Fprintln(w, "    "+a.marked(h.Snippet))
		}
		if s := unreadWords(h.ReadState(), h.Unread); s != "" {
			fmt.Fprintln(w, "    ("+s+")")
		}
		for _, warned := range h.Warnings {
			fmt.Fprintln(w, "    ("+textWords(warned.Code)+")")
		}
		fmt.Fprintln(w, "    "+string(h.ID))
	}
	switch {
	case p.Total == 0:
		fmt.Fprintln(w, "Nothing found.")
	case p.Next != "" && p.Searched != "":
		fmt.Fprintf(w, "%d found; go on with relais search --cursor %s %s\n", p.Total, p.Next, shellQuoted(plain(p.Searched)))
	case p.Next != "":
		fmt.Fprintf(w, "%d found; go on with --cursor %s\n", p.Total, p.Next)
	default:
		fmt.Fprintf(w, "%d found\n", p.Total)
	}
	for _, n := range p.Notes {
		fmt.Fprintln(w, "note:", plain(n.Detail))
	}
	for i, o := range p.Offers {
		if i == 0 {
			fmt.Fprintln(w, "Perhaps:")
		}
		fmt.Fprintf(w, "  %6d  relais search %s  (%s)\n", o.Count, shellQuoted(plain(o.Query)), plain(o.Label))
	}
	for _, name := range sortedIDs(p.Facets) {
		fmt.Fprintln(w, name+":")
		for _, v := range p.Facets[name] {
			label := v.Label
			if label == "" {
				label = v.Value
			}
			fmt.Fprintf(w, "  %6d  %s\n", v.Count, plain(label))
		}
	}
}

// textWords says what stood in the way of an extract.
func textWords(code string) string {
	switch code {
	case relais.WarnTextDamaged:
		return "its text cannot be read back: the archive is damaged"
	case relais.WarnTextLong:
		return "the extract is of the beginning of a long text"
	}
	return plain(code)
}

func title(h relais.Hit) string {
	if h.Kind != relais.KindMessage && h.Name != "" {
		return plain(h.Name)
	}
	if h.Subject == "" {
		return "(no subject)"
	}
	return plain(h.Subject)
}

func hitFrom(h relais.Hit) string {
	if h.From == nil {
		return ""
	}
	return "— " + plain(h.From.String())
}

func tagLine(clients, topics []relais.Tag) string {
	var parts []string
	for _, t := range clients {
		name := t.Name
		if name == "" {
			name = t.ID
		}
		parts = append(parts, fmt.Sprintf("%s %d%%", plain(name), t.Confidence/10))
	}
	for _, t := range topics {
		parts = append(parts, "#"+plain(t.ID))
	}
	return strings.Join(parts, "  ")
}

// marked shows a snippet's matched words in bold on a terminal.
func (a *app) marked(s string) string {
	on, off := "", ""
	if terminal(a.sys.out) && a.sys.env("NO_COLOR") == "" {
		on, off = "\x1b[1m", "\x1b[0m"
	}
	s = plain(s)
	return strings.NewReplacer(relais.HighlightStart, on, relais.HighlightEnd, off).Replace(s)
}
