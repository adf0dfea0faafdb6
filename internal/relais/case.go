package relais

import (
	"fmt"
	"time"
)

// Case is a departure: one owner leaves, one purpose is declared.
type Case struct {
	ID          CaseID    `json:"id"`
	Name        string    `json:"name"`
	Purpose     string    `json:"purpose,omitempty"`
	InformedOn  string    `json:"informed_on,omitempty"`  // date the owner was informed, YYYY-MM-DD
	RetainUntil string    `json:"retain_until,omitempty"` // YYYY-MM-DD
	Owners      []Owner   `json:"owners,omitempty"`
	Created     time.Time `json:"created"`
}

// Owner is whose mailbox or files a case holds.
type Owner struct {
	Address string   `json:"address"`           // lower case
	Aliases []string `json:"aliases,omitempty"` // lower case
}

// Is tells whether an address is the owner's.
func (o Owner) Is(address string) bool {
	if address == o.Address {
		return true
	}
	for _, a := range o.Aliases {
		if a == address {
			return true
		}
	}
	return false
}

// Client is a customer account, from a CRM export or discovered in the mail.
type Client struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Domains    []string `json:"domains,omitempty"`
	Aliases    []string `json:"aliases,omitempty"`
	City       string   `json:"city,omitempty"`
	Sector     string   `json:"sector,omitempty"`
	SIREN      string   `json:"siren,omitempty"`
	Owner      string   `json:"owner,omitempty"`
	Stage      string   `json:"stage,omitempty"`
	Discovered bool     `json:"discovered,omitempty"` // from registrable domains, not from a file
}

// Contact is a person at a client.
type Contact struct {
	ClientID string `json:"client_id"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Title    string `json:"title,omitempty"`
}

// Counts is how many occurrences have each status. Seen is their sum when the
// account balances.
type Counts struct {
	Seen        int64 `json:"seen"`
	Stored      int64 `json:"stored"`
	Duplicate   int64 `json:"duplicate"`
	Refused     int64 `json:"refused"`
	Quarantined int64 `json:"quarantined"`
	Doubtful    int64 `json:"doubtful"`
	Excluded    int64 `json:"excluded"`
	Erased      int64 `json:"erased"`
	Pending     int64 `json:"pending"`
}

// Sum adds up what became of the occurrences.
func (c Counts) Sum() int64 {
	return c.Stored + c.Duplicate + c.Refused + c.Quarantined + c.Doubtful + c.Excluded + c.Erased + c.Pending
}

// Add counts n occurrences of a status.
func (c *Counts) Add(s Status, n int64) {
	c.Seen += n
	switch s {
	case StatusPending:
		c.Pending += n
	case StatusStored:
		c.Stored += n
	case StatusDuplicate:
		c.Duplicate += n
	case StatusRefused:
		c.Refused += n
	case StatusQuarantined:
		c.Quarantined += n
	case StatusDoubtful:
		c.Doubtful += n
	case StatusExcluded:
		c.Excluded += n
	case StatusErased:
		c.Erased += n
	}
}

// SourceBalance is the account of one folder of one source.
type SourceBalance struct {
	Source    string `json:"source"`
	Folder    string `json:"folder"`
	Announced *int64 `json:"announced,omitempty"` // the source's own count, where it gives one
	Unread    bool   `json:"unread,omitempty"`    // it could not be read, or not to its end
	Marked    bool   `json:"marked,omitempty"`    // all of the source's folders whose names mark them as private, which are not named
	Counts
	UnreadCounts
}

// ReasonCount is how often something was refused or excluded for one reason.
type ReasonCount struct {
	Code  string `json:"code"`
	Count int64  `json:"count"`
}

// BalanceWarning is one file of which something had to be guessed: see [Warned].
// Position is "" for a file that is withheld, or not read yet.
type BalanceWarning struct {
	Source   string `json:"source"`
	Folder   string `json:"folder"`
	Position string `json:"position,omitempty"`
	Code     string `json:"code"`
	Count    int64  `json:"count"`
}

// Balance is the account of a case: everything seen, and what became of it.
type Balance struct {
	Case string `json:"case"`
	Counts
	UnreadCounts
	// Apart is how many records of the streams were refused that belong to no case: they
	// are not part of what was seen, and concern the whole archive.
	Apart int64 `json:"apart,omitempty"`
	// FoldersUnread is how many folders could not be read, or not to their end: what
	// they hold was never seen, and the account does not balance until they are.
	FoldersUnread int64           `json:"folders_unread"`
	Balanced      bool            `json:"balanced"`
	Sources       []SourceBalance `json:"sources"`
	Reasons       []ReasonCount   `json:"reasons"`
	// Warnings name what balances but may still hide mail.
	Warnings []BalanceWarning `json:"warnings,omitempty"`

	UnreadableReasons []ReasonCount `json:"unreadable_reasons,omitempty"`
	PartialReasons    []ReasonCount `json:"partial_reasons,omitempty"`
}

// Refusal is one occurrence that could not be captured or read, or one record of the
// streams that no stage could handle: a pointer and a reason, never content.
type Refusal struct {
	ID       string    `json:"id"`   // the occurrence's key; of a record its document, or else its place
	Case     CaseID    `json:"case"` // "" of a record that is of no case
	Source   string    `json:"source"`
	Folder   string    `json:"folder,omitempty"`
	Position string    `json:"position"`
	Stage    string    `json:"stage"`  // ingest, enrich, index, refused
	Code     string    `json:"code"`   // a stable reason class
	Detail   string    `json:"detail"` // what was wrong, without content
	Attempts int       `json:"attempts"`
	SHA256   Digest    `json:"sha256,omitzero"` // zero when no bytes were captured
	At       time.Time `json:"at,omitzero"`

	Record *RefusedRecord `json:"record,omitempty"` // nil of an occurrence
}

// OfFolder tells whether a whole folder was refused, or the list of a source's folders
// (which is then named [FolderList]), and not an item.
func (r Refusal) OfFolder() bool { return r.Stage == "ingest" && r.Position == "" }

// FolderList stands for the list of a source's folders where that could not be read.
const FolderList = "*"

// Apart counts the refusals that are of no case: see [Balance].
func Apart(list []Refusal) (n int64) {
	for _, r := range list {
		if r.Case == "" {
			n++
		}
	}
	return n
}

// RefusedRecord is where a record stands that a stage could not handle.
type RefusedRecord struct {
	Topic      string `json:"topic"`
	Partition  int    `json:"partition"`
	Offset     int64  `json:"offset"`
	Key        string `json:"key,omitempty"`
	Generation int64  `json:"generation"`        // of the stage, or of the index it feeds; -1 when it has none
	Version    int64  `json:"version,omitempty"` // the revision of the document, 0 when it is none or not known
}

// Place names where the record stands: topic/partition/offset.
func (r RefusedRecord) Place() string { return fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset) }
