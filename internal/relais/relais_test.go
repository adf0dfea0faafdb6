package relais

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

func identity() MessageIdentity {
	return MessageIdentity{
		From: []string{"bob@acme.example"}, To: []string{"ann@x.example", "lea@x.example"}, Cc: []string{"c@x.example"},
		Date: "2026-03-01T09:00:00Z", MessageID: "m1@acme.example", Subject: "Prix", Body: "Bonjour,\nquel prix ?\n",
		Attachments: []Digest{DigestOf([]byte("a")), DigestOf([]byte("b"))},
	}
}

// TestContentIsFrozen: an id that changes orphans every archive there is.
func TestContentIsFrozen(t *testing.T) {
	undated := identity()
	undated.Date = ""
	for _, tc := range []struct{ name, want, got string }{
		{"message", "1mae84732c8655bbd0b28ff2c9ab372022", string(identity().Content())},
		{"undated message", "1m4def55c1ffce77a6a7cc11470d78eded", string(undated.Content())},
		{"empty message", "1m0746689781526f905d8235c8ef373f18", string(MessageIdentity{}.Content())},
		{"file", "1f2d711642b726b04401627ca9fbac32f5", string(FileContent(DigestOf([]byte("x"))))},
		{"case", "cb82a16e85249fa0b75df464edea13983", string(NewCaseID(" Ann Leaves ", 0))},
		{"document", "de059a311fd16641f6fcf02e34aa159b9", string(NewDocumentID("c1", "1m2"))},
		{"attachment", "a5d0033455a0dcca30c5dc830c315b7e9", string(NewAttachmentID("d1", 2, "a/b.txt"))},
		{"occurrence", "23e6531973faee8dfd493f7ef9d44f06", Occurrence{Owner: "o", Source: "s", Folder: "f", Position: "p"}.Key()},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, tc.got, tc.want)
		}
	}
}

func TestContentIgnoresHowAMessageTravelled(t *testing.T) {
	want := identity().Content()
	for name, change := range map[string]func(*MessageIdentity){
		"line ends":            func(m *MessageIdentity) { m.Body = "Bonjour,\r\nquel prix ?\r\n" },
		"trailing space":       func(m *MessageIdentity) { m.Body = "Bonjour, \t\nquel prix ?\u00a0\n\n\n" },
		"leading blank lines":  func(m *MessageIdentity) { m.Body = "\n\nBonjour,\nquel prix ?" },
		"order of recipients":  func(m *MessageIdentity) { slices.Reverse(m.To) },
		"order of attachments": func(m *MessageIdentity) { slices.Reverse(m.Attachments) },
		"message-id, dated":    func(m *MessageIdentity) { m.MessageID = "other" },
		"space round subject":  func(m *MessageIdentity) { m.Subject = " Prix " },
	} {
		m := identity()
		change(&m)
		if got := m.Content(); got != want {
			t.Errorf("%s made another message of it", name)
		}
	}
}

func TestContentHeedsWhatAMessageSays(t *testing.T) {
	seen := map[ContentID]string{identity().Content(): "the message"}
	for name, change := range map[string]func(*MessageIdentity){
		"from":               func(m *MessageIdentity) { m.From = []string{"eve@acme.example"} },
		"to for cc":          func(m *MessageIdentity) { m.To, m.Cc = m.Cc, m.To },
		"date":               func(m *MessageIdentity) { m.Date = "2026-03-02T09:00:00Z" },
		"subject":            func(m *MessageIdentity) { m.Subject = "prix" },
		"body":               func(m *MessageIdentity) { m.Body = "Bonjour,\n\nquel prix ?\n" },
		"an attachment less": func(m *MessageIdentity) { m.Attachments = m.Attachments[:1] },
		"undated":            func(m *MessageIdentity) { m.Date = "" },
		"undated, other id":  func(m *MessageIdentity) { m.Date, m.MessageID = "", "other" },
		"fields shifted":     func(m *MessageIdentity) { m.Subject, m.Body = m.Subject+"\n"+m.Body, "" },
	} {
		m := identity()
		change(&m)
		if other, taken := seen[m.Content()]; taken {
			t.Errorf("%s is taken for %s", name, other)
		}
		seen[m.Content()] = name
	}
}

func TestDigestText(t *testing.T) {
	d := DigestOf([]byte("x"))
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var back Digest
	if err := json.Unmarshal(b, &back); err != nil || back != d {
		t.Errorf("%v, %v", back, err)
	}
	for _, bad := range []string{"x", "zz", d.String()[:62] + "zz", d.String() + "00"} {
		if _, err := ParseDigest(bad); KindOf(err) != KindInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestOccurrencesAreOrderedByPlace(t *testing.T) {
	o := func(folder, position string) Occurrence {
		return Occurrence{Owner: "a", Source: "s", Folder: folder, Position: position}
	}
	list := []Occurrence{o("b", "1"), o("a", "2"), o("a", "10"), o("a", "1")}
	slices.SortFunc(list, Occurrence.Compare)
	if got := fmt.Sprint(list[0].Position, list[1].Position, list[2].Position, list[3].Folder); got != "1102b" {
		t.Error(got)
	}
	flagged := o("a", "1")
	flagged.Flags = []string{"seen"}
	if flagged.Key() != o("a", "1").Key() || flagged.Compare(o("a", "1")) != 0 {
		t.Error("flags made another occurrence of it")
	}
}

func TestErrors(t *testing.T) {
	cause := errors.New("disk")
	err := fmt.Errorf("while working: %w", WithHint(E(KindUnavailable, "write", cause), "make room"))
	if KindOf(err) != KindUnavailable || HintOf(err) != "make room" || !Retryable(err) || !errors.Is(err, cause) {
		t.Errorf("%v: %s, %q", err, KindOf(err), HintOf(err))
	}
	for err, want := range map[error]Kind{
		nil: "", cause: KindInternal, context.Canceled: KindCanceled, fmt.Errorf("x: %w", context.DeadlineExceeded): KindCanceled,
	} {
		if got := KindOf(err); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
	if WithHint(nil, "x") != nil || Retryable(E(KindRefused, "", nil)) {
		t.Error("nil has no hint, and what is refused is not tried again")
	}
	problem := Problem{Code: string(KindNotFound), Detail: "no case", Hint: "list them"}
	if err := problem.Err(); KindOf(err) != KindNotFound || err.Error() != "no case" || HintOf(err) != "list them" {
		t.Errorf("%v", err)
	}
}

func TestScope(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	doc := func(client string, confidence int, topic string, n int) *Document {
		return &Document{Date: day(n), Clients: []Tag{{ID: client, Confidence: confidence}}, Topics: []Tag{{ID: topic}}}
	}
	successor := Scope{Grants: []Grant{{AllCases: true, Clients: []string{"acme"}, After: day(2), Before: day(9)}}}
	manager := Scope{Grants: []Grant{{Cases: []CaseID{"c1"}, AllClients: true}}}
	for _, tc := range []struct {
		name  string
		scope Scope
		c     CaseID
		doc   *Document
		want  bool
	}{
		{"nothing is granted", Scope{}, "c1", doc("acme", 900, "prix", 5), false},
		{"compliance sees all", Everything(), "c1", &Document{}, true},
		{"her client", successor, "c2", doc("acme", 900, "prix", 5), true},
		{"another client", successor, "c2", doc("beta", 900, "prix", 5), false},
		{"an unsure client", successor, "c2", doc("acme", ShownConfidence-1, "prix", 5), false},
		{"no business", successor, "c2", doc("acme", 900, "interne", 5), false},
		{"too early", successor, "c2", doc("acme", 900, "prix", 1), false},
		{"the last instant is out", successor, "c2", doc("acme", 900, "prix", 9), false},
		{"undated, and dates are asked", successor, "c2", &Document{Clients: []Tag{{ID: "acme", Confidence: 900}}, Topics: []Tag{{ID: "prix"}}}, false},
		{"his case", manager, "c1", doc("any", 600, "contrat", 5), true},
		{"another case", manager, "c2", doc("any", 600, "contrat", 5), false},
		{"no client", manager, "c1", &Document{Topics: []Tag{{ID: "prix"}}}, false},
		{"no topic", manager, "c1", &Document{Clients: []Tag{{ID: "acme", Confidence: 900}}}, false},
	} {
		if got := tc.scope.Allows(tc.c, tc.doc); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

func TestRecords(t *testing.T) {
	r := SealedRecord{Format: RawFormat, Case: "c1", Blob: DigestOf([]byte("x")), Document: "d1", Revision: 3, Sealed: []byte{1, 2}}
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeRecord(b)
	if err != nil || fmt.Sprint(back) != fmt.Sprint(r) {
		t.Errorf("%v, %v", back, err)
	}
	old, err := DecodeRecord([]byte(`{"format":1,"case":"c1","blob":"` + r.Blob.String() + `","document":"d1","revision":3,"sealed":"AQI="}`))
	r.Format = 1
	if err != nil || fmt.Sprint(old) != fmt.Sprint(r) {
		t.Errorf("format 1: %v, %v", old, err)
	}
	for _, bad := range []string{"", "{", `{"format":0}`, `{"format":2}`, "{\"format\":3}\n", "\n{}"} {
		if _, err := DecodeRecord([]byte(bad)); KindOf(err) != KindRefused {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestCountsSumToWhatWasSeen(t *testing.T) {
	var c Counts
	for i, s := range []Status{StatusPending, StatusStored, StatusDuplicate, StatusRefused, StatusQuarantined, StatusDoubtful, StatusExcluded, StatusErased} {
		c.Add(s, int64(i+1))
	}
	if c.Sum() != c.Seen || c.Seen != 36 {
		t.Errorf("%+v", c)
	}
	if p := c.Plus(c); p.Sum() != p.Seen || p.Seen != 72 {
		t.Errorf("twice: %+v", p)
	}
	c.Add("unknown", 1)
	if c.Sum() == c.Seen {
		t.Error("what nobody knows balances")
	}
}

func TestKeysAreNotPrinted(t *testing.T) {
	k := SealKey{1, 2, 3}
	for _, s := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %s", k, k, k), fmt.Sprintf("%#v", k)} {
		if s != "[sealed]" && s != "[sealed] [sealed] [sealed]" {
			t.Errorf("a key is printed: %s", s)
		}
	}
}

// TestRecordKeys: a record's key tells case and occurrence, and no other program's does.
func TestRecordKeys(t *testing.T) {
	it := Item{Case: NewCaseID("Ann", 0), Occurrence: Occurrence{Folder: "INBOX", Position: "1"}}
	if c, key := SplitRecordKey(it.RecordKey()); c != it.Case || key != it.Occurrence.Key() {
		t.Errorf("%s: %q %q", it.RecordKey(), c, key)
	}
	for _, bad := range []string{"", ".", "poison", string(it.Case), string(it.Case) + ".", "c1." + it.Occurrence.Key(), it.RecordKey() + "00", "x" + it.RecordKey()} {
		if c, key := SplitRecordKey(bad); c != "" || key != "" {
			t.Errorf("%q is taken for %q %q", bad, c, key)
		}
	}
}
