package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/relais"
)

// secure sets the headers every answer carries: nothing of another origin is run,
// framed or sniffed, and there are no scripts at all.
func secure(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
}

// log writes one line a request: route and outcome, never a query or an id of a person.
func (s *Server) log(c *gin.Context) {
	start := s.deps.Now()
	defer func() { // also when the connection is aborted
		s.deps.Logger.Info("request", "method", c.Request.Method, "route", c.FullPath(),
			"status", c.Writer.Status(), "bytes", c.Writer.Size(), "took", s.deps.Now().Sub(start).String())
	}()
	c.Next()
}

// recover turns a fault of ours into a problem document and a logged class of panic.
// http.ErrAbortHandler goes on: it is how a cut answer breaks its connection.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		s.deps.Logger.Error("handler panicked", "route", c.FullPath(), "type", fmt.Sprintf("%T", p))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler)
		}
		s.fail(c, relais.Errorf(relais.KindInternal, "serve", "an internal fault"))
	}()
	c.Next()
}

// wellFormed refuses an address whose query cannot be read: what is wrong in it
// would be left out unsaid, and a search without its words finds everything.
func (s *Server) wellFormed(c *gin.Context) {
	if _, err := url.ParseQuery(c.Request.URL.RawQuery); err != nil {
		s.fail(c, relais.WithHint(relais.Errorf(relais.KindInvalid, "read address", "its query is malformed"), "percent-encode % ; and &"))
	}
}

// noRoute and noMethod answer what no handler does.
func (s *Server) noRoute(c *gin.Context) {
	s.fail(c, relais.Errorf(relais.KindNotFound, "route", "no such page"))
}

func (s *Server) noMethod(c *gin.Context) {
	s.refuse(c, http.StatusMethodNotAllowed, relais.Errorf(relais.KindInvalid, "route", "%s is not answered here", c.Request.Method))
}
