package enrich_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/enrich/item"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// memo is a form of messages that is not text of RFC 5322, as an Outlook item is: its
// bytes are read from anywhere, and its parts have paths of its own.
type memo struct{ ID, From, To, Subject, Text, File, Body string }

const memoMark = "\xd0\xcfMEMO"

func (memo) Kind() item.Kind {
	return item.Kind{MediaType: "application/x-memo", Extension: ".memo"}
}

func (memo) Is(head []byte) bool { return bytes.HasPrefix(head, []byte(memoMark)) }

func (memo) open(body item.Body) (m memo, err error) {
	b := make([]byte, body.Size()-int64(len(memoMark)))
	if _, err := body.ReadAt(b, int64(len(memoMark))); err != nil && !errors.Is(err, io.EOF) {
		return m, err
	}
	return m, json.Unmarshal(b, &m)
}

func (f memo) Read(body item.Body, _ format.Limits, attach format.AttachFunc) (*format.Mail, error) {
	m, err := f.open(body)
	if err != nil {
		return nil, err
	}
	part := format.MailPart{Path: "file", Name: m.File, MediaType: "text/plain"}
	if err := attach(part, bytes.NewReader([]byte(m.Body))); err != nil {
		return nil, err
	}
	part.Size, part.SHA256 = int64(len(m.Body)), sha256.Sum256([]byte(m.Body))
	return &format.Mail{
		MessageID: m.ID, From: []relais.Address{{Address: m.From}}, To: []relais.Address{{Address: m.To}}, Subject: m.Subject, Text: m.Text,
		Date: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), DateSource: "header", Attachments: []format.MailPart{part},
	}, nil
}

func (f memo) OpenPart(body item.Body, _ format.Limits, path string) (format.MailPart, io.Reader, error) {
	m, err := f.open(body)
	if err != nil || path != "file" {
		return format.MailPart{}, nil, errors.Join(err, relais.Errorf(relais.KindNotFound, "open part", "no part is at %s", path))
	}
	return format.MailPart{Path: path, Name: m.File}, bytes.NewReader([]byte(m.Body)), nil
}

// TestAnotherFormOfMail: a form that one line of the list adds is told by content, and
// goes the way of all: identity, thread, client, attachments, marks, captured bytes.
func TestAnotherFormOfMail(t *testing.T) {
	b := newBench(t, relais.Client{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}})
	forms := append(item.List{memo{}}, item.Forms()...)
	b.library = b.library.WithForms(forms)
	s, err := enrich.NewStage(t.Context(), enrich.Deps{
		Log: b, Blobs: b.blobs, State: b.db, Extractor: extract.NewInProcess(format.DefaultLimits()), Limits: format.DefaultLimits(), Forms: forms,
		Logger: slog.New(slog.DiscardHandler), Clock: time.Now, Workers: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	kept := func(m memo) string {
		j, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return memoMark + string(j)
	}
	first := kept(memo{ID: "m1@acme.example", From: "bob@acme.example", To: owner, Subject: "Pompes P12", Text: "Quel prix ?", File: "plan.txt", Body: "le plan de la P12"})
	private := kept(memo{ID: "p1@pumps.example", From: owner, To: "mum@free.example", Subject: "Personnel : dimanche", Text: "On vient.", File: "x.txt", Body: "x"})
	answer := message("m2@pumps.example", owner, "chef@pumps.example", "Tr: Pompes P12", "Tue, 3 Mar 2026 09:00:00 +0000", "References: <m1@acme.example>\r\n", "Qu'en dis-tu ?")
	var batch []stream.Message
	for i, text := range []string{first, private, answer} {
		batch = append(batch, b.capture(mail{"INBOX", fmt.Sprint(i), text}))
	}
	if refused, err := s.Handle(t.Context(), batch); err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	docs := b.byMessageID()
	if len(docs) != 3 {
		t.Fatalf("%d documents: the memo, its file and the answer are to be shown", len(docs))
	}
	m1, file, m2 := docs["m1@acme.example"], docs["plan.txt"], docs["m2@pumps.example"]
	type shown struct{ MediaType, Client, Thread, Text string }
	tell := func(d relais.Document) shown {
		s := shown{MediaType: d.MediaType, Thread: d.Thread, Text: d.Text}
		for _, c := range d.Clients {
			s.Client = c.ID
		}
		return s
	}
	want := []shown{
		{"application/x-memo", "acme", m1.Thread, "Quel prix ?"}, {"text/plain", "acme", m1.Thread, "le plan de la P12"},
		{"message/rfc822", "acme", m1.Thread, "Qu'en dis-tu ?\n"},
	}
	if diff := cmp.Diff(want, []shown{tell(m1), tell(file), tell(m2)}); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	for id, want := range map[relais.DocumentID][2]string{
		m1.ID: {string(m1.ID) + ".memo", first}, m2.ID: {string(m2.ID) + ".eml", answer}, file.ID: {"plan.txt", "le plan de la P12"},
	} {
		raw, err := b.library.Raw(t.Context(), relais.Everything(), id)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(raw.Body)
		if err = errors.Join(err, raw.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, [2]string{raw.Name, string(body)}); diff != "" {
			t.Errorf("captured bytes (-want +got):\n%s", diff)
		}
	}
	balance, err := b.db.Balance(t.Context(), b.c)
	if err != nil || balance.Quarantined != 1 || balance.Stored != 2 {
		t.Errorf("balance: %+v, %v", balance.Counts, err)
	}
}
