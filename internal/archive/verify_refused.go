package archive

import (
	"context"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// knownRefusals are the records that stages have refused, as topic "refused" itself
// points to them: a verification may run where no stage does.
type knownRefusals struct {
	records   map[string]relais.Refusal // by place
	documents map[edition]relais.Refusal
	tell      func(code, detail string)
}

// edition is a document at one of its revisions.
type edition struct {
	id       relais.DocumentID
	revision int64
}

// learn reads topic "refused". What the stage of an earlier index has refused says
// nothing of the documents that the index in use holds.
func (k *knownRefusals) learn(ctx context.Context, ar *Archive, fault func(blob.Fault)) error {
	k.records, k.documents = map[string]relais.Refusal{}, map[edition]relais.Refusal{}
	stage, generation := refused.Split(ar.on.Index.Group())
	_, err := ar.readTopic(ctx, stream.TopicRefused, fault, func(_ context.Context, m stream.Message) {
		f := refused.Read(m)
		k.records[f.Record.Place()] = f
		if f.Stage == stage && f.Record.Generation == generation && f.Record.Version > 0 {
			k.documents[edition{relais.DocumentID(f.Record.Key), f.Record.Version}] = f
		}
	})
	return err
}

// record tells whether an unreadable record was refused, and says so if it was.
func (k *knownRefusals) record(m stream.Message) bool {
	place := relais.RefusedRecord{Topic: m.Topic, Partition: m.Partition, Offset: m.Offset}.Place()
	f, ok := k.records[place]
	if ok = ok && f.Record.Key == m.Key; ok {
		k.tell("record_refused", place+" "+f.Stage+" "+f.Code)
	}
	return ok
}

// document tells whether the index has refused a document at a revision, and says so
// if it has.
func (k *knownRefusals) document(id relais.DocumentID, revision int64) bool {
	f, ok := k.documents[edition{id, revision}]
	if ok {
		k.tell("document_refused", string(id)+" "+f.Code)
	}
	return ok
}
