package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

// clientView is a client as the interface lists it.
type clientView struct {
	relais.Client
	Documents int              `json:"documents"`
	Contacts  []relais.Contact `json:"contacts"`
}

func (a *app) clientCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "client", Short: "Import and look at clients"}
	cmd.AddCommand(a.clientImportCmd(), a.clientListCmd(), a.clientShowCmd())
	return cmd
}

func (a *app) clientImportCmd() *cobra.Command {
	var contacts string
	cmd := &cobra.Command{
		Use: "import FILE.csv", Short: "Import clients, and contacts, from a CRM export", Args: cobra.ExactArgs(1),
		Long: `Imports clients from a CSV file: account_id,name,domains,aliases,city,sector,siren,owner,stage
(lists separated by ";", only id and name required; the header names of HubSpot,
Salesforce and French exports are understood), and contacts from another:
account_id,name,email,phone,title. Each client that a file of contacts names has exactly
these afterwards. Documents already captured are tagged anew. Rows that cannot be read
are listed and left out; then it exits with 3.`,
		Example: "  relais client import accounts.csv --contacts contacts.csv",
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := openAll(args[0], contacts)
			if err != nil {
				return err
			}
			defer closeAll(files)
			return a.with(cmd.Context(), true, func(s *session) error { return a.importClients(cmd.Context(), s, files[0], reader(files[1])) })
		},
	}
	cmd.Flags().StringVar(&contacts, "contacts", "", "a CSV `FILE` of contacts")
	cmd.Flags().Bool("json", false, "print JSON lines")
	return cmd
}

// importClients sends the tables, says what became of them, and ends with exitRefused
// when rows were left out.
func (a *app) importClients(ctx context.Context, s *session, clients, contacts io.Reader) error {
	p := a.newProgress()
	defer p.end()
	err := s.ImportClients(ctx, clients, contacts, p.each(func(e relais.Event) {
		switch e.Type {
		case "imported":
			n := counts(e)
			fmt.Fprintf(a.sys.out, "%s and %s read, %d new, changed or gone\n", relais.Number(n["clients"], "client", "clients"), relais.Number(n["contacts"], "contact", "contacts"), n["changed"])
		case "refused":
			fmt.Fprintf(a.sys.err, "refused: %s, %s: %s\n", e.Refusal.Source, e.Refusal.Position, plain(e.Refusal.Detail))
		default:
			fmt.Fprintln(a.sys.err, plain(e.Detail))
		}
	}))
	if err == nil && p.refused > 0 {
		return outcome(exitRefused)
	}
	return err
}

func openAll(names ...string) ([]*os.File, error) {
	files := make([]*os.File, len(names))
	for i, name := range names {
		if name == "" {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			closeAll(files)
			return nil, relais.E(relais.KindInvalid, "open file", err)
		}
		files[i] = f
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close() // only read
		}
	}
}

// reader avoids an interface that is not nil around a file that is.
func reader(f *os.File) io.Reader {
	if f == nil {
		return nil
	}
	return f
}

func (a *app) clientListCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List clients, most documents first", Args: cobra.NoArgs, Example: "  relais client list",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.showClients(cmd, "") },
	}
	cmd.Flags().Bool("json", false, "print JSON, a line a client")
	return cmd
}

func (a *app) clientShowCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show one client and its contacts", Args: cobra.ExactArgs(1), Example: `  relais client show "Acme"`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.showClients(cmd, args[0]) },
	}
	cmd.Flags().Bool("json", false, "print JSON")
	return cmd
}

// showClients lists clients, or those whose id or name holds what is asked for.
func (a *app) showClients(cmd *cobra.Command, name string) error {
	return a.with(cmd.Context(), false, func(s *session) error {
		var answer struct {
			Clients []clientView `json:"clients"`
		}
		if err := s.Get(cmd.Context(), "/api/v1/clients", nil, &answer); err != nil {
			return err
		}
		shown := 0
		for _, k := range answer.Clients {
			if name != "" && k.ID != name && !strings.Contains(strings.ToLower(k.Name), strings.ToLower(name)) {
				continue
			}
			shown++
			if err := a.showClient(k, name != ""); err != nil {
				return err
			}
		}
		if name != "" && shown == 0 {
			return relais.WithHint(relais.Errorf(relais.KindNotFound, "find client", "no client named %q", name), "`relais client list` shows those there are")
		}
		return nil
	})
}

func (a *app) showClient(k clientView, whole bool) error {
	if a.json {
		return a.printJSON(k)
	}
	name := k.Name
	if k.Discovered {
		name += "  (discovered)"
	}
	fmt.Fprintf(a.sys.out, "%6d  %s  [%s]\n", k.Documents, plain(name), plain(k.ID))
	if !whole {
		return nil
	}
	for _, l := range [][2]string{
		{"domains", strings.Join(k.Domains, ", ")}, {"aliases", strings.Join(k.Aliases, ", ")}, {"city", k.City},
		{"sector", k.Sector}, {"siren", k.SIREN}, {"owner", k.Owner}, {"stage", k.Stage},
	} {
		if l[1] != "" {
			fmt.Fprintf(a.sys.out, "        %s: %s\n", l[0], plain(l[1]))
		}
	}
	for _, p := range k.Contacts {
		fmt.Fprintf(a.sys.out, "        %s, %s, %s %s\n", plain(p.Name), plain(p.Title), plain(p.Email), plain(p.Phone))
	}
	return nil
}
