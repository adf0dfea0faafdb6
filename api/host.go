package api

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/relais"
)

// ownHost refuses a page asked for by a name that is not ours. Whoever owns a name may
// point it at this machine once a browser has loaded a page of theirs (DNS rebinding); what
// we answer would then be theirs to read.
func (s *Server) ownHost(c *gin.Context) {
	if s.knows(c.Request) {
		return
	}
	hint := "ask by localhost or an address of numbers"
	if s.deps.BaseURL != nil {
		hint = "ask by the name of --base-url; a proxy in front passes Host on as it came"
	}
	s.refuse(c, http.StatusMisdirectedRequest, relais.WithHint(relais.Errorf(relais.KindForbidden, "check host", "this server has another name"), hint))
}

// knows tells whether a request names us: by the address users reach, by localhost (RFC
// 6761) or by numbers, which nobody else can point at us. Without such an address a
// certificate says what our names are, where TLS is spoken here.
func (s *Server) knows(r *http.Request) bool {
	host := strings.ToLower(r.Host)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if s.deps.BaseURL == nil {
		return r.TLS != nil
	}
	return sameHost(r.Host, s.deps.BaseURL)
}

// sameHost compares a Host field to an address; a port that its scheme implies may be left out.
func sameHost(host string, base *url.URL) bool {
	implied := map[string]string{"http": ":80", "https": ":443"}[base.Scheme]
	plain := func(h string) string { return strings.TrimSuffix(strings.ToLower(h), implied) }
	return plain(host) == plain(base.Host)
}
