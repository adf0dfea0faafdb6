package search

import (
	"slices"
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

// TestCutOfNoText: what holds no rune to cut at leaves nothing.
func TestCutOfNoText(t *testing.T) {
	for in, want := range map[string]string{
		strings.Repeat("\x80", maxValue+1): "", strings.Repeat("a", maxValue+1): strings.Repeat("a", maxValue), "é": "é",
	} {
		if got := cut(in); got != want {
			t.Errorf("%.8q... is cut to %.8q..., %d bytes", in, got, len(got))
		}
	}
}

// TestKeyOf: one key for what is folded alike, none for nothing.
func TestKeyOf(t *testing.T) {
	if KeyOf("") != (Key{}) || KeyOf("a@x") == (Key{}) {
		t.Error("nothing alone has the zero key")
	}
	if KeyOf("A@x") != KeyOf("a@X") || KeyOf("a@x") == KeyOf("b@x") {
		t.Error("a key is that of the value, folded")
	}
}

// TestTypes: a document is of its own type and family, and of those of what it carries.
func TestTypes(t *testing.T) {
	for want, d := range map[string]relais.Document{
		"application/pdf":           {Kind: relais.KindFile, MediaType: "Application/PDF"},
		"message/rfc822":            {Kind: relais.KindMessage},
		"message/rfc822|image/png":  {Kind: relais.KindMessage, Attachments: []relais.Attachment{{MediaType: "image/png"}}},
		"multipart/mixed|text/html": {Kind: relais.KindMessage, MediaType: "multipart/mixed", Attachments: []relais.Attachment{{MediaType: "text/html"}}},
	} {
		var full []string
		for _, n := range types(&d) {
			if strings.Contains(n.ID, "/") {
				full = append(full, n.ID)
			}
		}
		slices.Sort(full)
		sorted := strings.Split(want, "|")
		slices.Sort(sorted)
		if !slices.Equal(full, sorted) {
			t.Errorf("%v, want %v", full, sorted)
		}
	}
}
