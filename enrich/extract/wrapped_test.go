package extract

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// TestReadCMS reads a file that was signed by itself, and says what needs a key.
func TestReadCMS(t *testing.T) {
	s, err := pkcs7.NewSignedData([]byte("<p>Contrat de jacaranda</p>"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	locked, err := os.ReadFile(filepath.Join("..", "..", "internal", "format", "testdata", "cms", "enveloped.der"))
	if err != nil {
		t.Fatal(err)
	}
	x := NewInProcess(format.DefaultLimits())
	defer func() { _ = x.Close() }()
	read := func(b []byte) Result {
		r, err := x.Extract(context.Background(), Input{Name: "contrat.html.p7m", Size: int64(len(b)), Body: readerAt(b)})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := read(signed); strings.TrimSpace(r.Text) != "Contrat de jacaranda" || r.Outcome != relais.ExtractionComplete {
		t.Errorf("signed: %+v", r)
	}
	if r := read(locked); r.Text != "" || r.Outcome != relais.ExtractionFailed || r.Warnings[0].Code != "locked" {
		t.Errorf("encrypted: %+v", r)
	}
	if r := read(signed[:len(signed)/2]); r.Outcome == relais.ExtractionComplete {
		t.Errorf("cut: %+v", r)
	}
}

// TestReadTNEF reads the body and the files of a message that Outlook packed, whichever
// form the body has.
func TestReadTNEF(t *testing.T) {
	head := "\x78\x9f\x3e\x22\x01\x00"
	attribute := func(level, id, data string) string {
		n := len(data)
		return level + id + string([]byte{byte(n), byte(n >> 8), 0, 0}) + data + "\x00\x00"
	}
	rtf := "{\\rtf1\\ansi\\ansicpg1252 Prix du niangon : 88 \\'80\\par}"
	packed := string([]byte{byte(len(rtf) + 12), 0, 0, 0, byte(len(rtf)), 0, 0, 0}) + "MELA\x00\x00\x00\x00" + rtf
	properties := "\x01\x00\x00\x00\x02\x01\x09\x10\x01\x00\x00\x00" + string([]byte{byte(len(packed)), 0, 0, 0}) + packed + strings.Repeat("\x00", -len(packed)&3)
	stream := head + attribute("\x01", "\x04\x80\x01\x00", "Offre\x00") + attribute("\x01", "\x03\x90\x06\x00", properties) +
		attribute("\x02", "\x02\x90\x06\x00", strings.Repeat("\x00", 14)) + attribute("\x02", "\x10\x80\x01\x00", "devis.txt\x00") +
		attribute("\x02", "\x0f\x80\x06\x00", "kosipo")
	x := NewInProcess(format.DefaultLimits())
	defer func() { _ = x.Close() }()
	r, err := x.Extract(context.Background(), Input{Name: "winmail.dat", Size: int64(len(stream)), Body: readerAt(stream)})
	if err != nil || r.Text != "Offre\n\nPrix du niangon : 88 €\ndevis.txt\nkosipo" || r.Outcome != relais.ExtractionComplete {
		t.Errorf("%+v (%v)", r, err)
	}
	// The same RTF is the text of a message that has no other.
	text, rich, _ := BodyText(&format.Mail{RTF: rtf}, format.DefaultLimits())
	if strings.TrimSpace(text) != "Prix du niangon : 88 €" || !rich {
		t.Errorf("%q, %t", text, rich)
	}
}
