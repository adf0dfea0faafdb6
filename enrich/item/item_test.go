package item

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/format"
)

// marked is a form told by its first bytes.
type marked struct {
	internetMail
	mark string
}

func (m marked) Is(head []byte) bool { return bytes.HasPrefix(head, []byte(m.mark)) }
func (m marked) Kind() Kind          { return Kind{MediaType: "x/" + m.mark, Extension: "." + m.mark} }

// TestForms: the first form that knows the bytes has them, and the last what is left.
func TestForms(t *testing.T) {
	list := append(List{marked{mark: "ab"}, marked{mark: "a"}}, Forms()...)
	for body, want := range map[string]string{
		"abc": ".ab", "ac": ".a", "From: a": ".eml", "": ".eml", "a": ".a", "a" + strings.Repeat("x", 3*HeadBytes): ".a",
	} {
		if form, err := list.Of(strings.NewReader(body)); err != nil || form.Kind().Extension != want {
			t.Errorf("%.9q is %v (%v), not %s", body, form, err, want)
		}
	}
	for mediaType, want := range map[string]string{"x/a": ".a", "message/rfc822": ".eml", "": ".eml"} {
		if got := list.Extension(mediaType); got != want {
			t.Errorf("%q is saved as %s, not %s", mediaType, got, want)
		}
	}
}

// TestUnreadableHead: where the bytes cannot be read to tell the form, the fault is told;
// where there is but one form, nothing is read to tell it.
func TestUnreadableHead(t *testing.T) {
	fault := errors.New("no disk")
	if _, err := append(List{marked{mark: "a"}}, Forms()...).Of(failing{fault}); !errors.Is(err, fault) {
		t.Errorf("%v", err)
	}
	if _, err := Forms().Of(failing{fault}); err != nil {
		t.Errorf("one form: %v", err)
	}
}

// TestInternetMail: a message and its part, by the part's path.
func TestInternetMail(t *testing.T) {
	const raw = "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n" +
		"--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nthe file\r\n--b--\r\n"
	form, err := Forms().Of(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	mail, err := form.Read(strings.NewReader(raw), format.DefaultLimits(), nil)
	if err != nil || mail.Subject != "x" || len(mail.Attachments) != 1 {
		t.Fatalf("%+v, %v", mail, err)
	}
	_, body, err := form.OpenPart(strings.NewReader(raw), format.DefaultLimits(), mail.Attachments[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(body); err != nil || string(b) != "the file" {
		t.Errorf("%q, %v", b, err)
	}
}

// failing is bytes that cannot be read.
type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }
