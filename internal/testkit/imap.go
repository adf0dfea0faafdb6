package testkit

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// IMAP is a server (RFC 3501, just enough) that says what its script wants, right
// or wrong. Any user gets in with the password, or the token, "relais-test".
type IMAP struct {
	// Set these before Addr is asked for.
	Greeting  string                    // instead of "* OK ready"
	TLS       *tls.Config               // offers STARTTLS
	AfterTLS  string                    // sent in clear right after the OK to STARTTLS
	RefuseTLS bool                      // answers STARTTLS with NO
	Select    string                    // more untagged lines in the answer to EXAMINE
	List      string                    // more untagged lines in the answer to LIST
	Pace      time.Duration             // between any two bytes sent after login
	Caps      string                    // instead of what it can do
	Refuses   string                    // ways to log in that are answered with NO, such as "PLAIN LOGIN"
	ListFails func(command string) bool // which LIST and LSUB commands are answered with NO

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
	Name     string                    // as sent between quotes, quoted as it should be
	Listed   string                    // as sent in LIST instead: with its quotes, or a literal
	Delim    string                    // as sent, quoted; `"/"` when empty
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
		line, err := d.command()
		tag, command, ok := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if err != nil || !ok || !d.answer(tag, command) {
			return
		}
	}
}

// command reads a line with the literals in it, each as if it were quoted.
func (d *dialogue) command() (string, error) {
	line, err := d.in.ReadString('\n')
	for err == nil && strings.HasSuffix(line, "}\r\n") {
		open := strings.LastIndexByte(line, '{')
		n, _ := strconv.Atoi(line[open+1 : len(line)-3])
		d.send("+ go on\r\n")
		literal := make([]byte, n)
		if _, err := io.ReadFull(d.in, literal); err != nil {
			return "", err
		}
		rest, again := d.in.ReadString('\n')
		line, err = line[:open]+`"`+string(literal)+`"`+rest, again
	}
	return line, err
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
	case "LOGIN":
		_, password, _ := strings.Cut(rest, " ")
		return d.let(tag, "LOGIN", strings.Trim(password, `"`))
	case "LIST", "LSUB":
		if d.ListFails != nil && d.ListFails(command) {
			return d.send(tag + " NO not now\r\n")
		}
		d.list(verb, rest)
	case "EXAMINE", "SELECT":
		if !d.examine(strings.TrimSuffix(strings.TrimPrefix(rest, `"`), `"`)) {
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
	if d.Caps != "" {
		caps = d.Caps
	}
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
	mechanism, initial, has := strings.Cut(rest, " ")
	if !has {
		d.send("+ \r\n")
		line, err := d.in.ReadString('\n')
		if err != nil {
			return false
		}
		initial = strings.TrimSpace(line)
	}
	b, err := base64.StdEncoding.DecodeString(initial)
	if err != nil {
		return d.send(tag + " BAD no base64\r\n")
	}
	secret := string(b)
	if oauth := strings.HasSuffix(mechanism, "OAUTH2") || mechanism == "OAUTHBEARER"; oauth {
		_, secret, _ = strings.Cut(secret, "\x01auth=Bearer ")
		secret = strings.TrimSuffix(secret, "\x01\x01")
		if secret != "relais-test" || d.refuses(mechanism) { // says why, and waits to be heard
			d.send("+ " + base64.StdEncoding.EncodeToString([]byte(`{"status":"401"}`)) + "\r\n")
			if _, err := d.in.ReadString('\n'); err != nil {
				return false
			}
		}
	}
	return d.let(tag, mechanism, secret[strings.LastIndexByte(secret, 0)+1:])
}

func (d *dialogue) refuses(way string) bool { return slices.Contains(strings.Fields(d.Refuses), way) }

// let lets a user in, or not.
func (d *dialogue) let(tag, way, secret string) bool {
	if secret != "relais-test" || d.refuses(way) {
		return d.send(tag + " NO [AUTHENTICATIONFAILED] no\r\n")
	}
	d.mu.Lock()
	d.logins++
	d.mu.Unlock()
	d.pace = d.Pace
	return d.send(tag + " OK in\r\n")
}

// list answers LIST and LSUB: all folders for "*", else those of the pattern's level.
func (d *dialogue) list(verb, rest string) {
	_, pattern, _ := strings.Cut(rest, ` "`)
	pattern, _, _ = strings.Cut(pattern, `"`)
	for _, f := range d.folders {
		below, level := strings.CutSuffix(pattern, "%")
		name, fits := strings.CutPrefix(f.Name, below)
		if level && (!fits || name == "" || strings.Contains(name, "/")) {
			continue
		}
		d.send(fmt.Sprintf("* %s (%s) %s %s\r\n", verb, f.Attrs, cmp.Or(f.Delim, `"/"`), cmp.Or(f.Listed, `"`+f.Name+`"`)))
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
