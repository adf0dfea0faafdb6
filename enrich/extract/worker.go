package extract

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

const (
	// leastAlone is what a child that is alone may have before the kernel refuses it more,
	// whatever the collector is asked to stay within: the largest documents take that much.
	leastAlone = 512 << 20
	// exitHeavy is how a child ends whose document takes more than its share.
	exitHeavy = 75
	// lookEvery is how often a child looks at its memory.
	lookEvery = 5 * time.Millisecond
)

// keepWithin ends this process once it holds more than its share: the document is then
// read by a child that has more. When it looks changes nothing of what is read.
func keepWithin(ctx context.Context, share int64) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for heldMemory() <= share {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
	os.Exit(exitHeavy)
}

// maxStack bounds one goroutine's stack in a child: an endless recursion dies there
// soon rather than at a gigabyte.
const maxStack = 64 << 20

// Worker is a pool's child: it reads documents from in and writes their text to
// out, one after the other, until in ends, which is no error. The hidden verb
// extract-worker does nothing but call it with its standard input and output. It
// bounds its own process first (memory, core files, sizes of files: see confine), so it
// must have the process to itself.
func Worker(ctx context.Context, in io.Reader, out io.Writer) error {
	return serveAll(ctx, in, out, formats)
}

// serveAll is Worker with a list of formats of one's own: tests bring worse ones.
func serveAll(ctx context.Context, in io.Reader, out io.Writer, list func(*engines) []Format) error {
	r, w := bufio.NewReaderSize(in, 64<<10), bufio.NewWriterSize(out, 64<<10)
	var h hello
	if err := readFrame(r, &h); err != nil {
		return relais.E(relais.KindInternal, "start extractor", err)
	}
	if h.MemoryLimit > 0 {
		debug.SetMemoryLimit(h.MemoryLimit)
		confine(max(h.MemoryLimit, leastAlone))
	}
	if h.Share > 0 {
		debug.SetMemoryLimit(h.Share * 3 / 4)
		go keepWithin(ctx, h.Share)
	}
	debug.SetMaxStack(maxStack)
	debug.SetGCPercent(200) // documents come and go: half the collections
	e := &engines{cacheDir: h.CacheDir}
	defer e.close()
	c := &child{reader: newReader(h.Limits, list(e)), r: r, w: w, share: h.Share}
	for {
		if err := c.serve(ctx); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return relais.E(relais.KindInternal, "extract", err)
		}
	}
}

// child answers a pool.
type child struct {
	reader *reader
	r      *bufio.Reader
	w      *bufio.Writer
	share  int64  // of memory; 0 when it is alone
	buf    []byte // of the last document, for the next
}

// serve answers one request; io.EOF is the pool's goodbye.
func (c *child) serve(ctx context.Context) error {
	var q request
	if err := readFrame(c.r, &q); err != nil {
		return err
	}
	if q.Size < 0 || q.Size > c.reader.lim.MessageBytes {
		return fmt.Errorf("document of %d bytes", q.Size)
	}
	if int64(cap(c.buf)) < q.Size || cap(c.buf) > 16<<20 {
		c.buf = make([]byte, q.Size)
	}
	b := c.buf[:q.Size]
	if _, err := io.ReadFull(c.r, b); err != nil {
		return fmt.Errorf("read document: %w", err)
	}
	w := &work{depth: q.Depth, bytes: q.Bytes, entries: q.Entries, retry: q.Retry}
	in := Input{Name: q.Name, MediaType: q.MediaType, Charset: q.Charset, Size: q.Size, Body: readerAt(b), work: w}
	var lost error
	in.offer = func(res Result) {
		t := Sniff(in)
		lost = c.answer(c.reader.complete(res, t, c.reader.byType[t]), answer{Offer: true, Bytes: w.bytes, Entries: w.entries})
	}
	res, err := c.reader.read(ctx, in)
	if lost != nil {
		return lost
	}
	a := answer{Bytes: w.bytes, Entries: w.entries, Memory: heldMemory(), CPU: int64(ownCPU())}
	if c.share > 0 && a.Memory > c.share/2 {
		debug.FreeOSMemory() // it waits for the next document, which others may have first
		a.Memory = heldMemory()
	}
	if err != nil {
		a.Error = "canceled" // the only error a reader in memory can have
	}
	return c.answer(res, a)
}

// answer sends a result with the account of what it cost.
func (c *child) answer(res Result, a answer) error {
	a.MediaType, a.Outcome, a.Warnings, a.Dates, a.Extractor = res.MediaType, res.Outcome, res.Warnings, res.Dates, res.Extractor
	a.Size = int64(len(res.Text))
	if err := writeFrame(c.w, a); err != nil {
		return err
	}
	if _, err := c.w.WriteString(res.Text); err != nil {
		return err
	}
	return c.w.Flush()
}

// heldMemory is what the Go runtime has from the system and not given back.
func heldMemory() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64())
}
