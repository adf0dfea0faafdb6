package tag

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// invitation is written as Exchange, Google and Zimbra write theirs: folded in the
// middle of a character, quoted names with separators, a room, an alarm with a
// recipient of its own, an address of the directory instead of one of mail.
const invitation = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nATTENDEE:mailto:outside@event.example\r\nBEGIN:VEVENT\r\n" +
	"ORGANIZER;CN=\"Rivoire, Camille: ventes\":MAILTO:Camille@vendeur.example\r\n" +
	"ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;CN=Zo\xc3\r\n \xa9;RSVP=TRUE:mailto:zoe@zephirox.test\r\n" +
	"attendee;cn=eve.durand@gmail.com:mailto:eve.durand@\r\n\tgmail.com\r\n" +
	"ATTENDEE;CUTYPE=ROOM;CN=Salle 3:mailto:salle3@durand.example\r\n" +
	"ATTENDEE;CN=Paul ^'le grand^';EMAIL=paul@lyon.martin-energies.example:/o=org/cn=paul\r\n" +
	"ATTENDEE;CN=Personne:invalid:nomail\r\n" +
	"ATTENDEE;CN=Encore:mailto:ZOE@zephirox.test\r\n" +
	"BEGIN:VALARM\r\nATTENDEE:mailto:alarm@st.example\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

func invited(body string, part format.MailPart) ([]relais.Person, error) {
	part.Size = int64(len(body))
	return Guests([]format.MailPart{{MediaType: "image/png", Size: 3}, part},
		[]io.ReaderAt{strings.NewReader("png"), strings.NewReader(body)})
}

func TestMeetingGuests(t *testing.T) {
	want := []relais.Person{
		{Name: "Rivoire, Camille: ventes", Address: "camille@vendeur.example", Role: "organizer"},
		{Name: "Zoé", Address: "zoe@zephirox.test", Role: "guest"},
		{Address: "eve.durand@gmail.com", Role: "guest"},
		{Name: `Paul "le grand"`, Address: "paul@lyon.martin-energies.example", Role: "guest"},
	}
	for _, part := range []format.MailPart{{MediaType: "text/calendar"}, {MediaType: "application/octet-stream", Name: "Invite.ICS"}} {
		got, err := invited(invitation, part)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v: %v\n%s", part, err, diff)
		}
	}
	if got, err := invited(invitation, format.MailPart{MediaType: "text/plain"}); err != nil || len(got) > 0 {
		t.Errorf("of a text: %v, %v", got, err)
	}
}

// TestHostileInvitations: more guests than a message has people, no end, nothing.
func TestHostileInvitations(t *testing.T) {
	head, one := "BEGIN:VEVENT\n", "ATTENDEE:mailto:a@b.example\n"
	for name, tc := range map[string]struct {
		body string
		want int
	}{
		"many":       {head + strings.Repeat(one, 10*maxPeople), 1},
		"large":      {head + strings.Repeat(" ", 2*maxCalendarBytes) + "\n" + one, 0},
		"nested":     {strings.Repeat(head, 1000) + one, 0},
		"unopened":   {"END:VEVENT\nEND:VEVENT\n" + head + one, 1},
		"open quote": {head + "ATTENDEE;CN=\"a:mailto:a@b.example\n", 0},
		"empty":      {"", 0},
	} {
		if got, err := invited(tc.body, format.MailPart{MediaType: "text/calendar"}); err != nil || len(got) != tc.want {
			t.Errorf("%s: %d guests, %v", name, len(got), err)
		}
	}
}

// TestClientsOfGuests: guests are evidence, less than those who wrote or were written
// to, and no client is discovered from them.
func TestClientsOfGuests(t *testing.T) {
	clients, contacts := testClients()
	list := mustEnrichers(t, Config{Clients: clients, Contacts: contacts})
	in := message("From: camille@vendeur.example\nTo: eve.durand@gmail.com\n\nÀ mardi.")
	in.Guests, _ = invited(invitation, format.MailPart{MediaType: "text/calendar"})
	out := findAll(list, in)
	got := map[string][]relais.Evidence{}
	for _, tag := range out.Clients {
		got[tag.ID] = tag.Evidence
	}
	want := map[string][]relais.Evidence{
		"C3": {{Signal: "contact", Detail: "eve.durand@gmail.com", Weight: 970}}, // a correspondent is no mere guest
		"C6": {{Signal: "meeting", Detail: "zoe@zephirox.test", Weight: 600}},
		"C2": {{Signal: "meeting", Detail: "lyon.martin-energies.example", Weight: 600}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if slices.Contains(out.Correspondents, "zephirox.test") || signalWeight(signalMeeting) >= signalWeight(signalContactDomain) {
		t.Errorf("correspondents %v", out.Correspondents)
	}
}

// TestInvitationOfAMessage: a calendar beside the text, as every program sends it, is
// handed over when a message is read.
func TestInvitationOfAMessage(t *testing.T) {
	raw := "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nVenez.\r\n" +
		"--x\r\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + invitation + "\r\n--x--\r\n"
	s := &attached{}
	m, err := format.ReadMail(bytes.NewReader([]byte(raw)), format.DefaultLimits(), s.take)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Guests(m.Attachments, s.parts)
	if err != nil || len(got) != 4 || got[1].Name != "Zoé" {
		t.Errorf("%v, %v", got, err)
	}
}
