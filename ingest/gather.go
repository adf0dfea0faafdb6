package ingest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"syscall"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// memoryBudget bounds the bytes that wait in memory between reading and commit.
const memoryBudget = 24 << 20

func newBudget() *semaphore.Weighted { return semaphore.NewWeighted(memoryBudget) }

// gatherer reads sources and hands on what it finds, while the committer makes
// what came before durable.
type gatherer struct {
	deps   Deps
	job    Job
	rules  rules
	out    chan<- entry
	memory *semaphore.Weighted
	failed []FolderError
	retold []retold
}

// entry is one thing to put on the account: an item, what was left out or refused,
// or how far a folder has come.
type entry struct {
	source, folder string // where the item is
	read           string // the folder being read: of the cursor, the count and the end
	cursor         string // wrapped; "" leaves the one recorded
	announced      *int64
	end            bool // of the folder
	found          *Found
	content        *content // of an item to store
	left           string   // the rule that left it out
	refusal        *relais.Refusal
	note           string // for the user
	quiet          bool   // of no folder that was read: not reported
	separators     int64  // of messages, in what was taken for one document
	size           int64  // of an item, when known
}

// counts is what the entry adds to the account.
func (e *entry) counts() Counts {
	switch {
	case e.refusal != nil && e.refusal.OfFolder():
		return Counts{} // no item was seen
	case e.refusal != nil:
		return Counts{Seen: 1, Refused: 1}
	case e.left != "":
		return Counts{Seen: 1, Excluded: 1}
	case e.found != nil:
		return Counts{Seen: 1, Captured: 1, Bytes: max(e.size, 0)}
	}
	return Counts{}
}

// stores tells whether the entry's bytes are to be committed.
func (e *entry) stores() bool { return e.content != nil }

// close gives back the bytes of an entry that nobody will commit.
func (e *entry) close() error {
	if e.content == nil {
		return nil
	}
	return e.content.close()
}

// folderRun is the reading of one folder.
type folderRun struct {
	*gatherer
	target
	excluded bool   // by the job's rules
	key      string // of the rules, for this folder
	stop     error  // why yield gave up: the run's end, not the folder's
}

// capture reads one folder. Its error ends the run; a fault of the folder is put
// on record instead.
func (g *gatherer) capture(ctx context.Context, t target) error {
	f := &folderRun{gatherer: g, target: t, excluded: g.rules.folder(t.folder.Name, t.folder.Use)}
	f.key = g.rules.key(f.excluded)
	req, err := f.request(ctx)
	if err != nil {
		return err
	}
	cursor, err := t.source.Read(ctx, t.folder, req, func(found Found) error {
		f.stop = f.take(ctx, found)
		return f.stop
	})
	switch {
	case f.stop != nil:
		return f.stop
	case ctx.Err() != nil:
		return ctx.Err()
	case relais.NoRoom(err):
		return err // ours, not the folder's
	case err != nil && !f.excluded: // what is left out need not be read
		return f.fail(ctx, err)
	}
	f.retell()
	return f.send(ctx, entry{cursor: wrap(f.key, cursor), end: true})
}

// request says what is wanted of the folder. A dry run starts where the next run
// would, and counts what that would do.
func (f *folderRun) request(ctx context.Context) (Request, error) {
	label, name := f.source.Label(), f.folder.Name
	recorded, err := f.deps.Ledger.Cursor(ctx, f.job.Case, f.job.Owner.Address, label, name)
	if err != nil {
		return Request{}, err
	}
	req := Request{
		After:     unwrap(f.key, recorded),
		CountOnly: f.job.DryRun || f.excluded,
		limits:    f.deps.Limits,
		temp:      f.deps.Temp,
		Known: func(ctx context.Context) (func(string) bool, error) {
			known, err := f.known(ctx)
			return func(position string) bool { return known(name, position) }, err
		},
		Announce: func(n int64) {
			// A full channel of a run that has ended: the next send will say so.
			_ = f.send(ctx, entry{announced: &n})
		},
		Whole: func(folder string) { _ = f.send(ctx, entry{read: folder, end: true, quiet: true}) }, // as above
	}
	if f.rules.dated() && !f.excluded {
		req.Rule = f.rules.date
	}
	return req, nil
}

// take settles one item: it is Read's yield.
func (f *folderRun) take(ctx context.Context, found Found) error {
	e := entry{folder: f.folder.Name, found: &found, size: found.Size, cursor: wrap(f.key, found.Cursor)}
	if found.Folder != "" {
		e.folder = found.Folder
	}
	switch {
	case found.Refused != nil:
		e.refusal = f.refusal(e.folder, found.Position, *found.Refused)
	case f.excluded, found.Folder != "" && f.rules.folder(found.Folder, ""):
		e.left = ruleFolder
	case found.Left != "":
		e.left = found.Left
		f.retellLeft(e)
	case f.job.DryRun && (found.Body == nil || !f.rules.dated()):
		// Counted as it would be captured.
	case found.Body == nil:
		e.refusal = f.refusal(e.folder, found.Position, Reason{ReasonNoData, "the source gave no bytes"})
	default:
		if err := f.read(ctx, &e); err != nil {
			return err
		}
	}
	if !e.stores() {
		closeBody(found.Body)
	}
	return f.send(ctx, e)
}

// closeBody releases what a source has read ahead and nobody needs.
func closeBody(r io.Reader) {
	if c, ok := r.(*content); ok {
		_ = c.close() // nothing was written that matters
	}
}

// read takes the item's bytes, hashes them and looks at their first lines. Only a fault of
// ours is an error; a fault of the item is recorded.
func (f *folderRun) read(ctx context.Context, e *entry) error {
	c, err := f.content(ctx, *e.found)
	switch {
	case err == nil:
	case ctx.Err() != nil, relais.Retryable(err):
		return err
	default:
		e.refusal = f.refusal(e.folder, e.found.Position, reasonOf(err))
		return nil
	}
	e.size = c.size
	date := format.PeekDate(c.head(), f.deps.Limits)
	message := e.found.Kind == relais.KindMessage // a file's time is no date of a mail
	if date.IsZero() && e.found.ReceivedFrom != relais.ReceivedFile || !message {
		date = e.found.Received
	}
	e.left = f.rules.date(date)
	if e.left != "" || f.job.DryRun {
		f.memory.Release(c.held())
		return c.close()
	}
	e.content = c
	if e.found.Whole {
		return f.count(e)
	}
	return nil
}

// count looks for separators of messages in what was taken for one document.
func (f *folderRun) count(e *entry) (err error) {
	if e.separators, err = e.content.separators(); err != nil {
		f.memory.Release(e.content.held())
		return errors.Join(err, e.content.close())
	}
	if e.separators > 0 {
		e.found.Warnings = append(e.found.Warnings, relais.WarnMailbox)
	}
	return nil
}

// content gives the item's bytes, counted against the memory budget.
func (f *folderRun) content(ctx context.Context, found Found) (*content, error) {
	if c, ok := found.Body.(*content); ok {
		if err := f.memory.Acquire(ctx, c.held()); err != nil {
			return nil, errors.Join(err, c.close())
		}
		return c, nil
	}
	want := int64(spoolOver + 1)
	if found.Size >= 0 {
		want = min(want, found.Size+1)
	}
	if err := f.memory.Acquire(ctx, want); err != nil {
		return nil, err
	}
	c, err := readContent(found.Body, found.Size, f.deps.Limits.ItemBytes, f.deps.Temp)
	if err != nil {
		f.memory.Release(want)
		return nil, err
	}
	switch over := want - c.held(); {
	case over > 0:
		f.memory.Release(over)
	case over < 0: // a source may have said too little: what is given back later is counted first
		if err := f.memory.Acquire(ctx, -over); err != nil {
			f.memory.Release(want)
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

// refusal names what was refused as if it had no bytes: the ledger drops it under
// that name once the position is captured.
func (f *folderRun) refusal(folder, position string, why Reason) *relais.Refusal {
	o := relais.Occurrence{Owner: f.job.Owner.Address, Source: f.source.Label(), Folder: folder, Position: position}
	return &relais.Refusal{
		ID: o.Key(), Case: f.job.Case, Source: o.Source, Folder: folder, Position: position,
		Stage: "ingest", Code: why.Code, Detail: why.Detail, Attempts: 1, At: f.deps.Now().UTC(),
	}
}

// fail puts on record that a folder could not be read to its end.
func (f *folderRun) fail(ctx context.Context, err error) error {
	f.failed = append(f.failed, FolderError{Source: f.source.Label(), Folder: f.folder.Name, Err: err})
	why := Reason{Code: ReasonFolder, Detail: folderDetail(err)}
	return f.send(ctx, entry{refusal: f.refusal(f.folder.Name, "", why)})
}

// send hands an entry to the committer. While the committer is behind, the source waits
// here: nothing else bounds how far reading may run ahead.
func (f *folderRun) send(ctx context.Context, e entry) error {
	e.source = f.source.Label()
	if e.read == "" {
		e.read = f.folder.Name
	}
	if e.found == nil {
		e.folder = e.read
	}
	select {
	case f.out <- e:
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), e.close())
	}
}

// reasonOf gives the class of a fault, and words of the system, never a path.
func reasonOf(err error) Reason {
	var no syscall.Errno
	switch {
	case errors.Is(err, errNotRegular):
		return Reason{ReasonNotRegular, errNotRegular.Error()}
	case errors.Is(err, errTooLarge):
		return Reason{ReasonTooLarge, errTooLarge.Error()}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, io.ErrUnexpectedEOF):
		return Reason{ReasonVanished, "gone or cut short while it was read"}
	case errors.Is(err, fs.ErrPermission):
		return Reason{ReasonUnreadable, "permission denied"}
	case errors.As(err, &no):
		return Reason{ReasonUnreadable, no.Error()}
	}
	return Reason{ReasonUnreadable, string(relais.KindOf(err))}
}

// folderDetail says why a folder could not be read, never with a path.
func folderDetail(err error) string {
	why := reasonOf(err)
	if why.Code == ReasonUnreadable && why.Detail == string(relais.KindOf(err)) && relais.KindOf(err) != relais.KindInternal {
		return err.Error() // in words of ours
	}
	return why.Detail
}

// received gives a time as an item carries it; an impossible one counts as none.
func received(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Second)
	if t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}
