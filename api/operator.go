package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

// Capture brings mail, files and clients into the archive. Each verb sends events while
// it works.
type Capture interface {
	Ingest(ctx context.Context, req relais.IngestRequest, emit func(relais.Event)) error
	// ImportClients reads CSV files; contacts may be nil.
	ImportClients(ctx context.Context, clients, contacts io.Reader, emit func(relais.Event)) error
	// Wait returns when all that was captured can be found.
	Wait(ctx context.Context, emit func(relais.Event)) error
}

// Upkeep looks at all of the archive, or makes parts of it again. Each verb sends events
// while it works.
type Upkeep interface {
	Reindex(ctx context.Context, fromRaw bool, emit func(relais.Event)) error
	// Verify proves that what is kept is whole; repair makes again what can be.
	Verify(ctx context.Context, readData, repair bool, emit func(relais.Event)) error
	RetryRefused(ctx context.Context, caseName string, emit func(relais.Event)) error
	// RetryUnread reads again what could not be read, or not all of it.
	RetryUnread(ctx context.Context, emit func(relais.Event)) error
	Evaluate(ctx context.Context, truth io.Reader, emit func(relais.Event)) error
}

// Copies makes copies of the archive.
type Copies interface {
	// Backup copies the archive into a folder of this machine, and its keys into another.
	Backup(ctx context.Context, dir, keys string, emit func(relais.Event)) error
}

// operatorRoutes adds what only the local operator may ask for: the command line's verbs
// that change the archive or look at all of it.
func (s *Server) operatorRoutes(r *gin.RouterGroup) {
	r.POST("/cases", s.createCase)
	r.PATCH("/cases/:name", s.changeCase)
	r.POST("/tokens", s.createToken)
	r.GET("/tokens", s.listTokens)
	r.DELETE("/tokens/:id", s.revokeToken)
	r.POST("/ingests", func(c *gin.Context) {
		var req relais.IngestRequest
		if s.bind(c, &req) {
			s.long(c, actionIngest, func(ctx context.Context, emit func(relais.Event)) error {
				return s.deps.Capture.Ingest(ctx, req, emit)
			})
		}
	})
	r.POST("/clients/import", s.importClients)
	r.POST("/reindex", func(c *gin.Context) {
		s.long(c, actionReindex, func(ctx context.Context, emit func(relais.Event)) error {
			return s.deps.Upkeep.Reindex(ctx, c.Query("from") == "raw", emit)
		})
	})
	r.POST("/verify", func(c *gin.Context) {
		s.long(c, actionVerify, func(ctx context.Context, emit func(relais.Event)) error {
			return s.deps.Upkeep.Verify(ctx, c.Query("read_data") != "", c.Query("repair") != "", emit)
		})
	})
	r.POST("/backup", func(c *gin.Context) {
		s.long(c, actionBackup, func(ctx context.Context, emit func(relais.Event)) error {
			return s.deps.Copies.Backup(ctx, c.Query("dir"), c.Query("keys"), emit)
		})
	})
	r.POST("/refused/retry", func(c *gin.Context) {
		s.long(c, actionRefusedRetry, func(ctx context.Context, emit func(relais.Event)) error {
			return s.deps.Upkeep.RetryRefused(ctx, c.Query("case"), emit)
		})
	})
	s.decisionRoutes(r)
	r.POST("/privacy/settle", s.settle)
	r.POST("/privacy/undo", s.undoSettling)
	r.POST("/unreadable/retry", func(c *gin.Context) { s.long(c, actionUnreadRetry, s.deps.Upkeep.RetryUnread) })
	r.POST("/evaluate", func(c *gin.Context) {
		s.long(c, actionEvaluate, func(ctx context.Context, emit func(relais.Event)) error {
			return s.deps.Upkeep.Evaluate(ctx, c.Request.Body, emit)
		})
	})
	r.POST("/wait", func(c *gin.Context) { s.long(c, actionWait, s.deps.Capture.Wait) })
}

func (s *Server) bind(c *gin.Context, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(c.Writer, c.Request.Body, 1<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		s.fail(c, relais.E(relais.KindInvalid, "read request", err))
		return false
	}
	return true
}

// long runs a verb and sends its events as they come, one JSON object a line. The
// last line tells how it ended.
func (s *Server) long(c *gin.Context, action string, run func(context.Context, func(relais.Event)) error) {
	s.longAs(c, audit.Entry{Action: action}, run)
}

// longAs does so with an audit entry of its own.
func (s *Server) longAs(c *gin.Context, entry audit.Entry, run func(context.Context, func(relais.Event)) error) {
	if !s.disclose(c, entry) {
		return
	}
	unbounded(c.Request.Context())
	c.Header("Content-Type", "application/x-ndjson")
	c.Status(http.StatusOK)
	enc := json.NewEncoder(c.Writer)
	var mu sync.Mutex
	emit := func(e relais.Event) {
		mu.Lock()
		defer mu.Unlock()
		if enc.Encode(e) == nil { // a client that left is told by its context
			c.Writer.Flush()
		}
	}
	if err := run(c.Request.Context(), emit); err != nil {
		p := problemOf(err)
		p.Detail = err.Error() // the local operator is told everything
		emit(relais.Event{Type: "error", Problem: &p})
		return
	}
	emit(relais.Event{Type: "done"})
}

func (s *Server) createCase(c *gin.Context) {
	var k relais.Case
	if !s.bind(c, &k) || !s.disclose(c, audit.Entry{Action: actionCaseCreate}) {
		return
	}
	made, err := s.deps.Cases.Create(c.Request.Context(), k)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusCreated, made)
}

// changeCase renames a case, or records what is declared of it.
func (s *Server) changeCase(c *gin.Context) {
	var change relais.Case
	if !s.bind(c, &change) || !s.disclose(c, audit.Entry{Action: actionCaseChange}) {
		return
	}
	ctx, name := c.Request.Context(), c.Param("name")
	k, err := s.deps.Cases.Case(ctx, name)
	if err == nil && change.Name != "" && change.Name != k.Name {
		err = s.deps.Cases.Rename(ctx, name, change.Name)
	}
	if err == nil {
		change.ID = k.ID
		err = s.deps.Cases.Update(ctx, change)
	}
	if err == nil {
		k, err = s.deps.Cases.Case(ctx, string(k.ID))
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, k)
}

func (s *Server) createToken(c *gin.Context) {
	var req struct {
		Name     string        `json:"name"`
		ValidFor time.Duration `json:"valid_for"`
	}
	if !s.bind(c, &req) || !s.disclose(c, audit.Entry{Action: actionTokenCreate}) {
		return
	}
	token, err := s.deps.Tokens.Create(c.Request.Context(), req.Name, s.deps.Now().Add(req.ValidFor))
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusCreated, gin.H{"token": token})
}

func (s *Server) listTokens(c *gin.Context) {
	if !s.disclose(c, audit.Entry{Action: actionTokenList}) {
		return
	}
	list, err := s.deps.Tokens.List(c.Request.Context())
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"tokens": list})
}

func (s *Server) revokeToken(c *gin.Context) {
	if !s.disclose(c, audit.Entry{Action: actionTokenRevoke}) {
		return
	}
	ended, err := s.deps.Tokens.RevokeNamed(c.Request.Context(), c.Param("id"))
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, ended)
}

// importClients reads a form with files "clients" and, if any, "contacts".
func (s *Server) importClients(c *gin.Context) {
	unbounded(c.Request.Context()) // a file is sent
	open := func(name string) (io.ReadCloser, error) {
		h, err := c.FormFile(name)
		if err != nil {
			return nil, relais.E(relais.KindInvalid, "read "+name, err)
		}
		return h.Open()
	}
	clients, err := open("clients")
	if err != nil {
		s.fail(c, err)
		return
	}
	defer func() { _ = clients.Close() }() // only read
	var people io.Reader                   // nil: no contacts were sent
	if contacts, err := open("contacts"); err == nil {
		defer func() { _ = contacts.Close() }() // only read
		people = contacts
	}
	s.long(c, actionClientImport, func(ctx context.Context, emit func(relais.Event)) error {
		return s.deps.Capture.ImportClients(ctx, clients, people, emit)
	})
}
