package api

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// answerTime is how long whoever asks waits for a sign of life: an answer, or a part of one
// that takes longer. A server behind us that hangs does not make people wait with it.
const answerTime = 9 * time.Second

// errNoAnswer is why a request was given up.
var errNoAnswer = errors.New("nothing has come within " + answerTime.String())

// patience is the time that a request has left.
type patience struct {
	timer *time.Timer
	each  time.Duration

	mu    sync.Mutex
	over  bool // nothing is timed any more
	steps bool // each step of the work has its time
}

type patienceKey struct{}

func patienceOf(ctx context.Context) *patience {
	p, _ := ctx.Value(patienceKey{}).(*patience) // nil where nothing is timed
	return p
}

// rest stops the time, renew gives all of it anew, and end stops it for good.
func (p *patience) rest() { p.timer.Stop() }

func (p *patience) renew() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over {
		p.timer.Reset(p.each)
	}
}

func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.timer.Stop()
}

// inTime ends the context of a request after answerTime in which nothing moved.
func (s *Server) inTime(c *gin.Context) {
	ctx, cancel := context.WithCancelCause(c.Request.Context())
	p := &patience{timer: time.AfterFunc(s.answerTime, func() { cancel(errNoAnswer) }), each: s.answerTime}
	asked := c.Request
	defer func() { // also for who tells of a panic
		p.end()
		cancel(nil)
		c.Request = asked
	}()
	c.Request = asked.WithContext(context.WithValue(ctx, patienceKey{}, p))
	c.Writer = &unhurried{c.Writer, p}
	c.Next()
}

// inSteps gives each step of a long answer the time that a short one has in all.
func inSteps(ctx context.Context) {
	if p := patienceOf(ctx); p != nil {
		p.mu.Lock()
		p.steps = true
		p.mu.Unlock()
		p.renew()
	}
}

// moved tells that a step of a long answer was done.
func moved(ctx context.Context) {
	if p := patienceOf(ctx); p != nil {
		p.mu.Lock()
		steps := p.steps
		p.mu.Unlock()
		if steps {
			p.renew()
		}
	}
}

// unbounded lets a request take the time it takes: its progress is told as it goes.
func unbounded(ctx context.Context) {
	if p := patienceOf(ctx); p != nil {
		p.end()
	}
}

// stepping is the engine of a long answer, whose searches are steps.
type stepping struct {
	search.Searcher
	search.Lister
}

// Search searches.
func (s stepping) Search(ctx context.Context, req search.Request) (search.Result, error) {
	res, err := s.Searcher.Search(ctx, req)
	moved(ctx)
	return res, err
}

// List lists, each part of the list a step.
func (s stepping) List(ctx context.Context, scope relais.Scope, query search.Node, fn func([]relais.DocumentID) error) error {
	return s.Lister.List(ctx, scope, query, func(ids []relais.DocumentID) error {
		moved(ctx)
		return fn(ids)
	})
}

// unhurried is a writer to somebody who may read as slowly as they like.
type unhurried struct {
	gin.ResponseWriter
	p *patience
}

// Unwrap gives the writer below, for who sets its deadlines.
func (u *unhurried) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// Write writes, and what comes after has its time anew.
func (u *unhurried) Write(b []byte) (int, error) {
	u.p.rest()
	defer u.p.renew()
	return u.ResponseWriter.Write(b)
}

// WriteString is as Write.
func (u *unhurried) WriteString(text string) (int, error) { return u.Write([]byte(text)) }

// givenUp tells whether a request ended because nothing moved, and not because whoever
// asked has left.
func givenUp(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errNoAnswer) }

// record writes an audit entry. A log that takes too long is not waited for: an entry
// without its disclosure may happen, the reverse never.
func (s *Server) record(ctx context.Context, e audit.Entry) error {
	done := make(chan error, 1)
	go func() { done <- s.deps.Audit.Append(ctx, e) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return relais.E(relais.KindUnavailable, "append audit", context.Cause(ctx))
	}
}
