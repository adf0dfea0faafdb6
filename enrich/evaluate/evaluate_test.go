package evaluate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

func TestRun(t *testing.T) {
	truth := `{"message_id":"<1@x>","client":"c1","topic":"prix","lang":"fr","thread":1,"personal":false}
{"message_id":"2@x","client":"","topic":"prix","thread":1}
{"id":"3@x","client":"c2","lang":"en","thread":2,"personal":false}

{"message_id":"4@x","personal":true}
`
	docs := []relais.Document{
		{Kind: relais.KindMessage, MessageID: "1@x", Thread: "a", Language: "fr",
			Clients: []relais.Tag{{ID: "c1", Confidence: 950}}, Topics: []relais.Tag{{ID: "prix"}}},
		{Kind: relais.KindMessage, MessageID: "2@x", Thread: "b",
			Clients: []relais.Tag{{ID: "c9", Confidence: 600}}, Topics: []relais.Tag{{ID: "facture"}, {ID: "prix"}}},
		{Kind: relais.KindMessage, MessageID: "3@x", Thread: "b", Language: "fr", Clients: []relais.Tag{{ID: "c2", Confidence: 400}}},
		{Kind: relais.KindAttachment, MessageID: "4@x"},
		{Kind: relais.KindMessage, MessageID: "other"},
	}
	got, err := Run(strings.NewReader(truth), func(fn func(relais.Document) error) error {
		for _, d := range docs {
			if err := fn(d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Report{
		Messages: 4, Found: 3, Withheld: 1,
		Client:      Score{Support: 3, Right: 1, Predicted: 2, Wanted: 2, Precision: 500, Recall: 500, F1: 500},
		Calibration: []Bin{{From: 600, Count: 1}, {From: 900, Count: 1, Right: 1}},
		Topic:       Score{Support: 2, Right: 1, Predicted: 2, Wanted: 2, Precision: 500, Recall: 500, F1: 500},
		TopicAny:    Score{Support: 2, Right: 2, Predicted: 2, Wanted: 2, Precision: 1000, Recall: 1000, F1: 1000},
		Topics: map[string]Score{
			"prix":    {Support: 2, Right: 1, Predicted: 1, Wanted: 2, Precision: 1000, Recall: 500, F1: 666},
			"facture": {Predicted: 1},
		},
		Language: Score{Support: 2, Right: 1, Predicted: 2, Wanted: 2, Precision: 500, Recall: 500, F1: 500},
		Thread:   Score{Support: 3, Predicted: 2, Wanted: 2, Precision: 666, Recall: 666, F1: 666},
		Privacy:  Score{Support: 3, Right: 1, Predicted: 1, Wanted: 1, Precision: 1000, Recall: 1000, F1: 1000},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTruthThatCannotBeRead(t *testing.T) {
	for _, line := range []string{"{", `{"client":"x"}`} {
		_, err := Run(strings.NewReader(line), nil)
		if relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("%s: %v", line, err)
		}
	}
}
