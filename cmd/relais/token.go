package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) tokenCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Make, list and revoke tokens for programs"}
	cmd.AddCommand(a.tokenCreateCmd(), a.tokenListCmd(), a.tokenRevokeCmd())
	return cmd
}

func (a *app) tokenCreateCmd() *cobra.Command {
	var expires time.Duration
	var name string
	cmd := &cobra.Command{
		Use: "create", Short: "Make a bearer token and print it, this once", Args: cobra.NoArgs,
		Long: `Makes a token for the HTTP interface and prints it: it is not kept and cannot be
shown again. Send it as "Authorization: Bearer TOKEN". Its name stands in lists and in
the audit log.`,
		Example: "  relais token create --name \"CRM export\" --expires 8h",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), false, func(s *session) error {
				token, err := s.CreateToken(cmd.Context(), name, expires)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(map[string]string{"token": token, "name": name})
				}
				_, err = fmt.Fprintln(a.sys.out, token)
				return err
			})
		},
	}
	cmd.Flags().DurationVar(&expires, "expires", 8*time.Hour, "how long it is good for")
	cmd.Flags().StringVar(&name, "name", "cli", "what it is for, in `WORDS`")
	cmd.Flags().Bool("json", false, "print JSON")
	return cmd
}

func (a *app) tokenListCmd() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the tokens that are good for something", Args: cobra.NoArgs,
		Example: "  relais token list\n  relais token list --all --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), false, func(s *session) error {
				list, err := s.Tokens(cmd.Context())
				if err != nil {
					return err
				}
				return a.showTokens(list, all)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "those that expired or were revoked, too")
	cmd.Flags().Bool("json", false, "print JSON, a line a token")
	return cmd
}

func (a *app) showTokens(list []relais.TokenView, all bool) error {
	w := tabwriter.NewWriter(a.sys.out, 0, 8, 2, ' ', 0)
	for _, t := range list {
		if !t.Live && !all {
			continue
		}
		if a.json {
			if err := a.printJSON(t); err != nil {
				return err
			}
			continue
		}
		until := "until"
		if !t.Live {
			until = "ended"
		}
		fmt.Fprintf(w, "%s\t%s\tmade %s\t%s %s\n", t.ID, plain(t.Name), a.moment(t.Created), until, a.moment(t.Expires))
	}
	return w.Flush()
}

func (a *app) tokenRevokeCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "revoke ID|NAME", Short: "End a token now", Args: cobra.ExactArgs(1),
		Long: `Ends a token now: it opens nothing any more, to whoever holds it. It is named by its
id (or the first six characters of it) or by its name, if one live token alone has it.`,
		Example: "  relais token revoke 4f1c2a\n  relais token revoke \"CRM export\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := named(args...); err != nil {
				return err
			}
			return a.with(cmd.Context(), false, func(s *session) error {
				ended, err := s.RevokeToken(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(ended)
				}
				_, err = fmt.Fprintf(a.sys.out, "Revoked %s (%s).\n", ended.ID, plain(ended.Name))
				return err
			})
		},
	}
	cmd.Flags().Bool("json", false, "print JSON")
	return cmd
}
