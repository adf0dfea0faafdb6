package audit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/relais-archive/relais/internal/durable"
	"github.com/relais-archive/relais/internal/relais"
)

// maxLine bounds a line: an entry at its limits, each byte escaped, fits in.
const maxLine = 8 << 20

// File is the embedded log: lines of JSON in one file. Entries that arrive while others
// are being made durable share the next sync. The caller makes sure that no second process
// uses the file.
type File struct {
	path string
	now  func() time.Time
	file *os.File

	queue queue
	// Used, like file, only by the holder of the queue's turn.
	size   int64 // of what is durable
	last   head
	torn   bool  // a write failed, so that nobody knows what stands after size
	closed error // why nothing more can be written

	reading sync.Mutex
	durable int64 // size, for readers
	end     head  // last, for readers
}

var _ Log = (*File)(nil)

// OpenFile opens, or makes, the log in a file that only its owner may read; now
// tells the time of entries. What a crash left of an entry that was never acknowledged, a
// line without its end or blocks of zeros, is set aside in a file beside it (its name and
// ".torn-" and the time) and then cut off. Whole lines are never cut off: an end that
// cannot be read, or has some behind what cannot, is of relais.KindDamaged, and the log
// then refuses to go on, so that nothing is disclosed unrecorded.
func OpenFile(path string, now func() time.Time) (*File, error) {
	const op = "open audit"
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, relais.E(relais.KindUnavailable, op, err)
	}
	l := &File{path: path, now: now, file: f}
	l.queue = newQueue(l.writeGroup)
	if err := l.recover(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := durable.SyncDir(filepath.Dir(path)); err != nil {
		return nil, errors.Join(relais.E(relais.KindUnavailable, op, err), f.Close())
	}
	l.durable, l.end = l.size, l.last
	return l, nil
}

// recover finds the last whole line and sets aside what follows it.
func (l *File) recover() error {
	const op = "open audit"
	end, err := l.file.Seek(0, io.SeekEnd)
	if err != nil {
		return unavailable(op, err)
	}
	text, size, err := l.lastLine(end)
	if err != nil {
		return unavailable(op, err)
	}
	if size > 0 {
		r, err := decodeLine(text)
		if err != nil {
			return err
		}
		l.last = r.head()
	}
	if l.size = size; size == end {
		return nil
	}
	if err := l.setAside(size, end); err != nil {
		return unavailable(op, err)
	}
	if err := l.file.Truncate(size); err != nil {
		return unavailable(op, err)
	}
	return unavailable(op, l.file.Sync())
}

// setAside copies a torn end to a file of its own. One that holds a whole line is none.
func (l *File) setAside(from, to int64) error {
	torn, err := io.ReadAll(io.NewSectionReader(l.file, from, to-from))
	if err != nil {
		return err
	}
	if bytes.IndexByte(torn, '\n') >= 0 {
		return relais.WithHint(relais.Errorf(relais.KindDamaged, "open audit", "whole lines stand behind one that cannot be read"),
			"nothing was cut off: keep the file as it is, and go on from a copy (`relais restore`)")
	}
	return durable.WriteFile(l.path+".torn-"+l.now().UTC().Format("20060102T150405.000000000Z"), torn)
}

// lastLine gives the last whole line and where it ends, reading backwards from the
// end of the file as far as it has to.
func (l *File) lastLine(end int64) ([]byte, int64, error) {
	for want := int64(64 << 10); ; want *= 4 {
		tail := make([]byte, min(end, want))
		start := end - int64(len(tail))
		if _, err := l.file.ReadAt(tail, start); err != nil {
			return nil, 0, err
		}
		whole := wholeLines(tail)
		text := bytes.TrimSuffix(tail[:whole], []byte("\n"))
		before := bytes.LastIndexByte(text, '\n')
		if start == 0 || before >= 0 {
			return text[before+1:], start + int64(whole), nil
		}
	}
}

// wholeLines gives how many bytes hold whole lines. A crash leaves a line without
// its end, or blocks that were never written, which read as zeros; no line holds a
// zero byte.
func wholeLines(b []byte) int {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return bytes.LastIndexByte(b, '\n') + 1
}

// unavailable gives an error of the file its kind; damage stays damage.
func unavailable(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case relais.KindOf(err) == relais.KindDamaged:
		return relais.E(relais.KindDamaged, op, err)
	}
	return relais.E(relais.KindUnavailable, op, err)
}

// Append adds one entry: see [Log].
func (l *File) Append(ctx context.Context, e Entry) error { return l.queue.append(ctx, e) }

// writeGroup writes a group of entries and shows them to readers.
func (l *File) writeGroup(_ context.Context, group []Entry) error {
	err := l.write(group)
	l.reading.Lock()
	l.durable, l.end = l.size, l.last
	l.reading.Unlock()
	return err
}

// write appends a group of entries in one write and one sync. After a failure of either
// nobody knows what the file holds after what was durable: the next write mends that
// first, so that a full disk closes the log for as long as it is full, and no longer.
func (l *File) write(group []Entry) error {
	const op = "append audit"
	if l.closed != nil {
		return l.closed
	}
	if err := l.mend(); err != nil {
		return unavailable(op, err)
	}
	var buf []byte
	last := l.last
	for _, e := range group {
		e.Time = l.now().UTC()
		r, err := last.next(e)
		if err != nil {
			return err
		}
		b, err := r.line()
		if err != nil {
			return err
		}
		buf, last = append(buf, b...), r.head()
	}
	_, err := l.file.WriteAt(buf, l.size)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		l.torn = true
		return unavailable(op, err)
	}
	l.size, l.last = l.size+int64(len(buf)), last
	return nil
}

// mend cuts off what a failed write left after the durable entries, none of which was
// acknowledged, and sees that the last durable one still stands where it stood.
func (l *File) mend() error {
	if !l.torn {
		return nil
	}
	if err := l.stands(); err != nil {
		return err
	}
	if err := errors.Join(l.file.Truncate(l.size), l.file.Sync()); err != nil {
		return err
	}
	l.torn = false
	return nil
}

// stands tells whether the last durable entry stands where it was written. The error is
// of relais.KindDamaged: another entry after it would hide what was done to it.
func (l *File) stands() error {
	info, err := l.file.Stat()
	if err != nil || l.size == 0 {
		return err
	}
	gone := relais.Errorf(relais.KindDamaged, "check audit", "the end of the log is not what was written")
	if info.Size() < l.size {
		return gone
	}
	text, _, err := l.lastLine(l.size)
	if err != nil {
		return err
	}
	if r, err := decodeLine(text); err != nil || r.head() != l.last {
		return gone
	}
	return nil
}

// Check tells whether the log would take an entry, as far as that shows without one: its
// end stands, and what a failed write has left behind could be cut off.
func (l *File) Check(context.Context) error {
	const op = "check audit"
	return l.queue.Alone(func() error {
		if l.closed != nil {
			return l.closed
		}
		return unavailable(op, errors.Join(l.stands(), l.mend()))
	})
}

// Read calls fn with the entries that were durable when it was called: see [Log].
func (l *File) Read(ctx context.Context, from int64, fn func(Entry) error) error {
	_, err := l.scan(ctx, func(r record) error {
		if r.link.Entry.Seq < from {
			return nil
		}
		return fn(r.link.Entry)
	})
	return err
}

// Verify checks the whole chain: see [Log].
func (l *File) Verify(ctx context.Context) error {
	var at head
	want, err := l.scan(ctx, func(r record) error {
		if err := at.follows(r); err != nil {
			return err
		}
		at = r.head()
		return nil
	})
	if err == nil && at != want {
		return relais.Errorf(relais.KindDamaged, "verify audit", "it ends with entry %d, not with entry %d", at.seq, want.seq)
	}
	return err
}

// scan decodes every durable line, and gives the head they lead to.
func (l *File) scan(ctx context.Context, fn func(record) error) (end head, err error) {
	const op = "read audit"
	l.reading.Lock()
	size, end := l.durable, l.end
	l.reading.Unlock()
	f, err := os.Open(l.path)
	if err != nil {
		return end, relais.E(relais.KindUnavailable, op, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(io.LimitReader(f, size))
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for after := int64(0); lines.Scan(); after++ {
		if err := ctx.Err(); err != nil {
			return end, relais.E(relais.KindCanceled, op, err)
		}
		r, err := decodeLine(lines.Bytes())
		if err != nil {
			return end, relais.Errorf(relais.KindOf(err), op, "after %d entries: %w", after, err)
		}
		if err := fn(r); err != nil {
			return end, err
		}
	}
	return end, unavailable(op, lines.Err())
}

// Close releases the file once the entries under way are durable.
func (l *File) Close() error {
	return l.queue.Alone(func() error {
		if l.closed != nil {
			return nil
		}
		l.closed = relais.E(relais.KindUnavailable, "append audit", os.ErrClosed)
		return unavailable("close audit", l.file.Close())
	})
}
