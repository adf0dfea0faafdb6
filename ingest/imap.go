package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/backoff"
	"github.com/relais-archive/relais/internal/relais"
)

// imapAddress says where a mailbox is and how to get in.
type imapAddress struct {
	host, port string
	implicit   bool   // TLS from the first byte (imaps)
	folder     string // this one and those under it; "" for all
	user       string
	password   func(context.Context) (string, error) // nil: there is a token
	token      func(context.Context) (string, error) // nil: there is a password
	tls        *tls.Config
	keep       patience
}

// parseIMAP reads imap[s]://[user@]host[:port][/folder] (RFC 5092, in part). A
// password in it is refused: addresses end up in shell histories.
func parseIMAP(spec Spec) (imapAddress, error) {
	const op = "read mail server address"
	u, err := url.Parse(spec.Location)
	if err != nil {
		return imapAddress{}, relais.Errorf(relais.KindInvalid, op, "not a URL of the form imaps://host/folder")
	}
	if _, has := u.User.Password(); has {
		return imapAddress{}, relais.WithHint(relais.Errorf(relais.KindInvalid, op, "a password in the address is refused"),
			"use --password-file, or RELAIS_IMAP_PASSWORD")
	}
	a := imapAddress{
		host: u.Hostname(), port: u.Port(), implicit: u.Scheme == "imaps", folder: strings.Trim(u.Path, "/"),
		user: spec.User, password: spec.Password, token: spec.Token, tls: spec.TLS, keep: defaultPatience(),
	}
	if a.user == "" {
		a.user = u.User.Username()
	}
	if a.port == "" {
		a.port = defaultPort(a.implicit)
	}
	switch {
	case a.host == "":
		return a, relais.Errorf(relais.KindInvalid, op, "no host")
	case a.user == "":
		return a, relais.WithHint(relais.Errorf(relais.KindInvalid, op, "no user"), "use --user NAME")
	case a.password == nil && a.token == nil:
		return a, relais.Errorf(relais.KindInvalid, op, "no password")
	}
	return a, nil
}

// credentials asks for what opens the mailbox: a token is preferred to a password.
func (a imapAddress) credentials(ctx context.Context) (c credentials, err error) {
	c.user = a.user
	if a.token != nil {
		c.token, err = a.token(ctx)
		return c, err
	}
	c.password, err = a.password(ctx)
	return c, err
}

// portNumber is the port as a number, 0 where it is a name.
func (a imapAddress) portNumber() int {
	n, _ := strconv.Atoi(a.port) // a name will do for everything but OAUTHBEARER
	return n
}

func defaultPort(implicit bool) string {
	if implicit {
		return "993"
	}
	return "143"
}

// mailbox is a source: all folders of one user on an IMAP server (RFC 3501, RFC
// 9051), through go-imap. That library closes the connection on any answer it
// cannot read, so only UID, FLAGS, INTERNALDATE and BODY[] are ever asked for, and
// imap_fetch.go finds out which message is to blame.
type mailbox struct {
	address imapAddress
	session *session
	dead    error    // why there is no use in connecting again
	notes   []string // what the user is to be told
}

// openIMAP logs in, so that a wrong password is known at once.
func openIMAP(ctx context.Context, p probe) (Source, error) {
	a, err := parseIMAP(p.Spec)
	if err != nil {
		return nil, err
	}
	m := &mailbox{address: a}
	if _, err := m.connected(ctx); err != nil {
		return nil, err
	}
	m.rest()
	return m, nil
}

// Label names user and server: two servers may number their messages alike.
func (m *mailbox) Label() string {
	host := m.address.host
	if m.address.port != defaultPort(m.address.implicit) {
		host = net.JoinHostPort(host, m.address.port)
	}
	return label(fmt.Sprintf("%s (%s)", m.address.user, host))
}

// Notes tells the user what was done differently than asked.
func (m *mailbox) Notes() []string { return m.notes }

// Close logs out.
func (m *mailbox) Close() error {
	if m.session != nil {
		m.session.logout()
		m.session = nil
	}
	return nil
}

// connected gives the connection, after opening it again where it was lost.
func (m *mailbox) connected(ctx context.Context) (*session, error) {
	if m.session != nil {
		m.session.serve(ctx)
		return m.session, nil
	}
	if m.dead != nil {
		return nil, m.dead
	}
	pause := backoff.Pause{First: m.address.keep.pause}
	for try := 1; ; try++ {
		s, err := m.address.connect(ctx)
		switch {
		case err == nil:
			m.session = s
			return s, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !relais.Retryable(err) || try >= m.address.keep.tries:
			m.dead = err
			return nil, err
		}
		if err := pause.Wait(ctx); err != nil {
			return nil, err
		}
	}
}

// drop forgets a connection that is of no more use.
func (m *mailbox) drop() {
	if m.session != nil {
		m.session.close()
		m.session = nil
	}
}

// errRenumbered says that UIDVALIDITY has changed while a folder was read: what the
// positions meant is gone (RFC 3501, 2.3.1.1).
var errRenumbered = errors.New("the server has renumbered the folder")

// Read fetches the messages of a folder that were not captured before. A folder that is
// renumbered meanwhile is read again from its start.
func (m *mailbox) Read(ctx context.Context, f Folder, req Request, yield func(Found) error) (Cursor, error) {
	name, ok := f.Handle.(boxName)
	if !ok {
		return "", relais.Errorf(relais.KindInternal, "read folder", "a folder of another source")
	}
	for try := 1; ; try++ {
		r := &fetching{mailbox: m, name: name, req: req, yield: yield}
		err := r.run(ctx)
		if errors.Is(err, errRenumbered) && try < m.address.keep.tries {
			continue
		}
		m.rest()
		return r.cursor(), err
	}
}

// rest lets the connection idle until it is wanted again.
func (m *mailbox) rest() {
	if m.session != nil {
		m.session.release()
	}
}
