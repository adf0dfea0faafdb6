package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

// Decider keeps what people decide of clients and topics, and has documents follow it.
// The verbs that change something end with an event of type "decided".
type Decider interface {
	// AllDecisions lists what was decided, of a case and of the whole archive, or with an
	// empty id everything; with the names of folders, which may be marks of privacy.
	AllDecisions(ctx context.Context, c relais.CaseID) ([]relais.Decision, error)
	Decide(ctx context.Context, req relais.DecideRequest, by relais.Act, emit func(relais.Event)) error
	UndoDecided(ctx context.Context, req relais.UndoRequest, by relais.Act, emit func(relais.Event)) error
	// ImportDecisions reads what AllDecisions gave, a JSON object a line.
	ImportDecisions(ctx context.Context, lines io.Reader, emit func(relais.Event)) error
}

// decisionRoutes are the local operator's, as those that settle privacy are.
func (s *Server) decisionRoutes(r *gin.RouterGroup) {
	r.POST("/decisions", s.decide)
	r.POST("/decisions/undo", s.undoDecided)
	r.GET("/decisions/export", s.exportDecisions)
	r.POST("/decisions/import", func(c *gin.Context) {
		s.long(c, actionDecisionImport, func(ctx context.Context, emit func(relais.Event)) error {
			return s.deps.Decider.ImportDecisions(ctx, c.Request.Body, emit)
		})
	})
}

// decisions answers GET /api/v1/decisions, for compliance: they name addresses, and
// documents of every client.
func (s *Server) decisions(c *gin.Context) {
	if !s.compliance(c, actionDecisionList) {
		return
	}
	var of relais.CaseID
	if name := c.Query("case"); name != "" {
		k, err := s.namedCase(c, name)
		if err != nil {
			s.fail(c, err)
			return
		}
		of = k.ID
	}
	list, err := s.deps.Decider.AllDecisions(c.Request.Context(), of)
	if err != nil {
		s.fail(c, err)
		return
	}
	for i, d := range list {
		if d.About == relais.AboutFolder {
			list[i].Target = relais.FolderID(d.Target)
		}
	}
	if s.disclose(c, audit.Entry{Action: actionDecisionList, Case: of, Count: int64(len(list))}) {
		c.JSON(http.StatusOK, gin.H{"decisions": append([]relais.Decision{}, list...)})
	}
}

// exportDecisions answers GET /api/v1/decisions/export: a decision a line, whole, as
// another archive takes them.
func (s *Server) exportDecisions(c *gin.Context) {
	list, err := s.deps.Decider.AllDecisions(c.Request.Context(), "")
	if err != nil {
		s.fail(c, err)
		return
	}
	if !s.disclose(c, audit.Entry{Action: actionDecisionExport, Count: int64(len(list))}) {
		return
	}
	c.Header("Content-Type", "application/x-ndjson")
	c.Status(http.StatusOK)
	enc := json.NewEncoder(c.Writer)
	for _, d := range list {
		if enc.Encode(d) != nil {
			return // who asked has left
		}
	}
}

// decide answers POST /api/v1/decisions.
func (s *Server) decide(c *gin.Context) {
	var req relais.DecideRequest
	if !s.bind(c, &req) {
		return
	}
	if err := checkDecide(&req); err != nil {
		s.fail(c, err)
		return
	}
	entry := audit.Entry{Action: actionDecisionMake, Objects: s.decidedOn(req), Reason: string(req.Kind)}
	s.longAs(c, entry, func(ctx context.Context, emit func(relais.Event)) error {
		return s.deps.Decider.Decide(ctx, req, s.act(c, req.Reason), emit)
	})
}

// decidedOn names what a request is about for the audit log, which holds no address:
// addresses and domains by their hash.
func (s *Server) decidedOn(req relais.DecideRequest) []string {
	var list []string
	for _, id := range req.Documents {
		list = append(list, string(id))
	}
	list = append(list, req.Threads...)
	for _, text := range append(append([]string{}, req.Addresses...), req.Domains...) {
		list = append(list, s.deps.Hash(strings.ToLower(text)))
	}
	return append(list, req.Clients...)
}

// checkDecide tells what is missing of a request, and trims its reason.
func checkDecide(req *relais.DecideRequest) (err error) {
	const op = "decide"
	req.Value = strings.TrimSpace(req.Value)
	if req.Reason = strings.TrimSpace(req.Reason); req.Reason != "" {
		if req.Reason, err = reasonOf(req.Reason); err != nil {
			return err
		}
	}
	switch {
	case !slices.Contains([]relais.DecisionKind{relais.DecideClient, relais.DecideTopic, relais.DecideMerge, relais.DecidePrivacy}, req.Kind):
		return relais.Errorf(relais.KindInvalid, op, "a decision is on a client, a topic or privacy, or merges clients")
	case req.Value == "":
		return relais.Errorf(relais.KindInvalid, op, "say which client or topic it is, or that it is personal")
	case req.Things() == 0:
		return relais.WithHint(relais.Errorf(relais.KindInvalid, op, "say what is decided of: documents, a thread, an address or a domain"), "see `relais decide --help`")
	case req.Kind == relais.DecidePrivacy && len(req.Addresses)+len(req.Domains) != req.Things():
		return relais.WithHint(relais.Errorf(relais.KindInvalid, op, "privacy is decided so of addresses and domains"),
			"`relais privacy settle` settles documents, folders and rules")
	case req.Kind == relais.DecideMerge && (len(req.Clients) != req.Things() || req.Not):
		return relais.Errorf(relais.KindInvalid, op, "clients alone are merged; `relais decisions undo` parts them")
	}
	return nil
}

// undoDecided answers POST /api/v1/decisions/undo.
func (s *Server) undoDecided(c *gin.Context) {
	s.undo(c, actionDecisionUndo, s.deps.Decider.UndoDecided)
}
