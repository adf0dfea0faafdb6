package api

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/api/ui"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

const (
	pageKey        = "page"
	languageCookie = "relais_lang"
	languageParam  = "lang"
	cookieYear     = 365 * 24 * 3600
)

// pages serves what people see. They take the same way as the interface:
// authenticate, scope, audit, answer.
func (s *Server) pages(r *gin.Engine) {
	r.GET("/assets/:name", s.asset)
	open := r.Group("/", asPage, s.ownHost, s.settleLanguage)
	open.GET("/login", s.loginPage)
	open.POST("/login", s.login)
	open.POST("/logout", s.logout)
	in := open.Group("/", s.authenticate)
	in.GET("/", s.searchPage)
	in.GET("/documents/:id", s.documentPage)
	in.GET("/threads/:id", s.threadPage)
	in.GET("/clients", s.clientsPage)
	in.GET("/privacy", s.privacyPage)
}

// asPage marks a request that a person makes: its errors are pages too.
func asPage(c *gin.Context) { c.Set(pageKey, true) }

// wantsPage tells whether an error is told as a page: to browsers, outside the
// interface for programs.
func wantsPage(c *gin.Context) bool {
	if c.GetBool(pageKey) {
		return true
	}
	return c.FullPath() == "" && !strings.HasPrefix(c.Request.URL.Path, "/api/") && strings.Contains(c.GetHeader("Accept"), "text/html")
}

// language is the one asked for by the address, else kept by an earlier choice, else
// preferred by the browser.
func language(c *gin.Context) ui.Lang {
	if l, ok := ui.Known(c.Query(languageParam)); ok {
		return l
	}
	kept, _ := c.Cookie(languageCookie) // absent is empty
	if l, ok := ui.Known(kept); ok {
		return l
	}
	return ui.Preferred(c.GetHeader("Accept-Language"))
}

// settleLanguage keeps a choice of language, and goes to the page without it.
func (s *Server) settleLanguage(c *gin.Context) {
	lang, ok := ui.Known(c.Query(languageParam))
	if !ok || c.Request.Method != http.MethodGet || c.Query("token") != "" { // a token is passed on to nobody
		return
	}
	setCookie(c, languageCookie, string(lang), cookieYear, http.SameSiteLaxMode)
	to := *c.Request.URL
	query := to.Query()
	query.Del(languageParam)
	to.RawQuery = query.Encode()
	c.Redirect(http.StatusSeeOther, localPath(to.RequestURI()))
	c.Abort()
}

// localPath gives a path of this server, and "/" for what could lead elsewhere.
func localPath(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

// frame is what surrounds the page of a request. It offers what compliance alone may see
// to compliance; a page that tells of a failing clock offers it to nobody.
func (s *Server) frame(c *gin.Context) ui.Frame {
	f := ui.Frame{Path: localPath(c.Request.URL.RequestURI()), SignedIn: who(c).Name != "", Query: c.Query("q")}
	if scope, err := s.scopeOf(c); err == nil {
		f.SeesAll = f.SignedIn && scope.SeesAll()
	}
	return f
}

// show sends a page.
func (s *Server) show(c *gin.Context, status int, v ui.View) {
	var body bytes.Buffer
	lang := language(c)
	if err := s.looks.Render(&body, lang, v); err != nil {
		s.deps.Logger.Error("page cannot be rendered", "route", c.FullPath(), "error", err)
		c.String(http.StatusInternalServerError, "internal error\n")
		return
	}
	h := c.Writer.Header()
	h.Set("Content-Language", string(lang))
	h.Set("Vary", "Accept-Language, Cookie")
	c.Data(status, "text/html; charset=utf-8", body.Bytes())
}

// failPage tells a problem to a person; whoever is not signed in goes to do so.
func (s *Server) failPage(c *gin.Context, p relais.Problem) {
	c.Writer.Header().Del("WWW-Authenticate")
	if p.Status == http.StatusUnauthorized {
		c.Redirect(http.StatusSeeOther, loginPath(localPath(c.Request.URL.RequestURI())))
		return
	}
	s.show(c, p.Status, ui.Failure{Frame: s.frame(c), Problem: p, At: s.deps.Now()})
}

// asset sends a file that pages refer to by a name with its hash.
func (s *Server) asset(c *gin.Context) {
	body, mediaType, ok := ui.Asset(c.Param("name"))
	if !ok {
		s.noRoute(c)
		return
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Data(http.StatusOK, mediaType, body)
}

// maxClientRows and maxMessages bound what one page shows.
const (
	maxClientRows = 2000
	maxMessages   = 200
)

// clientsPage answers GET /clients.
func (s *Server) clientsPage(c *gin.Context) {
	scope, ok := s.scoped(c)
	if !ok {
		return
	}
	list, err := s.answers.ClientList(c.Request.Context(), scope)
	if err != nil {
		s.fail(c, err)
		return
	}
	if !s.disclose(c, audit.Entry{Action: actionClientList, Count: int64(len(list))}) {
		return
	}
	view := ui.Clients{Frame: s.frame(c), More: max(len(list)-maxClientRows, 0)}
	for _, k := range list[:len(list)-view.More] {
		link := searchLink(search.Format(search.Value{Field: search.ByClient, Value: k.ID}), "")
		view.Clients = append(view.Clients, ui.Client{Client: k.Client, Documents: k.Documents, Contacts: len(k.Contacts), Link: link})
	}
	s.show(c, http.StatusOK, view)
}
