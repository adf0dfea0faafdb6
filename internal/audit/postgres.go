package audit

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/relais-archive/relais/internal/postgres"
	"github.com/relais-archive/relais/internal/relais"
)

// tables: audit_head is one row, the end of the chain. The canonical bytes are kept as
// bytes, because the chain hashes them and no database encoding may alter them.
const tables = `
CREATE TABLE IF NOT EXISTS audit_entries (
    seq  BIGINT PRIMARY KEY,
    hash BYTEA NOT NULL,
    link BYTEA NOT NULL
);
CREATE TABLE IF NOT EXISTS audit_head (
    one  BIGINT PRIMARY KEY CHECK (one = 1),
    seq  BIGINT NOT NULL,
    hash BYTEA NOT NULL
);`

// writeTime bounds one write: a server that does not answer refuses disclosures rather
// than holding them up for ever.
const writeTime = 30 * time.Second

// PostgresOptions say where the log of an archive is.
type PostgresOptions struct {
	URL       string // postgres://user@host:port/database?sslmode=…, without a password
	Namespace string // the schema that holds the tables
}

// Postgres is the log of a distributed archive: a table that any number of processes
// append to, in one chain.
//
// The sequencer is leased for a transaction: whoever locks the row that holds the
// chain's head numbers a group of entries, links them and moves the head. A lease
// that lasted longer would save a round trip, and need a clock, a renewal and a way
// to stop a holder that has lost it; this one ends with its connection, whatever
// becomes of the holder, and a head that was not moved was never seen.
type Postgres struct {
	db     *postgres.DB
	now    func() time.Time
	closed atomic.Bool
	queue  queue
}

var _ Log = (*Postgres)(nil)

// OpenPostgres opens, or makes, the log in a schema; now tells the time of entries.
func OpenPostgres(ctx context.Context, o PostgresOptions, now func() time.Time) (*Postgres, error) {
	// One connection writes at a time, one more reads. A stalled writer holds up every
	// disclosure, so it is given up soon.
	db, err := postgres.Open(postgres.Options{URL: o.URL, Schema: o.Namespace, Conns: 2, Idle: 10 * time.Second})
	if err != nil {
		return nil, err
	}
	err = db.Prepare(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, tables); err != nil {
			return err
		}
		none := relais.Digest{}
		_, err := tx.ExecContext(ctx, `INSERT INTO audit_head (one, seq, hash) VALUES (1, 0, $1) ON CONFLICT (one) DO NOTHING`, none[:])
		return err
	})
	if err != nil {
		return nil, errors.Join(postgres.OpenError("open audit", err), db.Close())
	}
	l := &Postgres{db: db, now: now}
	l.queue = newQueue(l.writeGroup)
	return l, nil
}

// Append adds one entry: see [Log]. An entry whose commit was not acknowledged may be in
// the log all the same; what it tells of must still not be done.
func (l *Postgres) Append(ctx context.Context, e Entry) error {
	return l.queue.append(ctx, e)
}

// writeGroup writes a group of entries, unless the log is closed.
func (l *Postgres) writeGroup(ctx context.Context, group []Entry) error {
	if l.closed.Load() {
		return relais.E(relais.KindUnavailable, "append audit", os.ErrClosed)
	}
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	return failed("append audit", l.write(ctx, group))
}

// failed gives a write's error its kind: a deadline that passed was the server's, not the
// caller's.
func failed(op string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return relais.E(relais.KindUnavailable, op, err)
	}
	return postgres.Error(op, err)
}

// write appends a group of entries in one transaction.
func (l *Postgres) write(ctx context.Context, group []Entry) error {
	return l.db.Update(ctx, func(tx *sql.Tx) error {
		last, err := lockHead(ctx, tx)
		if err != nil {
			return err
		}
		records := make([]record, len(group))
		for i, e := range group {
			e.Time = l.now().UTC()
			if records[i], err = last.next(e); err != nil {
				return err
			}
			last = records[i].head()
		}
		return insert(ctx, tx, records)
	})
}

// lockHead keeps other writers out until the transaction ends, and gives the end of
// the chain. A head without its entry is of relais.KindDamaged: nothing may be linked
// to it.
func lockHead(ctx context.Context, tx *sql.Tx) (head, error) {
	var hash, have []byte
	var h head
	if err := tx.QueryRowContext(ctx, `SELECT seq, hash FROM audit_head FOR UPDATE`).Scan(&h.seq, &hash); err != nil {
		return h, damagedIfNone(err)
	}
	copy(h.hash[:], hash)
	if h.seq == 0 {
		return h, nil
	}
	if err := tx.QueryRowContext(ctx, `SELECT hash FROM audit_entries WHERE seq = $1`, h.seq).Scan(&have); err != nil {
		return h, damagedIfNone(err)
	}
	if string(have) != string(hash) {
		return h, relais.Errorf(relais.KindDamaged, "append audit", "entry %d is not the one that was written", h.seq)
	}
	return h, nil
}

func damagedIfNone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return relais.Errorf(relais.KindDamaged, "audit", "the end of the log is gone")
	}
	return err
}

// Check tells whether the log would take an entry: its end stands, and the server lets
// whoever appends lock it, which one that is read-only does not.
func (l *Postgres) Check(ctx context.Context) error {
	return failed("check audit", l.db.Update(ctx, func(tx *sql.Tx) error {
		_, err := lockHead(ctx, tx)
		return err
	}))
}

// insert adds records, which follow the locked head, and moves it.
func insert(ctx context.Context, tx *sql.Tx, records []record) error {
	seqs, hashes, links := make([]int64, len(records)), make([][]byte, len(records)), make([][]byte, len(records))
	for i := range records {
		seqs[i], hashes[i], links[i] = records[i].link.Entry.Seq, records[i].hash[:], records[i].canonical
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO audit_entries (seq, hash, link)
		SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) ON CONFLICT (seq) DO NOTHING`, seqs, hashes, links)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != int64(len(records)) {
		return errors.Join(err, relais.Errorf(relais.KindDamaged, "append audit", "an entry stands after the end of the log"))
	}
	last := len(records) - 1
	_, err = tx.ExecContext(ctx, `UPDATE audit_head SET seq = $1, hash = $2`, seqs[last], hashes[last])
	return err
}

// Read calls fn with the entries that were durable when it was called: see [Log].
func (l *Postgres) Read(ctx context.Context, from int64, fn func(Entry) error) error {
	end, err := l.end(ctx)
	if err != nil {
		return postgres.Error("read audit", err)
	}
	return l.scan(ctx, max(from, 1), end.seq, func(r record) error { return fn(r.link.Entry) })
}

// Verify checks the chain up to where it ended when it was called, and that nothing
// stands after its end: see [Log].
func (l *Postgres) Verify(ctx context.Context) error {
	const op = "verify audit"
	end, err := l.end(ctx)
	if err != nil {
		return postgres.Error(op, err)
	}
	var at head
	err = l.scan(ctx, math.MinInt64, end.seq, func(r record) error {
		if err := at.follows(r); err != nil {
			return err
		}
		at = r.head()
		return nil
	})
	if err != nil {
		return err
	}
	if at != end {
		return relais.Errorf(relais.KindDamaged, op, "it ends with entry %d, not with entry %d", at.seq, end.seq)
	}
	var after bool
	row := l.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM audit_entries WHERE seq > (SELECT seq FROM audit_head))`)
	if err := row.Scan(&after); err != nil {
		return postgres.Error(op, err)
	}
	if after {
		return relais.Errorf(relais.KindDamaged, op, "an entry stands after the end of the log")
	}
	return nil
}

// end gives the head, which other processes move.
func (l *Postgres) end(ctx context.Context) (h head, err error) {
	var hash []byte
	err = l.db.QueryRowContext(ctx, `SELECT seq, hash FROM audit_head`).Scan(&h.seq, &hash)
	copy(h.hash[:], hash)
	return h, damagedIfNone(err)
}

// scan decodes the records from one number to another, a page at a time so that no
// transaction lasts.
func (l *Postgres) scan(ctx context.Context, first, last int64, fn func(record) error) error {
	for {
		page, err := l.page(ctx, first, last)
		if err != nil || len(page) == 0 {
			return postgres.Error("read audit", err)
		}
		for _, r := range page {
			if err := fn(r); err != nil {
				return err
			}
		}
		first = page[len(page)-1].link.Entry.Seq + 1
	}
}

func (l *Postgres) page(ctx context.Context, first, last int64) (page []record, err error) {
	rows, err := l.db.QueryContext(ctx, `SELECT seq, hash, link FROM audit_entries WHERE seq BETWEEN $1 AND $2 ORDER BY seq LIMIT `+
		strconv.Itoa(maxGroup), first, last)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var seq int64
		var hash, canonical []byte
		if err := rows.Scan(&seq, &hash, &canonical); err != nil {
			return nil, err
		}
		var d relais.Digest // stays zero, which is no entry's, where a hash is of another length
		if len(hash) == len(d) {
			d = relais.Digest(hash)
		}
		r, err := decode(canonical, d)
		if err != nil {
			return nil, relais.Errorf(relais.KindOf(err), "read audit", "entry %d: %w", seq, err)
		}
		if r.link.Entry.Seq != seq {
			return nil, relais.Errorf(relais.KindDamaged, "read audit", "entry %d stands in the place of entry %d", r.link.Entry.Seq, seq)
		}
		page = append(page, r)
	}
	return page, rows.Err()
}

// Close lets the connections go once the entries under way are durable.
func (l *Postgres) Close() error {
	return l.queue.Alone(func() error {
		if l.closed.Swap(true) {
			return nil
		}
		return unavailable("close audit", l.db.Close())
	})
}
