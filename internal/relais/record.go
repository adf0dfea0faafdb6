package relais

import "encoding/json"

// RawFormat is the format number of raw records written today.
const RawFormat = 1

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
	Sealed   []byte     `json:"sealed"`
}

// Encode gives the record's value.
func (r SealedRecord) Encode() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, E(KindInternal, "encode record", err)
	}
	return b, nil
}

// DecodeRecord reads a record's value; one of a newer format is of KindRefused.
func DecodeRecord(b []byte) (SealedRecord, error) {
	var r SealedRecord
	if err := json.Unmarshal(b, &r); err != nil {
		return r, E(KindRefused, "decode record", err)
	}
	if r.Format > RawFormat || r.Format < 1 {
		return r, Errorf(KindRefused, "decode record", "format %d is not known to this program", r.Format)
	}
	return r, nil
}
