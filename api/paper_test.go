package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"net/http/httptest"
	"net/url"

	"github.com/relais-archive/relais/api/client"
	"github.com/relais-archive/relais/internal/relais"
)

// sortedJSON is how a document stands in an export: as a program writes it that holds it
// whole.
func sortedJSON(t *testing.T, d relais.Document) string {
	t.Helper()
	b, err := json.Marshal(d)
	var fields map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(b, &fields)
	}
	if err == nil {
		b, err = json.Marshal(fields)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestPapersByBlocks: a text that is written as it is read gives the same bytes as one that
// is held, whatever is in it and wherever its zones lie.
func TestPapersByBlocks(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	pieces := []string{"mot ", "é", "\u2028", "<&>", `"\`, "\n", " \t ", "\u00a0", "\x00\x1f", "\U0001F600", "\xff", strings.Repeat("long ", 9000), strings.Repeat("\u00a0", 20_000)}
	for i := range 200 {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		text := b.String()
		d := relais.Document{ID: "d1", Kind: relais.KindMessage, Subject: "s", Text: text, Warnings: []relais.Warning{{Code: "x"}}}
		fresh := ""
		for range random.IntN(4) {
			z := relais.Zone{Start: random.IntN(len(text)+3) - 1, End: random.IntN(len(text) + 2), Kind: relais.ZoneNew}
			if random.IntN(3) == 0 {
				z.Kind = relais.ZoneQuote
			}
			d.Zones = append(d.Zones, z)
			if z.Kind == relais.ZoneNew && z.Start >= 0 && z.Start <= z.End && z.End <= len(text) {
				fresh += text[z.Start:z.End]
			}
		}
		d.NewText = strings.TrimSpace(fresh)
		if text == "" {
			continue // it is never cut
		}
		r := newRooms()
		p, err := paperOf(t.Context(), r.opening(&d, 0))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := p.write(t.Context(), &got); err != nil {
			t.Fatal(err)
		}
		if want := sortedJSON(t, d); got.String() != want {
			t.Fatalf("%d:\n%.300q\n%.300q", i, got.String(), want)
		}
	}
}

// longDocument is a document whose text is longer than what is held of one.
func longDocument() relais.Document {
	text := strings.Repeat("Le prix des pompes.\n", heldText/20+1000) + "fin"
	return relais.Document{ID: "long", Kind: relais.KindMessage, Thread: "t5", Subject: "Pompes", Text: text, NewText: strings.TrimSpace(text[:100]),
		Zones: []relais.Zone{{Kind: relais.ZoneNew, End: 100}, {Kind: relais.ZoneQuote, Start: 100, End: len(text)}}}
}

// TestLongTexts: by every door a long text is whole, or says that it is not.
func TestLongTexts(t *testing.T) {
	r, d := newRooms(), longDocument()
	r.add(inCase, d)
	r.order = []relais.DocumentID{"long"}
	w := r.ask(t, complianceToken, "/api/v1/documents/long")
	if w.Body.String() != sortedJSON(t, d) || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("JSON: %d bytes, %v", w.Body.Len(), w.Header())
	}
	etag := w.Header().Get("ETag")
	if w = r.ask(t, complianceToken, "/api/v1/documents/long", "If-None-Match: "+etag); w.Code != http.StatusNotModified || etag == "" {
		t.Errorf("%d, tag %q", w.Code, etag)
	}
	if got := r.ask(t, complianceToken, "/api/v1/threads/t5").Body.String(); got != `{"documents":[`+sortedJSON(t, d)+`],"id":"t5"}` {
		t.Errorf("thread: %d bytes", len(got))
	}
	if got := r.ask(t, complianceToken, "/api/v1/export?all=1").Body.String(); got != sortedJSON(t, d)+"\n" {
		t.Errorf("export: %d bytes", len(got))
	}
	w = r.ask(t, complianceToken, "/api/v1/documents/long/text")
	if w.Body.String() != d.Text || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("text: %d bytes, %v", w.Body.Len(), w.Header())
	}
	for _, target := range []string{"/documents/long", "/threads/t5"} {
		page := r.ask(t, "", target, session(complianceToken)).Body.String()
		if len(page) > 600_000 || !strings.Contains(page, `href="/api/v1/documents/long/text"`) {
			t.Errorf("%s: %d bytes, no way to the whole text", target, len(page))
		}
	}
	page := decode[relais.Page](t, r.ask(t, complianceToken, "/api/v1/search?q=pompes"))
	if len(page.Hits) != 1 || len(page.Hits[0].Warnings) != 1 || page.Hits[0].Warnings[0].Code != relais.WarnTextLong {
		t.Errorf("%+v", page.Hits)
	}
}

// TestPagesOfLongConversations: many long messages make no longer page than some do.
func TestPagesOfLongConversations(t *testing.T) {
	r := newRooms()
	for i := range 40 {
		d := longDocument()
		d.ID, d.Thread = relais.DocumentID("m"+strings.Repeat("x", i)), "t6"
		r.add(inCase, d)
	}
	page := r.ask(t, "", "/threads/t6", session(complianceToken)).Body.String()
	if n := strings.Count(page, "/text\""); n != 40 || len(page) > 2*mostThread {
		t.Errorf("%d ways to whole texts in %d bytes", n, len(page))
	}
}

// TestDamagedTexts: one text that cannot be read back, from its start or further on, keeps
// nobody from the others, and is named by every door.
func TestDamagedTexts(t *testing.T) {
	for _, torn := range []bool{false, true} {
		r, d := newRooms(), longDocument()
		r.add(inCase, d)
		r.order = []relais.DocumentID{"d1", "long", "d2"}
		if r.damaged = "long"; torn {
			r.damaged, r.torn = "", "long"
		}
		want := d
		want.Text, want.NewText, want.Warnings = "", "", []relais.Warning{{Code: relais.WarnTextDamaged}}
		if got := r.ask(t, complianceToken, "/api/v1/documents/long").Body.String(); got != sortedJSON(t, want) {
			t.Errorf("torn %t: %.300s", torn, got)
		}
		page := decode[relais.Page](t, r.ask(t, complianceToken, "/api/v1/search?q=prix"))
		if len(page.Hits) != 3 || !torn && page.Hits[1].Warnings[0].Code != relais.WarnTextDamaged || page.Hits[0].Snippet == "" {
			t.Errorf("torn %t: %+v", torn, page.Hits)
		}
		for _, target := range []string{"/?q=prix", "/documents/long", "/threads/t5"} {
			if w := r.ask(t, "", target, session(complianceToken)); w.Code != http.StatusOK {
				t.Errorf("torn %t, %s: %d", torn, target, w.Code)
			}
		}
		if !torn {
			problem(t, r.ask(t, complianceToken, "/api/v1/documents/long/text"), http.StatusInternalServerError, relais.KindDamaged)
		}
		srv := httptest.NewServer(r.network())
		lines, err := client.New(srv.URL, srv.Client(), complianceToken).Open(t.Context(), "/api/v1/export", url.Values{"all": {"1"}})
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		_, err = got.ReadFrom(lines)
		var lack *client.Incomplete
		if relais.KindOf(err) != relais.KindDamaged || !errors.As(err, &lack) || lack.Count != 0 || lack.Damaged.Count != 1 || lack.Damaged.IDs[0] != "long" {
			t.Errorf("torn %t: %+v, %v", torn, lack, err)
		}
		if all := strings.Split(got.String(), "\n"); len(all) != 4 || all[2] != sortedJSON(t, want) {
			t.Errorf("torn %t: %d lines", torn, len(all))
		}
		srv.Close()
	}
}
