package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/relais"
)

const (
	// bodyTime is how long a body sent over the network may take: it is a form or a few
	// fields, and whoever sends it drop by drop holds a connection for nothing.
	bodyTime = 10 * time.Second
	// maxBody bounds it, in bytes. Files come by the local socket alone.
	maxBody = 1 << 20
)

// bodyInTime reads what comes with a request, whole, before anything else is done: a
// handler that does not read it would leave it to the server, which waits for ever.
func (s *Server) bodyInTime(within time.Duration) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.Body == nil || c.Request.Body == http.NoBody {
			return
		}
		conn := http.NewResponseController(c.Writer)
		_ = conn.SetReadDeadline(time.Now().Add(within)) // what has no deadlines is no network
		b, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
		var large *http.MaxBytesError
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.Header("Connection", "close")
			s.refuse(c, http.StatusRequestTimeout, relais.Errorf(relais.KindInvalid, "read request", "its body took too long"))
			return
		case errors.As(err, &large):
			s.refuse(c, http.StatusRequestEntityTooLarge, relais.Errorf(relais.KindTooLarge, "read request", "its body is over %d bytes", large.Limit))
			return
		case err != nil:
			s.fail(c, relais.Errorf(relais.KindInvalid, "read request", "its body broke off"))
			return
		}
		_ = conn.SetReadDeadline(time.Time{})
		c.Request.Body = io.NopCloser(bytes.NewReader(b))
	}
}
