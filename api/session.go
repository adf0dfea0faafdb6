package api

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/api/ui"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

// maxForm bounds the body of a form.
const maxForm = 16 << 10

// setCookie sets a cookie that scripts cannot read, for as many seconds, or for the
// browser's session when it is 0. It is Secure where TLS is spoken, by us or, as far
// as one is told, by a proxy in front: a false word of it only loses the cookie.
func setCookie(c *gin.Context, name, value string, seconds int, site http.SameSite) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: site,
		Secure: c.Request.TLS != nil || c.GetHeader("X-Forwarded-Proto") == "https",
	})
}

func loginPath(next string) string {
	if next == "" || next == "/" {
		return "/login"
	}
	return "/login?next=" + url.QueryEscape(next)
}

// loginPage answers GET /login: the form, or, with ?token=…, the session at once, as
// the link does that the command line prints.
func (s *Server) loginPage(c *gin.Context) {
	if token := c.Query("token"); token != "" {
		s.begin(c, token, c.Query("next"))
		return
	}
	s.show(c, http.StatusOK, ui.Login{Frame: s.frame(c), Next: nextPage(c.Query("next"))})
}

// nextPage is where to go after signing in; "" for nowhere in particular.
func nextPage(next string) string {
	if next = localPath(next); next == "/" {
		return ""
	}
	return next
}

// login answers POST /login.
func (s *Server) login(c *gin.Context) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxForm)
	if err := c.Request.ParseForm(); err != nil {
		s.fail(c, relais.Errorf(relais.KindInvalid, "read form", "it cannot be read"))
		return
	}
	s.begin(c, c.Request.PostForm.Get("token"), c.Request.PostForm.Get("next"))
}

// begin begins a session with a token.
func (s *Server) begin(c *gin.Context, token, next string) {
	if err := sameSite(c.Request); err != nil {
		s.fail(c, err)
		return
	}
	p, err := s.principal(c.Request.Context(), token)
	if relais.KindOf(err) == relais.KindAuth {
		frame := s.frame(c)
		frame.Path = "/login" // the token stays out of the page
		s.show(c, http.StatusUnauthorized, ui.Login{Frame: frame, Next: nextPage(next), Wrong: true})
		return
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Set(principalKey, p)
	if s.disclose(c, audit.Entry{Action: actionSessionBegin}) {
		setCookie(c, sessionCookie, token, 0, http.SameSiteStrictMode)
		c.Redirect(http.StatusSeeOther, localPath(next))
	}
}

// logout answers POST /logout: the browser forgets the token, and it is good for
// nothing any more, whoever has copied it.
func (s *Server) logout(c *gin.Context) {
	if err := sameSite(c.Request); err != nil {
		s.fail(c, err)
		return
	}
	token, _ := c.Cookie(sessionCookie) // absent is empty
	setCookie(c, sessionCookie, "", -1, http.SameSiteStrictMode)
	p, err := s.principal(c.Request.Context(), token)
	switch {
	case relais.KindOf(err) == relais.KindAuth: // good for nothing already
	case err != nil:
		s.fail(c, err)
		return
	default:
		c.Set(principalKey, p)
		if !s.disclose(c, audit.Entry{Action: actionSessionEnd}) {
			return
		}
		if err := s.deps.Tokens.Revoke(c.Request.Context(), token); err != nil {
			s.fail(c, err)
			return
		}
	}
	c.Redirect(http.StatusSeeOther, "/login")
}
