package format

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestTNEFCorpus finds the files, and the bodies, that the tnef program finds.
func TestTNEFCorpus(t *testing.T) {
	dir := corpusDir(t)
	type file struct {
		Name   string `json:"name"`
		SHA256 string `json:"sha256"`
	}
	for line := range strings.Lines(string(readFile(t, filepath.Join(dir, "expected", "tnef.jsonl")))) {
		var want struct {
			ID    string `json:"id"`
			Files []file `json:"attachments"`
		}
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatal(err)
		}
		got, ok := ReadTNEF(readFile(t, filepath.Join(dir, want.ID)), DefaultLimits())
		if !ok {
			t.Errorf("%s: no TNEF", want.ID)
			continue
		}
		found := map[string]bool{}
		for _, f := range got.Files {
			found[f.Name+" "+relais.DigestOf(f.Body).String()] = true
		}
		found["message.rtf "+relais.DigestOf([]byte(got.RTF)).String()] = got.RTF != ""
		for _, f := range want.Files {
			if f.Name == "message.html" {
				if !strings.Contains(strings.ToLower(got.HTML), "<html") {
					t.Errorf("%s: HTML %.80q", want.ID, got.HTML)
				}
			} else if !found[f.Name+" "+f.SHA256] {
				t.Errorf("%s: %s is missing", want.ID, f.Name)
			}
		}
		for _, f := range got.Files {
			t.Logf("%s: %s, %d bytes", want.ID, f.Name, len(f.Body))
		}
	}
}

// tnefStream makes a stream of attributes.
func tnefStream(attributes ...string) []byte {
	return []byte("\x78\x9f\x3e\x22\x01\x00" + strings.Join(attributes, ""))
}

func tnefAttribute(level byte, id uint32, data string) string {
	head := binary.LittleEndian.AppendUint32([]byte{level}, id)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(data)))
	return string(head) + data + "\x00\x00"
}

// tnefProperties makes a list of properties: alternately type and identifier, value.
func tnefProperties(list ...any) string {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(list)/2))
	for i := 0; i < len(list); i += 2 {
		b = binary.LittleEndian.AppendUint32(b, uint32(list[i].(int)))
		v := list[i+1].(string)
		b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, 1), uint32(len(v)))
		b = append(append(b, v...), make([]byte, -len(v)&3)...)
	}
	return string(b)
}

func utf16LE(s string) string {
	var b []byte
	for _, r := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(r))
	}
	return string(b) + "\x00\x00"
}

func sampleTNEF() []byte {
	inner := tnefStream(tnefAttribute(1, attSubject, "Le message dedans\x00"), tnefAttribute(1, attBody, "ipé\x00"))
	return tnefStream(
		tnefAttribute(1, attOemCodepage, "\xe4\x04\x00\x00\x00\x00\x00\x00"),
		tnefAttribute(1, attSubject, "Offre d'\xe9t\xe9\x00"),
		tnefAttribute(1, attBody, "Prix : 88 \x80\r\n\x00"),
		tnefAttribute(1, attMsgProps, tnefProperties(0x1013<<16|mapiBinary, "<p>Prix : 88 \x80 niangon</p>")),
		tnefAttribute(2, attRenddata, strings.Repeat("\x00", 14)),
		tnefAttribute(2, attAttachTitle, "DEVIS~1.TXT\x00"),
		tnefAttribute(2, attAttachData, "kosipo"),
		tnefAttribute(2, attAttachment, tnefProperties(0x3707<<16|mapiUnicode, utf16LE("C:\\devis été.txt"), 0x370e<<16|mapiString, "text/plain\x00")),
		tnefAttribute(2, attRenddata, strings.Repeat("\x00", 14)),
		tnefAttribute(2, attAttachment, tnefProperties(0x3001<<16|mapiUnicode, utf16LE("Le message dedans"), 0x3701<<16|mapiObject, strings.Repeat("i", 16)+string(inner))),
	)
}

func TestReadTNEF(t *testing.T) {
	got, ok := ReadTNEF(sampleTNEF(), DefaultLimits())
	if !ok || got.Cut || got.Subject != "Offre d'été" || got.Text != "Prix : 88 €\n" || got.HTML != "<p>Prix : 88 € niangon</p>" {
		t.Fatalf("%t, %+v", ok, got)
	}
	if len(got.Files) != 2 || got.Files[0].Name != "devis été.txt" || string(got.Files[0].Body) != "kosipo" || got.Files[0].MediaType != "text/plain" {
		t.Errorf("%+v", got.Files)
	}
	if in, ok := ReadTNEF(got.Files[1].Body, DefaultLimits()); !ok || in.Subject != "Le message dedans" || in.Text != "ipé" {
		t.Errorf("%+v", in)
	}
	lim := DefaultLimits()
	lim.Parts = 1
	if got, _ := ReadTNEF(sampleTNEF(), lim); len(got.Files) != 1 || !got.Cut {
		t.Errorf("over the limit: %d files, cut %t", len(got.Files), got.Cut)
	}
	if got, ok := ReadTNEF(sampleTNEF()[:180], DefaultLimits()); !ok || !got.Cut || got.Text == "" {
		t.Errorf("cut: %+v", got)
	}
	if _, ok := ReadTNEF([]byte("no TNEF at all"), DefaultLimits()); ok {
		t.Error("text is TNEF")
	}
}

// TestLZFu decompresses the example of MS-OXRTFCP, section 3.1.
func TestLZFu(t *testing.T) {
	raw := []byte("\x2d\x00\x00\x00\x2b\x00\x00\x00LZFu\xf1\xc5\xc7\xa7\x03\x00\x0a\x00rcpg125\x42\x32\x0a\xf3 hel\x09\x00\x20bw\x05\xb0ld}\x0a\x80\x0f\xa0")
	if got, ok := decompressRTF(raw, 1000); !ok || got != "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n" {
		t.Errorf("%q, %t", got, ok)
	}
	if got, _ := decompressRTF(raw, 10); len(got) < 10 || len(got) > 10+17 {
		t.Errorf("limited: %q", got)
	}
	if _, ok := decompressRTF([]byte("0123456789abcdefghij"), 10); ok {
		t.Error("text is compressed RTF")
	}
}

// TestMailTNEF reads the message in winmail.dat as the mail's, and its files as
// attachments within that one.
func TestMailTNEF(t *testing.T) {
	mail := func(text string) string {
		return "Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain; charset=utf-8\n\n" + text +
			"\n--B\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString(sampleTNEF()) + "\n--B--\n"
	}
	for text, want := range map[string]string{
		"":                            "Prix : 88 €",
		"Prix :  88 €":                "Prix :  88 €",
		"Prix : 88 €\n-- \nla liste":  "Prix : 88 €\n-- \nla liste",
		"Voir la pièce winmail.dat !": "Voir la pièce winmail.dat !\nPrix : 88 €",
	} {
		raw := mail(text)
		m, err := ReadMail(strings.NewReader(raw), DefaultLimits(), nil)
		if err != nil || strings.TrimSpace(m.Text) != want || !strings.Contains(m.HTML, "niangon") || m.HTMLBeside {
			t.Errorf("%q: text %q, HTML %q (%v)", text, m.Text, m.HTML, err)
		}
		var files []string
		for _, a := range m.Attachments {
			if a.Opened != (a.Path == "2") {
				t.Errorf("%s opened: %t", a.Path, a.Opened)
			}
			files = append(files, a.Within+">"+a.Path+" "+a.Name)
			if _, _, err := OpenPart(strings.NewReader(raw), DefaultLimits(), a.Path); err != nil {
				t.Errorf("part %s: %v", a.Path, err)
			}
		}
		if got := strings.Join(files, "|"); got != ">2 winmail.dat|2>2.t1 devis été.txt|2>2.t2 Le message dedans" {
			t.Errorf("files %q", got)
		}
	}
}

func FuzzTNEF(f *testing.F) {
	f.Add(sampleTNEF())
	if list, err := filepath.Glob(filepath.Join(os.Getenv("RELAIS_CORPUS"), "mail", "tnef", "*.tnef")); err == nil {
		for _, name := range list {
			f.Add(readFile(f, name))
		}
	}
	lim := DefaultLimits()
	lim.Parts, lim.TextBytes = 20, 1<<16
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := ReadTNEF(raw, lim)
		if !ok {
			return
		}
		total := 0
		for _, file := range got.Files {
			total += len(file.Body)
			checkText(t, "name", file.Name)
		}
		checkText(t, "text", got.Text+got.HTML+got.Subject)
		if total > len(raw) || len(got.Files) > 20 || len(got.RTF) > 1<<16+17 {
			t.Errorf("%d files of %d bytes, RTF of %d, from %d", len(got.Files), total, len(got.RTF), len(raw))
		}
	})
}
