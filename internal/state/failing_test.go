package state

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"sync/atomic"
)

// ErrFailed is what a failing database says.
var ErrFailed = errors.New("this step was to fail")

// Fault fails one step of what is done to a database: a transaction's begin or commit, a
// statement, the first row of a query.
type Fault struct{ left atomic.Int64 }

// Fail lets so many steps succeed before one fails; those after it succeed again.
func (f *Fault) Fail(after int) { f.left.Store(int64(after) + 1) }

// Heal lets all succeed, and tells whether a step had failed.
func (f *Fault) Heal() bool { return f.left.Swap(0) < 0 }

func (f *Fault) step() error {
	if n := f.left.Load(); n <= 0 || f.left.Add(-1) > 0 {
		return nil
	}
	f.left.Store(-1)
	return ErrFailed
}

// OpenFailing opens the file of an embedded state once more, so that its steps may fail.
func OpenFailing(file string) (*DB, *Fault, error) {
	plain, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, nil, err
	}
	f := &Fault{}
	options := url.Values{"_pragma": {"busy_timeout(10000)", "synchronous(OFF)"}, "_txlock": {"immediate"}}
	pool := sql.OpenDB(failing{plain.Driver(), "file:" + url.PathEscape(file) + "?" + options.Encode(), f})
	pool.SetMaxOpenConns(1)
	db := newDB(pool, pool, &embedded{claims: map[string]chan struct{}{}})
	db.places.recent.Most = maxPlaces
	return db, f, plain.Close()
}

type failing struct {
	driver driver.Driver
	name   string
	fault  *Fault
}

func (f failing) Driver() driver.Driver { return f.driver }

func (f failing) Connect(context.Context) (driver.Conn, error) {
	c, err := f.driver.Open(f.name)
	return failingConn{c, f.fault}, err
}

type failingConn struct {
	driver.Conn
	fault *Fault
}

func (c failingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := c.fault.step(); err != nil {
		return nil, err
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	return failingTx{tx, c.fault}, err
}

func (c failingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.fault.step(); err != nil {
		return nil, err
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c failingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.fault.step(); err != nil {
		return nil, err
	}
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	return &failingRows{Rows: rows, fault: c.fault}, err
}

type failingTx struct {
	driver.Tx
	fault *Fault
}

func (t failingTx) Commit() error {
	if err := t.fault.step(); err != nil {
		return errors.Join(err, t.Rollback())
	}
	return t.Tx.Commit()
}

type failingRows struct {
	driver.Rows
	fault *Fault
	begun bool
}

func (r *failingRows) Next(dest []driver.Value) error {
	if !r.begun {
		r.begun = true
		if err := r.fault.step(); err != nil {
			return err
		}
	}
	return r.Rows.Next(dest)
}
