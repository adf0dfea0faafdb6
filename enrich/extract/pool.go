package extract

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// PoolOptions say how a pool runs its children.
type PoolOptions struct {
	Command     []string      // path and arguments of the child, which calls Worker
	Env         []string      // its environment, usually empty: nothing is inherited
	Workers     int           // children at once; default: processors
	Limits      format.Limits // of one document
	CacheDir    string        // where compiled code rests between runs; empty: nowhere, and each child compiles for seconds
	Deadline    time.Duration // processor time of one document; default 10 s. Six times as much wall time is allowed
	MemoryLimit int64         // bytes that the children may use together; default 250 MiB
}

const (
	// recycleAfter is how many documents one child reads: what one may have left
	// behind does not last.
	recycleAfter = 1_000
	// wallFactor is how many deadlines in wall time a document may take: other
	// processes share the machine.
	wallFactor = 6
	// leastShare is what a child needs to read most documents: where memory for all the
	// workers is short, there are fewer.
	leastShare = 60 << 20
	// surelyHeavy is the size from which a document is not tried within a share.
	surelyHeavy = 32 << 20
)

// errHeavy says that a document takes more memory than a child's share.
var errHeavy = errors.New("the document takes more than a share of the memory")

// Pool is an Extractor whose risky formats are read by child processes.
type Pool struct {
	opts    PoolOptions
	local   *reader
	engines *engines
	slots   chan *proc    // one element a worker; nil where no child runs yet
	lone    chan struct{} // held by who collects all slots
	closing context.Context
	stop    context.CancelFunc

	mu        sync.Mutex
	noIsolate bool // namespaces were refused once: not asked for again
}

// NewPool makes a pool. Children start when they are first needed. Close ends them.
func NewPool(o PoolOptions) *Pool {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Deadline <= 0 {
		o.Deadline = 10 * time.Second
	}
	if o.MemoryLimit <= 0 {
		o.MemoryLimit = 250 << 20
	}
	o.Workers = int(min(int64(o.Workers), max(1, o.MemoryLimit/leastShare)))
	if o.Limits == (format.Limits{}) {
		o.Limits = format.DefaultLimits()
	}
	e := &engines{}
	p := &Pool{opts: o, engines: e, local: newReader(o.Limits, formats(e)), slots: make(chan *proc, o.Workers), lone: make(chan struct{}, 1)}
	p.closing, p.stop = context.WithCancel(context.Background()) // ends at Close, not with a caller
	for range o.Workers {
		p.slots <- nil
	}
	return p
}

// Extract reads one document: text, tables, HTML and mail in this process, what has
// no reader not at all, the rest in a child. A document on which a child dies is
// tried once more, alone in a new one, unless it had offered some text before.
func (p *Pool) Extract(ctx context.Context, in Input) (Result, error) {
	return counted(in, p.opts.Limits, func(in Input) (Result, error) { return p.extract(ctx, in) })
}

func (p *Pool) extract(ctx context.Context, in Input) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	t := sniffBytes(readHead(in), in)
	if f, ok := p.local.byType[t]; !ok || !f.Risky || in.Size <= 0 || in.Size > p.opts.Limits.MessageBytes {
		in.work.nested = p.nested
		return p.local.readAs(ctx, t, in)
	}
	return p.extractInChild(ctx, in)
}

// nested reads what is in a document read here: an attachment of a message.
func (p *Pool) nested(ctx context.Context, in Input) Result {
	res, err := p.extract(ctx, in)
	if err != nil {
		return failed(typeUnknown, "", "member_unread", "")
	}
	return res
}

// extractInChild has a child read a document: with the others, within its share of the
// memory, or alone when that is not enough. The result is the same: what was read within
// the share is let go.
func (p *Pool) extractInChild(ctx context.Context, in Input) (Result, error) {
	b, _, err := readBody(in, p.opts.Limits)
	if err != nil {
		return Result{}, err
	}
	if len(b) < surelyHeavy {
		before := *in.work
		res, err := p.besideOthers(ctx, in, b)
		if !errors.Is(err, errHeavy) {
			return res, err
		}
		in.work.bytes, in.work.entries = before.bytes, before.entries
	}
	return p.byItself(ctx, in, b)
}

// besideOthers waits for a worker, then hands the document to its child. Whatever
// happens, the worker goes back to the pool, with a child or without.
func (p *Pool) besideOthers(ctx context.Context, in Input, b []byte) (Result, error) {
	c, err := p.slot(ctx)
	if err != nil {
		return Result{}, err
	}
	defer func() { p.slots <- c }()
	return p.tryTwice(ctx, &c, in, b, p.opts.MemoryLimit/int64(p.opts.Workers))
}

// byItself waits for all the workers, ends their children, and has one child read the
// document that has all the memory.
func (p *Pool) byItself(ctx context.Context, in Input, b []byte) (Result, error) {
	select {
	case p.lone <- struct{}{}:
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
	defer func() { <-p.lone }()
	for range p.opts.Workers {
		c, err := p.slot(ctx)
		if err != nil {
			return Result{}, err
		}
		defer func() { p.slots <- nil }()
		if c != nil {
			_ = c.end() // it is not needed, however it ended
		}
	}
	var c *proc
	res, err := p.tryTwice(ctx, &c, in, b, 0)
	if c != nil {
		_ = c.end() // nor is this one any more
	}
	return res, err
}

// slot waits for a worker.
func (p *Pool) slot(ctx context.Context) (*proc, error) {
	select {
	case c := <-p.slots:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closing.Done():
		return nil, relais.Errorf(relais.KindUnavailable, "extract", "pool is closed")
	}
}

// tryTwice hands a document to a child, and to a new one when that dies; share is what it
// may use, 0 all there is. In at stands the child that is left, nil when none is.
func (p *Pool) tryTwice(ctx context.Context, at **proc, in Input, b []byte, share int64) (Result, error) {
	w := in.work
	defer func() { w.retry = false }() // what follows in the same container is another document
	for _, w.retry = range []bool{false, true} {
		c, err := p.ready(*at, share)
		if *at = c; err != nil {
			return Result{}, relais.E(relais.KindUnavailable, "start extractor", err)
		}
		res, err := c.exchange(ctx, in, b, p.opts.Deadline)
		if err == nil {
			return res, nil
		}
		c.kill()
		*at = nil
		switch {
		case ctx.Err() != nil:
			return Result{}, ctx.Err()
		case c.heavy:
			return Result{}, errHeavy
		case res.Outcome != "":
			return killed(res), nil
		}
	}
	return failed(sniffBytes(readHead(in), in), "child/1", "extractor_killed", ""), nil
}

// killed marks what a child had read before it was killed.
func killed(res Result) Result {
	w := warnings(res.Warnings)
	w.add("extractor_killed", "")
	res.Warnings = w
	if res.Outcome == relais.ExtractionComplete {
		res.Outcome = relais.ExtractionPartial
	}
	return res
}

// ready gives a child fit for one more document: the one there is, unless it is
// worn out, or a new one.
func (p *Pool) ready(c *proc, share int64) (*proc, error) {
	if c != nil && (c.served >= recycleAfter || c.memory > p.opts.MemoryLimit*3/4) {
		_ = c.end() // it is worn out, however it ended
		c = nil
	}
	if c != nil {
		return c, nil
	}
	p.mu.Lock()
	namespaces := canIsolate && !p.noIsolate
	p.mu.Unlock()
	c, err := startProc(p.opts, share, namespaces)
	if err != nil && namespaces {
		if c, err = startProc(p.opts, share, false); err == nil {
			p.mu.Lock()
			p.noIsolate = true
			p.mu.Unlock()
		}
	}
	return c, err
}

// Close ends the children, after the documents that they are reading. Documents
// that still wait are refused.
func (p *Pool) Close() error {
	if p.closing.Err() != nil {
		return nil
	}
	p.stop()
	var errs []error
	for range p.opts.Workers {
		if c := <-p.slots; c != nil {
			errs = append(errs, c.end())
		}
	}
	p.engines.close()
	return errors.Join(errs...)
}
