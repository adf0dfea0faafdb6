package enrich

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

var update = flag.Bool("update-identity", false, "write testdata/identity.jsonl anew: only for a new version of the identity")

// vector is one frozen identity: a message and its content id, version 1.
type vector struct {
	Name string           `json:"name"`
	Raw  string           `json:"raw"`
	ID   relais.ContentID `json:"id"`
}

func identityOf(t testing.TB, raw string) relais.ContentID {
	t.Helper()
	m, err := format.ReadMail(strings.NewReader(raw), format.DefaultLimits(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return Identity(m)
}

// TestIdentityVectors checks ids that must never change: documents are known by them
// in archives that exist.
func TestIdentityVectors(t *testing.T) {
	path := filepath.Join("testdata", "identity.jsonl")
	frozen, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(frozen)) {
		var v vector
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		got := identityOf(t, v.Raw)
		if got != v.ID && !*update {
			t.Errorf("%s: %s, was %s", v.Name, got, v.ID)
		}
		v.ID = got
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(b, '\n'))
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const plain = "From: Eve <Eve@Durand.example>\nTo: a@x.example, b@x.example\nCc: c@x.example\nDate: Tue, 4 Mar 2025 10:12:00 +0100\nSubject: Été\nMessage-ID: <1@durand.example>\n\nBonjour,\n\nligne\n"

// TestIdentitySame checks what a message may go through and stay the same.
func TestIdentitySame(t *testing.T) {
	want := identityOf(t, plain)
	for name, raw := range map[string]string{
		"CRLF":                strings.ReplaceAll(plain, "\n", "\r\n"),
		"transport headers":   "Received: from x by y; Tue, 4 Mar 2025 10:13:00 +0100\nX-Spam: no\nReturn-Path: <x@y.example>\n" + plain,
		"blind copies":        "Bcc: z@x.example\n" + plain,
		"another message id":  strings.Replace(plain, "<1@durand.example>", "<2@other.example>", 1),
		"zone of the date":    strings.Replace(plain, "10:12:00 +0100", "09:12:00 +0000", 1),
		"order of recipients": strings.Replace(plain, "a@x.example, b@x.example", "B@x.example, A@X.example", 1),
		"display names":       strings.Replace(plain, "Eve <Eve@Durand.example>", `"Durand, Eve" <eve@durand.example>`, 1),
		"encoded subject":     strings.Replace(plain, "Été", "=?utf-8?Q?=C3=89t=C3=A9?=", 1),
		"decomposed subject":  strings.Replace(plain, "Été", "E\u0301te\u0301", 1),
		"transfer encoding":   base64Of(),
		"trailing space":      strings.Replace(plain, "Bonjour,\n", "Bonjour,  \n", 1) + "\n\n",
		"other header order":  "Subject: Été\n" + strings.Replace(plain, "Subject: Été\n", "", 1),
	} {
		if got := identityOf(t, raw); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
}

func base64Of() string {
	head, _, _ := strings.Cut(plain, "\n\n")
	return head + "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nQm9uam91ciwKCmxpZ25lCg==\n"
}

// TestIdentityDiffers checks what makes another message.
func TestIdentityDiffers(t *testing.T) {
	seen := map[relais.ContentID]string{identityOf(t, plain): "itself"}
	for name, raw := range map[string]string{
		"body":                        strings.Replace(plain, "ligne", "autre ligne", 1),
		"subject":                     strings.Replace(plain, "Été", "Hiver", 1),
		"date":                        strings.Replace(plain, "10:12:00", "10:12:01", 1),
		"sender":                      strings.Replace(plain, "Eve@", "Eva@", 1),
		"recipient":                   strings.Replace(plain, "b@x", "d@x", 1),
		"to and cc":                   strings.Replace(plain, "Cc: c@x.example", "X: y", 1),
		"no date":                     strings.Replace(plain, "Date: Tue, 4 Mar 2025 10:12:00 +0100\n", "", 1),
		"no date, another message id": strings.NewReplacer("Date: Tue, 4 Mar 2025 10:12:00 +0100\n", "", "<1@", "<2@").Replace(plain),
		"attachment":                  "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n" + strings.Replace(plain, "\n\nBonjour,\n\nligne\n", "\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nBonjour,\n\nligne\n--b\nContent-Disposition: attachment; filename=a.bin\nContent-Type: application/octet-stream\n\nxyz\n--b--\n", 1),
	} {
		got := identityOf(t, raw)
		if other, taken := seen[got]; taken {
			t.Errorf("%s is the same message as %s", name, other)
		}
		seen[got] = name
	}
}

// TestIdentityWithoutDate checks that a date taken from a Received field does not
// count: the copy in the sent folder has none.
func TestIdentityWithoutDate(t *testing.T) {
	bare := strings.Replace(plain, "Date: Tue, 4 Mar 2025 10:12:00 +0100\n", "", 1)
	travelled := "Received: from x by y; Tue, 4 Mar 2025 10:13:00 +0100\n" + bare
	if identityOf(t, bare) != identityOf(t, travelled) {
		t.Error("a journey makes another message")
	}
}

func TestIdentityOfHTML(t *testing.T) {
	a := &format.Mail{HTML: "<p>a</p>"}
	b := &format.Mail{HTML: "<p>b</p>"}
	if Identity(a) == Identity(b) {
		t.Error("two bodies of HTML are one")
	}
	both := &format.Mail{Text: "t", HTML: "<p>a</p>"}
	if Identity(both) != Identity(&format.Mail{Text: "t"}) {
		t.Error("HTML counts beside plain text")
	}
}
