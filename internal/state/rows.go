package state

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// session is a database or a transaction, and the dialect it speaks: text goes in
// encoded.
type session struct {
	querier
	dialect dialect
}

// lock takes one more lock of a transaction, after those whose names come before its.
func (s session) lock(ctx context.Context, name string) error {
	tx, ok := s.querier.(*sql.Tx)
	if !ok {
		return relais.Errorf(relais.KindInternal, "lock "+name, "there is no transaction to hold it")
	}
	return s.dialect.lock(ctx, tx, name, "")
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// QueryContext runs a query.
func (s session) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.querier.QueryContext(ctx, query, s.encoded(args)...)
}

// QueryRowContext runs a query of one row, which is not decoded.
func (s session) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return s.querier.QueryRowContext(ctx, query, s.encoded(args)...)
}

// ExecContext runs a statement.
func (s session) ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error) {
	return s.querier.ExecContext(ctx, statement, s.encoded(args)...)
}

func (s session) encoded(args []any) []any {
	out := slices.Clone(args) // the caller's may be used again
	for i, a := range out {
		switch v := a.(type) {
		case string:
			out[i] = s.dialect.encode(v)
		case []string:
			for n := range v { // made for this one call
				v[n] = s.dialect.encode(v[n])
			}
		}
	}
	return out
}

// row is what a query has found.
type row interface{ Scan(dest ...any) error }

// decoded is a row whose text is decoded; text that is scanned into a type of its
// own is an id or a word, and needs no decoding.
type decoded struct {
	row
	dialect language
}

// Scan reads the columns.
func (d decoded) Scan(dest ...any) error {
	if err := d.row.Scan(dest...); err != nil {
		return err
	}
	for _, to := range dest {
		switch v := to.(type) {
		case *string:
			*v = d.dialect.decode(*v)
		case *any:
			if s, ok := (*v).(string); ok {
				*v = d.dialect.decode(s)
			}
		}
	}
	return nil
}

// garbled marks a column's content that this program cannot have written as damage:
// waiting does not mend it, and no input is to blame.
func garbled(err error) error {
	if err == nil {
		return nil
	}
	return relais.E(relais.KindDamaged, "read state", err)
}

// each calls scan for every row of a query. A transaction can do nothing else
// meanwhile.
func each(ctx context.Context, s session, query string, args []any, scan func(row) error) (err error) {
	rows, err := s.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	r := decoded{rows, s.dialect}
	for rows.Next() {
		if err := scan(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// eachIn runs a query for keys, as many at a time as the engine takes; the query's "IN
// (?)" becomes the list of them, whose arguments come after the fixed ones.
func eachIn[K ~string](ctx context.Context, s session, query string, fixed []any, keys []K, scan func(row) error) error {
	for len(keys) > 0 {
		n := min(len(keys), s.dialect.maxCells())
		list := make([]string, n)
		for i, k := range keys[:n] {
			list[i] = string(k)
		}
		clause, args := s.dialect.keys(len(fixed), list)
		args = append(append(make([]any, 0, len(fixed)+len(args)), fixed...), args...)
		if err := each(ctx, s, strings.Replace(query, "IN (?)", clause, 1), args, scan); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// execIn runs a statement without rows as eachIn runs a query.
func execIn[K ~string](ctx context.Context, s session, statement string, fixed []any, keys []K) error {
	return eachIn(ctx, s, statement, fixed, keys, func(row) error { return nil })
}

// insertRows inserts rows: head is "INSERT INTO t (columns)", tail an ON CONFLICT
// clause or empty. No two rows may have one key where the tail updates.
func insertRows(ctx context.Context, s session, head, tail string, rows [][]any) error {
	return withRows(s, rows, func(query string, args []any) error {
		_, err := s.ExecContext(ctx, head+" "+query+" "+tail, args...)
		return err
	})
}

// sortRows puts rows in the order of their first column, a text: transactions that
// write the same rows under no common lock then never wait for each other in a ring.
func sortRows(rows [][]any) {
	slices.SortFunc(rows, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
}

// updateRows runs a statement whose "(?)" stands for a table of rows: its columns
// are named column1, column2 and so on by both engines.
func updateRows(ctx context.Context, s session, statement string, rows [][]any) error {
	return withRows(s, rows, func(query string, args []any) error {
		_, err := s.ExecContext(ctx, strings.Replace(statement, "(?)", "("+query+")", 1), args...)
		return err
	})
}

// withRows calls run with queries that give the rows, many at a time.
func withRows(s session, rows [][]any, run func(query string, args []any) error) error {
	for len(rows) > 0 {
		n := min(len(rows), max(1, s.dialect.maxCells()/len(rows[0])))
		if err := run(s.dialect.rows(rows[:n])); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
