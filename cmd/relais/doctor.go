package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

// check is one line of doctor's.
type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

func (a *app) doctorCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look for what may go wrong, and say how to mend it", Args: cobra.NoArgs,
		Long: `Looks at the data directory, the master key, the disk, the clock and the archive; of an
archive on servers at each of them: whether it answers, lets us in, is of a version that
serves and is set as it must be. Prints the fix beside each fault.`,
		Example: "  relais doctor --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.cfg.servers() > 0 {
				return a.showChecks(append([]check{a.checkKey(), a.checkPrivacyFile()}, a.checkServers(cmd.Context())...))
			}
			return a.showChecks([]check{a.checkKey(), a.checkDisk(), a.checkClock(), a.checkPrivacyFile(), a.checkArchive(cmd.Context())})
		},
	}
	cmd.Flags().Bool("json", false, "print JSON, a line a check")
	return cmd
}

// checkArchive opens the embedded archive, or asks who holds it.
func (a *app) checkArchive(ctx context.Context) check {
	c := check{Name: "archive", OK: true, Detail: a.cfg.data + " opens"}
	err := a.with(ctx, false, func(s *session) error { return s.Get(ctx, "/readyz", nil, nil) })
	if err != nil {
		c = check{Name: "archive", Detail: err.Error(), Fix: "`relais verify` tells what is damaged"}
		if relais.KindOf(err) == relais.KindNoArchive {
			c.Fix = relais.HintOf(err)
		}
	}
	return c
}

// checkServers opens what an archive on servers rests on, each whether or not the one
// before it opens: who mends one wants to know of all.
func (a *app) checkServers(ctx context.Context) (checks []check) {
	ar := &archive{cfg: a.cfg, logger: a.logger(), env: a.sys.env, half: true}
	defer func() {
		if err := ar.Close(); err != nil {
			checks = append(checks, check{Name: "close", Detail: err.Error()})
		}
	}()
	parts := ar.onServers()
	known := parts[0].open(ctx)
	checks = append(checks, finding(parts[0].name, "PostgreSQL answers; its schema is this program's", known))
	if known == nil {
		known = ar.readSettings(ctx, false)
		checks = append(checks, finding("archive", "namespace "+a.cfg.namespace+" holds one", known), a.checkClockOf(ctx, ar))
	}
	for _, p := range parts[1:] {
		checks = append(checks, a.checkPart(ctx, ar, p, known))
	}
	return checks
}

// checkPart opens one part and looks at it. Without state, those that are not reached
// by it are looked at all the same.
func (a *app) checkPart(ctx context.Context, ar *archive, p part, known error) check {
	if known != nil && p.name != "blobs" && p.name != "stream" {
		return check{Name: p.name, Detail: "not looked at: it cannot be told without state and an archive"}
	}
	err := p.open(ctx)
	if err == nil {
		err = p.check(ctx)
	}
	if err == nil && p.name == "stream" {
		err = streamError("check", ar.brokered(ctx))
	}
	return finding(p.name, "answers, lets us in, is set as it must be", err)
}

// finding is what an error, or none, says of one thing.
func finding(name, fine string, err error) check {
	if err == nil {
		return check{Name: name, OK: true, Detail: fine}
	}
	return check{Name: name, Detail: err.Error(), Fix: relais.HintOf(err)}
}

// clockSkew is how far the clocks of two machines may be apart before tokens, and the
// order of what is logged, suffer.
const clockSkew = 5 * time.Second

// checkClockOf compares this machine's clock with the database's.
func (a *app) checkClockOf(ctx context.Context, ar *archive) check {
	theirs, err := ar.state.Now(ctx)
	if err != nil {
		return finding("clock", "", err)
	}
	skew := time.Since(theirs).Round(time.Millisecond)
	if skew.Abs() > clockSkew {
		return check{Name: "clock", Detail: fmt.Sprintf("this machine and the database's are %s apart", skew.Abs()), Fix: "set both by NTP"}
	}
	return check{Name: "clock", OK: true, Detail: fmt.Sprintf("within %s of the database's", skew.Abs())}
}

func (a *app) showChecks(checks []check) error {
	bad := false
	for _, c := range checks {
		bad = bad || !c.OK
		if a.json {
			if err := a.printJSON(c); err != nil {
				return err
			}
			continue
		}
		mark := "ok  "
		if !c.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(a.sys.out, "%s  %-8s %s\n", mark, c.Name, c.Detail)
		if c.Fix != "" && !c.OK {
			fmt.Fprintf(a.sys.out, "                fix: %s\n", c.Fix)
		}
	}
	if bad {
		return outcome(exitError)
	}
	return nil
}

func (a *app) checkKey() check {
	info, err := os.Stat(a.cfg.keyFile)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return check{Name: "key", Detail: "no master key at " + a.cfg.keyFile, Fix: "bring it back from your copy, or name it with --key-file; a new archive makes one"}
	case err != nil:
		return check{Name: "key", Detail: err.Error(), Fix: "let this user read it"}
	case info.Mode().Perm()&0o077 != 0:
		return check{Name: "key", Detail: a.cfg.keyFile + " can be read by others", Fix: "chmod 600 " + a.cfg.keyFile}
	}
	return check{Name: "key", OK: true, Detail: a.cfg.keyFile + ": keep a copy elsewhere"}
}

// checkDisk writes and syncs a small file: what every batch of a capture does.
func (a *app) checkDisk() check {
	dir := a.cfg.data
	if _, err := os.Stat(dir); err != nil {
		dir = filepath.Dir(dir)
	}
	start := time.Now()
	f, err := os.CreateTemp(dir, ".relais-doctor-*")
	if err == nil {
		_, err = f.WriteString("relais")
		err = errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
	}
	if err != nil {
		return check{Name: "disk", Detail: err.Error(), Fix: "make room, or let this user write to " + dir}
	}
	return check{Name: "disk", OK: true, Detail: fmt.Sprintf("a durable write takes %s", time.Since(start).Round(10*time.Microsecond))}
}

func (a *app) checkClock() check {
	now := time.Now()
	if now.Year() < 2024 {
		return check{Name: "clock", Detail: "the clock says " + now.Format(time.DateOnly), Fix: "set it: tokens and deadlines depend on it"}
	}
	return check{Name: "clock", OK: true, Detail: now.Format(time.RFC3339)}
}
