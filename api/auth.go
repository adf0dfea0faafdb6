package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/access"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

const (
	principalKey  = "principal"
	sessionCookie = "relais_session"
)

// authenticate finds the principal of a bearer token (RFC 6750) or of a session's
// cookie. Without one nothing is read.
func (s *Server) authenticate(c *gin.Context) {
	token, ok := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
	if !ok {
		if s.ownHost(c); c.IsAborted() { // cookies are the browser's to send
			return
		}
		token, _ = c.Cookie(sessionCookie) // absent is empty
	}
	p, err := s.principal(c.Request.Context(), token)
	if err != nil {
		c.Header("WWW-Authenticate", `Bearer realm="relais"`)
		s.fail(c, err)
		return
	}
	c.Set(principalKey, p)
	c.Set(tokenKey, token)
}

func (s *Server) principal(ctx context.Context, token string) (access.Principal, error) {
	if token == "" {
		return access.Principal{}, relais.WithHint(relais.Errorf(relais.KindAuth, "authenticate", "no token was sent"),
			"make one with `relais token create` and send it as Authorization: Bearer …")
	}
	return s.deps.Tokens.Lookup(ctx, token)
}

// local lets the local operator in: the socket rests in a directory that only the
// archive's user can enter.
func (s *Server) local(c *gin.Context) { c.Set(principalKey, access.Local()) }

// who gives the principal of a request that authenticate let through.
func who(c *gin.Context) access.Principal {
	p, _ := c.Get(principalKey)
	principal, _ := p.(access.Principal) // the zero principal sees nothing
	return principal
}

// scopeOf gives what the principal may see now: a grant that ended meanwhile opens
// nothing more. Where the time cannot be told nobody knows what has ended, which is an
// error: an empty scope would pass for an empty archive.
func (s *Server) scopeOf(c *gin.Context) (relais.Scope, error) {
	now, err := s.deps.Clock(c.Request.Context())
	if err != nil {
		kind := relais.KindOf(err)
		if kind == relais.KindInternal {
			kind = relais.KindUnavailable
		}
		return relais.Scope{}, relais.Errorf(kind, "tell the time", "nothing is shown without it: %w", err)
	}
	return who(c).Scope(now), nil
}

// scoped gives what scopeOf does; where that fails the request is answered so, and
// false is given.
func (s *Server) scoped(c *gin.Context) (scope relais.Scope, ok bool) {
	scope, err := s.scopeOf(c)
	if err != nil {
		s.fail(c, err)
	}
	return scope, err == nil
}

// disclose writes the audit entry of what is about to be sent. When it cannot be
// written nothing may be sent: the request is ended, and false is given.
func (s *Server) disclose(c *gin.Context, e audit.Entry) bool {
	e.Actor = who(c).Name
	if e.Outcome == "" {
		e.Outcome = audit.Allowed
	}
	if err := s.record(c.Request.Context(), e); err != nil {
		kind, hint := relais.KindUnavailable, "the audit log cannot be written, so nothing is shown; free disk space is the usual cause"
		if relais.KindOf(err) == relais.KindDamaged {
			kind, hint = relais.KindDamaged, "the audit log is damaged, so nothing is shown; `relais verify` says how"
		}
		s.fail(c, relais.WithHint(relais.Errorf(kind, "audit", "the audit log cannot be written, so nothing is shown: %w", err), hint))
		return false
	}
	return true
}

// compliance lets through whoever sees all there is; that others tried is recorded.
func (s *Server) compliance(c *gin.Context, action string) bool {
	scope, ok := s.scoped(c)
	if !ok || scope.SeesAll() {
		return ok
	}
	if s.disclose(c, audit.Entry{Action: action, Outcome: audit.Denied}) {
		s.fail(c, relais.Errorf(relais.KindForbidden, "authorize", "this is for compliance"))
	}
	return false
}

// sameSite refuses what a page of another origin made the browser send. Browsers
// say so themselves (Fetch Metadata); those that do not send the origin.
func sameSite(r *http.Request) error {
	ok := false
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		ok = true
	case "":
		origin := r.Header.Get("Origin")
		_, host, _ := strings.Cut(origin, "://")
		ok = origin == "" || host == r.Host
	}
	if ok {
		return nil
	}
	return relais.Errorf(relais.KindForbidden, "check origin", "the request came from another site")
}
