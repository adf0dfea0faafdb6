// Package audit answers one question: who did what, provably? A [Log] only grows:
// each entry carries the hash of the one before it, so that an entry changed, taken
// out, put in or moved is found by Verify.
//
// An entry holds ids, counts and keyed hashes, never text, an address or a subject. It
// comes before the disclosure it tells of: Append first, and disclose nothing if that
// fails. An entry without a disclosure may happen; the reverse never.
//
// A chain does not show that its end was cut off, or that all of it was rewritten by
// someone who can write the file: to show that, its head has to be known elsewhere. The
// canonical bytes that the chain hashes are frozen, so that a Merkle tree with published
// checkpoints (RFC 6962) can later be built over the existing entries.
package audit

import (
	"context"
	"encoding/json"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// Outcome says how an action ended, as far as it is known when it is recorded.
type Outcome string

// The outcomes.
const (
	Allowed Outcome = "allowed" // about to be done
	Denied  Outcome = "denied"  // the principal may not
	Failed  Outcome = "failed"  // it was tried and did not work
)

// Entry is one action of one principal. Every string is an id, a stable word or a
// keyed hash.
type Entry struct {
	Seq       int64         `json:"seq"`  // from 1, without a gap; set by Append
	Time      time.Time     `json:"time"` // UTC; set by Append
	Actor     string        `json:"actor"`
	Action    string        `json:"action"` // a stable word, such as "search" or "document.open"
	Case      relais.CaseID `json:"case,omitempty"`
	Objects   []string      `json:"objects,omitempty"`    // ids of what was disclosed or changed
	QueryHash string        `json:"query_hash,omitempty"` // keyed hash of the query
	Count     int64         `json:"count,omitempty"`      // results, or documents exported
	Outcome   Outcome       `json:"outcome"`
	Session   string        `json:"session,omitempty"` // id of the session or the token
	Reason    string        `json:"reason,omitempty"`  // a stable word
}

// Log is an append-only log of entries. It is safe for concurrent use.
type Log interface {
	// Append sets Seq and Time, and returns once the entry is durable. On error,
	// what the entry tells of must not be done.
	Append(ctx context.Context, e Entry) error
	// Read calls fn with each entry from sequence from on, in order, until fn
	// returns an error, which Read then returns.
	Read(ctx context.Context, from int64, fn func(Entry) error) error
	// Verify reads the whole log and checks the chain. The error is of
	// relais.KindDamaged and names the first entry that does not fit.
	Verify(ctx context.Context) error
	// Check tells, for what it costs to ask, whether Append would be taken: nil says
	// that the end of the log is what was written. One that is not is of
	// relais.KindDamaged, a log that cannot be written now of relais.KindUnavailable.
	Check(ctx context.Context) error
	// Close releases the log; appends under way end first.
	Close() error
}

// Limits of one entry: one that exceeds them is refused, never cut.
const (
	maxObjects = 10_000
	maxWord    = 128 // bytes of any one string
)

func (e Entry) check() error {
	switch {
	case e.Actor == "" || e.Action == "" || e.Outcome == "":
		return relais.Errorf(relais.KindInvalid, "audit", "an entry wants an actor, an action and an outcome")
	case len(e.Objects) > maxObjects:
		return relais.Errorf(relais.KindTooLarge, "audit", "%d objects, of %d at most", len(e.Objects), maxObjects)
	}
	words := append([]string{e.Actor, e.Action, string(e.Case), e.QueryHash, string(e.Outcome), e.Session, e.Reason}, e.Objects...)
	for _, w := range words {
		if len(w) > maxWord {
			return relais.Errorf(relais.KindTooLarge, "audit", "a word of %d bytes, of %d at most", len(w), maxWord)
		}
	}
	return nil
}

// link is what the chain hashes: its JSON, with the fields in this order, is the canonical
// form of an entry. A new field is added at the end, omitted when empty.
type link struct {
	Format int           `json:"format"`
	Prev   relais.Digest `json:"prev"` // of the canonical bytes before; zero for the first
	Entry  Entry         `json:"entry"`
}

// format is the number of the canonical form written today.
const format = 1

// line is how the file keeps an entry.
type line struct {
	Hash relais.Digest   `json:"hash"` // of Link
	Link json.RawMessage `json:"link"`
}

// head is the end of a chain.
type head struct {
	seq  int64
	hash relais.Digest
}

// record is an entry as it is kept.
type record struct {
	link      link
	canonical []byte        // the JSON of link
	hash      relais.Digest // of canonical
}

func (r record) head() head { return head{seq: r.link.Entry.Seq, hash: r.hash} }

// next makes the record that follows a head.
func (h head) next(e Entry) (record, error) {
	e.Seq = h.seq + 1
	r := record{link: link{Format: format, Prev: h.hash, Entry: e}}
	var err error
	if r.canonical, err = json.Marshal(r.link); err != nil {
		return r, relais.E(relais.KindInternal, "encode audit entry", err)
	}
	r.hash = relais.DigestOf(r.canonical)
	return r, nil
}

// line gives a record as the file has it, with its newline.
func (r record) line() ([]byte, error) {
	b, err := json.Marshal(line{Hash: r.hash, Link: r.canonical})
	if err != nil {
		return nil, relais.E(relais.KindInternal, "encode audit entry", err)
	}
	return append(b, '\n'), nil
}

// decodeLine reads a line of the file.
func decodeLine(b []byte) (record, error) {
	var l line
	if err := json.Unmarshal(b, &l); err != nil {
		return record{}, relais.Errorf(relais.KindDamaged, "read audit", "a line is not JSON")
	}
	return decode(l.Link, l.Hash)
}

// decode reads an entry and checks its own hash.
func decode(canonical []byte, hash relais.Digest) (record, error) {
	r := record{canonical: canonical, hash: hash}
	if relais.DigestOf(canonical) != hash {
		return r, relais.Errorf(relais.KindDamaged, "read audit", "an entry does not match its hash")
	}
	if err := json.Unmarshal(canonical, &r.link); err != nil {
		return r, relais.Errorf(relais.KindDamaged, "read audit", "an entry cannot be read")
	}
	if r.link.Format > format {
		return r, relais.Errorf(relais.KindInvalid, "read audit", "format %d is newer than this program's %d", r.link.Format, format)
	}
	return r, nil
}

// follows checks that a record comes next after a head.
func (h head) follows(r record) error {
	switch k := r.link; {
	case k.Entry.Seq != h.seq+1:
		return relais.Errorf(relais.KindDamaged, "verify audit", "entry %d stands after entry %d", k.Entry.Seq, h.seq)
	case k.Prev != h.hash:
		return relais.Errorf(relais.KindDamaged, "verify audit", "entry %d does not fit the one before it", k.Entry.Seq)
	}
	return nil
}
