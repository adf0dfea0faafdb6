package api

import (
	"io"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/access"
)

const (
	// tokenKey keeps the token of a request, to be looked up again.
	tokenKey = "token"
	// rightsEvery is how many bytes of one document are sent between two looks at the
	// rights of whoever is sent them.
	rightsEvery = 1 << 20
)

// still fails once the token of a request has ended, been revoked or been signed out: what
// takes long to send asks before each batch. The local operator's right does not end.
func (s *Server) still(c *gin.Context) error {
	moved(c.Request.Context())
	if who(c).Kind == access.KindLocal {
		return nil
	}
	p, err := s.principal(c.Request.Context(), c.GetString(tokenKey))
	if err == nil {
		c.Set(principalKey, p) // whose grants may be others by now
	}
	return err
}

// whileAllowed gives bytes for as long as their reader may have them.
func (s *Server) whileAllowed(c *gin.Context, r io.Reader) io.Reader {
	return &allowed{Reader: r, left: rightsEvery, check: func() error { return s.still(c) }}
}

type allowed struct {
	io.Reader
	left  int
	check func() error
}

// Read reads on, after a look at the rights where enough was read since the last.
func (a *allowed) Read(p []byte) (int, error) {
	if a.left <= 0 {
		if err := a.check(); err != nil {
			return 0, err
		}
		a.left = rightsEvery
	}
	n, err := a.Reader.Read(p[:min(len(p), a.left)])
	a.left -= n
	return n, err
}
