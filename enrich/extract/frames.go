package extract

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// A pool and a child speak in frames: a JSON header with its length before it (32
// bits, big-endian), then the bytes that the header announces. The first frame is
// the hello; after it, each request has one answer, and offers before it if any.

// maxHeader bounds a header: names are the longest thing in it.
const maxHeader = 1 << 20

// hello tells a new child how to work.
type hello struct {
	Limits      format.Limits `json:"limits"`
	CacheDir    string        `json:"cache_dir,omitempty"`
	MemoryLimit int64         `json:"memory_limit,omitempty"` // of a child that is alone
	Share       int64         `json:"share,omitempty"`        // of it that this child may use beside others; 0: it is alone
}

// request announces one document; Size bytes of it follow.
type request struct {
	Name      string `json:"name,omitempty"`
	MediaType string `json:"media_type,omitempty"`
	Charset   string `json:"charset,omitempty"`
	Size      int64  `json:"size"`
	Depth     int    `json:"depth,omitempty"`
	Bytes     int64  `json:"bytes"`   // that archives may still write out
	Entries   int    `json:"entries"` // that archives may still hold
	Retry     bool   `json:"retry,omitempty"`
}

// answer is the result of one document; Size bytes of text follow.
type answer struct {
	MediaType string            `json:"media_type,omitempty"`
	Outcome   relais.Extraction `json:"outcome"`
	Warnings  []relais.Warning  `json:"warnings,omitempty"`
	Extractor string            `json:"extractor,omitempty"`
	Dates
	Size    int64  `json:"size"`
	Bytes   int64  `json:"bytes"`   // still allowed after it
	Entries int    `json:"entries"` // still allowed after it
	Memory  int64  `json:"memory"`  // that the child holds, in bytes
	CPU     int64  `json:"cpu"`     // that the child has used since it began, in nanoseconds
	Error   string `json:"error,omitempty"`
	Offer   bool   `json:"offer,omitempty"` // not the last answer: for the case that none follows
}

// writeFrame writes a header; the bytes that it announces are the caller's to write.
func writeFrame(w *bufio.Writer, header any) error {
	b, err := json.Marshal(header)
	if err != nil {
		return fmt.Errorf("encode frame: %w", err)
	}
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(b)))
	if _, err := w.Write(n[:]); err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// readFrame reads a header. It gives io.EOF where the other side ended between two
// frames.
func readFrame(r *bufio.Reader, header any) error {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(n[:])
	if size > maxHeader {
		return fmt.Errorf("frame header of %d bytes", size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		return fmt.Errorf("read frame: %w", err)
	}
	if err := json.Unmarshal(b, header); err != nil {
		return fmt.Errorf("decode frame: %w", err)
	}
	return nil
}
