package search

import "time"

// Node is a query as a tree. Parse makes one; an engine compiles it. The nodes are
// And, Or, Not, Text, Value, Days, Undated, Bytes and Nothing.
type Node interface{ isNode() }

// And wants all of its nodes; empty, it finds everything.
type And []Node

// Or wants one of its nodes; empty, it finds nothing.
type Or []Node

// Not wants what its node does not find.
type Not struct{ Of Node }

// Text wants words in a text field. Words holds the text as the user wrote it: the
// analyzer makes the same terms of it as of documents. Several terms are all wanted;
// with Phrase, next to each other in that order; with Prefix, the last word may go on.
// Its method Clause says it in terms: engines and highlights compile nothing else.
type Text struct {
	In     TextField
	Words  string
	Phrase bool
	Prefix bool
}

// TextField is where Text looks.
type TextField string

// The text fields.
const (
	InAll      TextField = ""         // subject, text, names of files and attachments, addresses
	InSubject  TextField = "subject"  //
	InFrom     TextField = "from"     // address and name
	InTo       TextField = "to"       // To, Cc and Bcc
	InCc       TextField = "cc"       //
	InWith     TextField = "with"     // any address of the message
	InFilename TextField = "filename" // of the document and of its attachments
)

// Value wants an exact value of a field, compared after folding case and accents;
// for client, case and folder also names that hold it as whole words.
type Value struct {
	Field ValueField
	Value string
}

// ValueField is a field that holds values, not text.
type ValueField string

// The value fields.
const (
	ByClient     ValueField = "client"     // id or name
	ByTopic      ValueField = "topic"      // id
	ByOwner      ValueField = "owner"      // address
	ByCase       ValueField = "case"       // id or name
	ByFolder     ValueField = "folder"     // the folder or one above it
	ByThread     ValueField = "thread"     // id
	ByKind       ValueField = "kind"       // message, attachment, file, note
	ByType       ValueField = "type"       // family (pdf, word, sheet, slides, image, text, archive, mail, other) or media type; of the document or an attachment
	ByLanguage   ValueField = "lang"       // ISO 639-1
	ByID         ValueField = "id"         // document id, content id or Message-ID
	ByAttachment ValueField = "attachment" // "yes" or "no"
	ByState      ValueField = "is"         // how well a document was read or tagged: StateUncertain, or a relais.ReadState
	ByUncertain  ValueField = "uncertain"  // id or name of a client that is tagged under relais.ShownConfidence; Checked makes it
)

// StateUncertain is the state of a document that may be about a client, less surely than
// is shown. Beside client:, it asks for those that may be about that client.
const StateUncertain = "uncertain"

// Days wants documents dated From or later and before Until; a zero bound is open.
type Days struct{ From, Until time.Time }

// Undated wants documents that have no date.
type Undated struct{}

// Bytes wants documents larger than Over and smaller than Under; 0 is open.
type Bytes struct{ Over, Under int64 }

// Nothing finds nothing.
type Nothing struct{}

func (And) isNode()     {}
func (Or) isNode()      {}
func (Not) isNode()     {}
func (Text) isNode()    {}
func (Value) isNode()   {}
func (Days) isNode()    {}
func (Undated) isNode() {}
func (Bytes) isNode()   {}
func (Nothing) isNode() {}
