package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// unreadable answers GET /api/v1/unreadable[?partial=1][&case=NAME]: what is:unreadable
// finds, or is:partial, with sizes and reasons.
func (s *Server) unreadable(c *gin.Context) {
	req, err := s.unreadRequest(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	ctx := c.Request.Context()
	res, err := s.deps.Searcher.Search(ctx, req)
	if err != nil {
		s.fail(c, err)
		return
	}
	docs, err := s.deps.Library.Headers(ctx, req.Scope, res.IDs)
	if err != nil {
		s.fail(c, err)
		return
	}
	page := relais.UnreadPage{Total: res.Total, Next: res.Next, Documents: []relais.UnreadDocument{}}
	for _, d := range docs {
		if d.ReadState() == "" {
			continue // read meanwhile: the index follows
		}
		u := relais.UnreadDocument{ID: d.ID, Kind: d.Kind, Case: d.Case, Name: d.Name, MediaType: d.MediaType, Size: d.Size,
			State: d.ReadState(), Reason: d.Unread}
		if d.Kind == relais.KindMessage {
			u.Name = d.Subject
		}
		page.Documents = append(page.Documents, u)
	}
	if s.disclose(c, audit.Entry{Action: actionUnreadList, Objects: documentIDs(docs), Count: int64(page.Total)}) {
		c.JSON(http.StatusOK, page)
	}
}

func (s *Server) unreadRequest(c *gin.Context) (search.Request, error) {
	partial, err := boolOf(c, "partial")
	if err != nil {
		return search.Request{}, err
	}
	limit, err := intOf(c, "limit", defaultUnread)
	if err != nil {
		return search.Request{}, err
	}
	state := relais.Unreadable
	if partial {
		state = relais.ReadInPart
	}
	wanted := search.And{search.Value{Field: search.ByState, Value: string(state)}}
	if name := c.Query("case"); name != "" {
		k, err := s.namedCase(c, name)
		if err != nil {
			return search.Request{}, err
		}
		wanted = append(wanted, search.Value{Field: search.ByCase, Value: string(k.ID)})
	}
	scope, err := s.scopeOf(c)
	return search.Request{Query: wanted, Scope: scope, Limit: limit, Cursor: c.Query("cursor")}, err
}

// defaultUnread is how many documents a page lists, when nothing is asked for.
const defaultUnread = 100
