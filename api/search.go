package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

// search answers GET /api/v1/search.
func (s *Server) search(c *gin.Context) {
	q, err := s.question(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	found, err := s.answers.Ask(c.Request.Context(), q)
	if err != nil {
		s.fail(c, err)
		return
	}
	if s.discloseSearch(c, found.Page) {
		c.JSON(http.StatusOK, found.Page)
	}
}

func (s *Server) discloseSearch(c *gin.Context, page relais.Page) bool {
	ids := make([]string, len(page.Hits))
	for i, h := range page.Hits {
		ids[i] = string(h.ID)
	}
	return s.disclose(c, audit.Entry{Action: actionSearch, QueryHash: s.deps.Hash(c.Query("q")), Count: int64(page.Total), Objects: ids})
}
