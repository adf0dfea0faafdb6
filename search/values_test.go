package search

import (
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{" Été ": "ete", "ABC-1": "abc-1", "FIn": "fin", "Société\u00a0X": "societe x", "": ""} {
		if got := Fold(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestLongValues: what a broken mail brings along is cut, alike in documents and in
// queries; what a scope compares is not.
func TestLongValues(t *testing.T) {
	long := strings.Repeat("é", maxValue)
	e := relais.Envelope{CaseID: relais.CaseID(long), Document: relais.Document{
		From: &relais.Address{Address: long}, Clients: []relais.Tag{{ID: long, Name: long, Confidence: 900}},
		Occurrences: []relais.Occurrence{{Owner: long, Folder: long}}}}
	v := ValuesOf(&e)
	for name, got := range map[string]string{"sender": v.Sender[0].ID, "owner": v.Owners[0].ID, "folder": v.Folders[0].ID, "client's name": v.Clients[0].Name} {
		if got != long[:maxValue] {
			t.Errorf("%s: %d bytes", name, len(got))
		}
	}
	if v.Case[0].ID != long || v.Clients[0].ID != long {
		t.Error("an id was cut")
	}
	if got := (Value{Field: ByOwner, Value: long}).Folded(); got != Fold(v.Owners[0].ID) {
		t.Error("a long value does not find itself")
	}
}
