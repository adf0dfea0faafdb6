package enrich

import (
	"fmt"
	"slices"
	"testing"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// TestThreadKeepsItsName: whichever message of a conversation comes first, and whatever
// references a mail program cut from the middle, the thread is named at once as it will
// be when all have come.
func TestThreadKeepsItsName(t *testing.T) {
	conversation := []*format.Mail{
		{MessageID: "start@x"},
		{MessageID: "1@x", InReplyTo: []string{"start@x"}},
		{MessageID: "2@x", InReplyTo: []string{"1@x"}, References: []string{"start@x", "1@x"}},
		{MessageID: "3@x", References: []string{"start@x", "2@x"}},
		{References: []string{"start@x", "3@x"}},
	}
	for i, m := range conversation {
		keys := messageLinks(m, relais.Owner{}, relais.Document{ID: relais.DocumentID(fmt.Sprint(i))}).keys
		if got := slices.Min(keys); got != startKey("start@x") {
			t.Errorf("message %d names the thread %s", i, got)
		}
	}
	if startKey("start@x") == startKey("other@x") || len(startKey("")) != len(threadKey("message", "")) {
		t.Error("a name tells nothing of the conversation")
	}
	if keys := messageLinks(&format.Mail{}, relais.Owner{}, relais.Document{ID: "alone"}).keys; len(keys) != 1 {
		t.Errorf("a message that names none hangs together with %v", keys)
	}
}
