package format

import (
	"strings"
	"testing"
)

// TestAttachmentNames: a name is kept as it was sent, in whatever form, for nothing is
// ever written to it.
func TestAttachmentNames(t *testing.T) {
	long := strings.Repeat("n", 600)
	for header, want := range map[string]string{
		`filename="Contrat cadre 12/2025.txt"`:                   "Contrat cadre 12/2025.txt",
		`filename="Offre A\\B finale.txt"`:                       `Offre A\B finale.txt`,
		`filename="C:\\Users\\luc\\Offre.txt"`:                   "Offre.txt",
		`filename="c:\Temp\Offre.txt"`:                           "Offre.txt",
		`filename="Offre A\B finale.txt;"`:                       `Offre A\B finale.txt;`,
		`filename="\\\\serveur\\commun\\Offre.txt"`:              "Offre.txt",
		`filename="C:\\"`:                                        `C:\`,
		`filename="../../etc/passwd"`:                            "../../etc/passwd",
		`filename="/tmp/x.pdf"`:                                  "/tmp/x.pdf",
		`filename="A/B"`:                                         "A/B",
		`filename="7/8: reste.txt"`:                              "7/8: reste.txt",
		`filename*=UTF-8''devis%2012%2F2025%20%C3%A9t%C3%A9.txt`: "devis 12/2025 été.txt",
		`filename*0*=UTF-8''a%2F; filename*1=b/c.txt`:            "a/b/c.txt",
		`filename="=?UTF-8?B?w6l0w6kvMTIudHh0?="`:                "été/12.txt",
		`filename="=?iso-8859-1?Q?prix_1=2F2.txt?="`:             "prix 1/2.txt",
		"filename=\"\xe9t\xe9/12.txt\"":                          "été/12.txt",
		`filename=12/2025.txt`:                                   "12/2025.txt",
		`filename="a;b;c.txt"`:                                   "a;b;c.txt",
		`filename="Devis%20final.txt"`:                           "Devis%20final.txt",
		`filename="plain.txt"; filename*=UTF-8''vrai%2Fnom.txt`:  "vrai/nom.txt",
		`filename="..\\..\\x.txt"`:                               `..\..\x.txt`,
		`filename="` + long + `.pdf"`:                            long[:nameMost-4] + ".pdf",
	} {
		m, err := ReadMail(strings.NewReader("MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; "+header+"\r\n\r\nx"), DefaultLimits(), nil)
		if err != nil || len(m.Attachments) != 1 || m.Attachments[0].Name != want {
			t.Errorf("%.80s: got %+v (%v), want %q", header, m.Attachments, err, want)
		}
	}
}

// TestAttachmentNameCharset: a name in raw bytes is in its own part's charset, else in that
// of the message's text.
func TestAttachmentNameCharset(t *testing.T) {
	for kind, want := range map[string]string{
		"image/png":                     "\u043f.png",
		"image/png; charset=iso-8859-1": "\u00d0.png",
		"text/csv; charset=cp866":       "\u2568.png",
	} {
		raw := "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=koi8-r\n\n\xd0\n--b\nContent-Type: " + kind +
			"\nContent-Disposition: attachment; filename=\"\xd0.png\"\n\nx\n--b--\n"
		m, err := ReadMail(strings.NewReader(raw), DefaultLimits(), nil)
		if err != nil || m.Attachments[0].Name != want {
			t.Errorf("%s: %+q, want %+q (%v)", kind, m.Attachments[0].Name, want, err)
		}
	}
}

// TestLongNames: a name is cut before its extension, unless that is no extension.
func TestLongNames(t *testing.T) {
	long := strings.Repeat("n", nameMost)
	for name, want := range map[string]string{
		long:                       long,
		long + "x":                 long,
		long + ".pdf":              long[:nameMost-4] + ".pdf",
		long[:nameMost-4] + ".pdf": long[:nameMost-4] + ".pdf",
		long + ".fifteen-letters":  long[:nameMost-16] + ".fifteen-letters",
		long + ".sixteen--letters": long,
		`z:\a`:                     "a",
		`Z:\a`:                     "a",
		"a:\\":                     "a:\\",
		`1:\a`:                     `1:\a`,
		`ab\c`:                     `ab\c`,
		`\\s\c`:                    "c",
		`\c`:                       `\c`,
		"a:":                       "a:",
	} {
		if got := keptName(name); got != want {
			t.Errorf("%.40q: %.40q, want %.40q", name, got, want)
		}
	}
}
