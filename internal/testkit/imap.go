package testkit

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// IMAP is a server (RFC 3501, just enough) that says what its script wants, right
// or wrong. Any user gets in with the password "relais-test".
type IMAP struct {
	// Set these before Addr is asked for.
	Greeting  string        // instead of "* OK ready"
	TLS       *tls.Config   // offers STARTTLS
	AfterTLS  string        // sent in clear right after the OK to STARTTLS
	RefuseTLS bool          // answers STARTTLS with NO
	Select    string        // more untagged lines in the answer to EXAMINE
	List      string        // more untagged lines in the answer to LIST
	Pace      time.Duration // between any two bytes sent after login

	mu      sync.Mutex
	folders []*IMAPFolder
	asked   map[uint32]int // FETCH of each UID's bytes, all folders together
	logins  int
	lines   []string // commands received, without passwords
	over    chan struct{}

	listener net.Listener
	start    sync.Once
	open     sync.WaitGroup
}

// IMAPFolder is one folder of the server.
type IMAPFolder struct {
	Name     string
	Attrs    string                    // as sent, such as `\HasNoChildren \Sent`
	Validity func(selected int) uint32 // UIDVALIDITY at the nth EXAMINE, from 1; nil is always 7
	Messages []IMAPMessage
	Hidden   int // messages that EXISTS claims and SEARCH does not give

	selected int
}

// IMAPMessage is one message of a folder.
type IMAPMessage struct {
	UID   uint32
	Body  string
	Flags string // as sent
	Date  string // INTERNALDATE as sent; a default when empty
	// Reply, when set, says what is sent for this message in place of the right
	// answer, which it is given.
	Reply func(Ask) Reply
}

// Ask is one question about one message.
type Ask struct {
	Items string // as the client sent them
	Times int    // how often its bytes were asked for, this one included
	Right string // the right answer
}

// Reply is what goes over the wire.
type Reply struct {
	Text string
	Cut  bool // and the connection ends there
	No   bool // and the command is answered with NO
}

// NewIMAP makes a server that ends with the test; Addr starts it.
func NewIMAP(t testing.TB, folders ...*IMAPFolder) *IMAP {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	s := &IMAP{folders: folders, asked: map[uint32]int{}, over: make(chan struct{}), listener: listener}
	t.Cleanup(func() {
		_ = listener.Close()
		close(s.over)
		s.open.Wait()
	})
	return s
}

// Addr is where the server listens from now on: host:port, on loopback.
func (s *IMAP) Addr() string {
	s.start.Do(func() { s.open.Go(s.accept) })
	return s.listener.Addr().String()
}

func (s *IMAP) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.open.Go(func() { s.serve(conn) })
	}
}

// Asked tells how often the bytes of a message were asked for.
func (s *IMAP) Asked(uid uint32) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[uid]
}

// Logins tells how often somebody got in.
func (s *IMAP) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Lines gives the commands received so far, without tags and secrets.
func (s *IMAP) Lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines)
}

// dialogue is one connection.
type dialogue struct {
	*IMAP
	conn   net.Conn
	in     *bufio.Reader
	pace   time.Duration
	folder *IMAPFolder
}

func (s *IMAP) serve(conn net.Conn) {
	d := &dialogue{IMAP: s, conn: conn, in: bufio.NewReader(conn)}
	defer func() { _ = d.conn.Close() }()
	greeting := s.Greeting
	if greeting == "" {
		greeting = "* OK ready"
	}
	d.send(greeting + "\r\n")
	for {
		line, err := d.in.ReadString('\n')
		tag, command, ok := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if err != nil || !ok || !d.answer(tag, command) {
			return
		}
	}
}

func (d *dialogue) send(text string) bool {
	if d.pace == 0 {
		_, err := d.conn.Write([]byte(text))
		return err == nil
	}
	for i := range len(text) {
		if _, err := d.conn.Write([]byte{text[i]}); err != nil {
			return false
		}
		select {
		case <-time.After(d.pace):
		case <-d.over:
			return false
		}
	}
	return true
}

// answer answers one command; false ends the connection.
func (d *dialogue) answer(tag, command string) bool {
	verb, rest, _ := strings.Cut(command, " ")
	verb = strings.ToUpper(verb)
	if verb == "UID" {
		next, more, _ := strings.Cut(rest, " ")
		verb, rest = "UID "+strings.ToUpper(next), more
	}
	d.note(verb, rest)
	switch verb {
	case "CAPABILITY":
		d.send("* CAPABILITY " + d.capabilities() + "\r\n")
	case "STARTTLS":
		return d.startTLS(tag)
	case "AUTHENTICATE":
		return d.authenticate(tag, rest)
	case "LIST":
		d.list()
	case "EXAMINE", "SELECT":
		if !d.examine(strings.Trim(rest, `"`)) {
			return d.send(tag + " NO [NONEXISTENT] no such folder\r\n")
		}
	case "UID SEARCH":
		d.search(rest)
	case "UID FETCH":
		return d.fetch(tag, rest)
	case "LOGOUT":
		d.send("* BYE\r\n" + tag + " OK done\r\n")
		return false
	case "NOOP":
	default:
		return d.send(tag + " BAD unknown\r\n")
	}
	return d.send(tag + " OK done\r\n")
}

func (d *dialogue) note(verb, rest string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if verb == "AUTHENTICATE" || verb == "LOGIN" {
		rest = ""
	}
	d.lines = append(d.lines, strings.TrimSpace(verb+" "+rest))
}

func (d *dialogue) capabilities() string {
	caps := "IMAP4rev1 AUTH=PLAIN SASL-IR SPECIAL-USE LIST-EXTENDED"
	if d.TLS != nil {
		caps += " STARTTLS"
	}
	return caps
}

func (d *dialogue) startTLS(tag string) bool {
	if d.TLS == nil || d.RefuseTLS {
		return d.send(tag + " NO not here\r\n")
	}
	d.send(tag + " OK begin TLS\r\n" + d.AfterTLS)
	secure := tls.Server(d.conn, d.TLS)
	d.conn, d.in = secure, bufio.NewReader(secure)
	return true
}

func (d *dialogue) authenticate(tag, rest string) bool {
	_, initial, has := strings.Cut(rest, " ")
	if !has {
		d.send("+ \r\n")
		line, err := d.in.ReadString('\n')
		if err != nil {
			return false
		}
		initial = strings.TrimSpace(line)
	}
	secret, err := base64.StdEncoding.DecodeString(initial)
	if err != nil || !strings.HasSuffix(string(secret), "\x00relais-test") {
		return d.send(tag + " NO [AUTHENTICATIONFAILED] no\r\n")
	}
	d.mu.Lock()
	d.logins++
	d.mu.Unlock()
	d.pace = d.Pace
	return d.send(tag + " OK in\r\n")
}

func (d *dialogue) list() {
	for _, f := range d.folders {
		d.send(fmt.Sprintf("* LIST (%s) \"/\" \"%s\"\r\n", f.Attrs, f.Name))
	}
	d.send(d.List)
}

func (d *dialogue) examine(name string) bool {
	i := slices.IndexFunc(d.folders, func(f *IMAPFolder) bool { return f.Name == name })
	if i < 0 {
		return false
	}
	d.mu.Lock()
	d.folder = d.folders[i]
	d.folder.selected++
	validity := uint32(7)
	if d.folder.Validity != nil {
		validity = d.folder.Validity(d.folder.selected)
	}
	d.mu.Unlock()
	return d.send(fmt.Sprintf("* %d EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY %d] ok\r\n%s",
		len(d.folder.Messages)+d.folder.Hidden, validity, d.Select))
}

func (d *dialogue) search(rest string) {
	var found strings.Builder
	for _, m := range d.folder.Messages {
		if inSet(strings.TrimPrefix(strings.TrimPrefix(rest, "UID "), "(UID "), m.UID) {
			fmt.Fprintf(&found, " %d", m.UID)
		}
	}
	d.send("* SEARCH" + found.String() + "\r\n")
}

func (d *dialogue) fetch(tag, rest string) bool {
	set, items, _ := strings.Cut(rest, " ")
	status := " OK done\r\n"
	for i, m := range d.folder.Messages {
		if !inSet(set, m.UID) {
			continue
		}
		reply := d.reply(i+1, m, items)
		if !d.send(reply.Text) || reply.Cut {
			return false
		}
		if reply.No {
			status = " NO some could not be sent\r\n"
		}
	}
	return d.send(tag + status)
}

func (d *dialogue) reply(seq int, m IMAPMessage, items string) Reply {
	ask := Ask{Items: items, Right: m.right(seq, items)}
	d.mu.Lock()
	if strings.Contains(items, "BODY.PEEK[]") {
		d.asked[m.UID]++
	}
	ask.Times = d.asked[m.UID]
	d.mu.Unlock()
	if m.Reply == nil {
		return Reply{Text: ask.Right}
	}
	return m.Reply(ask)
}

// right is the answer a good server gives.
func (m IMAPMessage) right(seq int, items string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "* %d FETCH (UID %d", seq, m.UID)
	if strings.Contains(items, "FLAGS") {
		fmt.Fprintf(&b, " FLAGS (%s)", m.Flags)
	}
	if strings.Contains(items, "INTERNALDATE") {
		date := m.Date
		if date == "" {
			date = "01-Jan-2024 10:00:00 +0000"
		}
		fmt.Fprintf(&b, " INTERNALDATE %q", date)
	}
	if strings.Contains(items, "BODY.PEEK[]") {
		fmt.Fprintf(&b, " BODY[] {%d}\r\n%s", len(m.Body), m.Body)
	}
	if strings.Contains(items, "HEADER.FIELDS") {
		date := dateField(m.Body)
		fmt.Fprintf(&b, " BODY[HEADER.FIELDS (\"Date\")] {%d}\r\n%s", len(date), date)
	}
	b.WriteString(")\r\n")
	return b.String()
}

func dateField(body string) string {
	for line := range strings.SplitSeq(body, "\r\n") {
		if strings.HasPrefix(line, "Date:") {
			return line + "\r\n\r\n"
		}
	}
	return "\r\n"
}

// inSet tells whether a UID is in a set such as "1,4:6,9:*".
func inSet(set string, uid uint32) bool {
	for part := range strings.SplitSeq(strings.TrimRight(set, ") "), ",") {
		from, to, isRange := strings.Cut(part, ":")
		low, _ := strconv.ParseUint(from, 10, 32)
		high, err := strconv.ParseUint(to, 10, 32)
		switch {
		case !isRange:
			high = low
		case err != nil:
			high = 1<<32 - 1 // "*"
		}
		if uint64(uid) >= low && uint64(uid) <= high {
			return true
		}
	}
	return false
}
