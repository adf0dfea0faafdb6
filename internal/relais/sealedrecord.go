package relais

import (
	"bytes"
	"encoding/json"
)

// RawFormat is the format number of records written today. A record of format 1 is one
// JSON object, with what is sealed in base64; one of format 2 is a line of JSON followed
// by the sealed bytes as they are: a quarter smaller, and no work to read.
const RawFormat = 2

// SealedRaw and SealedEnvelope are the contexts in which records are sealed: they
// are authenticated with the bytes, so that one cannot pass for the other.
const (
	SealedRaw      = "raw"
	SealedEnvelope = "envelope"
	SealedFacts    = "facts"
)

// SealedRecord is the value of a record of streams "raw" and "enriched": what says
// which key opens it, in clear, and the rest sealed (an Item, an Envelope).
type SealedRecord struct {
	Format   int        `json:"format"`
	Case     CaseID     `json:"case"`
	Blob     Digest     `json:"blob"`               // whose key seals the rest
	Document DocumentID `json:"document,omitempty"` // of envelopes
	Revision int64      `json:"revision,omitempty"` // of envelopes
	Sealed   []byte     `json:"sealed,omitempty"`   // in the object in format 1 alone
}

// Encode gives the record's value.
func (r SealedRecord) Encode() ([]byte, error) {
	sealed := r.Sealed
	r.Sealed = nil
	b, err := json.Marshal(r)
	if err != nil {
		return nil, E(KindInternal, "encode record", err)
	}
	return append(append(b, '\n'), sealed...), nil
}

// DecodeRecord reads a record's value, of which it keeps a part; one of a newer format
// is of KindRefused.
func DecodeRecord(b []byte) (SealedRecord, error) {
	var r SealedRecord
	head, sealed, parted := bytes.Cut(b, []byte("\n"))
	if err := json.Unmarshal(head, &r); err != nil {
		return r, E(KindRefused, "decode record", err)
	}
	if r.Format > RawFormat || r.Format < 1 || r.Format > 1 && !parted {
		return r, Errorf(KindRefused, "decode record", "format %d is not known to this program", r.Format)
	}
	if r.Format > 1 {
		r.Sealed = sealed
	}
	return r, nil
}
