package tag

import (
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// transferred are labels of sets made for other ends that fall, more or less, under a
// topic of ours. None is B2B mail: customers ask a bank or an assistant, and Enron's
// labels are of what a message is for. They tell whether a list of words made for one
// trade says anything elsewhere, and no more than that.
func transferred() map[string]string {
	return map[string]string{
		"card_arrival": "livraison", "card_delivery_estimate": "livraison", "order_status": "livraison",
		"request_refund": "facture", "Refund_not_showing_up": "facture", "transaction_charged_twice": "facture",
		"bill_due": "facture", "pay_bill": "facture", "bill_balance": "facture",
		"card_not_working": "technique", "contactless_not_working": "technique", "virtual_card_not_working": "technique",
		"schedule_meeting": "visite", "meeting_schedule": "visite",
		"pto_request": "interne", "pto_balance": "interne", "pto_used": "interne", "pto_request_status": "interne",
		"1.4": "visite", "3.12": "visite", "3.7": "interne", "3.8": "interne", "1.5": "interne", "2.10": "newsletter", "2.8": "contrat", "3.10": "contrat",
	}
}

// TestTransferredTopics prints how many texts under each label are given its topic,
// first or at all, against how many texts of the same set under all other labels are.
// It holds no floor: the mapping is too loose for one.
func TestTransferredTopics(t *testing.T) {
	list := mustEnrichers(t, Config{})
	for _, set := range []string{"banking77-train", "clinc150-small-train"} {
		type intent struct{ Text, Label string }
		var texts []labelled
		for _, c := range readLines[intent](t, corpus(t, "labelled", set+".jsonl")) {
			in := message("From: eve@durand.example\nTo: camille@vendeur.example\n\n" + c.Text)
			texts = append(texts, labelled{in, []string{c.Label}})
		}
		logTransfer(t, list, set, texts)
	}
}

func TestTransferredTopicsOfMail(t *testing.T) {
	type mail struct {
		Raw           string
		Genre, Topics []string
		Cats          [][3]int
	}
	var texts []labelled
	for _, c := range readLines[mail](t, corpus(t, "labelled", "enron-berkeley.jsonl")) {
		m, err := format.ReadMail(strings.NewReader(c.Raw), format.DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		labels := append(c.Genre, c.Topics...)
		for _, cat := range c.Cats {
			switch {
			case cat[0] == 2 && cat[1] == 10:
				labels = append(labels, "2.10")
			case cat[0] == 2 && cat[1] == 8:
				labels = append(labels, "2.8")
			}
		}
		owner := relais.Owner{Address: "nobody@enron.com"}
		texts = append(texts, labelled{&Input{Owner: owner, Kind: relais.KindMessage, Mail: m, Text: m.Text}, labels})
	}
	logTransfer(t, mustEnrichers(t, Config{}), "enron-berkeley", texts)
}

type labelled struct {
	in     *Input
	labels []string
}

func logTransfer(t *testing.T, list []Enricher, set string, texts []labelled) {
	t.Helper()
	type counts struct{ first, any, all int }
	of := func(n int, c counts) float64 { return percent(n, c.all) }
	byLabel, byTopic := map[string]counts{}, map[string]counts{}
	none := 0
	for _, c := range texts {
		tags := findAll(list, c.in).Topics
		checkTopics(t, tags)
		for _, topic := range tags {
			byTopic[topic.ID] = counts{any: byTopic[topic.ID].any + 1, all: len(texts)}
		}
		if tags[0].ID == TopicOther {
			none++
		}
		for _, label := range c.labels {
			want, ok := transferred()[label]
			if !ok {
				continue
			}
			n := byLabel[label]
			n.all++
			for i, tag := range tags {
				if tag.ID == want {
					n.any++
					if i == 0 {
						n.first++
					}
				}
			}
			byLabel[label] = n
		}
	}
	t.Logf("%s: %d texts, %.1f %% without a topic", set, len(texts), percent(none, len(texts)))
	for label, n := range byLabel {
		topic := transferred()[label]
		t.Logf("%s: %s as %s: first %.0f %%, at all %.0f %% of %d; of all texts %.0f %%", set, label, topic, of(n.first, n), of(n.any, n), n.all, of(byTopic[topic].any, byTopic[topic]))
	}
}
