package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/archive"
	"github.com/relais-archive/relais/internal/relais"
)

// ingestFlags are what the command line says of a capture.
type ingestFlags struct {
	owner, attachments string
	since, until       string
	user, passwordFile string
	token              tokenFlags
	req                relais.IngestRequest
	wait               bool
}

func (a *app) ingestCmd() *cobra.Command {
	var f ingestFlags
	cmd := &cobra.Command{
		Use: "ingest --case NAME --owner ADDRESS[,ALIAS…] SOURCE…", Short: "Capture mailboxes and files", Args: cobra.MinimumNArgs(1),
		Long: `Captures each SOURCE into a case, makes it durable, and waits until it can be found.
A SOURCE is a path (maildir, mbox, eml, zip, a profile of Thunderbird or Apple Mail, mail
that is compressed, any file or folder: told by content) or
imap[s]://host[:port][/folder] with --user; the password comes from --password-file,
from RELAIS_IMAP_PASSWORD or is asked for. Where a provider wants OAuth (XOAUTH2,
OAUTHBEARER), a token comes from --token-file, from what --token-command prints, or
from RELAIS_IMAP_TOKEN. imap:// starts TLS, but on loopback.

Interrupted, run the same command again: it goes on where it was. The last line is
the balance: everything seen, and what became of it. Exits with 3 when items were
refused or a folder could not be read (see "relais refused list"), with 5 when the
account does not balance.`,
		Example: `  relais ingest --case "Ann leaves" --owner ann@company.example ~/Maildir archive.mbox
  relais ingest --case "Ann leaves" --owner ann@company.example --user ann imaps://mail.company.example
  relais ingest --case "Ann leaves" --owner ann@company.example --user ann@company.example --token-command "pass oauth/ann" imaps://outlook.office365.com
  relais ingest --case "Ann leaves" --owner ann@company.example --dry-run --since 2022-01-01 ~/Maildir`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.ingestRequest(cmd.Context(), &f, args); err != nil {
				return err
			}
			return a.ingest(cmd.Context(), f.req)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.req.Case, "case", "", "the departure's `NAME`; a new one is opened")
	fl.StringVar(&f.owner, "owner", "", "whose mailbox it is: `ADDRESS[,ALIAS…]`")
	fl.StringVar(&f.attachments, "attachments", "text", "text, or names: attachments by name, without their text")
	fl.StringVar(&f.since, "since", "", "leave out what is dated before `DATE` (2022-01-31 or 31/01/2022)")
	fl.StringVar(&f.until, "until", "", "leave out what is dated after `DATE`")
	fl.StringArrayVar(&f.req.ExcludeFolders, "exclude-folder", nil, "leave out folders that match `GLOB` (more than once)")
	fl.BoolVar(&f.req.DryRun, "dry-run", false, "count, store nothing")
	fl.BoolVar(&f.wait, "wait", true, "wait until everything can be found")
	fl.DurationVar(&f.req.Timeout, "timeout", 0, "give up waiting after so long (90s, 10m)")
	fl.StringVar(&f.user, "user", "", "the mailbox's user `NAME`")
	fl.StringVar(&f.passwordFile, "password-file", "", "a `FILE` whose first line is the password")
	fl.StringVar(&f.token.file, "token-file", "", "a `FILE` whose first line is an OAuth token")
	fl.StringVar(&f.token.command, "token-command", "", "a `COMMAND` of the shell that prints an OAuth token")
	cmd.MarkFlagsMutuallyExclusive("password-file", "token-file", "token-command")
	fl.BoolVar(&f.req.SureOfCase, "new-case", false, "open the case although its name is close to another's")
	fl.Bool("json", false, "print JSON lines: progress, refused, balance")
	for _, name := range []string{"case", "owner"} {
		_ = cmd.MarkFlagRequired(name) // the flag exists: it was made just above
	}
	return cmd
}

// ingestRequest reads the flags into a request.
func (a *app) ingestRequest(ctx context.Context, f *ingestFlags, sources []string) (err error) {
	if f.req.Owner, err = ownerOf(f.owner); err != nil {
		return err
	}
	switch f.attachments {
	case "text":
	case "names":
		f.req.NamesOnly = true
	default:
		return relais.Errorf(relais.KindInvalid, "read --attachments", "%q is neither text nor names", f.attachments)
	}
	if f.req.Since, err = dayFlag("--since", f.since, 0); err != nil {
		return err
	}
	if f.req.Until, err = dayFlag("--until", f.until, 1); err != nil {
		return err
	}
	if !f.req.Since.IsZero() && !f.req.Until.IsZero() && !f.req.Since.Before(f.req.Until) {
		return relais.Errorf(relais.KindInvalid, "read --until", "%s is before --since %s: nothing would be captured", f.until, f.since)
	}
	remote := false
	for _, s := range sources {
		if isRemote(s) {
			remote = true
			if err := checkAddress(s); err != nil {
				return err
			}
		} else if s, err = filepath.Abs(s); err != nil {
			return relais.E(relais.KindInvalid, "read source", err)
		} else if _, err := os.Stat(s); err != nil { // before anything is made for it
			return relais.E(relais.KindNotFound, "read source", err)
		}
		f.req.Sources = append(f.req.Sources, s)
	}
	f.req.NoWait, f.req.User = !f.wait, f.user
	if remote {
		return a.credentials(ctx, f)
	}
	return nil
}

// checkAddress refuses a password in an address, where the list of processes and the
// shell's history would show it: before one is asked for.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return relais.Errorf(relais.KindInvalid, "read source", "the address of the mail server cannot be read")
	}
	if _, has := u.User.Password(); has {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "read source", "a password in an address is shown to everyone on this machine"),
			"--user NAME, and --password-file FILE or RELAIS_IMAP_PASSWORD")
	}
	return nil
}

func isRemote(source string) bool {
	return strings.HasPrefix(source, "imap://") || strings.HasPrefix(source, "imaps://")
}

func ownerOf(list string) (relais.Owner, error) {
	var o relais.Owner
	for i, part := range strings.Split(strings.ToLower(list), ",") {
		part = strings.TrimSpace(part)
		if !strings.Contains(part, "@") {
			return o, relais.WithHint(relais.Errorf(relais.KindInvalid, "read --owner", "%q is no mail address", part),
				"--owner ann@company.example,a.smith@company.example")
		}
		if i == 0 {
			o.Address = part
		} else {
			o.Aliases = append(o.Aliases, part)
		}
	}
	return o, nil
}

// dayFlag reads a day of the machine's time zone, and adds some days to it.
func dayFlag(name, value string, days int) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	d, err := relais.ReadDay("read "+name, value)
	if err != nil {
		return time.Time{}, err
	}
	return d.Start(time.Local).AddDate(0, 0, days), nil
}

// ingest runs a request, asks about a case name that is close to another, and shows
// what comes back.
func (a *app) ingest(ctx context.Context, req relais.IngestRequest) error {
	err := a.with(ctx, !req.DryRun, func(s *session) error {
		err := a.ingestOn(ctx, s.Ingest, req)
		if relais.KindOf(err) == relais.KindConflict && !req.SureOfCase && !a.json && a.confirm(err.Error()+". Open it all the same?") {
			req.SureOfCase = true
			err = a.ingestOn(ctx, s.Ingest, req)
		}
		return err
	})
	if req.DryRun && relais.KindOf(err) == relais.KindNoArchive {
		return a.ingestOn(ctx, archive.DryRun, req)
	}
	return err
}

// ingester runs a request and tells of it.
type ingester func(context.Context, relais.IngestRequest, func(relais.Event)) error

func (a *app) ingestOn(ctx context.Context, run ingester, req relais.IngestRequest) error {
	var last *relais.Balance
	p := a.newProgress()
	show := p.each(func(e relais.Event) {
		switch e.Type {
		case "refused":
			word := "refused"
			if e.Refusal.OfFolder() {
				word = "not read"
			}
			fmt.Fprintf(a.sys.err, "%s: %s (%s): %s\n", word, place(*e.Refusal), e.Refusal.Code, plain(e.Refusal.Detail))
		case "note":
			if !a.cfg.quiet {
				fmt.Fprintln(a.sys.err, plain(e.Detail))
			}
		case "balance":
			switch {
			case req.DryRun:
				a.printDryRun(*e.Balance)
			case !a.cfg.quiet:
				a.printBalanceLine(*e.Balance)
			}
		}
	})
	err := run(ctx, req, func(e relais.Event) {
		show(e)
		if e.Type == "balance" {
			last = e.Balance
		}
	})
	p.end()
	switch {
	case err != nil:
		return err
	case p.refused > 0:
		return outcome(exitRefused)
	case last != nil && !last.Balanced && !req.NoWait && !req.DryRun:
		return outcome(exitUnbalanced)
	}
	return nil
}

// printDryRun says what an ingest would do.
func (a *app) printDryRun(b relais.Balance) {
	fmt.Fprintf(a.sys.out, "%s: %d seen = %d to capture + %d refused + %d excluded; nothing was stored%s\n",
		plain(b.Case), b.Seen, b.Pending, b.Refused, b.Excluded, unreadFolders(b))
}

// confirm asks on a terminal; elsewhere the answer is no.
func (a *app) confirm(question string) bool {
	if !terminal(a.sys.in) {
		return false
	}
	fmt.Fprint(a.sys.err, question+" [y/N] ")
	line, err := bufio.NewReader(a.sys.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes" || answer == "o" || answer == "oui"
}
