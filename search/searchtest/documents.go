package searchtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// Documents makes documents of some 4 KB for measurements: 60,000 words whose use falls
// as the words of a language do (Zipf), inflected, so that the analyzer has its usual
// work. The same number gives the same documents.
func Documents(n int) []search.Entry {
	r := rand.New(rand.NewPCG(7, 7))
	zipf := rand.NewZipf(r, 1.08, 4, 60_000)
	syllables := strings.Fields("ba con dé fer ga jon li mi nou per ré sta tru ven zo ment ti lon quar vis")
	word := func() string {
		n := int(zipf.Uint64())
		var b strings.Builder
		for i := n + 20; i > 0; i /= 20 {
			b.WriteString(syllables[i%20])
		}
		return b.String() + []string{"", "", "s", "er", "ation"}[r.IntN(5)]
	}
	entries := make([]search.Entry, n)
	for n := range entries {
		var text strings.Builder
		for text.Len() < 3000+r.IntN(2000) {
			text.WriteString(word() + " ")
		}
		entries[n] = mail(r, n, word()+" "+word()+" "+word(), text.String())
	}
	return entries
}

func mail(r *rand.Rand, n int, subject, text string) search.Entry {
	client := fmt.Sprintf("K%d", r.IntN(60))
	from := relais.Address{Name: "Person", Address: fmt.Sprintf("p%d@%s.example", r.IntN(25), strings.ToLower(client))}
	d := relais.Document{
		ID: relais.NewDocumentID("c1", relais.ContentID(fmt.Sprint(n))), Content: relais.ContentID(fmt.Sprint("1m", n)), Case: "Départ", Kind: relais.KindMessage,
		Thread: fmt.Sprint("t", r.IntN(5000)), MessageID: fmt.Sprintf("%d@host.example", n), Subject: subject, From: &from,
		To: []relais.Address{{Name: "Rep", Address: "rep@relais.example"}}, Date: time.Unix(1_600_000_000+int64(r.IntN(100_000_000)), 0).UTC(),
		Language: "fr", Size: int64(len(text)), Clients: []relais.Tag{{ID: client, Name: "Client " + client, Confidence: 900}},
		Topics:      []relais.Tag{{ID: []string{"prix", "livraison", "technique", "interne"}[r.IntN(4)], Confidence: 800}},
		Occurrences: []relais.Occurrence{{Owner: "rep@relais.example", Folder: fmt.Sprint("Clients/", client)}},
		Zones:       []relais.Zone{{Kind: relais.ZoneNew, Start: 0, End: len(text) / 2}, {Kind: relais.ZoneQuote, Start: len(text) / 2, End: len(text)}},
	}
	return search.Entry{Envelope: relais.Envelope{Format: 1, CaseID: "c1", Revision: 1, Document: d}, Text: text}
}
