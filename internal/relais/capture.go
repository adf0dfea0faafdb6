package relais

// Captured is what one durable batch of capture adds to the account of a case.
// Recording it twice changes nothing.
type Captured struct {
	Case     CaseID
	Owner    string
	Source   string
	Items    []Item       // appended to stream "raw"
	Excluded []Left       // left out by a rule
	Refused  []Refusal    // could not be captured; ID is the occurrence's key
	Folders  []FolderMark // cursors and announced counts
	Warned   []Warned     // of Items
}

// Left is one item left out by a rule given at ingest.
type Left struct {
	Folder   string
	Position string
	Rule     string // a stable word: since, until, folder
}

// Warned is one captured item of which something had to be guessed that could hide
// mail.
type Warned struct {
	Folder   string
	Position string
	Code     string // a stable word: see [WarnMailbox]
	Count    int64  // of what the code counts
}

// WarnMailbox says that a file was taken for one document although it holds separators of
// messages, and how many: it may be a mailbox.
const WarnMailbox = "mailbox_as_document"

// Copy is what was captured at one place of a source: the occurrence's key, and its bytes.
type Copy struct {
	Key    string
	SHA256 Digest
	Size   int64
}

// FolderMark is how far a folder was captured.
type FolderMark struct {
	Folder    string
	Cursor    string // "" keeps the one recorded
	Announced *int64 // nil keeps the one recorded
	// Complete says that the folder was read to its end: a refusal of the folder
	// itself (Position "") is over.
	Complete bool
}
