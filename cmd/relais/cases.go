package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) caseCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "case", Short: "Open, list, show and rename departures"}
	cmd.AddCommand(a.caseCreateCmd(), a.caseListCmd(), a.caseShowCmd(), a.caseRenameCmd())
	return cmd
}

func (a *app) caseCreateCmd() *cobra.Command {
	var k relais.Case
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Open a case, or declare more of one", Args: cobra.ExactArgs(1),
		Long: `Opens a case. Of one that is there already it records what is declared: why the
mailbox is kept, when the leaver was informed, when it is to be erased.`,
		Example: `  relais case create "Ann leaves" --purpose "continuity of client service" --informed-on 2026-03-01`,
		RunE: func(cmd *cobra.Command, args []string) error {
			k.Name = args[0]
			return a.with(cmd.Context(), true, func(s *session) error {
				var made relais.Case
				err := s.Send(cmd.Context(), http.MethodPost, "/api/v1/cases", k, &made)
				if declared := k.Purpose + k.InformedOn + k.RetainUntil; declared != "" && relais.KindOf(err) == relais.KindConflict {
					err = s.Send(cmd.Context(), http.MethodPatch, "/api/v1/cases/"+url.PathEscape(k.Name), k, &made)
				}
				if err != nil {
					return err
				}
				return a.showCase(made)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&k.Purpose, "purpose", "", "why the mailbox is kept, in words the leaver was told")
	f.StringVar(&k.InformedOn, "informed-on", "", "the `DATE` the leaver was informed (2026-03-31 or 31/03/2026)")
	f.StringVar(&k.RetainUntil, "retain-until", "", "the `DATE` it is to be erased")
	f.Bool("json", false, "print JSON")
	return cmd
}

func (a *app) caseListCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the cases", Args: cobra.NoArgs, Example: "  relais case list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), false, func(s *session) error {
				list, err := s.Cases(cmd.Context())
				if err != nil {
					return err
				}
				for _, k := range list {
					if err := a.showCase(k); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().Bool("json", false, "print JSON, a line a case")
	return cmd
}

func (a *app) caseShowCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show one case and its balance", Args: cobra.ExactArgs(1), Example: `  relais case show "Ann leaves"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := named(args...); err != nil {
				return err
			}
			return a.with(cmd.Context(), false, func(s *session) error {
				var k relais.Case
				if err := s.Get(cmd.Context(), "/api/v1/cases/"+url.PathEscape(args[0]), nil, &k); err != nil {
					return err
				}
				if err := a.showCase(k); err != nil || a.json {
					return err
				}
				b, err := s.Balance(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return a.showBalance(b)
			})
		},
	}
	cmd.Flags().Bool("json", false, "print JSON")
	return cmd
}

func (a *app) caseRenameCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rename NAME NEW", Short: "Give a case another name", Args: cobra.ExactArgs(2), Example: `  relais case rename "Ann leaves" "Ann Smith, 2026"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := named(args...); err != nil {
				return err
			}
			return a.with(cmd.Context(), false, func(s *session) error {
				var k relais.Case
				if err := s.Send(cmd.Context(), http.MethodPatch, "/api/v1/cases/"+url.PathEscape(args[0]), relais.Case{Name: args[1]}, &k); err != nil {
					return err
				}
				return a.showCase(k)
			})
		},
	}
	cmd.Flags().Bool("json", false, "print JSON")
	return cmd
}

// named refuses names that are empty.
func named(names ...string) error {
	for _, name := range names {
		if strings.TrimSpace(name) == "" {
			return relais.Errorf(relais.KindInvalid, "read name", "a name is empty")
		}
	}
	return nil
}

func (a *app) showCase(k relais.Case) error {
	if a.json {
		return a.printJSON(k)
	}
	fmt.Fprintf(a.sys.out, "%s  (%s, opened %s)\n", plain(k.Name), k.ID, a.day(k.Created))
	for _, o := range k.Owners {
		fmt.Fprintf(a.sys.out, "    owner %s %v\n", plain(o.Address), o.Aliases)
	}
	for _, l := range [][2]string{{"purpose", k.Purpose}, {"informed on", k.InformedOn}, {"retain until", k.RetainUntil}} {
		if l[1] != "" {
			fmt.Fprintf(a.sys.out, "    %s: %s\n", l[0], plain(l[1]))
		}
	}
	return nil
}
