package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/relais-archive/relais/api/client"
	"github.com/relais-archive/relais/cmd/relais/wire"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/usersocket"
)

// session is how a verb reaches the archive: through the process that holds it, or
// by holding it itself. Either way it asks the same interface.
type session struct {
	*client.Client
	held     *wire.Handle   // nil when another process holds it
	location *time.Location // the archive's time zone then
	closers  []func() error
}

// Close lets the archive go.
func (s *session) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	return errors.Join(errs...)
}

// connectWait is how long a verb waits for an archive that is being opened or closed.
const connectWait = 10 * time.Second

// connect reaches the archive; create makes one when there is none.
func (a *app) connect(ctx context.Context, create bool) (*session, error) {
	deadline := time.Now().Add(connectWait)
	for {
		s, err := a.tryConnect(ctx, create)
		if relais.KindOf(err) != relais.KindLocked || time.Now().After(deadline) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// tryConnect asks the process that holds the archive, if any does. Another user's in its
// place is told of, and nothing is sent to it.
func (a *app) tryConnect(ctx context.Context, create bool) (*session, error) {
	if a.cfg.Policy().Shared {
		return a.hold(ctx, create)
	}
	c, err := a.socket().Dial(ctx)
	switch relais.KindOf(err) {
	case "":
		_ = c.Close() // it was only to see whether anyone listens
		return a.remote(), nil
	case relais.KindNotFound:
		return a.hold(ctx, create)
	}
	return nil, err
}

// socket is where the process that holds the archive's directory answers.
func (a *app) socket() usersocket.Socket {
	return usersocket.Of(a.cfg.Data, a.sys.env("XDG_RUNTIME_DIR"))
}

// remote asks the process that holds the archive.
func (a *app) remote() *session {
	socket := a.socket()
	hc := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return socket.Dial(ctx) },
	}}
	return &session{Client: client.New("http://relais", hc, ""), location: a.cfg.Location()}
}

// hold opens the archive in this process. One that is not shared other verbs may use
// meanwhile, by a socket.
func (a *app) hold(ctx context.Context, create bool) (*session, error) {
	held, err := a.program().Open(ctx, create)
	if err != nil {
		return nil, err
	}
	s := ask(held)
	if a.cfg.Policy().Shared {
		return s, nil
	}
	if l, err := a.socket().Listen(ctx); err == nil {
		s.serve(l, held.Local)
	} else {
		a.logger().Warn("no socket in the data directory: other verbs must wait for this one", "error", err)
	}
	return s, nil
}

// ask lets this process ask an archive that it has open, as others ask it by a socket.
// The archive is closed with the session.
func ask(held *wire.Handle) *session {
	s := &session{held: held, closers: []func() error{held.Close}}
	mem := newMemoryListener()
	s.serve(mem, held.Local)
	s.Client = client.New("http://relais", &http.Client{Transport: &http.Transport{DialContext: mem.dial}}, "")
	return s
}

// serve answers on a listener until the session closes.
func (s *session) serve(l net.Listener, h http.Handler) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	var done sync.WaitGroup
	done.Go(func() { _ = srv.Serve(l) }) // ends with ErrServerClosed
	s.closers = append(s.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := srv.Shutdown(ctx)
		if err != nil {
			err = srv.Close()
		}
		done.Wait()
		return err
	})
}

// memoryListener lets a process ask itself: the same interface, no network.
type memoryListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newMemoryListener() *memoryListener {
	return &memoryListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept gives the server's end of a connection.
func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and every dial.
func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr names the listener.
func (l *memoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

func (l *memoryListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	mine, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return mine, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
