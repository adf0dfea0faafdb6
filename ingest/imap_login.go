package ingest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"

	"github.com/relais-archive/relais/internal/relais"
)

// open encrypts the connection before anything else is said on it, and waits for the
// greeting. What a server sends before encryption is worth nothing (RFC 3501, 6.2.1):
// it must not be logged in already, nor send bytes ahead.
func (s *session) open(ctx context.Context, a imapAddress, local bool) error {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.tls != nil {
		config = a.tls.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = a.host
	}
	switch {
	case a.implicit:
		conn := tls.Client(s.guard, config)
		if err := conn.HandshakeContext(ctx); err != nil {
			return tlsError(err)
		}
		s.wire = newWire(conn, "")
	case local:
		s.wire = newWire(s.guard, "")
	default:
		if err := s.startTLS(); err != nil {
			return err
		}
		conn := tls.Client(s.guard, config)
		if err := conn.HandshakeContext(ctx); err != nil {
			return tlsError(err)
		}
		s.wire = newWire(conn, "* OK encrypted\r\n") // it greets no more
	}
	s.client = imapclient.New(s.wire, nil)
	if err := s.client.WaitGreeting(); err != nil {
		return relais.Errorf(relais.KindUnavailable, "connect to mail server", "no greeting: %s", s.why(err))
	}
	return nil
}

// startTLS asks for encryption. It is done here since go-imap would put nothing of
// ours between itself and the encryption. Nothing is read beyond the answer: bytes
// that were sent ahead of the handshake spoil it.
func (s *session) startTLS() error {
	const op, tag = "encrypt connection", "S1"
	greeting, err := s.plainLine()
	if err != nil {
		return relais.E(relais.KindUnavailable, op, netError(err))
	}
	if status, _, _ := strings.Cut(strings.TrimPrefix(greeting, "* "), " "); !strings.EqualFold(status, "OK") {
		return relais.Errorf(relais.KindUnavailable, op, "the server does not greet as it should")
	}
	if _, err := s.guard.Write([]byte(tag + " STARTTLS\r\n")); err != nil {
		return relais.E(relais.KindUnavailable, op, netError(err))
	}
	for {
		line, err := s.plainLine()
		if err != nil {
			return relais.E(relais.KindUnavailable, op, netError(err))
		}
		if strings.HasPrefix(line, "* ") {
			continue
		}
		answer, ok := strings.CutPrefix(line, tag+" ")
		status, _, _ := strings.Cut(answer, " ")
		switch {
		case ok && strings.EqualFold(status, "OK"):
			return nil
		case ok:
			return relais.WithHint(relais.Errorf(relais.KindForbidden, op, "the server refuses STARTTLS"), "use imaps://")
		}
		return relais.Errorf(relais.KindUnavailable, op, "the server answers what was not asked")
	}
}

// plainLine reads one line, byte by byte.
func (s *session) plainLine() (string, error) {
	var line []byte
	for one := make([]byte, 1); ; {
		switch _, err := s.guard.Read(one); {
		case err != nil:
			return "", err
		case one[0] == '\n':
			return strings.TrimRight(string(line), "\r"), nil
		case len(line) > wireBuffer:
			return "", errBudget
		}
		line = append(line, one[0])
	}
}

// tlsError says what is wrong with the encryption, and what to do.
func tlsError(err error) error {
	var verify *tls.CertificateVerificationError
	if errors.As(err, &verify) {
		return relais.WithHint(relais.Errorf(relais.KindForbidden, "encrypt connection", "the server's certificate is not valid: %w", verify.Err),
			"use the name the certificate was made for")
	}
	return relais.E(relais.KindUnavailable, "encrypt connection", netError(err))
}

// credentials are what opens the mailbox: a password, or a token.
type credentials struct{ user, password, token string }

// way is one way to log in.
type way struct {
	name    string
	offered bool
	try     func() error
}

// login takes the ways that the server offers, one after another until it lets us in: some
// refuse a password by SASL that they take by LOGIN. A way that is not offered is never
// tried: in particular not LOGIN where it is disabled (RFC 9051, 6.2.3), since that would
// give the password away for nothing.
func (s *session) login(ctx context.Context, a imapAddress) error {
	if s.client.State() != imap.ConnStateNotAuthenticated {
		return nil // PREAUTH, over TLS or on this machine
	}
	c, err := a.credentials(ctx)
	if err != nil {
		return err
	}
	s.allow()
	defer s.guard.rest()
	caps := s.client.Caps()
	ways := slices.DeleteFunc(s.ways(c, a, caps), func(w way) bool { return !w.offered })
	if len(ways) == 0 {
		return notOffered(c, caps)
	}
	var refused []string
	for _, w := range ways {
		s.allow()
		err := w.try()
		if err == nil {
			return nil
		}
		if !isAnswer(err) && len(refused) == 0 {
			return relais.Errorf(relais.KindUnavailable, "log in to mail server", "%s", s.why(err))
		}
		if !isAnswer(err) {
			break // it left after its refusal: to come back with the same would lock the account
		}
		refused = append(refused, w.name+": "+s.why(err))
	}
	return relais.WithHint(relais.Errorf(relais.KindAuth, "log in to mail server", "the server refuses (%s)", strings.Join(refused, ", ")), refusedHint(c, caps))
}

// ways lists how to log in with what there is, the best first.
func (s *session) ways(c credentials, a imapAddress, caps imap.CapSet) []way {
	by := func(client sasl.Client) func() error { return func() error { return s.client.Authenticate(client) } }
	has := func(mechanism string) bool { return caps.Has(imap.AuthCap(mechanism)) }
	if c.token != "" {
		return []way{
			{"OAUTHBEARER", has("OAUTHBEARER"), by(&bearer{Client: sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: c.user, Token: c.token, Host: a.host, Port: a.portNumber()})})},
			{"XOAUTH2", has("XOAUTH2"), by(&xoauth2{credentials: c})},
		}
	}
	return []way{
		{"PLAIN", has("PLAIN"), by(sasl.NewPlainClient("", c.user, c.password))},
		{"LOGIN", !caps.Has(imap.CapLoginDisabled), func() error { return s.client.Login(c.user, c.password).Wait() }},
		{"AUTH=LOGIN", has("LOGIN"), by(sasl.NewLoginClient(c.user, c.password))},
	}
}

// notOffered says that the server takes none of what there is, and what it takes.
func notOffered(c credentials, caps imap.CapSet) error {
	what, hint := "password", "ask the provider how programs log in"
	switch {
	case c.token != "":
		what, hint = "OAuth token", "use --password-file instead of the token"
	case offersOAuth(caps):
		hint = "this server wants an OAuth token: --token-file FILE, or --token-command CMD"
	}
	offers := strings.Join(mechanisms(caps), ", ")
	return relais.WithHint(relais.Errorf(relais.KindAuth, "log in to mail server", "the server takes no %s, only: %s", what, cmp.Or(offers, "nothing")), hint)
}

func refusedHint(c credentials, caps imap.CapSet) string {
	switch {
	case c.token != "":
		return "a token lasts for an hour or so: get a new one, for this user and for IMAP, then run the same command again"
	case offersOAuth(caps):
		return "check --user and the password; some providers want a password made for applications, or an OAuth token: --token-file, --token-command"
	}
	return "check --user and the password; some providers want a password made for applications"
}

func offersOAuth(caps imap.CapSet) bool {
	return caps.Has(imap.AuthCap("XOAUTH2")) || caps.Has(imap.AuthCap("OAUTHBEARER"))
}

// mechanisms lists the SASL mechanisms that a server offers, as labels.
func mechanisms(caps imap.CapSet) []string {
	var list []string
	for _, m := range caps.AuthMechanisms() {
		list = append(list, label(m))
	}
	slices.Sort(list)
	return list[:min(len(list), 10)]
}

// xoauth2 is the mechanism of Google and Microsoft, before RFC 7628
// (https://developers.google.com/gmail/imap/xoauth2-protocol).
type xoauth2 struct{ credentials }

// Start gives the token.
func (x *xoauth2) Start() (mechanism string, initial []byte, err error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next answers the server's reasons, so that it says NO.
func (x *xoauth2) Next([]byte) ([]byte, error) { return []byte{}, nil }

// bearer is OAUTHBEARER that reads a refusal to its end (RFC 7628, 3.2.3): go-sasl's own
// breaks off the dialogue, and with it the connection.
type bearer struct{ sasl.Client }

// Next answers the server's reasons with the one byte they wait for.
func (b *bearer) Next([]byte) ([]byte, error) { return []byte{1}, nil }
