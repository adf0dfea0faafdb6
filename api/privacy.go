package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/api/ui"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

// Privacy knows what is withheld until somebody settles whether it is personal.
type Privacy interface {
	Doubtful(ctx context.Context, q relais.DoubtfulQuery) (relais.DoubtfulList, error)
	// Disclose tells what a doubtful document is to who asked for it, and keeps the reason.
	Disclose(ctx context.Context, id relais.DocumentID, by relais.Act) (relais.Disclosed, error)
	// Settle decides what doubtful marks mean, and UndoSettling undoes it: both end with an
	// event of type "settled".
	Settle(ctx context.Context, req relais.SettleRequest, by relais.Act, emit func(relais.Event)) error
	UndoSettling(ctx context.Context, req relais.UndoRequest, by relais.Act, emit func(relais.Event)) error
}

// maxReason bounds a reason, in bytes.
const maxReason = 1000

// doubtful answers GET /api/v1/privacy: where doubtful marks stand, never what they say.
func (s *Server) doubtful(c *gin.Context) {
	if list, ok := s.doubtfulList(c); ok {
		c.JSON(http.StatusOK, list)
	}
}

// privacyPage answers GET /privacy.
func (s *Server) privacyPage(c *gin.Context) {
	list, ok := s.doubtfulList(c)
	if !ok {
		return
	}
	view := ui.Privacy{Frame: s.frame(c), List: list}
	if list.Next != "" {
		q := c.Request.URL.Query()
		q.Set("cursor", list.Next)
		view.Next = "/privacy?" + q.Encode()
	}
	s.show(c, http.StatusOK, view)
}

// doubtfulList gives the list that a request asks for, once it is on record; false when
// the request was answered otherwise.
func (s *Server) doubtfulList(c *gin.Context) (list relais.DoubtfulList, ok bool) {
	if !s.compliance(c, actionPrivacyList) {
		return list, false
	}
	q := relais.DoubtfulQuery{Folder: c.Query("folder"), Rule: c.Query("rule"), Cursor: c.Query("cursor")}
	var err error
	if q.Limit, err = intOf(c, "limit", 100); err == nil && (q.Limit < 1 || q.Limit > maxPage) {
		err = relais.Errorf(relais.KindInvalid, "read limit", "a page holds 1 to %d", maxPage)
	}
	if name := c.Query("case"); err == nil && name != "" {
		var k relais.Case
		k, err = s.namedCase(c, name)
		q.Case = k.ID
	}
	if err == nil {
		list, err = s.deps.Privacy.Doubtful(c.Request.Context(), q)
	}
	if err != nil {
		s.fail(c, err)
		return list, false
	}
	return list, s.disclose(c, audit.Entry{Action: actionPrivacyList, Case: q.Case, Count: int64(len(list.Documents))})
}

// discloseDoubtful answers POST /api/v1/privacy/ID: subject and sender, to who says why.
func (s *Server) discloseDoubtful(c *gin.Context) {
	if !s.compliance(c, actionPrivacyShow) {
		return
	}
	if err := sameSite(c.Request); err != nil {
		s.fail(c, err)
		return
	}
	var req struct {
		Reason string `json:"reason"`
	}
	if !s.bind(c, &req) {
		return
	}
	reason, err := reasonOf(req.Reason)
	if err != nil {
		s.fail(c, err)
		return
	}
	id := c.Param("id")
	if !s.disclose(c, audit.Entry{Action: actionPrivacyShow, Objects: []string{id}, QueryHash: s.deps.Hash(reason), Count: 1}) {
		return
	}
	told, err := s.deps.Privacy.Disclose(c.Request.Context(), relais.DocumentID(id), s.act(c, reason))
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, told)
}

// act says who asks, when and why.
func (s *Server) act(c *gin.Context, reason string) relais.Act {
	return relais.Act{Actor: who(c).Name, At: s.deps.Now().UTC(), Reason: reason}
}

func reasonOf(text string) (string, error) {
	switch text = strings.TrimSpace(text); {
	case text == "":
		return "", relais.WithHint(relais.Errorf(relais.KindInvalid, "read reason", "a reason is wanted"), "say why with --reason")
	case len(text) > maxReason:
		return "", relais.Errorf(relais.KindInvalid, "read reason", "a reason has at most %d bytes", maxReason)
	}
	return text, nil
}

// settle answers POST /api/v1/privacy/settle.
func (s *Server) settle(c *gin.Context) {
	var req relais.SettleRequest
	if !s.bind(c, &req) {
		return
	}
	if err := checkSettle(&req); err != nil {
		s.fail(c, err)
		return
	}
	var objects []string
	for _, id := range req.Documents {
		objects = append(objects, string(id))
	}
	for _, f := range req.Folders {
		if !relais.IsFolderID(f) {
			f = relais.FolderID(f)
		}
		objects = append(objects, f)
	}
	entry := audit.Entry{Action: actionPrivacySettle, Objects: append(objects, req.Rules...), Reason: string(req.Verdict)}
	s.longAs(c, entry, func(ctx context.Context, emit func(relais.Event)) error {
		return s.deps.Privacy.Settle(ctx, req, s.act(c, req.Reason), emit)
	})
}

// checkSettle: towards professional one thing at a time, and why.
func checkSettle(req *relais.SettleRequest) (err error) {
	const op = "settle"
	things := len(req.Documents) + len(req.Folders) + len(req.Rules)
	req.Reason = strings.TrimSpace(req.Reason)
	switch {
	case req.Verdict != relais.Professional && req.Verdict != relais.Personal:
		return relais.Errorf(relais.KindInvalid, op, "it is settled as professional or as personal")
	case things == 0:
		return relais.WithHint(relais.Errorf(relais.KindInvalid, op, "say what is settled: documents, a folder or a rule"), "`relais privacy list` shows what waits")
	case req.Verdict == relais.Professional && things > 1:
		return relais.Errorf(relais.KindInvalid, op, "towards professional one document, folder or rule is settled at a time")
	case req.Verdict == relais.Professional || req.Reason != "":
		req.Reason, err = reasonOf(req.Reason)
	}
	return err
}

// undoSettling answers POST /api/v1/privacy/undo.
func (s *Server) undoSettling(c *gin.Context) {
	s.undo(c, actionPrivacyUndo, s.deps.Privacy.UndoSettling)
}

// undo reads which decision is to count no more, and has it undone.
func (s *Server) undo(c *gin.Context, action string, run func(context.Context, relais.UndoRequest, relais.Act, func(relais.Event)) error) {
	var req relais.UndoRequest
	if !s.bind(c, &req) {
		return
	}
	if req.ID == "" || len(req.Reason) > maxReason {
		s.fail(c, relais.Errorf(relais.KindInvalid, "undo", "name the decision, and why in at most %d bytes", maxReason))
		return
	}
	s.longAs(c, audit.Entry{Action: action, Objects: []string{req.ID}}, func(ctx context.Context, emit func(relais.Event)) error {
		return run(ctx, req, s.act(c, strings.TrimSpace(req.Reason)), emit)
	})
}
