// Package format answers one question: what is inside this container? It reads
// mail, what S/MIME (CMS) and Outlook (TNEF) wrap it in, mbox files, maildir names and
// zip archives as they are in the wild, within limits that count work and not time, so
// that the same input gives the same output everywhere.
package format

// Limits bound what one container may cost. Over a limit the result is partial and carries
// a warning; nothing is lost, since the bytes are kept.
type Limits struct {
	ItemBytes      int64 // captured as one item; what is larger is refused, not cut
	MessageBytes   int64 // read of one message or document, whose bytes are kept whole
	HeaderBytes    int   // header block
	HeaderLine     int   // one unfolded header field
	HeaderFields   int
	MIMEDepth      int
	Parts          int
	Params         int // parameters of one header field
	Addresses      int // of one message, indexed
	References     int
	TextBytes      int64 // extracted text of one document
	MessageWork    int64 // bytes of text, and written out of archives, of all parts of one message
	ArchiveDepth   int
	ArchiveEntries int
	ArchiveBytes   int64 // written out in total, skipped members included
	ArchiveRatio   int64 // bytes out per byte in, past the first MiB
}

// DefaultLimits are those of a new archive.
func DefaultLimits() Limits {
	return Limits{
		ItemBytes: 1 << 30, MessageBytes: 150 << 20, HeaderBytes: 1 << 20, HeaderLine: 256 << 10, HeaderFields: 10_000,
		MIMEDepth: 32, Parts: 1_000, Params: 100, Addresses: 2_000, References: 200,
		TextBytes: 20 << 20, MessageWork: 256 << 20, ArchiveDepth: 3, ArchiveEntries: 10_000, ArchiveBytes: 1 << 30, ArchiveRatio: 200,
	}
}
