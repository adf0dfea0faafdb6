package format

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // the charsets of the oracle
	"github.com/jhillyerd/enmime/v2"

	"github.com/relais-archive/relais/internal/relais"
)

// verdict is what a library says of a message: its subject, and the digests of all
// its leaves that are neither plain text nor HTML, sorted.
type verdict struct{ subject, digests string }

func digestList(list []string) string {
	slices.Sort(list)
	return strings.Join(list, "\n")
}

func ourVerdict(t *testing.T, raw []byte) verdict {
	m, err := ReadMail(bytes.NewReader(raw), DefaultLimits(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, a := range m.Attachments {
		if !strings.HasPrefix(a.MediaType, "text/") && !strings.HasPrefix(a.MediaType, "message/") {
			list = append(list, a.SHA256.String())
		}
	}
	return verdict{squeeze(m.Subject), digestList(list)}
}

var errNoType = errors.New("no media type")

func goMessageVerdict(raw []byte) (v verdict, ok bool) {
	e, err := message.Read(bytes.NewReader(raw))
	if err != nil {
		return v, false
	}
	subject, err := e.Header.Text("Subject")
	if err != nil || !utf8.ValidString(subject) {
		return v, false
	}
	var list []string
	err = e.Walk(func(_ []int, part *message.Entity, err error) error {
		if err != nil {
			return err
		}
		kind, _, err := part.Header.ContentType()
		if err != nil || !strings.Contains(kind, "/") {
			return errNoType
		}
		for _, p := range []string{"text/", "message/", "multipart/"} {
			if strings.HasPrefix(kind, p) || kind == "" {
				return nil
			}
		}
		b, err := io.ReadAll(part.Body)
		list = append(list, relais.DigestOf(b).String())
		return err
	})
	return verdict{squeeze(cleanLine(subject)), digestList(list)}, err == nil
}

func enmimeVerdict(raw []byte) (v verdict, ok bool) {
	e, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil || len(e.Errors) > 0 {
		return v, false
	}
	var list []string
	leaves := e.Root.DepthMatchAll(func(p *enmime.Part) bool { return p.FirstChild == nil })
	for _, p := range leaves {
		if strings.HasPrefix(p.ContentType, "text/") || strings.HasPrefix(p.ContentType, "message/") || p.ContentType == "" {
			continue
		}
		list = append(list, relais.DigestOf(p.Content).String())
	}
	return verdict{squeeze(cleanLine(e.GetHeader("Subject"))), digestList(list)}, true
}

// TestDifferential reads real, well-formed mail with go-message and enmime: where
// those two agree, this package agrees with them.
func TestDifferential(t *testing.T) {
	dir := corpusDir(t)
	var ids []string
	for _, m := range readExpected(t, dir) {
		keep := strings.Contains(m.ID, "spamassassin") || strings.Contains(m.ID, "enron-attachments") ||
			strings.Contains(m.ID, "lists/") || strings.Contains(m.ID, "french/") || strings.Contains(m.ID, "maildir-mu")
		if keep {
			ids = append(ids, m.ID)
		}
	}
	agreed, asked := 0, 0
	for id, raw := range corpusMessages(t, dir, ids) {
		a, okA := goMessageVerdict(raw)
		b, okB := enmimeVerdict(raw)
		if !okA || !okB || a != b || strings.Contains(a.subject, "=?") {
			continue // not well-formed enough for them to read it, and alike
		}
		asked++
		if got := ourVerdict(t, raw); got == a {
			agreed++
		} else {
			t.Errorf("%s:\n got %+v\nwant %+v", id, got, a)
		}
	}
	t.Logf("go-message and enmime agree on %d of %d messages; on %d of those we agree too", asked, len(ids), agreed)
	if asked < len(ids)/2 {
		t.Errorf("the oracles agree on %d of %d messages only", asked, len(ids))
	}
}
