package state

import "context"

// Underway is what one worker reads of one partition: a batch, or a record alone.
type Underway struct {
	Part        int
	First, Last int64  // offsets, both inclusive
	Worker      string // a name of its own for each run
	Deaths      int    // of workers that read this record alone before
}

// Underway gives what is, or was when its worker died, read by a consumer group, by
// partition.
func (db *DB) Underway(ctx context.Context, group string) (map[int]Underway, error) {
	found := map[int]Underway{}
	err := each(ctx, db.read, `SELECT part, since, until, worker, deaths FROM underway WHERE consumer = $1`, []any{group}, func(r row) error {
		var u Underway
		err := r.Scan(&u.Part, &u.First, &u.Last, &u.Worker, &u.Deaths)
		found[u.Part] = u
		return err
	})
	return found, unavailable("find batches under way", err)
}

// Begin puts on record what a worker is about to read, in the place of what was there of
// the same partitions. It is durable when it returns.
func (db *DB) Begin(ctx context.Context, group string, list []Underway) error {
	rows := make([][]any, len(list))
	for i, u := range list {
		rows[i] = []any{group, u.Part, u.First, u.Last, u.Worker, u.Deaths}
	}
	err := insertRows(ctx, db.write, `INSERT INTO underway (consumer, part, since, until, worker, deaths) `,
		`ON CONFLICT (consumer, part) DO UPDATE SET since = excluded.since, until = excluded.until,
			worker = excluded.worker, deaths = excluded.deaths`, rows)
	return unavailable("record batch under way", err)
}

// GiveUp takes back what a worker began and did not end, though it lives.
func (db *DB) GiveUp(ctx context.Context, group, worker string) error {
	_, err := db.write.ExecContext(ctx, `DELETE FROM underway WHERE consumer = $1 AND worker = $2`, group, worker)
	return unavailable("give up batch", err)
}
