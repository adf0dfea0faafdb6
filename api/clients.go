package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/audit"
)

// clients answers GET /api/v1/clients.
func (s *Server) clients(c *gin.Context) {
	scope, ok := s.scoped(c)
	if !ok {
		return
	}
	list, err := s.answers.ClientList(c.Request.Context(), scope)
	if err != nil {
		s.fail(c, err)
		return
	}
	if s.disclose(c, audit.Entry{Action: actionClientList, Count: int64(len(list))}) {
		c.JSON(http.StatusOK, gin.H{"clients": list})
	}
}
