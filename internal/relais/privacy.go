package relais

import (
	"encoding/hex"
	"strings"
	"time"
)

// Verdict is what somebody decided about a doubtful mark of privacy.
type Verdict string

// The verdicts.
const (
	Professional Verdict = "professional" // shown as if it were not marked
	Personal     Verdict = "personal"     // quarantined
)

// About is what kind of thing a decision is about.
type About string

// What a decision on privacy may be about. A decision about a document outweighs those
// about the folders and rules of its marks; of these the latest counts.
const (
	AboutDocument About = "document" // the target is the SHA-256 of its captured bytes
	AboutFolder   About = "folder"   // every doubtful mark met in that folder of the case
	AboutRule     About = "rule"     // every doubtful mark that the rule sees in the case
)

// Decision is what somebody decided, until it is undone. It covers what it names in
// later documents, too.
type Decision struct {
	ID       string       `json:"id"`
	Kind     DecisionKind `json:"kind,omitempty"`
	Case     CaseID       `json:"case,omitempty"`      // "" of one that holds in all cases
	CaseName string       `json:"case_name,omitempty"` // in lists alone: how another archive knows the case
	Seq      int64        `json:"seq"`                 // numbers those of a case
	About    About        `json:"about"`
	Target   string       `json:"target"`
	Document DocumentID   `json:"document,omitempty"` // the id that the document had
	Value    string       `json:"value,omitempty"`    // the client or topic that it is, or is not
	Verdict  Verdict      `json:"verdict"`
	Since    int64        `json:"since,omitempty"` // of documents of that day or later, in days since 1970
	Until    int64        `json:"until,omitempty"` // of documents of an earlier day
	Act
	Undone *Act `json:"undone,omitempty"` // nil while it counts
}

// Act is who did something, when and why.
type Act struct {
	Actor  string    `json:"actor"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
}

// PrivacyMark is one doubtful mark: where it stands, never its word.
type PrivacyMark struct {
	Rule  string `json:"rule"`  // a stable word, such as "protected_subject"
	Place string `json:"place"` // subject, folder, label, attachment, …
	// Folder is where the copy lies that bears the mark; "" when the folder's name is the
	// mark itself. FolderID names it in either case.
	Folder   string `json:"folder,omitempty"`
	FolderID string `json:"folder_id"`
	Count    int64  `json:"count,omitempty"` // documents that bear it, where several are told of
}

// NewPrivacyMark tells of a mark that a rule saw on a copy in a folder.
func NewPrivacyMark(rule, folder string) PrivacyMark {
	m := PrivacyMark{Rule: rule, Place: strings.TrimPrefix(rule, "protected_"), Folder: folder, FolderID: FolderID(folder)}
	if m.Place == "folder" {
		m.Folder = ""
	}
	return m
}

// FolderID names a folder of a case without telling its name.
func FolderID(folder string) string {
	d := DigestOf([]byte("relais/folder/1 " + folder))
	return "f-" + hex.EncodeToString(d[:5])
}

// IsFolderID tells whether a text has the form of what FolderID gives.
func IsFolderID(s string) bool {
	digits, ok := strings.CutPrefix(s, "f-")
	_, err := hex.DecodeString(digits)
	return ok && err == nil && len(digits) == 10
}

// Doubtful is a document that is withheld until somebody settles whether it is personal.
type Doubtful struct {
	ID     DocumentID    `json:"id"`
	Case   string        `json:"case"` // its name
	Date   time.Time     `json:"date,omitzero"`
	Size   int64         `json:"size"` // of its captured bytes
	Copies int64         `json:"copies"`
	Marks  []PrivacyMark `json:"marks"`
}

// DoubtfulList is a page of them, by case and date, with the marks that withhold all of
// them and what was decided.
type DoubtfulList struct {
	Total     int64         `json:"total"`
	Documents []Doubtful    `json:"documents"`
	Marks     []PrivacyMark `json:"marks"`
	Decisions []Decision    `json:"decisions"`
	Next      string        `json:"next,omitempty"` // what to ask for to go on
}

// Disclosed is what somebody asked to be told of a doubtful document, to settle it.
type Disclosed struct {
	Doubtful
	Subject string   `json:"subject,omitempty"`
	Name    string   `json:"name,omitempty"` // of a file
	From    *Address `json:"from,omitempty"`
	Folders []string `json:"folders,omitempty"`
	Told    []Act    `json:"told"` // to whom before, and why
}

// SettleRequest asks to settle what doubtful marks mean. Several things at once can only
// be settled as personal.
type SettleRequest struct {
	Case      string       `json:"case,omitempty"` // may be left out where there is one case, or none but documents
	Documents []DocumentID `json:"documents,omitempty"`
	Folders   []string     `json:"folders,omitempty"` // names or ids
	Rules     []string     `json:"rules,omitempty"`
	Verdict   Verdict      `json:"as"`
	Reason    string       `json:"reason,omitempty"` // wanted towards professional
	NoWait    bool         `json:"no_wait,omitempty"`
}

// DoubtfulQuery asks for what is doubtful of one case or, with an empty id, of all.
type DoubtfulQuery struct {
	Case   CaseID
	Folder string // name or id; "" for all
	Rule   string // "" for all
	Limit  int
	Cursor string // a DoubtfulList's Next, "" for the first page
}

// UndoRequest asks to undo a decision, named by its id or that of the document it was
// the last on.
type UndoRequest struct {
	ID     string `json:"id"`
	Reason string `json:"reason,omitempty"`
	NoWait bool   `json:"no_wait,omitempty"`
}

// Settled tells what a decision, or its undoing, has moved.
type Settled struct {
	Decisions    []Decision `json:"decisions"`
	Professional int64      `json:"professional"` // documents shown from now on
	Personal     int64      `json:"personal"`     // documents quarantined from now on
	Doubtful     int64      `json:"doubtful"`     // documents withheld from now on
	Still        int64      `json:"still"`        // documents it concerns that stay doubtful, for other marks
}

// Plus adds what two decisions have moved.
func (s Settled) Plus(other Settled) Settled {
	s.Decisions = append(s.Decisions, other.Decisions...)
	s.Professional += other.Professional
	s.Personal += other.Personal
	s.Doubtful += other.Doubtful
	s.Still += other.Still
	return s
}
