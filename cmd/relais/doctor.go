package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/cmd/relais/wire"
	"github.com/relais-archive/relais/internal/relais"
)

// check is one line of doctor's.
type check = wire.Finding

func (a *app) doctorCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look for what may go wrong, and say how to mend it", Args: cobra.NoArgs,
		Long: `Looks at the data directory, the master key, the disk, the clock and the archive; of an
archive on servers at each of them: whether it answers, lets us in, is of a version that
serves and is set as it must be. Prints the fix beside each fault.`,
		Example: "  relais doctor --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.cfg.Policy().Shared {
				return a.showChecks(append([]check{a.checkKey(), a.checkPrivacyFile()}, a.program().ExamineServers(cmd.Context())...))
			}
			return a.showChecks([]check{a.checkKey(), a.checkDisk(), a.checkClock(), a.checkPrivacyFile(), a.checkArchive(cmd.Context())})
		},
	}
	cmd.Flags().Bool("json", false, "print JSON, a line a check")
	return cmd
}

// checkArchive opens the embedded archive, or asks who holds it.
func (a *app) checkArchive(ctx context.Context) check {
	c := check{Name: "archive", OK: true, Detail: a.cfg.Data + " opens"}
	err := a.with(ctx, false, func(s *session) error { return s.Get(ctx, "/readyz", nil, nil) })
	if err != nil {
		c = check{Name: "archive", Detail: err.Error(), Fix: "`relais verify` tells what is damaged"}
		if relais.KindOf(err) == relais.KindNoArchive {
			c.Fix = relais.HintOf(err)
		}
	}
	return c
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
	info, err := os.Stat(a.cfg.KeyFile)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return check{Name: "key", Detail: "no master key at " + a.cfg.KeyFile, Fix: "bring it back from your copy, or name it with --key-file; a new archive makes one"}
	case err != nil:
		return check{Name: "key", Detail: err.Error(), Fix: "let this user read it"}
	case info.Mode().Perm()&0o077 != 0:
		return check{Name: "key", Detail: a.cfg.KeyFile + " can be read by others", Fix: "chmod 600 " + a.cfg.KeyFile}
	}
	return check{Name: "key", OK: true, Detail: a.cfg.KeyFile + ": keep a copy elsewhere"}
}

// checkDisk writes and syncs a small file: what every batch of a capture does.
func (a *app) checkDisk() check {
	dir := a.cfg.Data
	if _, err := os.Stat(dir); err != nil {
		dir = filepath.Dir(dir)
	}
	start := time.Now()
	if err := wire.TryDisk(dir); err != nil {
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

// checkPrivacyFile reads the privacy file, if there is one, and names its bad lines.
func (a *app) checkPrivacyFile() check {
	file := a.cfg.PrivacyFile()
	words, found, err := file.Read()
	fine := "no file of the company's own; the words that ship are used"
	if found {
		fine = fmt.Sprintf("%s: words in %d lines", file.Path, strings.Count(words.String(), "\n"))
	}
	return wire.NewFinding("privacy", fine, err)
}
