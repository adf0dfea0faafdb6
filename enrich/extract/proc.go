package extract

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync/atomic"
	"time"
)

// goodbye is how long a child may take to end once its input is closed.
const goodbye = 2 * time.Second

// proc is one child, used by one caller at a time.
type proc struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	w      *bufio.Writer
	r      *bufio.Reader
	lim    int64 // of the text of one document
	served int
	memory int64         // that it said it holds
	cpu    time.Duration // that it said it has used
	heavy  bool          // it ended since its document took more than its share; known once done
	done   chan struct{} // closed when it has ended
}

// startProc starts a child and greets it. share is the memory that it may use beside
// others, 0 for one that is alone.
func startProc(o PoolOptions, share int64, namespaces bool) (*proc, error) {
	if len(o.Command) == 0 {
		return nil, errors.New("no command")
	}
	// No context: a child outlives the call that started it, and end or kill end it.
	cmd := exec.CommandContext(context.Background(), o.Command[0], o.Command[1:]...)
	cmd.Env = append([]string{}, o.Env...) // not nil: nothing is inherited
	isolate(cmd, namespaces)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &proc{cmd: cmd, in: in, out: out, w: bufio.NewWriterSize(in, 64<<10), r: bufio.NewReaderSize(out, 64<<10),
		lim: o.Limits.TextBytes, done: make(chan struct{})}
	go p.wait()
	if err := writeFrame(p.w, hello{Limits: o.Limits, CacheDir: o.CacheDir, MemoryLimit: o.MemoryLimit, Share: share}); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// exchange gives the child one document and reads its answer. Any error means that
// the child is of no more use; the result then is what it had offered, if anything.
// deadline is of processor time; see wallFactor.
func (p *proc) exchange(ctx context.Context, in Input, b []byte, deadline time.Duration) (Result, error) {
	stop := context.AfterFunc(ctx, p.signal)
	defer stop()
	dog := p.watch(deadline)
	defer dog.stop()
	q := request{Name: in.Name, MediaType: in.MediaType, Charset: in.Charset, Size: int64(len(b)),
		Depth: in.work.depth, Bytes: in.work.bytes, Entries: in.work.entries, Retry: in.work.retry}
	if err := p.send(q, b); err != nil {
		return Result{}, err
	}
	return p.receive(in.work)
}

// send writes the request and the document. A child that dies meanwhile breaks the
// pipe.
func (p *proc) send(q request, b []byte) error {
	if err := writeFrame(p.w, q); err != nil {
		return err
	}
	if _, err := p.w.Write(b); err != nil {
		return err
	}
	return p.w.Flush()
}

// receive reads the answer to a request. When the child ends before it, what it had
// offered comes with the error.
func (p *proc) receive(w *work) (offered Result, err error) {
	for {
		a, res, err := p.answer()
		if err != nil {
			return offered, err
		}
		w.bytes, w.entries = a.Bytes, a.Entries
		if a.Offer {
			offered = res
			continue
		}
		p.served++
		p.memory, p.cpu = a.Memory, time.Duration(a.CPU)
		return res, nil
	}
}

// answer reads one frame and the text that follows it, never more than the limit:
// a child that was taken over may say anything.
func (p *proc) answer() (a answer, res Result, err error) {
	if err := readFrame(p.r, &a); err != nil {
		return a, res, err
	}
	if a.Error != "" || a.Size < 0 || a.Size > p.lim {
		return a, res, fmt.Errorf("answer of %d bytes, error %q", a.Size, a.Error)
	}
	text := make([]byte, a.Size)
	if _, err := io.ReadFull(p.r, text); err != nil {
		return a, res, err
	}
	return a, Result{MediaType: a.MediaType, Text: string(text), Outcome: a.Outcome, Warnings: a.Warnings, Dates: a.Dates, Extractor: a.Extractor}, nil
}

// watchdog kills a child that takes too long over one document.
type watchdog struct {
	p        *proc
	timer    *time.Timer
	stopped  atomic.Bool
	deadline time.Duration // of processor time
	began    time.Time
}

// watch looks after a child for one document. Processor time is read only when the
// first deadline passes: a document on the way costs a timer and no more.
func (p *proc) watch(deadline time.Duration) *watchdog {
	d := &watchdog{p: p, deadline: deadline, began: time.Now()}
	d.timer = time.AfterFunc(deadline, d.look)
	return d
}

// stop calls the watchdog off; a look already on its way sees it.
func (d *watchdog) stop() {
	d.stopped.Store(true)
	d.timer.Stop()
}

// look runs when the document may have had its deadline. Where processor time
// cannot be read, wall time alone counts, with its generous share.
func (d *watchdog) look() {
	if d.stopped.Load() {
		return
	}
	left := wallFactor*d.deadline - time.Since(d.began)
	if used, known := cpuTime(d.p.cmd.Process.Pid); known {
		left = min(left, d.deadline-(used-d.p.cpu))
	}
	if left > 0 {
		d.timer.Reset(max(left, d.deadline/10))
		return
	}
	d.p.signal()
}

// wait reaps the child whenever it ends.
func (p *proc) wait() {
	ended, err := p.cmd.Process.Wait()
	p.heavy = err == nil && ended.ExitCode() == exitHeavy // else the broken pipe says all
	close(p.done)
}

// signal ends the child at once; reads and writes on its pipes then fail.
func (p *proc) signal() { _ = p.cmd.Process.Kill() } // it may have ended already

// kill ends the child at once and releases what it used.
func (p *proc) kill() {
	p.signal()
	<-p.done
	_ = p.in.Close()
	_ = p.out.Close() // nothing is lost with either: the child is gone
}

// end lets the child finish, by closing its input, and kills it when it does not.
func (p *proc) end() error {
	err := p.in.Close()
	defer p.out.Close()
	select {
	case <-p.done:
	case <-time.After(goodbye):
		p.signal()
		<-p.done
	}
	return err
}
