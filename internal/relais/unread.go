package relais

// ReadState says that the text of a document could not be read, or not all of it.
type ReadState string

// The read states; "" is that of a document that was read whole, or has no text to read.
const (
	Unreadable ReadState = "unreadable" // no text could be read
	ReadInPart ReadState = "partial"    // some text is missing
)

// Why text could not be read: the values of Document.Unread.
const (
	UnreadLocked   = "locked"    // encrypted, or behind a password
	UnreadDamaged  = "damaged"   // the bytes are not what their format says
	UnreadNoReader = "no_reader" // of a format that nothing here reads
	UnreadPicture  = "picture"   // an image, or pages that are images
	UnreadSound    = "sound"     // sound or film
	UnreadLimit    = "limit"     // more than the limits of reading allow
	UnreadFailed   = "failed"    // the reader failed, and may do better another time
)

// ReadState tells whether text of the document is missing; Unread says why.
func (d *Document) ReadState() ReadState { return readState(d.Unread, d.Extraction) }

func readState(unread string, e Extraction) ReadState {
	switch {
	case unread == "":
		return ""
	case e == ExtractionPartial:
		return ReadInPart
	}
	return Unreadable
}

// ReadState tells whether text of the hit's document is missing; Unread says why.
func (h *Hit) ReadState() ReadState { return readState(h.Unread, h.Extraction) }

// UnreadCounts counts documents, attachments included, whose text could not be read, or not
// all of it: beside what was seen, since their bytes are kept.
type UnreadCounts struct {
	Unreadable int64 `json:"unreadable"`
	Partial    int64 `json:"partial"`
}

// Add counts n documents of a state.
func (u *UnreadCounts) Add(s ReadState, n int64) {
	switch s {
	case Unreadable:
		u.Unreadable += n
	case ReadInPart:
		u.Partial += n
	}
}

// Plus adds two counts.
func (u UnreadCounts) Plus(v UnreadCounts) UnreadCounts {
	return UnreadCounts{Unreadable: u.Unreadable + v.Unreadable, Partial: u.Partial + v.Partial}
}

// UnreadDocument is a document whose text could not be read, or not all of it.
type UnreadDocument struct {
	ID        DocumentID `json:"id"`
	Kind      DocKind    `json:"kind"`
	Case      string     `json:"case"`
	Name      string     `json:"name,omitempty"` // of a file; of a message its subject
	MediaType string     `json:"media_type,omitempty"`
	Size      int64      `json:"size"`
	State     ReadState  `json:"state"`
	Reason    string     `json:"reason"` // one of the constants above
}

// UnreadPage is one page of such documents, newest first.
type UnreadPage struct {
	Total     int              `json:"total"`
	Documents []UnreadDocument `json:"documents"`
	Next      string           `json:"next,omitempty"` // cursor of the next page
}
