package enrich_test

import (
	"context"
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// part is a part of a message of the test, its bytes in base64.
func part(mediaType, more, body string) string {
	return "--b\r\nContent-Type: " + mediaType + "\r\n" + more + "Content-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString([]byte(body)) + "\r\n"
}

// TestUnread: what could not be read is told with its reason, by file name; what has no
// text, pictures within the message's text, and parts that programs add are no such thing.
func TestUnread(t *testing.T) {
	const png, attached = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "Content-Disposition: attachment; filename="
	locked := "PK\x03\x04\x14\x00\x09\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x11\x00\x00\x00\x05\x00\x00\x00\x05\x00\x00\x00a.txt" + strings.Repeat("x", 17) +
		"PK\x01\x02\x14\x00\x14\x00\x09\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x11\x00\x00\x00\x05\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00a.txt" +
		"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\x33\x00\x00\x00\x34\x00\x00\x00\x00\x00"
	parts := "--b\r\nContent-Type: text/html\r\n\r\n<p>Bonjour <img src=\"cid:logo\"></p>\r\n" +
		part("image/png", "Content-ID: <logo>\r\nContent-Disposition: inline; filename=logo.png\r\n", png+"1") +
		part("image/png", "Content-Disposition: inline; filename=apple.png\r\n", png+"2") +
		part("image/png", attached+"plan.png\r\n", png+"3") +
		part("audio/mpeg", attached+"memo.mp3\r\n", "ID3\x04\x00\x00\x00\x00\x00\x00"+strings.Repeat("\xff\xfb\x90", 9)) +
		part("application/octet-stream", attached+"machine.bin\r\n", "\x00\x01\x02\x03\xfe\xff"+strings.Repeat("\x00\x07", 40)) +
		part("application/pdf", attached+"coupe.pdf\r\n", "%PDF-1.4\nno more of it") +
		part("application/zip", attached+"coffre.zip\r\n", locked) +
		part("text/plain", attached+"vide.txt\r\n", "") + part("text/plain", attached+"blanc.txt\r\n", " \r\n\r\n") +
		part("text/plain", attached+"clair.txt\r\n", "des mots") +
		part("application/octet-stream", attached+"chiffre.asc\r\n", "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----\r\n") +
		part("application/pgp-signature", "", "-----BEGIN PGP SIGNATURE-----\r\n\r\niQEz\r\n-----END PGP SIGNATURE-----\r\n") +
		"--b--"
	parts = strings.Replace(parts, "--b--", "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@acme.example\r\nSubject: one\r\nSubject: two\r\nDate: some day\r\n"+
		"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nwords\r\n--b--", 1) // repaired, and nothing is missing
	const date = "Mon, 2 Mar 2026 09:00:00 +0000"
	sealed := message("s1@acme.example", "bob@acme.example", owner, "Scellé", date,
		"MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n", "MIIBAgID")
	armoured := message("s2@acme.example", "bob@acme.example", owner, "Codé", date, "", "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----")
	b := newBench(t)
	b.run([]mail{
		{"INBOX", "1", message("m1@acme.example", "bob@acme.example", owner, "Pièces", date, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n", parts)},
		{"INBOX", "2", sealed}, {"INBOX", "3", armoured},
		{"INBOX", "4", message("e1@acme.example", "bob@acme.example", owner, "Sans un mot", date, "", "")},
	}, 2)
	got, state := map[string]string{}, map[string]relais.ReadState{}
	err := b.library.Each(t.Context(), relais.Everything(), func(d relais.Document) error {
		name := d.Name
		if d.Kind == relais.KindMessage {
			name = d.Subject
		}
		if d.Unread != "" {
			got[name], state[name] = d.Unread, d.ReadState()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"plan.png": "picture", "memo.mp3": "sound", "machine.bin": "no_reader", "coupe.pdf": "damaged", "coffre.zip": "locked",
		"chiffre.asc": "locked", "Scellé": "locked", "smime.p7m": "locked", "Codé": "locked"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, s := range state {
		if want := map[bool]relais.ReadState{true: relais.ReadInPart, false: relais.Unreadable}[name == "Codé"]; s != want {
			t.Errorf("%s: %q", name, s)
		}
	}
	balance, err := b.db.Balance(t.Context(), b.c)
	if err != nil || balance.UnreadCounts != (relais.UnreadCounts{Unreadable: int64(len(want) - 1), Partial: 1}) {
		t.Errorf("the balance counts %+v, %v", balance.UnreadCounts, err)
	}
}

// poorly reads nothing, as a program did that had no reader yet.
type poorly struct{ extract.Extractor }

func (poorly) Extract(context.Context, extract.Input) (extract.Result, error) {
	return extract.Result{MediaType: "text/plain", Outcome: relais.ExtractionFailed, Warnings: []relais.Warning{{Code: "unsupported_format"}}}, nil
}

// TestReadAgain: what could not be read is read once a reader has come and what was
// remembered is forgotten, and not before.
func TestReadAgain(t *testing.T) {
	b := newBench(t)
	message := b.capture(mail{"INBOX", "1", message("m1@acme.example", "bob@acme.example", owner, "Pièce", "Mon, 2 Mar 2026 09:00:00 +0000",
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n",
		"--b\r\n\r\nVoici.\r\n"+part("text/plain", "Content-Disposition: attachment; filename=clair.txt\r\n", "des mots")+"--b--")})
	read := func(e extract.Extractor, unreadable int64) {
		t.Helper()
		s, err := enrich.NewStage(t.Context(), enrich.Deps{Log: b, Blobs: b.blobs, State: b.db, Extractor: e, Limits: format.DefaultLimits(),
			Logger: slog.New(slog.DiscardHandler), Clock: time.Now, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Handle(t.Context(), []stream.Message{message}); err != nil {
			t.Fatal(err)
		}
		if err := s.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if b, err := b.db.Balance(t.Context(), b.c); err != nil || b.Unreadable != unreadable || b.Seen != 1 {
			t.Errorf("%+v, %v; want %d unreadable", b, err, unreadable)
		}
		if _, err := b.db.NextGeneration(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	well := extract.NewInProcess(format.DefaultLimits())
	read(poorly{}, 1)
	read(well, 1) // what is remembered is believed
	if err := b.db.ForgetExtractions(t.Context(), enrich.ExtractionVersion, enrich.NotWhole); err != nil {
		t.Fatal(err)
	}
	read(well, 0)
}
