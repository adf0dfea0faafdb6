package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

// cases answers GET /api/v1/cases.
func (s *Server) cases(c *gin.Context) {
	scope, ok := s.scoped(c)
	if !ok {
		return
	}
	list, err := s.deps.Cases.List(c.Request.Context())
	if err != nil {
		s.fail(c, err)
		return
	}
	shown := []relais.Case{}
	for _, k := range list {
		if scope.ShowsCase(k.ID) {
			shown = append(shown, k)
		}
	}
	if s.disclose(c, audit.Entry{Action: actionCaseList, Count: int64(len(shown))}) {
		c.JSON(http.StatusOK, gin.H{"cases": shown})
	}
}

// namedCase finds the case a request names, within the scope.
func (s *Server) namedCase(c *gin.Context, name string) (relais.Case, error) {
	scope, err := s.scopeOf(c)
	if err != nil {
		return relais.Case{}, err
	}
	k, err := s.deps.Cases.Case(c.Request.Context(), name)
	if relais.KindOf(err) == relais.KindNotFound || err == nil && !scope.ShowsCase(k.ID) {
		return relais.Case{}, relais.WithHint(relais.Errorf(relais.KindNotFound, "find case", "no case named %q", name), "`relais case list` shows those there are")
	}
	return k, err
}

// oneCase answers GET /api/v1/cases/NAME.
func (s *Server) oneCase(c *gin.Context) {
	k, err := s.namedCase(c, c.Param("name"))
	if err != nil {
		s.fail(c, err)
		return
	}
	if s.disclose(c, audit.Entry{Action: actionCaseOpen, Case: k.ID, Count: 1}) {
		c.JSON(http.StatusOK, k)
	}
}

// balance answers GET /api/v1/cases/NAME/balance: for those who see all of the case.
func (s *Server) balance(c *gin.Context) {
	if !s.compliance(c, actionCaseBalance) {
		return
	}
	k, err := s.namedCase(c, c.Param("name"))
	if err != nil {
		s.fail(c, err)
		return
	}
	b, err := s.deps.Accounts.Balance(c.Request.Context(), string(k.ID))
	if err != nil {
		s.fail(c, err)
		return
	}
	all, err := s.deps.Clients.Refusals(c.Request.Context(), "")
	if err != nil {
		s.fail(c, err)
		return
	}
	b.Apart = relais.Apart(all)
	if s.disclose(c, audit.Entry{Action: actionCaseBalance, Case: k.ID, Count: b.Seen}) {
		c.JSON(http.StatusOK, b)
	}
}

// refused answers GET /api/v1/refused[?case=NAME].
func (s *Server) refused(c *gin.Context) {
	if !s.compliance(c, actionRefusedList) {
		return
	}
	var id relais.CaseID
	if name := c.Query("case"); name != "" {
		k, err := s.namedCase(c, name)
		if err != nil {
			s.fail(c, err)
			return
		}
		id = k.ID
	}
	list, err := s.deps.Clients.Refusals(c.Request.Context(), id)
	if err != nil {
		s.fail(c, err)
		return
	}
	if list == nil {
		list = []relais.Refusal{}
	}
	if s.disclose(c, audit.Entry{Action: actionRefusedList, Case: id, Count: int64(len(list))}) {
		c.JSON(http.StatusOK, gin.H{"refused": list})
	}
}
