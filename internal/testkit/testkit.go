// Package testkit answers one question: what do tests of several rooms feed them?
// It holds an IMAP server that misbehaves on demand, small mail and file trees, and
// the way to the corpus. Only tests import it.
package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Corpus gives the path of a part of the test corpus, and skips the test where the
// corpus is not at hand: it is RELAIS_CORPUS, or ../shared/corpus beside the module.
func Corpus(t testing.TB, part ...string) string {
	t.Helper()
	root := os.Getenv("RELAIS_CORPUS")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "..", "..", "..", "shared", "corpus")
	}
	at := filepath.Join(append([]string{root}, part...)...)
	if _, err := os.Stat(at); err != nil {
		t.Skipf("no corpus here: set RELAIS_CORPUS (%v)", err)
	}
	return at
}

// Message makes a small message, the same for the same number. Three in a row are
// one thread.
func Message(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "From: Rep <rep@acme.example>\r\nTo: Client %d <client%d@client.example>\r\n", n, n%10)
	fmt.Fprintf(&b, "Subject: Offer %d\r\nDate: %s\r\nMessage-ID: <%d@acme.example>\r\n", n, Date(n).Format(time.RFC1123Z), n)
	if n%3 != 0 {
		fmt.Fprintf(&b, "References: <%d@acme.example>\r\n", n-n%3)
	}
	fmt.Fprintf(&b, "\r\nGood morning,\r\n\r\nprice of pump %d: %d EUR.\r\n", n, 100*n)
	return b.String()
}

// Date is when Message(n) was written: one a day from 2 January 2023.
func Date(n int) time.Time { return time.Date(2023, 1, 2+n, 9, 30, 0, 0, time.UTC) }

// WriteTree makes files below dir, by path; a path that ends in "/" is an empty folder.
func WriteTree(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(at, 0o700))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(at), 0o700))
		must(t, os.WriteFile(at, []byte(body), 0o600))
	}
}

// WriteMaildir makes a maildir of Message(0) to Message(n-1), the last tenth of it
// not yet seen.
func WriteMaildir(t testing.TB, dir string, n int) {
	t.Helper()
	files := map[string]string{"cur/": "", "new/": "", "tmp/": ""}
	for i := range n {
		name := fmt.Sprintf("cur/%010d.M%dP1.host:2,S", 1_600_000_000+i, i)
		if i >= n-n/10 {
			name = fmt.Sprintf("new/%010d.M%dP1.host", 1_600_000_000+i, i)
		}
		files[name] = Message(i)
	}
	WriteTree(t, dir, files)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
