package state

import (
	"cmp"
	"context"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
)

// RefuseRecords keeps what stages could not handle of the streams: each refusal has a
// Record, and of one record, stage and generation there is one, however often it is told.
// One of an older generation than the one kept changes nothing. An item that was to be read
// from such a record is refused in its case, where it would otherwise be pending for ever.
func (db *DB) RefuseRecords(ctx context.Context, list []relais.Refusal) error {
	rows := recordRows(list)
	return db.update(ctx, "record refusals", func(tx session) error {
		err := insertRows(ctx, tx, `INSERT INTO refused_records (topic, part, place, stage, generation, code, rkey, attempts, version, at) `,
			`ON CONFLICT (topic, part, place, stage) DO UPDATE SET generation = excluded.generation, code = excluded.code,
				rkey = excluded.rkey, attempts = excluded.attempts, version = excluded.version, at = excluded.at
				WHERE refused_records.generation <= excluded.generation`, rows)
		if err != nil {
			return err
		}
		return refuseItems(ctx, tx, list)
	})
}

// refuseItems puts the items of records that the enrich stage cannot handle on the account
// of their cases, until they are read at last. It goes by their keys, as merges do.
func refuseItems(ctx context.Context, tx session, list []relais.Refusal) error {
	list = slices.DeleteFunc(slices.Clone(list), func(f relais.Refusal) bool { return f.Record.Topic != "raw" || f.Stage != "enrich" })
	slices.SortStableFunc(list, func(a, b relais.Refusal) int { return cmp.Compare(a.Record.Key, b.Record.Key) })
	for _, f := range list {
		if err := refuseItem(ctx, tx, f); err != nil {
			return err
		}
	}
	return nil
}

// refuseItem does so with one, if it is pending.
func refuseItem(ctx context.Context, tx session, f relais.Refusal) error {
	c, key := relais.SplitRecordKey(f.Record.Key)
	if c == "" {
		return nil
	}
	f.ID, f.Case, f.Detail = key, c, refusedRecord
	pending := false
	err := each(ctx, tx, `UPDATE occurrences SET outcome = 'refused', reason = $1
		WHERE case_id = $2 AND okey = $3 AND outcome = 'pending' RETURNING source, folder, position, sha256`,
		[]any{f.Code, string(c), key}, func(r row) error {
			sha := ""
			pending = true
			if err := r.Scan(&f.Source, &f.Folder, &f.Position, &sha); err != nil {
				return err
			}
			return garbled(f.SHA256.UnmarshalText([]byte(sha)))
		})
	if err != nil || !pending {
		return err
	}
	return putRefusal(ctx, tx, f)
}

// refusedRecord is all that may be said of the reason: more could quote a message.
const refusedRecord = "a record of a stream that this stage cannot handle"

// recordRows gives one row for each record and stage, of the newest generation, in an
// order that all who refuse the same records share.
func recordRows(list []relais.Refusal) [][]any {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b relais.Refusal) int {
		return cmp.Or(compareRecords(a, b), cmp.Compare(b.Record.Generation, a.Record.Generation))
	})
	list = slices.CompactFunc(list, func(a, b relais.Refusal) bool { return compareRecords(a, b) == 0 })
	rows := make([][]any, len(list))
	for i, f := range list {
		r := f.Record
		rows[i] = []any{r.Topic, r.Partition, r.Offset, f.Stage, r.Generation, f.Code, r.Key, f.Attempts, r.Version, formatTime(f.At)}
	}
	return rows
}

func compareRecords(a, b relais.Refusal) int {
	return cmp.Or(cmp.Compare(a.Record.Topic, b.Record.Topic), cmp.Compare(a.Record.Partition, b.Record.Partition),
		cmp.Compare(a.Record.Offset, b.Record.Offset), cmp.Compare(a.Stage, b.Stage))
}

// RefusedRecords lists the records that stages could not handle, of one case or (with
// an empty id) of all and of none, by place. A record that held a document is of the
// document's case, and is passed over once a newer revision of it was decided, whose
// own record tells what became of it.
func (db *DB) RefusedRecords(ctx context.Context, c relais.CaseID) ([]relais.Refusal, error) {
	var list []relais.Refusal
	err := each(ctx, db.read, refusedRecordsQuery, []any{string(c)}, func(r row) error {
		f, err := scanRecord(r)
		list = append(list, f)
		return err
	})
	return list, unavailable("list refused records", err)
}

// Keys of stream "enriched" are ids of documents, those of others never are. Of one
// revision that was appended twice the last record counts.
const refusedRecordsQuery = `
SELECT r.topic, r.part, r.place, r.stage, r.generation, r.code, r.rkey, r.attempts, r.version, r.at, COALESCE(e.case_id, '')
FROM refused_records r LEFT JOIN envelopes e ON e.id = r.rkey
WHERE ($1 = '' OR e.case_id = $1)
  AND (r.version = 0 OR (e.revision IS NULL OR e.revision <= r.version)
       AND NOT EXISTS (SELECT 1 FROM refused_records n WHERE n.rkey = r.rkey AND n.topic = r.topic AND n.part = r.part
                       AND n.stage = r.stage AND n.place > r.place AND n.version >= r.version))
ORDER BY r.topic, r.part, r.place, r.stage`

func scanRecord(r row) (relais.Refusal, error) {
	f, at := relais.Refusal{Record: new(relais.RefusedRecord)}, ""
	p := f.Record
	err := r.Scan(&p.Topic, &p.Partition, &p.Offset, &f.Stage, &p.Generation, &f.Code, &p.Key, &f.Attempts, &p.Version, &at, &f.Case)
	f.At = parseTime(at)
	f.ID, f.Detail = p.Place(), refusedRecord
	if f.Case != "" {
		f.ID = p.Key
	}
	return f, err
}

// ForgetRecords forgets what was refused of a topic whose records are gone: other records
// will take their offsets.
func (db *DB) ForgetRecords(ctx context.Context, topic string) error {
	_, err := db.write.ExecContext(ctx, `DELETE FROM refused_records WHERE topic = $1`, topic)
	return unavailable("forget refused records", err)
}
