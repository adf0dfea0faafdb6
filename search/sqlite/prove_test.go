package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// letters gives entries that have something in every column.
func letters(n int) (list []search.Entry) {
	words := []string{"prix", "Étienne", "commande", "D-20260418", "livraison", "3 480,00", "qualité", "48h", "l'offre"}
	r := rand.New(rand.NewPCG(7, 7))
	for i := range n {
		text := ""
		for range 3 + r.IntN(60) {
			text += words[r.IntN(len(words))] + " "
		}
		e := entry(fmt.Sprintf("d%032x", i), text, 1+int64(i%3))
		d := &e.Envelope.Document
		d.Subject, d.Name = words[i%len(words)]+" AQ-4080", "devis "+words[(i+1)%len(words)]+".pdf"
		d.From = &relais.Address{Name: "Ann Roux", Address: "ann@acme.example"}
		d.To, d.Cc = []relais.Address{{Address: "b@ours.example"}}, []relais.Address{{Name: "Zoé"}}
		d.Zones = []relais.Zone{{Kind: relais.ZoneNew, Start: 0, End: len(text) / 2}, {Kind: relais.ZoneQuote, Start: len(text) / 2, End: len(text)}}
		d.Thread, d.Content, d.MessageID, d.Size = "t1", "c1", fmt.Sprintf("<%d@x>", i), int64(i)
		d.Topics = []relais.Tag{{ID: "prix", Name: "Prix", Confidence: 900}}
		list = append(list, e)
	}
	return list
}

// proven gives the ids that a proof does not hold.
func proven(t *testing.T, x *Index, list []search.Entry) (differ []relais.DocumentID) {
	t.Helper()
	p, err := x.Prove(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if d := &list[i].Envelope; p.Has(d.Document.ID, d.Revision) && !p.Holds(&list[i]) {
			differ = append(differ, list[i].Envelope.Document.ID)
		}
	}
	return differ
}

// What was applied is held, after texts and tags changed, documents went, segments were
// merged, and the file was opened again.
func TestProveHolds(t *testing.T) {
	path, list := file(t), letters(300)
	x := opened(t, path)
	applied(t, x, list...)
	for i := range list[:100] {
		e := &list[i]
		e.Envelope.Revision++
		if i%2 == 0 {
			e.Text = "tout autre chose " + e.Text[len(e.Text)/2:]
			e.Envelope.Document.Zones = nil
		} else {
			e.Envelope.Document.Topics = nil
		}
	}
	applied(t, x, list[:100]...)
	applied(t, x, removal(string(list[299].Envelope.Document.ID)))
	if differ := proven(t, x, list); len(differ) > 0 {
		t.Errorf("%d differ, %v first", len(differ), differ[0])
	}
	if err := x.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if differ := proven(t, opened(t, path), list); len(differ) > 0 {
		t.Errorf("opened again: %d differ, %v first", len(differ), differ[0])
	}
}

// Each thing that an answer depends on is compared.
func TestProveDiffers(t *testing.T) {
	x := opened(t, file(t))
	list := letters(20)
	applied(t, x, list...)
	for name, change := range map[string]func(e *search.Entry){
		"a word":        func(e *search.Entry) { e.Text += "plus" },
		"an order":      func(e *search.Entry) { e.Text = "prix commande"; e.Envelope.Document.Zones = nil },
		"a zone":        func(e *search.Entry) { e.Envelope.Document.Zones[0].Kind = relais.ZoneQuote },
		"a subject":     func(e *search.Entry) { e.Envelope.Document.Subject = "autre" },
		"a recipient":   func(e *search.Entry) { e.Envelope.Document.To[0].Address = "c@ours.example" },
		"a date":        func(e *search.Entry) { e.Envelope.Document.Date = e.Envelope.Document.Date.Add(time.Hour) },
		"a size":        func(e *search.Entry) { e.Envelope.Document.Size++ },
		"a topic":       func(e *search.Entry) { e.Envelope.Document.Topics[0].ID = "visite" },
		"a name":        func(e *search.Entry) { e.Envelope.Document.Topics[0].Name = "Visite" },
		"a case":        func(e *search.Entry) { e.Envelope.CaseID = "c2" },
		"a thread":      func(e *search.Entry) { e.Envelope.Document.Thread = "t2" },
		"a message id":  func(e *search.Entry) { e.Envelope.Document.MessageID = "<other>" },
		"a content id":  func(e *search.Entry) { e.Envelope.Document.Content = "c2" },
		"no topic more": func(e *search.Entry) { e.Envelope.Document.Topics = nil },
	} {
		other := letters(20)[3]
		change(&other)
		if differ := proven(t, x, []search.Entry{other}); len(differ) != 1 {
			t.Errorf("%s: %v", name, differ)
		}
		other.Envelope.Revision++
		if differ := proven(t, x, []search.Entry{other}); len(differ) != 0 {
			t.Errorf("%s at another revision: %v", name, differ)
		}
	}
}

// A bit of the postings that changes is found, or no query finds anything else.
func TestProveFindsFlippedPostings(t *testing.T) {
	list := letters(200)
	r := rand.New(rand.NewPCG(3, 1))
	found := 0
	for range 60 {
		x := opened(t, file(t))
		applied(t, x, list...)
		want := everyWord(t, x, list)
		flipPosting(t, x, r)
		p, err := x.Prove(context.Background())
		if err != nil || x.Check(t.Context(), true) != nil || slices.ContainsFunc(list, func(e search.Entry) bool { return !p.Holds(&e) }) {
			found++
		} else if got := everyWord(t, x, list); got != want {
			t.Errorf("not found, and answers change:\n%s\n%s", want, got)
		}
		_ = x.Close()
	}
	if found < 30 {
		t.Errorf("%d of 60 were found", found)
	}
}

// everyWord counts what each of some words finds.
func everyWord(t *testing.T, x *Index, list []search.Entry) (counts string) {
	t.Helper()
	for _, w := range []string{"prix", "étienne", "commande", `"commande livraison"`, "qualité", "subject:AQ4080", "from:ann", "filename:devis", "topic:prix", "pri*"} {
		n, err := search.Parse(w, search.ParseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := x.Search(t.Context(), search.Request{Query: n, Scope: relais.Everything(), Limit: 1000})
		counts += fmt.Sprint(w, " ", res.Total, " ", res.IDs, err, "\n")
	}
	return counts
}

// flipPosting changes one bit of a segment.
func flipPosting(t *testing.T, x *Index, r *rand.Rand) {
	t.Helper()
	var count, id int64
	var block []byte
	if err := x.write.QueryRowContext(t.Context(), `SELECT count(*) FROM postings_data WHERE id > 10`).Scan(&count); err != nil {
		t.Fatal(err)
	}
	row := x.write.QueryRowContext(t.Context(), `SELECT id, block FROM postings_data WHERE id > 10 ORDER BY id LIMIT 1 OFFSET ?`, r.Int64N(count))
	if err := row.Scan(&id, &block); err != nil {
		t.Fatal(err)
	}
	block[r.IntN(len(block))] ^= 1 << r.IntN(8)
	if _, err := x.write.ExecContext(t.Context(), `UPDATE postings_data SET block = ? WHERE id = ?`, block, id); err != nil {
		t.Fatal(err)
	}
}
