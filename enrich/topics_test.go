package enrich_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// exchange is a thread whose subject says nothing: a quote is asked for, agreed to, a
// delivery is told of and thanked for; a longer message of other things comes last. In
// another thread a word of business falls in passing.
func exchange() []mail {
	at := func(hour int) string {
		return time.Date(2026, 4, 7, hour, 0, 0, 0, time.UTC).Format(time.RFC1123Z)
	}
	reply := func(id, from, to string, hour int, body string) mail {
		return mail{"INBOX", "x" + id, message(id+"@acme.example", from, to, "Re: Suite", at(hour), "References: <x1@acme.example>\r\n", body)}
	}
	const bob = "bob@acme.example"
	return []mail{
		reply("x0", bob, owner, 7, "Bonjour à vous."),
		{"INBOX", "xx1", message("x1@acme.example", bob, owner, "Suite", at(8), "", "Merci de m'envoyer un devis et votre grille de tarifs.")},
		reply("x2", owner, bob, 9, "Ok pour moi."),
		reply("x3", bob, owner, 10, "La livraison est partie : le transporteur livre mardi, bon de livraison joint."),
		reply("x4", owner, bob, 11, "Merci, bien reçu.\r\n\r\nLe 7 avril 2026, bob@acme.example a écrit :\r\n> "+strings.Repeat("Ce qui fut écrit plus tôt. ", 20)),
		reply("x5", owner, bob, 12, strings.Repeat("Nous avons parlé de la mer et des enfants. ", 3)),
		{"INBOX", "y1", message("y1@acme.example", bob, owner, "Dimanche", at(8), "", "La maison, la tente, le transporteur et mille autres choses nous attendent.")},
		{"INBOX", "y2", message("y2@acme.example", owner, bob, "Re: Dimanche", at(9), "References: <y1@acme.example>\r\n", "Ok pour moi.")},
	}
}

// TestTopicOfTheThread: what has no topic words takes the topic of the last message
// before it that has; not what came later, and not what another took.
func TestTopicOfTheThread(t *testing.T) {
	b := newBench(t)
	b.run(exchange(), 2)
	got := map[string][]string{}
	for _, body := range b.served() {
		var d relais.Document
		if err := json.Unmarshal([]byte(body), &d); err != nil {
			t.Fatal(err)
		}
		for _, tag := range d.Topics {
			said := tag.ID
			for _, e := range tag.Evidence {
				if e.Signal == "thread" {
					said += " of its thread"
					if e.Weight != tag.Confidence || e.Weight >= 700 {
						t.Errorf("%s: %+v", d.MessageID, tag)
					}
				}
			}
			got[d.MessageID] = append(got[d.MessageID], said)
		}
	}
	want := map[string][]string{
		"x0@acme.example": {"autre"}, "x1@acme.example": {"prix"}, "x2@acme.example": {"prix of its thread"},
		"x3@acme.example": {"livraison"}, "x4@acme.example": {"livraison of its thread"}, "x5@acme.example": {"autre"},
		"y1@acme.example": {"livraison"}, "y2@acme.example": {"autre"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
