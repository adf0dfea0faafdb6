package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// outcome is what became of a mutant.
type outcome string

const (
	killed    outcome = "killed"
	timedOut  outcome = "timed out"
	survived  outcome = "survived"
	uncovered outcome = "uncovered" // no test runs the line
	notViable outcome = "not viable"
)

// room is one package under trial.
type room struct {
	path    string // for the go command
	dir     string
	files   []string
	tags    string
	tests   string
	scratch string
	missed  map[string][]span // by file name: what no test runs
	limit   time.Duration     // of one run of its tests, once compiled
}

// compileLimit bounds what comes before the tests: a machine may be busy.
const compileLimit = 10 * time.Minute

// span is a stretch of a file, lines and columns from 1.
type span struct{ fromLine, fromColumn, toLine, toColumn int }

// open looks a package up and runs its tests once, unchanged: what they cover, and
// how long they take.
func open(ctx context.Context, opt options, path string) (*room, error) {
	r := &room{path: path, tags: opt.tags, tests: opt.tests}
	if err := r.list(ctx); err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	r.scratch = scratch
	if err := r.baseline(ctx); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *room) close() { _ = os.RemoveAll(r.scratch) }

func (r *room) list(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "go", "list", "-tags", r.tags, "-json=Dir,GoFiles", r.path).Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	var pkg struct {
		Dir     string
		GoFiles []string
	}
	if err := json.Unmarshal(out, &pkg); err != nil {
		return err
	}
	r.dir, r.files = pkg.Dir, pkg.GoFiles
	return nil
}

func (r *room) baseline(ctx context.Context) error {
	profile := filepath.Join(r.scratch, "cover")
	out, err := r.test(ctx, "-timeout", "20m", "-coverprofile", profile).CombinedOutput()
	if err != nil {
		return fmt.Errorf("the tests fail with nothing changed: %w\n%s", err, out)
	}
	took := regexp.MustCompile(`(?m)^ok\s+\S+\s+([0-9.]+s)`).FindSubmatch(out)
	if took == nil {
		return fmt.Errorf("it has no tests that pass:\n%s", out)
	}
	elapsed, err := time.ParseDuration(string(took[1]))
	if err != nil {
		return err
	}
	r.limit = 15*time.Second + 10*elapsed
	text, err := os.ReadFile(profile)
	if err != nil {
		return err
	}
	r.missed, err = missed(text)
	return err
}

// missed reads a profile of go test: what was not run, by file name. What stands in
// no stretch of it (constants, the cases of a switch) may have been.
func missed(profile []byte) (map[string][]span, error) {
	missed := map[string][]span{}
	for line := range strings.Lines(string(profile)) {
		place, counts, ok := strings.Cut(strings.TrimSpace(line), " ")
		colon := strings.LastIndexByte(place, ':')
		if !ok || colon < 0 || !strings.HasSuffix(counts, " 0") {
			continue
		}
		var s span
		if _, err := fmt.Sscanf(place[colon+1:], "%d.%d,%d.%d", &s.fromLine, &s.fromColumn, &s.toLine, &s.toColumn); err != nil {
			return nil, fmt.Errorf("profile line %q: %w", line, err)
		}
		name := place[strings.LastIndexByte(place, '/')+1 : colon]
		missed[name] = append(missed[name], s)
	}
	return missed, nil
}

func (s span) holds(line, column int) bool {
	after := line > s.fromLine || line == s.fromLine && column >= s.fromColumn
	before := line < s.toLine || line == s.toLine && column < s.toColumn
	return after && before
}

// test is the go command that runs the room's tests. Where prlimit is there, a test
// that has run wild gets no more than 4 GB of memory.
func (r *room) test(ctx context.Context, args ...string) *exec.Cmd {
	all := append([]string{"test", "-tags", r.tags, "-count=1", "-vet=off", "-failfast", "-run", r.tests}, args...)
	if limiter, err := exec.LookPath("prlimit"); err == nil {
		all = append(all, "-exec", limiter+" --data=4294967296")
	}
	return exec.CommandContext(ctx, "go", append(all, r.path)...)
}

// mutants lists what can be changed, where the pattern matches its place.
func (r *room) mutants(pattern *regexp.Regexp) ([]mutant, error) {
	var all []mutant
	for _, name := range r.files {
		path := filepath.Join(r.dir, name)
		src, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		found, err := find(path, src)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			if pattern == nil || pattern.MatchString(fmt.Sprintf("%s:%d:%d", name, m.line, m.column)) {
				all = append(all, m)
			}
		}
	}
	return all, nil
}

// try runs the room's tests on one mutant.
func (r *room) try(ctx context.Context, m mutant) (outcome, error) {
	if r.misses(m) {
		return uncovered, nil
	}
	overlay, err := r.overlay(m)
	if err != nil {
		return "", err
	}
	limited, cancel := context.WithTimeout(ctx, r.limit+compileLimit)
	defer cancel()
	cmd := r.test(limited, "-overlay", overlay, "-timeout", r.limit.String())
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err == nil:
		return survived, nil
	case limited.Err() != nil || bytes.Contains(out, []byte("panic: test timed out")):
		return timedOut, nil
	case !errors.As(err, &failed):
		return "", err
	case bytes.Contains(out, []byte("[build failed]")) || bytes.Contains(out, []byte("[setup failed]")):
		return notViable, nil
	}
	return killed, nil
}

// misses tells whether no test runs what the mutant changes.
func (r *room) misses(m mutant) bool {
	return slices.ContainsFunc(r.missed[filepath.Base(m.file)], func(s span) bool { return s.holds(m.line, m.column) })
}

// overlay writes the changed file and gives the file that tells the compiler of it.
func (r *room) overlay(m mutant) (string, error) {
	src, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(r.scratch, strconv.Itoa(m.start)+"_"+filepath.Base(m.file))
	if err := os.WriteFile(changed, m.apply(src), 0o600); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {m.file: changed}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(r.scratch, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}
