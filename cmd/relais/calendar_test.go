package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestCalendarsAndCards: appointments and cards, in mail and as files, are found by what
// they say and by whom they bring together.
func TestCalendarsAndCards(t *testing.T) {
	p := newProgram(t)
	p.importClients()
	drive := filepath.Join(p.dir, "drive")
	event := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:Point projet\r\nORGANIZER;CN=Ann:mailto:" + ann + "\r\n" +
		"ATTENDEE;CN=Bob:mailto:bob@acme.example\r\nDESCRIPTION:la négo\r\n ciation\\, puis le calorifugea\r\n ge.\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	card := "BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Am=C3=A9lie B=C3=A9n=C3=A9=\r\ndicte\r\nEND:VCARD\r\n"
	parts := "--b\r\nContent-Type: text/plain\r\n\r\nVenez.\r\n--b\r\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\r\n\r\n" + event + "\r\n--b--"
	for name, body := range map[string]string{
		"rdv.ics": event, "contact.vcf": card,
		"invitation.eml": eml("i@acme.example", "x@else.example", ann, "Invitation", "Tue, 4 Mar 2025 09:15:00 +0000", "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n", parts),
	} {
		if err := errors.Join(os.MkdirAll(drive, 0o700), os.WriteFile(filepath.Join(drive, name), []byte(body), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	p.must("ingest", "--case", "Ann", "--owner", ann, drive)
	for query, want := range map[string]string{
		"kind:file négociation": "1 found", "kind:attachment négociation": "1 found", "calorifugeage": "2 found", "Bénédicte": "1 found",
		"client:acme kind:file": "1 found", "client:acme kind:message": "1 found",
	} {
		if got := p.must("search", query); !strings.Contains(got, want) {
			t.Errorf("%s: not %s, but %s", query, want, got)
		}
	}
	for line := range strings.Lines(p.export()) {
		var d relais.Document
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		if d.Kind == relais.KindFile && d.MediaType == "text/calendar" && (len(d.People) != 2 || d.People[0].Role != "organizer" || d.People[1] != (relais.Person{Name: "Bob", Address: "bob@acme.example", Role: "guest"})) {
			t.Errorf("the people of %s are %v", d.Name, d.People)
		}
	}
}
