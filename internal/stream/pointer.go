package stream

import (
	"encoding/json"
	"fmt"
)

// The codes of refusals that Run makes of itself.
const (
	CodePoison  = "poison"  // the handler failed on the message alone, three times
	CodeRefused = "refused" // the handler refused it and gave no record of its own
)

// Pointer is the value of a record of topic "refused": where the message stands
// and why it was left, never what it says.
type Pointer struct {
	Stage     string `json:"stage"` // the group that refused
	Code      string `json:"code"`  // a stable reason class
	Topic     string `json:"topic"`
	Partition int    `json:"partition"`
	Offset    int64  `json:"offset"`
	Key       string `json:"key"`
	Attempts  int    `json:"attempts"`
	Version   int64  `json:"version,omitempty"` // as RunOptions.Version tells it; 0 when nothing is known
}

// PointTo makes the pointer to a message.
func PointTo(m Message, stage, code string, attempts int) Pointer {
	return Pointer{
		Stage: stage, Code: code, Topic: m.Topic, Partition: m.Partition,
		Offset: m.Offset, Key: m.Key, Attempts: attempts,
	}
}

// Record gives the record to append to topic "refused": JSON, under the key of the
// message it points to.
func (p Pointer) Record() (Record, error) {
	value, err := json.Marshal(p)
	if err != nil {
		return Record{}, fmt.Errorf("encode refusal: %w", err)
	}
	return Record{Key: p.Key, Value: value}, nil
}
