// Package api answers one question: how does the world ask? It serves the HTTP
// interface and the pages over the archive's other rooms, which it knows by small
// interfaces of its own; gin stays in here.
//
// Every read goes the same way: authenticate, take the principal's Scope, search or
// open within it, write the audit entry, and only then send the first byte. An audit
// log that cannot be written refuses the disclosure.
package api

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/api/ui"
	"github.com/relais-archive/relais/internal/access"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/answer"
)

// Library opens documents within a scope; what cannot be seen is of
// relais.KindNotFound.
type Library interface {
	// Headers opens documents without their text.
	Headers(ctx context.Context, scope relais.Scope, ids []relais.DocumentID) ([]relais.Document, error)
	// Openings calls fn for each document, with at most the first most bytes of its text.
	// fn waits for nobody: the memory is everybody's.
	Openings(ctx context.Context, scope relais.Scope, ids []relais.DocumentID, most int, fn func(relais.Opening) error) error
	// EachOpening is as Openings, for a fn that may wait for whoever is answered.
	EachOpening(ctx context.Context, scope relais.Scope, ids []relais.DocumentID, most int, fn func(relais.Opening) error) error
	// Thread opens the documents of a conversation, oldest first, without their text.
	Thread(ctx context.Context, scope relais.Scope, thread string) ([]relais.Document, error)
	Open(ctx context.Context, scope relais.Scope, id relais.DocumentID) (Raw, error)
}

// Raw is the bytes of a document as captured. The reader of it closes Body.
type Raw struct {
	Name      string
	MediaType string
	Size      int64
	Body      io.ReadCloser
}

// Register keeps the cases.
type Register interface {
	Create(ctx context.Context, c relais.Case) (relais.Case, error)
	Case(ctx context.Context, name string) (relais.Case, error)
	List(ctx context.Context) ([]relais.Case, error)
	Rename(ctx context.Context, name, to string) error
	Update(ctx context.Context, c relais.Case) error
}

// Accounts tells what became of every item seen.
type Accounts interface {
	Balance(ctx context.Context, name string) (relais.Balance, error)
}

// Clients lists the clients that documents are tagged with.
type Clients interface {
	Clients(ctx context.Context) ([]relais.Client, []relais.Contact, error)
	Refusals(ctx context.Context, c relais.CaseID) ([]relais.Refusal, error)
}

// Auditor is the log of who did what.
type Auditor interface {
	Append(ctx context.Context, e audit.Entry) error
}

// Tokens keeps the bearer tokens, and tells whose one is.
type Tokens interface {
	Lookup(ctx context.Context, plain string) (access.Principal, error)
	Revoke(ctx context.Context, plain string) error // to sign out
	// Create makes a token that sees what the local operator sees, until a time.
	Create(ctx context.Context, name string, expires time.Time) (string, error)
	List(ctx context.Context) ([]relais.TokenView, error) // the newest first
	// RevokeNamed ends the live token of an id or a name.
	RevokeNamed(ctx context.Context, which string) (relais.TokenView, error)
}

// Health names what is missing; empty means ready.
type Health interface {
	Missing(ctx context.Context) []string
	Metrics(ctx context.Context, w io.Writer) error
}

// Deps is what the interface works with.
type Deps struct {
	Searcher search.Searcher
	Lister   search.Lister
	Library  Library
	Cases    Register
	Accounts Accounts
	Stock    Inventory
	Clients  Clients
	Privacy  Privacy
	Decider  Decider
	Audit    Auditor
	Tokens   Tokens
	Health   Health
	Capture  Capture // this and the next: verbs that only the local socket offers
	Upkeep   Upkeep
	Copies   Copies
	Hash     func(query string) string // a keyed hash, for the audit log
	Location *time.Location            // the archive's time zone: what a day is
	BaseURL  *url.URL                  // what users reach; nil where that is this machine, or a name of its certificate
	Now      func() time.Time
	Clock    func(context.Context) (time.Time, error) // a time that never goes back: see access.Clock
	Logger   *slog.Logger
	Version  string
	Topics   []search.Choice // what topic: takes
}

// Server is the HTTP interface of one archive.
type Server struct {
	deps       Deps
	looks      *ui.Pages
	answers    *answer.Answerer
	answerTime time.Duration
}

// New makes the interface.
func New(d Deps) *Server {
	looks := ui.New(d.Location)
	counter, _ := d.Searcher.(search.Counter) // an engine that counts nothing makes no offers
	return &Server{deps: d, looks: looks, answerTime: answerTime, answers: answer.New(answer.Deps{
		Searcher: stepping{d.Searcher, d.Lister}, Counter: counter, Lister: stepping{d.Searcher, d.Lister}, Library: d.Library, Cases: d.Cases, Clients: d.Clients,
		Now: d.Now, Location: d.Location, Topics: d.Topics, Logger: d.Logger,
		Name: func(lang, field, value string) string { return looks.Name(ui.Lang(lang), field, value) },
	})}
}

// Handler serves the network: bearer tokens and session cookies, no operator verbs.
func (s *Server) Handler() http.Handler {
	r := s.engine(s.authenticate, s.bodyInTime(bodyTime))
	s.pages(r)
	return r
}

// Local serves the socket in the data directory, and programs that hold the archive
// themselves: whoever reaches it may read the directory, and is the local operator.
func (s *Server) Local() http.Handler {
	r := s.engine(s.local)
	s.operatorRoutes(r.Group("/api/v1", s.local))
	return r
}

// Probes serves what a machine asks a worker, which serves nobody else: whether it
// lives, what it misses, its counters. None of it tells a document.
func (s *Server) Probes() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(s.log, s.recover, secure, s.bodyInTime(bodyTime))
	r.NoRoute(s.noRoute)
	s.probe(r, func(*gin.Context) {})
	return r
}

// probe adds the routes that tell how the process is; metrics are for who is identified.
func (s *Server) probe(r *gin.Engine, identify gin.HandlerFunc) {
	r.GET("/livez", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	r.GET("/readyz", s.ready)
	r.GET("/metrics", identify, s.metrics)
}

// engine makes the routes that the network and the local socket have in common.
func (s *Server) engine(identify gin.HandlerFunc, before ...gin.HandlerFunc) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.UseRawPath = true // a case may have a slash in its name
	if err := r.SetTrustedProxies(nil); err != nil {
		s.deps.Logger.Error("trusted proxies", "error", err)
	}
	r.Use(s.log, s.recover, secure, s.wellFormed)
	r.Use(s.inTime)
	r.Use(before...)
	r.NoRoute(s.noRoute)
	r.NoMethod(s.noMethod)
	s.probe(r, identify)
	r.GET("/api/openapi.json", s.openAPI)
	v1 := r.Group("/api/v1", identify)
	v1.GET("/search", s.search)
	v1.GET("/documents/:id", s.document)
	v1.GET("/documents/:id/raw", s.raw)
	v1.GET("/documents/:id/text", s.text)
	v1.GET("/threads/:id", s.thread)
	v1.GET("/clients", s.clients)
	v1.GET("/cases", s.cases)
	v1.GET("/cases/:name", s.oneCase)
	v1.GET("/cases/:name/balance", s.balance)
	v1.GET("/refused", s.refused)
	v1.GET("/privacy", s.doubtful)
	v1.POST("/privacy/:id", s.discloseDoubtful)
	v1.GET("/decisions", s.decisions)
	v1.GET("/unreadable", s.unreadable)
	v1.GET("/export", s.export)
	return r
}

func (s *Server) ready(c *gin.Context) {
	if missing := s.deps.Health.Missing(c.Request.Context()); len(missing) > 0 {
		p := problemOf(relais.Errorf(relais.KindUnavailable, "serve", "not ready"))
		p.Detail = "not ready: " + strings.Join(missing, ", ") + " cannot be read, or not be written"
		c.JSON(p.Status, struct {
			relais.Problem
			Ready   bool     `json:"ready"`
			Missing []string `json:"missing"`
		}{p, false, missing})
		return
	}
	c.JSON(http.StatusOK, gin.H{"ready": true})
}

func (s *Server) metrics(c *gin.Context) {
	var text bytes.Buffer
	if err := s.deps.Health.Metrics(c.Request.Context(), &text); err != nil {
		s.fail(c, err)
		return
	}
	c.Data(http.StatusOK, "text/plain; version=0.0.4; charset=utf-8", text.Bytes())
}
