package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// indexFormat is the format number of the file: of its tables and blocks.
const indexFormat = 3

// schema makes the tables. Postings are contentless: the text itself is not kept. With
// contentless_delete a document is deleted by its row number alone, for the price that its
// terms stay in the file until a merge: Purge sees to that. The alternative, the delete
// command with the old terms, would mean keeping every document's terms a second time.
//
// Tokenizer ascii takes terms as they are: all that is not ASCII, letters, digits
// and our mark make tokens, white space parts them, nothing else occurs in terms.
//
// Occurrences and frequencies are views of the postings, which take no room: each place
// where a term stands, and in how many a term stands, by column.
const schema = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE journal (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE VIRTUAL TABLE postings USING fts5(%s, content='', contentless_delete=1, tokenize="ascii tokenchars '` + search.Mark + `'");
CREATE VIRTUAL TABLE occurrences USING fts5vocab(postings, instance);
CREATE VIRTUAL TABLE frequencies USING fts5vocab(postings, col);
INSERT INTO postings(postings, rank) VALUES ('hashsize', 67108864), ('automerge', 8);
INSERT INTO meta VALUES ('format', %d), ('analysis', %d), ('commit', 0), ('purge', 0);`

// prepare makes the schema in an empty file, and refuses one that is not ours to
// read. A file that has its schema is not locked: others may be writing to it.
func prepare(ctx context.Context, read, write *sql.DB) error {
	tx, err := read.BeginTx(ctx, nil)
	if err != nil {
		return failed("open index", err)
	}
	defer rollback(tx)
	if empty, err := isEmpty(ctx, tx); err != nil || !empty {
		return errors.Join(err, compatible(ctx, tx))
	}
	rollback(tx)
	return create(ctx, write)
}

// isEmpty tells whether the file has no tables yet.
func isEmpty(ctx context.Context, tx *sql.Tx) (bool, error) {
	var tables int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables)
	return tables == 0, failed("open index", err)
}

// create makes the tables, unless another process was first.
func create(ctx context.Context, write *sql.DB) error {
	tx, err := write.BeginTx(ctx, nil)
	if err != nil {
		return failed("make index", err)
	}
	defer rollback(tx)
	if empty, err := isEmpty(ctx, tx); err != nil || !empty {
		return err
	}
	stmt := fmt.Sprintf(schema, strings.Join(columnNames(), ", "), indexFormat, analysis.Version)
	if _, err := tx.ExecContext(ctx, stmt); err != nil {
		return failed("make index", err)
	}
	return failed("make index", tx.Commit())
}

// compatible refuses an index that this program would misread, or whose terms its
// queries would not have.
func compatible(ctx context.Context, tx *sql.Tx) error {
	format, err := meta(ctx, tx, "format")
	if err != nil {
		return err
	}
	version, err := meta(ctx, tx, "analysis")
	if err != nil {
		return err
	}
	if format != indexFormat || version != analysis.Version {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "open index",
			"%w: format %d and analyzer %d, not %d and %d",
			search.ErrFormat, format, version, indexFormat, analysis.Version), reindexHint)
	}
	return nil
}

const reindexHint = "make it again: relais reindex"

// meta reads one number of what the file says of itself.
func meta(ctx context.Context, tx *sql.Tx, key string) (int64, error) {
	var v int64
	err := tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = ?`, key).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, relais.WithHint(relais.Errorf(relais.KindInvalid, "open index", "the file says nothing of its %s", key), reindexHint)
	}
	return v, failed("read index", err)
}

// setMeta changes one, in the transaction that makes it true.
func setMeta(ctx context.Context, tx *sql.Tx, key string, v int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE meta SET value = ? WHERE key = ?`, v, key)
	return failed("write index", err)
}

// commitNumber gives the commit that a transaction sees.
func commitNumber(ctx context.Context, tx *sql.Tx) (int64, error) { return meta(ctx, tx, "commit") }
