package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// Blobs is where capture puts bytes; blob.Store is one.
type Blobs interface {
	Put(ctx context.Context, c relais.CaseID, blobs []blob.Blob) error
	Seal(ctx context.Context, c relais.CaseID, context string, records []blob.Sealed) ([][]byte, error)
}

// Log is where capture appends items; stream.Log is one.
type Log interface {
	Append(ctx context.Context, topic string, records []stream.Record) error
}

// Ledger remembers what was captured; state.DB is one. Every call may be repeated safely.
type Ledger interface {
	// Cursor gives how far a folder was captured, "" from the start.
	Cursor(ctx context.Context, c relais.CaseID, owner, source, folder string) (string, error)
	// Known tells which positions of a source were captured: one read of all, then
	// no more.
	Known(ctx context.Context, c relais.CaseID, owner, source string) (func(folder, position string) bool, error)
	// RecordCaptured adds one batch to the account, cursors with it, all or none.
	RecordCaptured(ctx context.Context, b relais.Captured) error
	// CopiesAt gives what was captured at a place and not superseded since.
	CopiesAt(ctx context.Context, c relais.CaseID, owner, source, folder, position string) ([]relais.Copy, error)
	// Supersede takes occurrences, by key, out of the account: what they hold was captured
	// in another form.
	Supersede(ctx context.Context, c relais.CaseID, keys []string) error
}

// Deps is what a Capture is made of.
type Deps struct {
	Blobs  Blobs
	Log    Log
	Ledger Ledger
	Now    func() time.Time // the present, for refusals
	Limits format.Limits    // ItemBytes is the one looked at
	Temp   string           // folder for large items on their way; "" is the system's
	Batch  Batch
}

// Batch bounds what becomes durable at once; zero fields take the defaults.
type Batch struct {
	Items int           // 64
	Bytes int64         // 8 MiB
	Wait  time.Duration // how long the first item may wait for the others: 50 ms
}

// Job says what to capture, for whom.
type Job struct {
	Case    relais.CaseID
	Owner   relais.Owner
	Sources []Source // opened, and closed, by the caller
	// Since and Until leave out messages dated before and not before; zero is open.
	Since, Until   time.Time
	ExcludeFolders []string // globs (path.Match, any case); one without "/" is matched at each level
	NamesOnly      bool     // attachments by name, without their text
	DryRun         bool     // count, store nothing
	Personal       func(folder string) bool
}

// Capture makes what sources hand out durable. It may run several jobs at once,
// as long as no two of them share an owner and a source.
type Capture struct{ deps Deps }

// NewCapture makes a Capture; every field of deps but Temp and Batch is required.
func NewCapture(deps Deps) *Capture {
	if deps.Batch.Items <= 0 {
		deps.Batch.Items = 64
	}
	if deps.Batch.Bytes <= 0 {
		deps.Batch.Bytes = 8 << 20
	}
	if deps.Batch.Wait <= 0 {
		deps.Batch.Wait = 50 * time.Millisecond
	}
	return &Capture{deps: deps}
}

// Run captures a job's sources, folder after folder, personal ones first, and calls tell
// (which may be nil), from one goroutine, as batches become durable. A folder that fails
// does not stop the others: the error then joins one FolderError for each. Any other error
// has stopped the run; running the job again resumes from there. In both cases the Summary
// holds what was done.
func (c *Capture) Run(ctx context.Context, j Job, tell func(Event)) (Summary, error) {
	sum := Summary{Folders: []Event{}}
	rules, err := newRules(j, c.deps.Limits.ItemBytes)
	if err != nil {
		return sum, err
	}
	group, running := errgroup.WithContext(ctx)
	found := make(chan entry, c.deps.Batch.Items)
	g := &gatherer{deps: c.deps, job: j, rules: rules, out: found, memory: newBudget()}
	m := &committer{deps: c.deps, job: j, memory: g.memory, accounts: newAccounts(&sum, tell)}
	group.Go(func() error {
		defer close(found)
		return g.run(running)
	})
	group.Go(func() error { return m.run(running, found) })
	err = errors.Join(group.Wait(), drain(found))
	sum.Failed = g.failed
	if err == nil {
		err = c.supersede(ctx, j, g.retold)
	}
	if err != nil {
		return sum, err
	}
	return sum, sum.failures()
}

// drain gives back what was gathered and never committed.
func drain(found <-chan entry) error {
	var errs []error
	for e := range found {
		errs = append(errs, e.close())
	}
	return errors.Join(errs...)
}

// target is one folder to capture.
type target struct {
	source Source
	folder Folder
	known  func(context.Context) (func(folder, position string) bool, error)
}

// run reads every folder of every source.
func (g *gatherer) run(ctx context.Context) error {
	targets, err := g.plan(ctx)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if err := g.capture(ctx, t); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// plan lists the folders of all sources, those marked personal first, so that what
// they hold is known to be personal before its copies elsewhere are read.
func (g *gatherer) plan(ctx context.Context) ([]target, error) {
	var personal, others []target
	for _, s := range g.job.Sources {
		folders, err := s.Folders(ctx)
		if err := g.listed(ctx, s, err); err != nil {
			return nil, err
		}
		known := once(func(ctx context.Context) (func(folder, position string) bool, error) {
			return g.deps.Ledger.Known(ctx, g.job.Case, g.job.Owner.Address, s.Label())
		})
		for _, f := range apart(folders) {
			t := target{source: s, folder: f, known: known}
			if g.job.Personal != nil && (g.job.Personal(f.Name) || g.job.Personal(s.Label())) {
				personal = append(personal, t)
			} else {
				others = append(others, t)
			}
		}
	}
	return slices.Concat(personal, others), nil
}

// asked is a source that is asked for its folders, and may not list them all. Notes says
// how they were obtained, where that was unusual.
type asked interface{ Notes() []string }

// listed records, under a folder name of its own, whether a source gave the whole list of
// its folders, and its notes.
func (g *gatherer) listed(ctx context.Context, s Source, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	list := &folderRun{gatherer: g, target: target{source: s, folder: Folder{Name: relais.FolderList}}}
	over := g.job.ExcludeFolders // a folder that could not be read is given up by leaving it out by name
	if asked, ok := s.(asked); ok {
		over = append([]string{relais.FolderList}, over...)
		for _, note := range asked.Notes() {
			if err := list.send(ctx, entry{note: note}); err != nil {
				return err
			}
		}
	}
	if err != nil {
		return list.fail(ctx, err)
	}
	for _, name := range over {
		list.folder.Name = name
		if err := list.send(ctx, entry{end: true, quiet: true}); err != nil {
			return err
		}
	}
	return nil
}

// apart gives folders of one source distinct names where theirs are equal: on the server
// or the disk they are two, such as "Été" composed and decomposed, and neither may be
// taken for the other. The name as it was written is not known here, so the second becomes
// a level below the first: what the name says, of privacy too, still holds.
func apart(folders []Folder) []Folder {
	taken := make(map[string]bool, len(folders))
	for _, f := range folders {
		taken[f.Name] = true
	}
	next := make(map[string]int, len(folders))
	for i, f := range folders {
		name := f.Name
		for n, met := next[f.Name]; met && taken[name]; n = next[f.Name] {
			name, next[f.Name] = fmt.Sprintf("%s/(%d)", f.Name, n), n+1
		}
		if name == f.Name {
			next[name] = 2
		}
		taken[name], folders[i].Name = true, name
	}
	return folders
}

// once remembers the first answer of fn that is no error.
func once[T any](fn func(context.Context) (T, error)) func(context.Context) (T, error) {
	var have bool
	var v T
	return func(ctx context.Context) (T, error) {
		if have {
			return v, nil
		}
		got, err := fn(ctx)
		if err == nil {
			have, v = true, got
		}
		return got, err
	}
}
