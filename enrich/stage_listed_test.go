package enrich_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestAttachedList: a list that a colleague attaches is tied to each client that it
// names; the same list from outside is about whom it came from.
func TestAttachedList(t *testing.T) {
	list := func(from, id string) string {
		return "From: " + from + "\r\nTo: ann@pumps.example\r\nSubject: Passation\r\nMessage-ID: <" + id + "@x>\r\nDate: Tue, 4 Mar 2025 10:00:00 +0100\r\n" +
			"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nVoir la liste " + id + ".\r\n" +
			"--B\r\nContent-Type: text/plain; name=liste.txt\r\nContent-Disposition: attachment; filename=liste.txt\r\n\r\n" + id +
			"\r\nBrasserie Acme : Eve décide.\r\nLaiterie Zephir : perdue.\r\n--B--\r\n"
	}
	b := newBench(t, relais.Client{ID: "acme", Name: "Brasserie Acme"}, relais.Client{ID: "zephir", Name: "Laiterie Zephir"})
	b.run([]mail{{"Inbox", "1", list("luc@pumps.example", "inside")}, {"Inbox", "2", list("news@elsewhere.example", "outside")}}, 2)
	for sender, want := range map[string][]string{"luc@pumps.example": {"acme", "zephir"}, "news@elsewhere.example": nil} {
		found := false
		for _, body := range b.served() {
			var d relais.Document
			if err := json.Unmarshal([]byte(body), &d); err != nil {
				t.Fatal(err)
			}
			if d.Kind != relais.KindAttachment || d.From == nil || d.From.Address != sender {
				continue
			}
			found = true
			var got []string
			for _, tag := range d.Clients {
				if tag.Confidence >= relais.ShownConfidence {
					got = append(got, tag.ID)
				}
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("from %s: %v, want %v", sender, got, want)
			}
		}
		if !found {
			t.Errorf("no attachment from %s", sender)
		}
	}
}
