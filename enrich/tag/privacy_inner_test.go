package tag

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// privacyOfRaw reads a whole message as the stage does.
func privacyOfRaw(t *testing.T, raw string) relais.Privacy {
	t.Helper()
	s := &attached{}
	mail, err := format.ReadMail(strings.NewReader(strings.ReplaceAll(raw, "\n", "\r\n")), format.DefaultLimits(), s.take)
	if err != nil {
		t.Fatal(err)
	}
	set, err := NewSet(Config{})
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Kind: relais.KindMessage, Folder: "INBOX", Mail: mail, Text: mail.Text}
	if in.Inner, err = set.MarksOfParts(format.DefaultLimits(), mail.Attachments, s.parts); err != nil {
		t.Fatal(err)
	}
	return privacyOf(in)
}

// carrying makes a message with one attachment.
func carrying(head, body string) string {
	cut := fmt.Sprintf("--B%d", len(body))
	return "Subject: Tr: pour info\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=" + cut[2:] + "\n\n" +
		cut + "\nContent-Type: text/plain\n\nvoir\n" + cut + "\n" + head + "\n\n" + body + "\n" + cut + "--\n"
}

const (
	markedMail = "From: Luc <luc@client.example>\nSubject: PERSONNEL - resultats\nDate: Mon, 3 Mar 2025 10:00:00 +0100\n\nsecret"
	plainMail  = "From: Luc <luc@client.example>\nSubject: Reunion du personnel\nDate: Mon, 3 Mar 2025 10:00:00 +0100\n\ntexte"
	asMessage  = "Content-Type: message/rfc822\nContent-Disposition: attachment"
)

// event makes an iCalendar object of appointments, each with some lines.
func event(list ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\nVERSION:2.0\n")
	for _, lines := range list {
		b.WriteString("BEGIN:VEVENT\nUID:1\n" + lines + "\nEND:VEVENT\n")
	}
	return b.String() + "END:VCALENDAR"
}

func zipped(t *testing.T, members map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range members {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// TestPrivacyOfParts tries what messages carry: messages attached whole, appointments,
// archives, and messages quoted whole in a text.
func TestPrivacyOfParts(t *testing.T) {
	const attachedZip = "Content-Type: application/zip; name=a.zip\nContent-Disposition: attachment; filename=a.zip\nContent-Transfer-Encoding: base64"
	const invitation = "Content-Type: text/calendar; method=REQUEST"
	const attachedCalendar = "Content-Type: text/calendar; name=a.ics\nContent-Disposition: attachment; filename=a.ics"
	for name, c := range map[string]struct{ class, raw string }{
		"attached":                   {"sufficient", carrying(asMessage, markedMail)},
		"attached, unmarked":         {"none", carrying(asMessage, plainMail)},
		"attached as a file":         {"sufficient", carrying("Content-Type: application/octet-stream; name=x.eml\nContent-Disposition: attachment; filename=x.eml", markedMail)},
		"attached without a name":    {"sufficient", carrying("Content-Type: application/octet-stream\nContent-Disposition: attachment", markedMail)},
		"attached in base64":         {"sufficient", carrying(asMessage+"\nContent-Transfer-Encoding: base64", base64.StdEncoding.EncodeToString([]byte(markedMail)))},
		"encoded subject":            {"sufficient", carrying(asMessage, "From: a@b.example\nSubject: =?UTF-8?Q?Priv=C3=A9_-_d=C3=AEner?=\n\nx")},
		"sensitivity of it":          {"sufficient", carrying(asMessage, "From: a@b.example\nSubject: x\nSensitivity: Private\n\nx")},
		"keyword of it":              {"sufficient", carrying(asMessage, "From: a@b.example\nSubject: x\nX-Keywords: NonJunk perso\n\nx")},
		"doubtful":                   {"doubtful", carrying(asMessage, "From: a@b.example\nSubject: Mon arret maladie\n\nx")},
		"two levels deep":            {"sufficient", carrying(asMessage, carrying(asMessage, markedMail)[len("Subject: Tr: pour info\n"):])},
		"file of it":                 {"doubtful", carrying(asMessage, carrying("Content-Type: text/plain; name=\"PERSONNEL - rib.txt\"\nContent-Disposition: attachment; filename=\"PERSONNEL - rib.txt\"", "x"))},
		"headers of a bounce":        {"sufficient", carrying("Content-Type: text/rfc822-headers", markedMail)},
		"mailbox":                    {"doubtful", carrying("Content-Type: application/mbox; name=a.mbox\nContent-Disposition: attachment; filename=a.mbox", "From a@b Tue Mar  4 09:15:00 2025\n"+plainMail+"\n\nFrom a@b Tue Mar  4 09:16:00 2025\n"+markedMail)},
		"invitation":                 {"sufficient", carrying(invitation, event("CLASS:PRIVATE\nSUMMARY:x"))},
		"folded":                     {"sufficient", carrying(invitation, event("CLA\n SS:PRIV\n\tATE"))},
		"with a parameter":           {"sufficient", carrying(invitation, event("class;X-A=\"b:c\":Private"))},
		"confidential":               {"doubtful", carrying(invitation, event("CLASS:CONFIDENTIAL"))},
		"public":                     {"none", carrying(invitation, event("CLASS:PUBLIC\nSUMMARY:Reunion du personnel"))},
		"of the alarm":               {"none", carrying(invitation, event("BEGIN:VALARM\nCLASS:PRIVATE\nEND:VALARM"))},
		"described":                  {"none", carrying(invitation, event("DESCRIPTION:x\\nCLASS:PRIVATE\n CLASS:PRIVATE"))},
		"attached appointment":       {"doubtful", carrying(attachedCalendar, event("CLASS:PRIVATE"))},
		"one of two":                 {"doubtful", carrying(invitation, event("CLASS:PRIVATE", "SUMMARY:x"))},
		"summary":                    {"doubtful", carrying(invitation, event("SUMMARY:Perso\\, dentiste"))},
		"category":                   {"doubtful", carrying(invitation, event("CATEGORIES:Clients,Perso"))},
		"the message is an event":    {"sufficient", "Subject: RDV\nMIME-Version: 1.0\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\n\n" + event("CLASS:PRIVATE")},
		"zip with a marked folder":   {"doubtful", carrying(attachedZip, zipped(t, map[string]string{"docs/Perso/a.txt": "x"}))},
		"zip with a marked name":     {"doubtful", carrying(attachedZip, zipped(t, map[string]string{"PERSONNEL - rib.txt": "x"}))},
		"zip with a marked message":  {"doubtful", carrying(attachedZip, zipped(t, map[string]string{"a.eml": markedMail}))},
		"zip with a private meeting": {"doubtful", carrying(attachedZip, zipped(t, map[string]string{"a.ics": event("CLASS:PRIVATE")}))},
		"plain zip":                  {"none", carrying(attachedZip, zipped(t, map[string]string{"docs/personnel soignant/a.eml": plainMail}))},
		"no zip":                     {"none", carrying(attachedZip, "UEsDBBQAAAAAAAAAZFpIB8f7")},
		"forwarded in the text":      {"doubtful", "Subject: Tr: x\n\nvoir\n\n---------- Forwarded message ---------\nFrom: Luc <luc@client.example>\nDate: Mon, 3 Mar 2025\nSubject: PERSONNEL - resultats\nTo: a@b.example\n\nsecret"},
		"quoted in the text":         {"doubtful", "Subject: RE: x\n\nok\n\n> De : Luc\n> Envoyé : lundi\n> À : Paul\n> Objet : RE: [EXT] Perso : dentiste\n>\n> secret"},
		"forwarded, unmarked":        {"none", "Subject: Tr: x\n\n-----Message d'origine-----\nDe : Luc\nObjet : Réunion du personnel\n\ntexte"},
		"forwarded by Thunderbird":   {"doubtful", "Subject: Tr: z\n\n-------- Message transféré --------\nSujet : \tPerso - resultats\nDate : \tMon, 3 Mar 2025\nDe : \tLuc\n\nsecret"},
		"said far from a header":     {"none", "Subject: z\n\nObjet : Perso - un titre\n" + strings.Repeat("\nligne", 8) + "\nDate : lundi\n"},
		"said in the text":           {"none", "Subject: x\n\nVoici la liste des titres.\n\nObjet : Perso - un titre\n"},
	} {
		if got := privacyOfRaw(t, c.raw); string(got.Class) != c.class {
			t.Errorf("%s is %s, not %s: %v", name, got.Class, c.class, got.Evidence)
		}
	}
}

// TestPrivacyOfNestedParts checks that marks are looked for as deep as text is read, and
// no deeper.
func TestPrivacyOfNestedParts(t *testing.T) {
	raw := markedMail
	for range format.DefaultLimits().ArchiveDepth {
		raw = carrying(asMessage, raw)
	}
	if got := privacyOfRaw(t, raw); got.Class != relais.PrivacySufficient {
		t.Errorf("as deep as text is read, it is %s", got.Class)
	}
	for range 40 {
		raw = carrying(asMessage, raw)
	}
	if got := privacyOfRaw(t, raw); got.Class != relais.PrivacyNone {
		t.Errorf("beyond the depth that is looked into, it is %s", got.Class)
	}
}

func FuzzInnerMarks(f *testing.F) {
	f.Add([]byte(event("CLASS:PRIVATE")), "a.ics", "text/calendar")
	f.Add([]byte(markedMail), "", "message/rfc822")
	f.Add([]byte("PK\x03\x04"), "a.zip", "application/zip")
	words, err := sharedPrivateWords()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, name, mediaType string) {
		m := newInnerMarks(words, format.DefaultLimits())
		if err := m.part(innerPart{name: name, mediaType: mediaType}, io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body)))); err != nil {
			t.Error(err)
		}
	})
}
