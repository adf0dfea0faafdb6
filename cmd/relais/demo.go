package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/cmd/relais/wire"
	"github.com/relais-archive/relais/internal/demo"
	"github.com/relais-archive/relais/internal/relais"
)

// demoMarker is a file by which the demo knows its own directory: it empties no other.
const demoMarker = "made-by-relais-demo"

func (a *app) demoCmd() *cobra.Command {
	var listen string
	var noServe bool
	cmd := &cobra.Command{
		Use: "demo", Short: "See Relais on a made-up departure", Args: cobra.NoArgs,
		Long: `Writes the mailbox and files of a sales rep who never was, captures them through the
whole pipeline, and serves the result on this machine alone. It has a directory of
its own beside the archive's; your own archive is not touched.`,
		Example: "  relais demo\n  relais demo --no-serve",
		RunE: func(cmd *cobra.Command, _ []string) error {
			host, _, err := net.SplitHostPort(listen)
			if err != nil || !onLoopback(host) {
				return relais.Errorf(relais.KindInvalid, "read --listen", "the demo listens on loopback only, not on %q", listen)
			}
			root := a.cfg.Data
			if !cmd.Flags().Changed("data") {
				root = filepath.Join(filepath.Dir(a.cfg.Data), "relais-demo")
			}
			return a.demo(cmd.Context(), root, listen, noServe)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "the loopback `ADDR` to serve on")
	cmd.Flags().BoolVar(&noServe, "no-serve", false, "stop when everything can be found")
	return cmd
}

// demo makes the demonstration anew, and serves it.
func (a *app) demo(ctx context.Context, root, listen string, noServe bool) error {
	a.cfg.Data, a.cfg.KeyFile = filepath.Join(root, "archive"), filepath.Join(root, "master.key")
	if err := a.clearDemo(root); err != nil {
		return err
	}
	a.tell("Writing the mailbox of a rep who never was …")
	truth, err := demo.Write(filepath.Join(root, "mailbox"), demo.Options{})
	if err != nil {
		return err
	}
	return a.withQuietly(ctx, func(s *session) error {
		start := time.Now()
		if err := a.demoIngest(ctx, s, truth); err != nil {
			return err
		}
		took := time.Since(start).Round(100 * time.Millisecond)
		if err := a.demoScreen(ctx, s, truth, took); err != nil || noServe {
			a.demoCommands()
			return err
		}
		return a.serveDemo(ctx, s, listen)
	})
}

// withQuietly holds a new archive without telling where its key lies: it is a toy's.
func (a *app) withQuietly(ctx context.Context, fn func(*session) error) error {
	s, err := a.hold(ctx, true)
	if err != nil {
		return err
	}
	a.in(s)
	return errors.Join(fn(s), s.Close())
}

func (a *app) tell(format string, args ...any) {
	if !a.cfg.quiet {
		fmt.Fprintf(a.sys.out, format+"\n", args...)
	}
}

// clearDemo empties the demo's directory, if it is the demo's and nobody uses it.
func (a *app) clearDemo(root string) error {
	_, err := os.Stat(filepath.Join(root, demoMarker))
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(root)
		if err == nil && len(entries) > 0 {
			return relais.WithHint(relais.Errorf(relais.KindConflict, "demo", "%s is not empty, and not the demo's", root), "name another directory with --data")
		}
	} else if err != nil {
		return relais.E(relais.KindUnavailable, "demo", err)
	} else if err := a.dropDemo(root); err != nil {
		return err
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return relais.E(relais.KindUnavailable, "demo", err)
	}
	return os.WriteFile(filepath.Join(root, demoMarker), nil, 0o600)
}

func (a *app) dropDemo(root string) error {
	if _, err := os.Stat(a.cfg.Data); err == nil {
		lock, err := wire.Lock(a.cfg.Data)
		if err != nil {
			return relais.WithHint(err, "another demo runs: stop it first, or use --data")
		}
		if err := lock.Close(); err != nil {
			return relais.E(relais.KindUnavailable, "demo", err)
		}
	}
	for _, name := range []string{"archive", "mailbox", "master.key"} {
		if err := os.RemoveAll(filepath.Join(root, name)); err != nil {
			return relais.E(relais.KindUnavailable, "demo", err)
		}
	}
	return nil
}

func (a *app) demoIngest(ctx context.Context, s *session, truth demo.Truth) error {
	files, err := openAll(truth.Clients, truth.Contacts)
	if err != nil {
		return err
	}
	defer closeAll(files)
	quiet := func(relais.Event) {}
	if err := s.ImportClients(ctx, files[0], reader(files[1]), quiet); err != nil {
		return err
	}
	a.tell("Capturing it …")
	p := a.newProgress()
	defer p.end()
	return s.Ingest(ctx, relais.IngestRequest{
		Case: truth.Case, Owner: relais.Owner{Address: truth.Owner, Aliases: truth.Aliases}, Sources: truth.Sources,
	}, p.each(quiet))
}

// shownFacts is how many planted facts the last screen looks up.
const shownFacts = 4

// demoScreen shows what a newcomer came to see: every line is asked of the archive.
func (a *app) demoScreen(ctx context.Context, s *session, truth demo.Truth, took time.Duration) error {
	b, err := s.Balance(ctx, truth.Case)
	if err != nil {
		return err
	}
	w := a.sys.out
	fmt.Fprintf(w, "\nIn %s:\n  ", took)
	a.printBalanceLine(b)
	for _, f := range truth.Facts[:min(shownFacts, len(truth.Facts))] {
		page, err := s.Search(ctx, url.Values{"q": {f.Query}, "limit": {"1"}})
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\n%s: %d found by\n  %s search %s\n", f.Name, page.Total, a.demoCommand(), shellQuoted(f.Query))
		for _, h := range page.Hits {
			fmt.Fprintf(w, "  %s  %s %s\n", a.day(h.Date), title(h), hitFrom(h))
			fmt.Fprintf(w, "    %s\n", a.marked(h.Snippet))
		}
	}
	fmt.Fprintln(w)
	return nil
}

// demoCommands tells how to look on, and how to do the same with one's own mailbox.
func (a *app) demoCommands() {
	a.tell("Look further: these searches, and others, on the demo's archive:\n  %s search --facets 'topic:prix'", a.demoCommand())
	a.tell("The same with your own mailbox (a maildir, mbox, zip, folder, or imaps://…) in the place of MAILBOX:\n"+
		"  %[1]s ingest --case \"Departure of Ann\" --owner ann@company.example MAILBOX\n"+
		"  %[1]s search 'price after:2025'\n  %[1]s serve", a.sys.self)
}

// demoCommand begins a command line on the demo's archive that works as it is pasted.
func (a *app) demoCommand() string {
	return fmt.Sprintf("%s --data %s --key-file %s", a.sys.self, shellQuoted(a.cfg.Data), shellQuoted(a.cfg.KeyFile))
}

// shellQuoted makes one word of a POSIX shell of a text.
func shellQuoted(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+") == "" && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func (a *app) serveDemo(ctx context.Context, s *session, listen string) error {
	token, err := s.CreateToken(ctx, "demo", 24*time.Hour)
	if err != nil {
		return err
	}
	return a.serve(ctx, s, serveFlags{listen: listen}, func(base string) {
		a.tell("Look around: %s/login?token=%s\n", base, token)
		a.demoCommands()
		a.tell("\nCtrl-C stops the demo.")
	})
}
