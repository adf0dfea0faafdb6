package testkit

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// talk sends lines to a server and gives all it says, up to the answer to the last.
func talk(t *testing.T, s *IMAP, lines ...string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	must(t, err)
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	var said strings.Builder
	for i, l := range append([]string{""}, lines...) {
		tag := fmt.Sprintf("t%d", i)
		if l != "" {
			_, err := fmt.Fprintf(conn, "%s %s\r\n", tag, l)
			must(t, err)
		} else {
			tag = "*"
		}
		for {
			line, err := in.ReadString('\n')
			said.WriteString(line)
			if err != nil || strings.HasPrefix(line, tag+" ") {
				break
			}
		}
	}
	return said.String()
}

const login = "AUTHENTICATE PLAIN AHJlcAByZWxhaXMtdGVzdA=="

func TestIMAPAnswers(t *testing.T) {
	s := NewIMAP(t, &IMAPFolder{Name: "INBOX", Attrs: `\Inbox`, Messages: []IMAPMessage{
		{UID: 4, Body: Message(1), Flags: `\Seen`}, {UID: 9, Body: Message(2), Reply: func(a Ask) Reply {
			return Reply{Text: strings.ToLower(a.Right), No: true}
		}},
	}, Hidden: 3})
	got := talk(t, s, login, `LIST "" "*"`, "EXAMINE INBOX", "UID SEARCH UID 5:*", "UID FETCH 1:9 (UID FLAGS INTERNALDATE BODY.PEEK[])")
	for _, want := range []string{`(\Inbox) "/" "INBOX"`, "* 5 EXISTS", "[UIDVALIDITY 7]", "* SEARCH 9\r\n",
		`* 1 FETCH (UID 4 FLAGS (\Seen) INTERNALDATE "01-Jan-2024 10:00:00 +0000" BODY[] {`, "* 2 fetch", "t5 NO"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if s.Asked(4) != 1 || s.Logins() != 1 || len(s.Lines()) != 5 || strings.Contains(strings.Join(s.Lines(), ""), "AHJl") {
		t.Errorf("asked %d, logins %d, lines %q", s.Asked(4), s.Logins(), s.Lines())
	}
}

func TestIMAPRefuses(t *testing.T) {
	s := NewIMAP(t)
	if got := talk(t, s, "AUTHENTICATE PLAIN AHJlcAB3cm9uZw=="); !strings.Contains(got, "t1 NO [AUTHENTICATIONFAILED]") {
		t.Error(got)
	}
	if got := talk(t, s, login, "EXAMINE nowhere", "STARTTLS", "STORE 1 x", "LOGOUT"); strings.Count(got, " NO ") != 2 || !strings.Contains(got, "BAD") {
		t.Error(got)
	}
}

func TestInSet(t *testing.T) {
	for _, tc := range []struct {
		set  string
		uid  uint32
		want bool
	}{{"5", 5, true}, {"5", 6, false}, {"1:3,7", 2, true}, {"1:3,7", 5, false}, {"8:*", 9, true}, {"8:*)", 7, false}} {
		if got := inSet(tc.set, tc.uid); got != tc.want {
			t.Errorf("%d in %s: %v", tc.uid, tc.set, got)
		}
	}
}

func TestTrees(t *testing.T) {
	dir := t.TempDir()
	WriteMaildir(t, dir, 20)
	WriteTree(t, dir, map[string]string{"a/b/": "", "a/c.txt": "c"})
	for pattern, want := range map[string]int{"cur/*:2,S": 18, "new/*": 2, "tmp/*": 0, "a/b": 1, "a/c.txt": 1} {
		if got, _ := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern))); len(got) != want {
			t.Errorf("%s: %d, want %d", pattern, len(got), want)
		}
	}
}

func TestMessagesMakeThreads(t *testing.T) {
	if m := Message(4); !strings.Contains(m, "References: <3@acme.example>") || !strings.Contains(m, "Date: Fri, 06 Jan 2023") {
		t.Error(m)
	}
	if strings.Contains(Message(3), "References") {
		t.Error("the first of a thread has references")
	}
}

func TestCorpusIsFoundByItsVariable(t *testing.T) {
	dir := t.TempDir()
	WriteTree(t, dir, map[string]string{"mail/x": "x"})
	t.Setenv("RELAIS_CORPUS", dir)
	if b, err := os.ReadFile(Corpus(t, "mail", "x")); err != nil || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
}
