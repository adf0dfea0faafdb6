package format

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"
)

func cmsFile(t testing.TB, name string) []byte {
	t.Helper()
	return readFile(t, filepath.Join("testdata", "cms", name))
}

// TestOpenCMS opens what OpenSSL wrote of one MIME entity, in each of its forms, as the
// pkcs7 library does where that can.
func TestOpenCMS(t *testing.T) {
	entity := cmsFile(t, "entity")
	for name, want := range map[string]CMSKind{
		"signed.der": CMSSigned, "streamed.ber": CMSSigned, "nocerts.der": CMSSigned, "signed.pem": CMSSigned, "compressed.der": CMSCompressed,
		"detached.der": CMSSigned, "enveloped.der": CMSEncrypted, "enveloped-streamed.ber": CMSEncrypted, "authenveloped.der": CMSEncrypted,
	} {
		raw := cmsFile(t, name)
		kind, content, whole := OpenCMS(raw, 1<<20)
		if kind != want || !whole {
			t.Errorf("%s: kind %q, whole %t", name, kind, whole)
		}
		opens := (want == CMSSigned || want == CMSCompressed) && name != "detached.der"
		if opens != bytes.Equal(content, entity) || !opens && content != nil {
			t.Errorf("%s: content %q", name, content)
		}
		if p, err := pkcs7.Parse(raw); err == nil && want == CMSSigned && !bytes.Equal(p.Content, content) {
			t.Errorf("%s: the library reads %q", name, p.Content)
		}
	}
}

// TestOpenCMSDamaged opens what it can of messages that lost their end, or never were.
func TestOpenCMSDamaged(t *testing.T) {
	raw, entity := cmsFile(t, "signed.der"), cmsFile(t, "entity")
	at := bytes.Index(raw, entity)
	if _, content, whole := OpenCMS(raw[:at+len(entity)-20], 1<<20); whole || !bytes.Equal(content, entity[:len(entity)-20]) {
		t.Errorf("cut within: %q, whole %t", content, whole)
	}
	if _, content, _ := OpenCMS(raw[:at+len(entity)+50], 1<<20); !bytes.Equal(content, entity) {
		t.Errorf("cut behind: %q", content)
	}
	if _, content, whole := OpenCMS(cmsFile(t, "compressed.der"), 100); whole || len(content) != 100 {
		t.Errorf("compressed beyond the limit: %d bytes, whole %t", len(content), whole)
	}
	zeros := bytes.Replace(raw, raw[1:4], append([]byte{0x84, 0, 0}, raw[2:4]...), 1) // a length of four bytes
	if _, content, _ := OpenCMS(zeros, 1<<20); !bytes.Equal(content, entity) {
		t.Errorf("a length with zeros: %q", content)
	}
	for _, hostile := range [][]byte{nil, {0x30}, {0x30, 0x80}, bytes.Repeat([]byte{0x30, 0x80}, 1<<20), bytes.Repeat([]byte{0x24, 0x80}, 1<<20),
		{0x30, 0x8f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, []byte("MIIGnwYJKoZIhvcNAQcC")} {
		if kind, content, _ := OpenCMS(hostile, 1<<20); kind != CMSOther || content != nil {
			t.Errorf("%.20q: %q, %d bytes", hostile, kind, len(content))
		}
	}
}

func cmsMail(contentType string, content []byte) string {
	return "Subject: x\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\nContent-Type: " + contentType + "\n\n" +
		base64.StdEncoding.EncodeToString(content) + "\n"
}

// TestMailCMS reads the signed message in the place of its wrapping, and leaves what
// needs a key, or is no message, as the attachment that it is.
func TestMailCMS(t *testing.T) {
	signed, enveloped := cmsFile(t, "signed.der"), cmsFile(t, "enveloped.der")
	const text = "Lot de palissandre accepté."
	nested := signCMS(t, []byte("Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"+
		base64.StdEncoding.EncodeToString(signed)+"\r\n"))
	for name, c := range map[string]struct{ raw, text, files, encrypted, warning string }{
		"declared":       {cmsMail("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", signed), text, "1.2 annexe.txt", "", ""},
		"undeclared":     {cmsMail("application/x-pkcs7-mime; name=smime.p7m", cmsFile(t, "streamed.ber")), text, "1.2 annexe.txt", "", ""},
		"octets":         {cmsMail("application/octet-stream; name=SMIME.P7M", signed), text, "1.2 annexe.txt", "", ""},
		"compressed":     {cmsMail("application/pkcs7-mime; smime-type=compressed-data", cmsFile(t, "compressed.der")), text, "1.2 annexe.txt", "", ""},
		"nested":         {cmsMail("application/pkcs7-mime", nested), text, "1.2 annexe.txt", "", ""},
		"false type":     {cmsMail("application/pkcs7-mime; smime-type=enveloped-data", signed), text, "1.2 annexe.txt", "", ""},
		"encrypted":      {cmsMail("application/pkcs7-mime; name=smime.p7m", enveloped), "", "1 smime.p7m", "smime", ""},
		"gcm":            {cmsMail("application/pkcs7-mime; smime-type=authEnveloped-data", cmsFile(t, "authenveloped.der")), "", "1 ", "smime", ""},
		"detached":       {cmsMail("application/pkcs7-mime; smime-type=certs-only", cmsFile(t, "detached.der")), "", "1 ", "", ""},
		"damaged":        {cmsMail("application/pkcs7-mime; smime-type=signed-data", []byte("no CMS")), "", "1 ", "", warnCMS},
		"lost, declared": {cmsMail("application/pkcs7-mime; smime-type=enveloped-data", []byte("no CMS")), "", "1 ", "smime", ""},
		"a signed file":  {cmsMail("application/pkcs7-mime; name=contrat.pdf.p7m", signCMS(t, []byte("%PDF-1.4 contrat"))), "", "1 contrat.pdf.p7m", "", ""},
		"in a list's mixture": {"Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\nvoir\n--B\n" +
			strings.TrimPrefix(cmsMail("application/pkcs7-mime; name=smime.p7m", signed), "Subject: x\n") + "--B\nContent-Type: text/plain\n\npied\n--B--\n",
			"voir\n" + text + "\npied", "2.2 annexe.txt", "", ""},
	} {
		m, err := ReadMail(strings.NewReader(c.raw), DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var files []string
		for _, a := range m.Attachments {
			files = append(files, a.Path+" "+a.Name)
			if _, body, err := OpenPart(strings.NewReader(c.raw), DefaultLimits(), a.Path); err != nil || body == nil {
				t.Errorf("%s: part %s: %v", name, a.Path, err)
			}
		}
		_, warned := codesOf(m.Warnings)[c.warning]
		if strings.TrimSpace(m.Text) != c.text || strings.Join(files, "|") != c.files || m.Encrypted != c.encrypted || warned != (c.warning != "") {
			t.Errorf("%s: text %q, files %q, encrypted %q, warnings %v", name, m.Text, files, m.Encrypted, m.Warnings)
		}
	}
}

// TestMailCMSDepth leaves closed what is wrapped too often.
func TestMailCMSDepth(t *testing.T) {
	entity := []byte("Content-Type: text/plain\r\n\r\nprofond")
	for range 10 {
		entity = []byte("Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			base64.StdEncoding.EncodeToString(signCMS(t, entity)) + "\r\n")
	}
	m, err := ReadMail(bytes.NewReader(entity), DefaultLimits(), nil)
	if _, warned := codesOf(m.Warnings)[warnCMSDepth]; err != nil || !warned || m.Text != "" || len(m.Attachments) != 1 {
		t.Errorf("%q, %v (%v)", m.Text, m.Warnings, err)
	}
}

// signCMS makes signed data without signer: what holds a message needs none.
func signCMS(t testing.TB, content []byte) []byte {
	t.Helper()
	s, err := pkcs7.NewSignedData(content)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func FuzzOpenCMS(f *testing.F) {
	list, err := os.ReadDir(filepath.Join("testdata", "cms"))
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range list {
		f.Add(cmsFile(f, e.Name()))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if kind, content, _ := OpenCMS(raw, 1<<16); len(content) > max(len(raw), 1<<16) || kind == CMSOther && content != nil {
			t.Errorf("%q: %d bytes from %d", kind, len(content), len(raw))
		}
	})
}
