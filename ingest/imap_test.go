package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/testkit"
)

func password(context.Context) (string, error) { return "relais-test", nil }

// hasty is a patience for tests.
func hasty() patience {
	return patience{dial: 5 * time.Second, stall: time.Second, line: 2 * time.Second, rate: 1 << 20, pause: time.Millisecond, tries: 3}
}

// openServer opens a server as a source, in a hurry.
func openServer(t *testing.T, location string) *mailbox {
	t.Helper()
	p := probe{Spec: Spec{Location: location, User: "rep", Password: password, Limits: format.DefaultLimits()}}
	a, err := parseIMAP(p.Spec)
	if err != nil {
		t.Fatal(err)
	}
	a.keep = hasty()
	m := &mailbox{address: a}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func inbox(n int) *testkit.IMAPFolder {
	f := &testkit.IMAPFolder{Name: "INBOX"}
	for i := range n {
		f.Messages = append(f.Messages, testkit.IMAPMessage{UID: uint32(i + 1), Body: testkit.Message(i), Flags: `\Seen $Forwarded NonJunk`})
	}
	return f
}

func TestIMAP(t *testing.T) {
	sent := inbox(3)
	sent.Name, sent.Attrs = "Envoy&AOk-s", `\HasNoChildren \Sent`
	s := testkit.NewIMAP(t, inbox(300), sent, &testkit.IMAPFolder{Name: "[Gmail]", Attrs: `\Noselect`}, &testkit.IMAPFolder{Name: "a/b"})
	box := openServer(t, "imap://"+s.Addr())
	a := newArchive()
	sum := a.run(t, job(box))
	if sum.Captured != 303 || sum.Refused != 0 || a.counts[[2]string{box.Label(), "INBOX"}] != 300 {
		t.Fatalf("%+v, announced %v", sum.Counts, a.counts)
	}
	it := a.item(t, "Envoyés", "0000000007.0000000002")
	if diff := cmp.Diff([]string{"forwarded", "seen"}, it.Occurrence.Flags); diff != "" || it.Received.Year() != 2024 {
		t.Errorf("%+v: %s", it, diff)
	}
	if got := string(a.blobs[it.Occurrence.SHA256]); got != testkit.Message(1) {
		t.Errorf("bytes differ: %q", got)
	}
	for _, l := range s.Lines() {
		for _, never := range []string{"ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "BODY[", "SELECT", "STORE", "Noselect", "[Gmail]"} {
			if strings.HasPrefix(l, never) || strings.Contains(l, never) && strings.HasPrefix(l, "UID FETCH") {
				t.Errorf("asked %q", l)
			}
		}
	}
	again := &spied{Source: openServer(t, "imap://"+s.Addr())}
	a.run(t, job(again))
	if again.reads != 0 || s.Asked(7) != 1 {
		t.Errorf("read %d again, message 7 asked %d times", again.reads, s.Asked(7))
	}
}

// TestIMAPKeywords checks that what people tag is kept beside a message, and what
// programs note is not.
func TestIMAPKeywords(t *testing.T) {
	f := inbox(1)
	f.Messages[0].Flags = `\Seen NonJunk perso $MDNSent $label3 Clients \Answered`
	s := testkit.NewIMAP(t, f)
	a := newArchive()
	a.run(t, job(openServer(t, "imap://"+s.Addr())))
	if diff := cmp.Diff([]string{"$label3", "Clients", "perso"}, a.items[0].Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

func TestIMAPRules(t *testing.T) {
	f := inbox(20)
	f.Attrs = `\Trash`
	s := testkit.NewIMAP(t, f)
	for _, dry := range []bool{true, false} {
		a := newArchive()
		j := job(openServer(t, "imap://"+s.Addr()))
		j.Since, j.DryRun = testkit.Date(15), dry
		sum := a.run(t, j)
		if want := (Counts{Seen: 20, Captured: 5, Excluded: 15, Bytes: sum.Bytes}); sum.Counts != want {
			t.Errorf("dry %v: %+v", dry, sum.Counts)
		}
		j = job(openServer(t, "imap://"+s.Addr()))
		j.ExcludeFolders = []string{"trash"}
		if sum := newArchive().run(t, j); sum.Excluded != 20 || sum.Captured != 0 {
			t.Errorf("by use: %+v", sum.Counts)
		}
	}
	if s.Asked(1) != 0 || s.Asked(20) != 1 {
		t.Errorf("bytes of a left out message asked %d times, of another %d", s.Asked(1), s.Asked(20))
	}
}

// TestIMAPRulesChanged: what a rule left out is fetched when it is gone, and what
// was captured is not fetched again.
func TestIMAPRulesChanged(t *testing.T) {
	s := testkit.NewIMAP(t, inbox(20))
	a := newArchive()
	j := job(openServer(t, "imap://"+s.Addr()))
	j.Since = testkit.Date(15)
	a.run(t, j)
	j.Since = time.Time{}
	a.run(t, j)
	if a.count("captured") != 20 || s.Asked(20) != 1 || s.Asked(1) != 1 {
		t.Errorf("captured %d; asked %d and %d times", a.count("captured"), s.Asked(20), s.Asked(1))
	}
}

func TestIMAPOneFolder(t *testing.T) {
	b, c := inbox(2), inbox(3)
	b.Name, c.Name = "Clients", "Clients/Acme"
	s := testkit.NewIMAP(t, inbox(5), b, c, &testkit.IMAPFolder{Name: "Clientsx"})
	if sum := newArchive().run(t, job(openServer(t, "imap://"+s.Addr()+"/clients"))); sum.Captured != 5 {
		t.Errorf("%+v", sum.Counts)
	}
}

// nasty answers what a bad server does for one message.
func nasty(reply func(testkit.Ask) testkit.Reply) *testkit.IMAPFolder {
	f := inbox(40)
	f.Messages[20].Reply = reply
	return f
}

func text(s string) func(testkit.Ask) testkit.Reply {
	return func(testkit.Ask) testkit.Reply { return testkit.Reply{Text: s} }
}

// swap answers right, but for one word.
func swap(old, now string) func(testkit.Ask) testkit.Reply {
	return func(a testkit.Ask) testkit.Reply { return testkit.Reply{Text: strings.Replace(a.Right, old, now, 1)} }
}

// TestNastyLines: each line that go-imap cannot read, or that hides a message,
// costs at most that message, which is then refused with a reason.
func TestNastyLines(t *testing.T) {
	for _, tc := range []struct {
		name  string
		reply func(testkit.Ask) testkit.Reply
		code  string // "" when the message is captured in the end
	}{
		{"VANISHED", text("* VANISHED 300:310\r\n"), ReasonServer},
		{"VANISHED once", func(a testkit.Ask) testkit.Reply {
			if a.Times == 1 {
				return testkit.Reply{Text: "* VANISHED 300:310\r\n"}
			}
			return testkit.Reply{Text: a.Right}
		}, ""},
		{"body structure", swap("(UID 21", `(BODYSTRUCTURE ("text" "plain" ("boundary" NIL) NIL NIL "7BIT" 5 1) UID 21`), ReasonServer},
		{"alternative", swap("(UID 21", `(BODYSTRUCTURE (("ALTERNATIVE")) UID 21`), ReasonServer},
		{"unescaped quotes", swap("(UID 21", `(ENVELOPE (NIL "a "b" c" NIL NIL NIL NIL NIL NIL NIL NIL) UID 21`), ReasonServer},
		{"X-GM-MSGID", swap("(UID 21", "(X-GM-MSGID 12345 UID 21"), ReasonServer},
		{"INTERNALDATE zero", swap("01-Jan-2024", "00-Jan-0000"), ""},
		{"flag in brackets", swap(`\Seen`, "[NonJunk]"), ""},
		{"negative size", swap("(UID 21", "(RFC822.SIZE -1 UID 21"), ReasonServer},
		{"I1 giant literal", swap(fmt.Sprintf("{%d}", len(testkit.Message(20))), "{9999999999}"), ReasonTooLarge},
		{"I2 negative literal", swap(fmt.Sprintf("{%d}", len(testkit.Message(20))), "{-1}"), ReasonServer},
		{"I2 empty literal", swap(fmt.Sprintf("{%d}", len(testkit.Message(20))), "{}"), ReasonServer},
		{"I2 literal of 2 GiB", swap(fmt.Sprintf("{%d}", len(testkit.Message(20))), "{2147483648}"), ReasonTooLarge},
		{"I3 cut within a literal, once", cut(1, 50), ""},
		{"I3 cut within a literal, always", cut(99, 50), ReasonServer},
		{"I3 nothing sent", text(""), ReasonNoData},
		{"NIL", func(a testkit.Ask) testkit.Reply {
			head, _, _ := strings.Cut(a.Right, "{")
			return testkit.Reply{Text: head + "NIL)\r\n"}
		}, ReasonNoData},
		{"answered NO", func(testkit.Ask) testkit.Reply { return testkit.Reply{No: true} }, ReasonServer},
		{"I6 sent twice", func(a testkit.Ask) testkit.Reply { return testkit.Reply{Text: a.Right + a.Right} }, ""},
		{"I6 of another UID", swap("UID 21", "UID 4000000000"), ReasonNoData},
		{"I6 EXISTS shrinks", func(a testkit.Ask) testkit.Reply {
			return testkit.Reply{Text: "* 3 EXISTS\r\n* 1 EXPUNGE\r\n" + a.Right}
		}, ""},
		{"BYE", func(testkit.Ask) testkit.Reply {
			return testkit.Reply{Text: "* BYE [UNAVAILABLE] later\r\n", Cut: true}
		}, ReasonServer},
		{"nothing but noise", text("\x00\xff\xfe)(\r\n"), ReasonServer},
		{"8-bit", text("* 21 FETCH (UID 21 BODY[] {4}\r\n\xe9\xe8\r\n)\r\n"), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := testkit.NewIMAP(t, nasty(tc.reply))
			a := newArchive()
			sum := a.run(t, job(openServer(t, "imap://"+s.Addr())))
			want := map[bool]int64{true: 40, false: 39}[tc.code == ""]
			if sum.Captured != want || sum.Seen != 40 || tc.code != "" && a.count(tc.code) != 1 {
				t.Errorf("%+v\n%s", sum.Counts, strings.Join(a.list(), "\n"))
			}
			if n := s.Logins(); n > 8 {
				t.Errorf("%d connections for one message", n)
			}
		})
	}
}

// cut ends the connection within the bytes, the first n times.
func cut(n, after int) func(testkit.Ask) testkit.Reply {
	return func(a testkit.Ask) testkit.Reply {
		if a.Times > n {
			return testkit.Reply{Text: a.Right}
		}
		i := strings.Index(a.Right, "}\r\n") + 3
		return testkit.Reply{Text: a.Right[:i+after], Cut: true}
	}
}

// TestCutMessageIsTriedAgain is the heart of row I3: a message that only cost us
// connections holds the cursor, and the next run has it.
func TestCutMessageIsTriedAgain(t *testing.T) {
	s := testkit.NewIMAP(t, nasty(cut(5, 10)))
	a := newArchive()
	a.run(t, job(openServer(t, "imap://"+s.Addr())))
	if a.count("captured") != 39 {
		t.Fatalf("captured %d at first", a.count("captured"))
	}
	a.run(t, job(openServer(t, "imap://"+s.Addr())))
	if a.count("captured") != 40 || a.count(ReasonServer) != 0 || s.Asked(30) != 1 {
		t.Errorf("then %d; message 30 asked %d times", a.count("captured"), s.Asked(30))
	}
}

func TestBrokenServerIsGivenUp(t *testing.T) {
	f := inbox(200)
	for i := range f.Messages {
		f.Messages[i].Reply = text("* VANISHED 1\r\n")
	}
	s := testkit.NewIMAP(t, f)
	a := newArchive()
	_, err := NewCapture(a.deps(t)).Run(t.Context(), job(openServer(t, "imap://"+s.Addr())), nil)
	if relais.KindOf(err) != relais.KindUnavailable || a.count(ReasonFolder) != 1 {
		t.Errorf("%v", err)
	}
}

// TestIMAPRenumbered is row I5: UIDVALIDITY changes between runs, then within one.
func TestIMAPRenumbered(t *testing.T) {
	f := inbox(10)
	f.Validity = func(selected int) uint32 { return uint32(min(selected, 3)) }
	f.Messages[5].Reply = cut(2, 10) // makes it select again
	s := testkit.NewIMAP(t, f)
	a := newArchive()
	a.run(t, job(openServer(t, "imap://"+s.Addr())))
	if len(a.blobs) != 10 {
		t.Errorf("%d blobs of 10 messages", len(a.blobs))
	}
	for i := range 10 {
		a.item(t, "INBOX", fmt.Sprintf("%010d.%010d", 3, i+1))
	}
}

// TestIMAPLimits is row I7: a server that is slow, or has no end, is left.
func TestIMAPLimits(t *testing.T) {
	for name, set := range map[string]func(*testkit.IMAP){
		"a byte at a time":     func(s *testkit.IMAP) { s.Pace = 20 * time.Millisecond },
		"silent":               func(s *testkit.IMAP) { s.Pace = time.Minute },
		"an endless line":      func(s *testkit.IMAP) { s.Select = "* OK " + strings.Repeat("x", answerBytes+1) },
		"untagged without end": func(s *testkit.IMAP) { s.Select = strings.Repeat("* 5 EXISTS\r\n", answerBytes/12+1) },
	} {
		t.Run(name, func(t *testing.T) {
			s := testkit.NewIMAP(t, inbox(3))
			set(s)
			box := openServer(t, "imap://"+s.Addr())
			box.address.keep.line, box.address.keep.tries = 500*time.Millisecond, 1
			a := newArchive()
			begin := time.Now()
			_, err := NewCapture(a.deps(t)).Run(t.Context(), job(box), nil)
			if err == nil || time.Since(begin) > 2*time.Minute {
				t.Errorf("error %v after %v", err, time.Since(begin))
			}
			var m runtime.MemStats
			runtime.GC() // what is kept is asked for, not when the collector last ran
			runtime.ReadMemStats(&m)
			if m.HeapAlloc > 128<<20 {
				t.Errorf("%d MiB in use", m.HeapAlloc>>20)
			}
		})
	}
}

// TestIMAPNames is row I8: names are labels, whatever they say.
func TestIMAPNames(t *testing.T) {
	up := inbox(1)
	up.Name = "../../x"
	s := testkit.NewIMAP(t, up)
	s.List = "* LIST (\\Noselect) \".\" \"a.b\"\r\n* LIST () NIL odd]name\r\n"
	a := newArchive()
	_, err := NewCapture(a.deps(t)).Run(t.Context(), job(openServer(t, "imap://"+s.Addr())), nil)
	if err == nil || a.count(ReasonFolder) != 1 || a.count("captured") != 1 {
		t.Errorf("%v\n%s", err, strings.Join(a.list(), "\n"))
	}
	a.item(t, "../../x", "0000000007.0000000001")
}

// TestIMAPBadList: where the list cannot be read, INBOX is captured all the same,
// and the run says so.
func TestIMAPBadList(t *testing.T) {
	s := testkit.NewIMAP(t, inbox(4))
	s.List = "* LIST () \"/\" \"&Jjo!-\"\r\n"
	a := newArchive()
	_, err := NewCapture(a.deps(t)).Run(t.Context(), job(openServer(t, "imap://"+s.Addr())), nil)
	if err == nil || a.count("captured") != 4 {
		t.Errorf("%v, captured %d", err, a.count("captured"))
	}
}

func TestIMAPCanceled(t *testing.T) {
	s := testkit.NewIMAP(t, inbox(3))
	s.Pace = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := NewCapture(newArchive().deps(t)).Run(ctx, job(openServer(t, "imap://"+s.Addr())), nil)
	if relais.KindOf(err) != relais.KindCanceled || time.Since(begin) > time.Minute {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}

// TestIMAPSecurity are rows I4 and I9.
func TestIMAPSecurity(t *testing.T) {
	certificate, pool := testkit.Certificate(t)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	for _, tc := range []struct {
		name  string
		set   func(*testkit.IMAP)
		trust bool
		want  relais.Kind
	}{
		{"good", func(s *testkit.IMAP) { s.TLS = config }, true, ""},
		{"unknown authority", func(s *testkit.IMAP) { s.TLS = config }, false, relais.KindForbidden},
		{"no STARTTLS", func(*testkit.IMAP) {}, true, relais.KindForbidden},
		{"refused", func(s *testkit.IMAP) { s.TLS, s.RefuseTLS = config, true }, true, relais.KindForbidden},
		{"injected", func(s *testkit.IMAP) { s.TLS, s.AfterTLS = config, "* PREAUTH in already\r\n" }, true, relais.KindUnavailable},
		{"PREAUTH in clear", func(s *testkit.IMAP) { s.TLS, s.Greeting = config, "* PREAUTH in already" }, true, relais.KindUnavailable},
		{"early OK", func(s *testkit.IMAP) { s.TLS, s.Greeting = config, "* OK ready\r\nT1 OK begin TLS" }, true, relais.KindUnavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := testkit.NewIMAP(t, inbox(1))
			tc.set(s)
			box := openServer(t, "imap://"+s.Addr())
			box.address.tls = &tls.Config{}
			if tc.trust {
				box.address.tls.RootCAs = pool
			}
			raw, err := net.Dial("tcp", s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			c := &session{guard: &guard{Conn: raw, stall: time.Second}, keep: hasty()}
			defer c.close()
			c.allow()
			if err = c.open(t.Context(), box.address, false); err == nil {
				err = c.login(t.Context(), box.address)
			}
			if relais.KindOf(err) != tc.want {
				t.Errorf("%v, want %q", err, tc.want)
			}
			if tc.want != "" && s.Logins() != 0 {
				t.Error("the password went out")
			}
		})
	}
}

func TestIMAPWrongPassword(t *testing.T) {
	s := testkit.NewIMAP(t, inbox(1))
	wrong := func(context.Context) (string, error) { return "hunter2", nil }
	_, err := Open(t.Context(), Spec{Location: "imap://" + s.Addr(), User: "rep", Password: wrong})
	if relais.KindOf(err) != relais.KindAuth || strings.Contains(err.Error(), "hunter2") || relais.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
	lost := errors.New("no terminal")
	_, err = Open(t.Context(), Spec{Location: "imap://" + s.Addr(), User: "rep", Password: func(context.Context) (string, error) { return "", lost }})
	if !errors.Is(err, lost) {
		t.Errorf("%v", err)
	}
}

// TestIMAPLogin: the ways that a server offers are tried one after another, and none
// that it does not offer.
func TestIMAPLogin(t *testing.T) {
	for name, tc := range map[string]struct {
		caps, refuses string
		token         bool
		way           string // "" when there is none
		hint          string
		never         string // must not be sent
	}{
		"PLAIN":                     {caps: "AUTH=PLAIN", way: "AUTHENTICATE"},
		"PLAIN in one go":           {caps: "AUTH=PLAIN SASL-IR", way: "AUTHENTICATE"},
		"LOGIN after PLAIN":         {caps: "AUTH=PLAIN", refuses: "PLAIN", way: "LOGIN"},
		"LOGIN alone":               {caps: "", way: "LOGIN"},
		"LOGIN disabled":            {caps: "AUTH=PLAIN LOGINDISABLED", refuses: "PLAIN", never: "LOGIN", hint: "password"},
		"nothing but GSSAPI":        {caps: "AUTH=GSSAPI LOGINDISABLED", never: "LOGIN", hint: "provider"},
		"OAuth alone":               {caps: "AUTH=XOAUTH2 LOGINDISABLED", never: "LOGIN", hint: "--token-file"},
		"OAuth too":                 {caps: "AUTH=PLAIN AUTH=XOAUTH2", refuses: "PLAIN LOGIN", hint: "--token-command"},
		"XOAUTH2":                   {caps: "AUTH=XOAUTH2", token: true, way: "AUTHENTICATE"},
		"XOAUTH2 in one go":         {caps: "SASL-IR AUTH=PLAIN AUTH=XOAUTH2", token: true, way: "AUTHENTICATE"},
		"OAUTHBEARER":               {caps: "AUTH=OAUTHBEARER AUTH=XOAUTH2 SASL-IR", token: true, way: "AUTHENTICATE"},
		"XOAUTH2 after bearer":      {caps: "AUTH=OAUTHBEARER AUTH=XOAUTH2", refuses: "OAUTHBEARER", token: true, way: "AUTHENTICATE"},
		"token refused":             {caps: "AUTH=XOAUTH2 SASL-IR", refuses: "XOAUTH2", token: true, hint: "new one"},
		"token that nobody wants":   {caps: "AUTH=PLAIN", token: true, never: "AUTHENTICATE", hint: "--password-file"},
		"LOGIN when all is refused": {caps: "AUTH=PLAIN", refuses: "PLAIN LOGIN", hint: "--user"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testkit.NewIMAP(t, inbox(2))
			s.Caps, s.Refuses = "IMAP4rev1 "+tc.caps, tc.refuses
			spec := Spec{Location: "imap://" + s.Addr(), User: "rep", Password: password, Limits: format.DefaultLimits()}
			if tc.token {
				spec.Token = password
			}
			box, err := Open(t.Context(), spec)
			if tc.way != "" {
				if err != nil {
					t.Fatal(err)
				}
				newArchive().run(t, job(box))
				if err := box.Close(); err != nil {
					t.Error(err)
				}
			} else if relais.KindOf(err) != relais.KindAuth || !strings.Contains(relais.HintOf(err), tc.hint) || strings.Contains(err.Error(), "relais-test") {
				t.Errorf("%v (%s)", err, relais.HintOf(err))
			}
			if sent := s.Lines(); tc.way != "" && !slices.Contains(sent, tc.way) || tc.never != "" && slices.Contains(sent, tc.never) {
				t.Errorf("sent %q", sent)
			}
		})
	}
}

// TestIMAPMemory streams a message of 120 MiB.
func TestIMAPMemory(t *testing.T) {
	f := &testkit.IMAPFolder{Name: "INBOX", Messages: []testkit.IMAPMessage{{UID: 1, Body: "From: a@b.example\r\n\r\n" + strings.Repeat("0123456789abcde\n", 120<<16)}}}
	s := testkit.NewIMAP(t, f)
	f.Messages[0].Reply = func(a testkit.Ask) testkit.Reply { return testkit.Reply{Text: a.Right} }
	a := newArchive()
	a.light = true
	box := openServer(t, "imap://"+s.Addr())
	box.address.keep = defaultPatience() // 120 MiB take as long as the machine makes them
	sum := a.run(t, job(box))
	if sum.Bytes != int64(len(f.Messages[0].Body)) {
		t.Errorf("%+v", sum.Counts)
	}
}

// TestIMAPOfTheLibrary is the ordinary path, against go-imap's own server.
func TestIMAPOfTheLibrary(t *testing.T) {
	store := imapmemserver.New()
	user := imapmemserver.NewUser("rep", "relais-test")
	store.AddUser(user)
	for _, name := range []string{"INBOX", "Clients/Été", "Sent"} {
		if err := user.Create(name, nil); err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			body := testkit.Message(i)
			if _, err := user.Append(name, literal{strings.NewReader(body), int64(len(body))}, &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}, Time: testkit.Date(i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return store.NewSession(), nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}}, InsecureAuth: true,
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	a := newArchive()
	sum := a.run(t, job(openServer(t, "imap://"+listener.Addr().String())))
	if sum.Captured != 150 || len(a.blobs) != 50 || a.items[0].Occurrence.Flags[0] != "seen" {
		t.Errorf("%+v, %d blobs", sum.Counts, len(a.blobs))
	}
}

type literal struct {
	io.Reader
	size int64
}

func (l literal) Size() int64 { return l.size }

// TestIMAPOfDovecot captures from the server that RELAIS_TEST_IMAP names
// (host:port, user rep), twice, and changes nothing there.
func TestIMAPOfDovecot(t *testing.T) {
	addr := os.Getenv("RELAIS_TEST_IMAP")
	if addr == "" {
		t.Skip("RELAIS_TEST_IMAP names no server")
	}
	a := newArchive()
	a.light = true
	spec := Spec{Location: "imap://" + addr, User: "rep", Password: password, Limits: format.DefaultLimits()}
	for round := range 2 {
		s, err := Open(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		sum := a.run(t, job(s))
		took := time.Since(begin)
		t.Logf("round %d: %+v in %v, %.0f messages/s", round, sum.Counts, took, float64(sum.Captured)/took.Seconds())
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for at, n := range a.counts {
			seen := 0
			for _, o := range a.places {
				if o.Folder == at[1] {
					seen++
				}
			}
			if int64(seen) != n {
				t.Errorf("folder %s: announced %d, seen %d", at[1], n, seen)
			}
		}
		if round == 1 && sum.Seen != 0 {
			t.Errorf("read %d again", sum.Seen)
		}
	}
}
