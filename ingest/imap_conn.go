package ingest

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/relais-archive/relais/internal/relais"
)

// patience is how long a server is waited for. Only time spent waiting for its
// bytes counts, not what we take to make them durable.
type patience struct {
	dial  time.Duration
	stall time.Duration // without any byte
	line  time.Duration // for one answer but its literal
	rate  int64         // bytes a second, at least, of a literal
	pause time.Duration // before the first reconnection; then growing
	tries int           // connections in a row that may fail
}

// literal is how long the bytes of a message may take.
func (p patience) literal(size int64) time.Duration {
	return p.line + time.Duration(size/p.rate)*time.Second
}

// defaultPatience is for servers that are far and slow, and large mailboxes that are
// searched before the first byte of an answer.
func defaultPatience() patience {
	return patience{dial: 30 * time.Second, stall: 2 * time.Minute, line: 5 * time.Minute, rate: 4 << 10, pause: time.Second, tries: 5}
}

// answerBytes bounds what one command, or one message but its literal, may send.
const answerBytes = 16 << 20

var errBudget = errors.New("the server sends more than was asked for")

// guard is a connection that takes no more bytes from its peer, and waits for them no
// longer, than the current operation allows: go-imap knows neither contexts nor limits on
// lines. It also tells a broken connection from a broken answer.
type guard struct {
	net.Conn
	stall time.Duration

	mu     sync.Mutex
	armed  time.Time // when the operation began; zero: none is under way
	wait   time.Duration
	bytes  int64
	failed error // what the network said, or we on its behalf
	left   bool  // we have closed it: what it says from now on means nothing
}

// allow begins an operation.
func (g *guard) allow(bytes int64, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed, g.wait, g.bytes = time.Now(), wait, bytes
	g.deadline(g.armed) // also for a read that is waiting already
}

// rest ends it: the peer may now be silent as long as we are.
func (g *guard) rest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed = time.Time{}
	g.deadline(time.Now())
}

// deadline sets when the read under way, or the next one, has to end.
func (g *guard) deadline(now time.Time) {
	end := time.Time{}
	if !g.armed.IsZero() {
		end = now.Add(min(g.wait, g.stall))
	}
	_ = g.Conn.SetReadDeadline(end) // fails on a closed connection, as the read will
}

// Read keeps to what is allowed.
func (g *guard) Read(p []byte) (int, error) {
	g.mu.Lock()
	start := time.Now()
	if !g.armed.IsZero() && g.bytes <= 0 {
		g.failed = errBudget
		g.mu.Unlock()
		return 0, errBudget
	}
	if !g.armed.IsZero() { // the last read before the budget is spent must not go past it
		p = p[:min(int64(len(p)), g.bytes)]
	}
	g.deadline(start)
	g.mu.Unlock()
	n, err := g.Conn.Read(p)
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.armed.IsZero() {
		if start.Before(g.armed) {
			start = g.armed
		}
		g.wait -= time.Since(start)
		g.bytes -= int64(n)
	}
	if err != nil && g.failed == nil && !g.left {
		g.failed = err
	}
	return n, err
}

// leave closes the connection from our side.
func (g *guard) leave() {
	g.mu.Lock()
	g.left = true
	g.mu.Unlock()
	_ = g.Close() // closed already, as likely as not
}

// fault gives what broke the connection, nil when only its contents are at fault.
func (g *guard) fault() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failed
}

// SetReadDeadline is the guard's own.
func (g *guard) SetReadDeadline(time.Time) error { return nil }

// session is one connection, logged in.
type session struct {
	client *imapclient.Client
	wire   *wire
	guard  *guard
	stop   func() bool // ends what serve began
	keep   patience
}

// serve ties the connection to a context: it ends when that does, until release.
func (s *session) serve(ctx context.Context) {
	s.release()
	s.stop = context.AfterFunc(ctx, func() { _ = s.guard.Close() })
}

// release lets the connection idle, of nobody's context.
func (s *session) release() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	s.guard.rest()
}

// connect opens a connection: TLS from the start, or STARTTLS, which only a server
// on this very machine may lack. Certificates are verified.
func (a imapAddress) connect(ctx context.Context) (*session, error) {
	dialer := net.Dialer{Timeout: a.keep.dial}
	raw, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(a.host, a.port))
	if err != nil {
		return nil, relais.E(relais.KindUnavailable, "connect to mail server", netError(err))
	}
	s := &session{guard: &guard{Conn: raw, stall: a.keep.stall}, keep: a.keep}
	s.serve(ctx)
	s.allow()
	if err := s.open(ctx, a, isLoopback(raw.RemoteAddr())); err != nil {
		s.close()
		return nil, err
	}
	if err := s.login(ctx, a); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// allow gives the next command its share of bytes and time.
func (s *session) allow() { s.guard.allow(answerBytes, s.keep.line) }

// watch allows one command whose answer go-imap reads by itself, and closes the
// connection when that takes too long, waiting or not.
func (s *session) watch() (done func()) {
	s.allow()
	timer := time.AfterFunc(2*s.keep.line, func() { _ = s.guard.Close() })
	return func() {
		timer.Stop()
		s.guard.rest()
	}
}

// close drops the connection; nothing in it needs saving.
func (s *session) close() {
	s.release()
	if s.client != nil {
		_ = s.client.Close()
		return
	}
	_ = s.guard.Close()
}

// logout ends a connection in good order.
func (s *session) logout() {
	s.guard.allow(answerBytes, min(s.keep.stall, 5*time.Second))
	_ = s.client.Logout().Wait() // a courtesy
	s.close()
}

// why describes a fault of the connection without quoting the server.
func (s *session) why(err error) string {
	var answer *imap.Error
	switch fault := s.guard.fault(); {
	case errors.As(err, &answer) && answer.Code != "":
		return string(answer.Type) + " [" + label(string(answer.Code)) + "]"
	case errors.As(err, &answer):
		return string(answer.Type)
	case fault != nil:
		return netError(fault).Error()
	}
	return "an answer that cannot be read"
}

// isAnswer tells whether the server said NO or BAD, and the connection lives.
func isAnswer(err error) bool {
	var answer *imap.Error
	return errors.As(err, &answer) && (answer.Type == imap.StatusResponseTypeNo || answer.Type == imap.StatusResponseTypeBad)
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// netError keeps the system's words and drops addresses.
func netError(err error) error {
	var op *net.OpError
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &dns):
		return errors.New("no such host")
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("the server does not answer in time")
	case errors.As(err, &op):
		return op.Err
	}
	return err
}
