package enrich

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// copyAt is a reading of one message as a copy of it in a folder was found to say.
func copyAt(folder, subject string, clients ...relais.Tag) reading {
	at := relais.Occurrence{Owner: "ann@pumps.example", Source: "Maildir", Folder: folder, Position: "1", SHA256: relais.DigestOf([]byte(folder))}
	return reading{document: "d1", item: relais.Item{Occurrence: at},
		facts: facts{Occurrence: at, Document: relais.Document{ID: "d1", Subject: subject, SHA256: at.SHA256, Clients: clients}}}
}

// TestSmallestOccurrenceIsShown: of three copies the smallest gives the displayed
// fields, wherever it stands among them.
func TestSmallestOccurrenceIsShown(t *testing.T) {
	first, second, third := copyAt("Archive", "of Archive"), copyAt("INBOX", "of INBOX"), copyAt("Sent", "of Sent")
	for name, order := range map[string][]reading{
		"rising":          {first, second, third},
		"falling":         {third, second, first},
		"in the middle":   {second, first, third},
		"the first twice": {first, third, first},
	} {
		d := &decided{}
		for _, g := range order {
			unite(d, g)
		}
		if got := d.facts.Document.Subject; got != "of Archive" {
			t.Errorf("%s: shown is what the copy %q says", name, got)
		}
		if d.facts.Occurrence.Compare(first.item.Occurrence) != 0 || d.row.Blob != first.item.Occurrence.SHA256 {
			t.Errorf("%s: facts are sealed under the bytes of %s", name, d.facts.Occurrence.Folder)
		}
	}
}

// TestPlacesInOrder: an envelope names the smallest places, and of two readings of one
// place the later.
func TestPlacesInOrder(t *testing.T) {
	at := func(folder string, flags ...string) relais.Occurrence {
		return relais.Occurrence{Owner: "a", Source: "s", Folder: folder, Position: "1", Flags: flags}
	}
	got := smallest([]relais.Occurrence{at("Sent"), at("INBOX"), at("Archive", "unseen"), at("Archive", "seen")})
	if diff := cmp.Diff([]relais.Occurrence{at("Archive", "seen"), at("INBOX"), at("Sent")}, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	var many []relais.Occurrence
	for i := maxOccurrences + 10; i >= 0; i-- {
		many = append(many, relais.Occurrence{Position: string(rune('a' + i))})
	}
	if got := smallest(many); len(got) != maxOccurrences+1 || got[0].Position != "a" {
		t.Errorf("%d places, from %q on", len(got), got[0].Position)
	}
}

// TestUnitedEvidence: what two copies say of one document is added up, each piece once
// and with its greatest weight, in whichever order they come.
func TestUnitedEvidence(t *testing.T) {
	subject := relais.Evidence{Signal: "subject", Detail: "Acme", Weight: 800}
	folder := relais.Evidence{Signal: "folder", Detail: "Acme", Weight: 850}
	weaker := relais.Evidence{Signal: "folder", Detail: "Acme", Weight: 100}
	one := relais.Tag{ID: "acme", Name: "Acme", Confidence: 800, Evidence: []relais.Evidence{subject, weaker}}
	other := relais.Tag{ID: "acme", Name: "Acme", Confidence: 850, Evidence: []relais.Evidence{folder}}
	beta := relais.Tag{ID: "beta", Name: "Beta", Confidence: 450, Evidence: []relais.Evidence{{Signal: "text", Detail: "Beta", Weight: 450}}}
	want := []relais.Tag{{ID: "acme", Name: "Acme", Confidence: 970, Evidence: []relais.Evidence{folder, subject}}, beta}
	for name, order := range map[string][2]reading{
		"": {copyAt("A", "", one), copyAt("B", "", other, beta)}, "turned": {copyAt("A", "", other, beta), copyAt("B", "", one)},
	} {
		d := &decided{}
		unite(d, order[0])
		unite(d, order[1])
		if diff := cmp.Diff(want, d.facts.Document.Clients); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestUniteMarks: one mark withdraws what every copy said, for the smallest rule; doubts
// add up.
func TestUniteMarks(t *testing.T) {
	plain, sure, surer := copyAt("A", ""), copyAt("B", ""), copyAt("C", "")
	sure.personal, surer.personal = "personal_subject", "personal_folder"
	doubtful := copyAt("D", "")
	doubtful.doubts = []state.Doubt{{Rule: "label", Folder: "D"}}
	other := copyAt("E", "")
	other.doubts = []state.Doubt{{Rule: "folder", Folder: "E"}, {Rule: "label", Folder: "D"}}
	for name, tc := range map[string]struct {
		order []reading
		want  state.Marks
		facts bool
	}{
		"none":                   {order: []reading{plain, plain}, facts: true},
		"the first":              {order: []reading{sure, plain}, want: state.Marks{Personal: "personal_subject"}},
		"the last":               {order: []reading{plain, sure}, want: state.Marks{Personal: "personal_subject"}},
		"the smaller rule last":  {order: []reading{sure, plain, surer}, want: state.Marks{Personal: "personal_folder"}},
		"the smaller rule first": {order: []reading{surer, sure}, want: state.Marks{Personal: "personal_folder"}},
		"doubts":                 {order: []reading{doubtful, plain, other}, want: state.Marks{Doubts: []state.Doubt{{Rule: "folder", Folder: "E"}, {Rule: "label", Folder: "D"}}}, facts: true},
		"doubts and a sure mark": {order: []reading{doubtful, sure, other}, want: state.Marks{Personal: "personal_subject"}},
	} {
		d := &decided{}
		for _, g := range tc.order {
			unite(d, g)
		}
		got := state.Marks{Personal: d.row.Personal, Doubts: d.row.Doubts}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if (d.facts != nil) != tc.facts {
			t.Errorf("%s: facts kept: %v", name, d.facts != nil)
		}
	}
}

// TestKnownOfAnEarlierGeneration: what earlier rules found is dropped, but for the marks
// and for what was appended, which may have to be withdrawn.
func TestKnownOfAnEarlierGeneration(t *testing.T) {
	s := &Stage{generation: 3}
	doubts := []state.Doubt{{Rule: "label", Folder: "INBOX"}}
	for name, row := range map[string]state.Document{
		"a sure mark":                     {Personal: "personal_folder"},
		"doubts":                          {Doubts: doubts},
		"marks of a generation before it": {Earlier: state.Marks{Personal: "personal_label", Of: []relais.DocumentID{"d2"}}},
		"none":                            {Clients: map[string]int{"acme": 900}, Topics: map[string]int{"prix": 900}, Domains: map[string]state.Exchange{"acme.example": 1}, Tags: "t", Facts: []byte("sealed")},
	} {
		row.ID, row.Generation, row.Revision, row.Members = "d1", 2, 7, []relais.DocumentID{"d1", "d1a"}
		d, err := s.known(t.Context(), "c", row, true)
		if err != nil {
			t.Fatal(err)
		}
		want := state.Document{ID: "d1", Generation: 3, Revision: 7, Members: row.Members, Earlier: row.Marks()}
		if diff := cmp.Diff(want, d.row); diff != "" || d.facts != nil {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		unite(d, copyAt("INBOX", "without a mark"))
		if diff := cmp.Diff(row.Marks(), d.row.Marks()); diff != "" {
			t.Errorf("%s, once the unmarked copy was read (-want +got):\n%s", name, diff)
		}
	}
	d, err := s.known(t.Context(), "c", state.Document{}, false)
	if diff := cmp.Diff(state.Document{Generation: 3}, d.row); err != nil || diff != "" {
		t.Errorf("a new document: %v\n%s", err, diff)
	}
}

// TestMembers: whatever was appended stays known until its withdrawal was; what is
// withheld adds nothing.
func TestMembers(t *testing.T) {
	shown := func() *decided {
		f := copyAt("INBOX", "").facts
		f.Attachments = []attachmentFacts{{Document: relais.Document{ID: "d1b"}}, {Document: relais.Document{ID: "d1a"}}}
		return &decided{row: state.Document{ID: "d1", Members: []relais.DocumentID{"d1", "d1old"}}, facts: &f}
	}
	withheld := shown()
	withheld.row.Status = relais.StatusDoubtful
	for name, tc := range map[string]struct {
		d    *decided
		want []relais.DocumentID
	}{
		"shown":     {shown(), []relais.DocumentID{"d1", "d1a", "d1b", "d1old"}},
		"withheld":  {withheld, []relais.DocumentID{"d1", "d1old"}},
		"withdrawn": {&decided{row: state.Document{ID: "d1", Members: []relais.DocumentID{"d1"}}}, []relais.DocumentID{"d1"}},
	} {
		if diff := cmp.Diff(tc.want, members(tc.d)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
