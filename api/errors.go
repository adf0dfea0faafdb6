package api

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/access"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// statusOf is the one place where kinds of error become HTTP statuses.
func statusOf(k relais.Kind) int {
	switch k {
	case relais.KindInvalid, relais.KindRefused:
		return http.StatusBadRequest
	case relais.KindAuth:
		return http.StatusUnauthorized
	case relais.KindForbidden:
		return http.StatusForbidden
	case relais.KindNotFound, relais.KindForgotten:
		return http.StatusNotFound
	case relais.KindConflict:
		return http.StatusConflict
	case relais.KindTooLarge:
		return http.StatusRequestEntityTooLarge
	case relais.KindUnavailable, relais.KindLocked:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// problemOf describes an error to whoever asked (RFC 9457). What is wrong with the
// archive or its machine stays from them, but for its hint; what was forgotten
// answers as what never was.
func problemOf(err error) relais.Problem {
	kind := relais.KindOf(err)
	if kind == relais.KindForgotten {
		kind = relais.KindNotFound
	}
	p := relais.Problem{Type: "urn:relais:problem:" + string(kind), Code: string(kind), Status: statusOf(kind), Hint: relais.HintOf(err)}
	p.Title = http.StatusText(p.Status)
	if p.Status < http.StatusInternalServerError {
		p.Detail = err.Error()
	}
	var syntax *search.SyntaxError
	if errors.As(err, &syntax) {
		pos := syntax.Pos
		p.Position, p.Length, p.Suggestion, p.Detail = &pos, syntax.Len, syntax.Suggestion, syntax.Detail
	}
	return p
}

// fail answers with a problem and ends the request. A fault of ours is logged here,
// for it is handled here; the local operator is told all of it.
func (s *Server) fail(c *gin.Context, err error) {
	ctx := c.Request.Context()
	if ctx.Err() != nil && !givenUp(ctx) {
		c.Abort()
		return
	}
	if givenUp(ctx) {
		err = errors.Join(errNoAnswer, err)
	}
	if givenUp(ctx) || relais.KindOf(err) == relais.KindCanceled { // by a bound of ours: whoever asks is still there
		err = relais.WithHint(relais.E(relais.KindUnavailable, "answer", err),
			"a server that the archive rests on does not answer: /readyz and `relais doctor` name it")
	}
	if relais.NoRoom(err) && relais.HintOf(err) == "" {
		err = relais.WithHint(err, "the disk is full: make room, and everything goes on by itself")
	}
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		s.deps.Logger.Error("request failed", "route", c.FullPath(), "code", p.Code, "error", err)
	}
	if p.Detail == "" && who(c).Kind == access.KindLocal {
		p.Detail = err.Error()
	}
	s.answer(c, p)
}

// refuse answers with a problem whose status its kind does not say.
func (s *Server) refuse(c *gin.Context, status int, err error) {
	p := problemOf(err)
	p.Status, p.Title = status, http.StatusText(status)
	s.answer(c, p)
}

// answer sends a problem: as a page where pages are asked for, else as JSON.
func (s *Server) answer(c *gin.Context, p relais.Problem) {
	c.Abort()
	switch {
	case c.Writer.Written():
	case wantsPage(c):
		s.failPage(c, p)
	default:
		c.Header("Content-Type", "application/problem+json")
		c.JSON(p.Status, p)
	}
}
