package state

import (
	"context"
	"database/sql"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// copyPage is how many rows are compared in one transaction.
const copyPage = 500

// table is one of the schema's: columns, the first of which are its key. Where the key may
// hold any text, which the two engines sort differently, the table is small and is
// compared in one piece.
type table struct {
	name    string
	columns string
	key     int
	whole   bool
	own     []string // keys of rows that stay as they are
}

// tables lists what Copy copies: all but the version of the schema and leftTables,
// cases last, so that a copy that was stopped is no archive yet.
func tables() []table {
	return []table{
		{"meta", "name text, value text", 1, true, nil},
		{"owners", "case_id text, address text, aliases text", 2, true, nil},
		{"clients", "id text, body text", 1, true, nil},
		{"contacts", "client_id text, rank bigint, body text", 2, true, nil},
		{"discovered", "case_id text, domain text", 2, true, nil},
		{"folders", "case_id text, owner text, source text, folder text, cursor text, announced bigint", 4, true, nil},
		{"tokens", "hash text, body text", 1, true, nil},
		{"blobs", "digest text, pack text, start bigint, length bigint, size bigint, codec bigint", 1, false, nil},
		{"occurrences", "case_id text, okey text, owner text, source text, folder text, position text, sha256 text, flags text, " +
			"outcome text, reason text, document text, generation bigint", 2, false, nil},
		{"refusals", "case_id text, id text, stage text, source text, folder text, position text, code text, detail text, " +
			"attempts bigint, sha256 text, at text", 3, false, nil},
		{"warned", "case_id text, okey text, code text, owner text, source text, folder text, position text, amount bigint", 3, false, nil},
		{"documents", "case_id text, id text, generation bigint, facts bytea, blob text, thread text, day bigint, personal text, " +
			"clients text, domains text, tags text, members text, revision bigint, dirty bigint, " +
			"topics text, sent bigint, doubts text, earlier text, status text, reason text, people text", 2, false, nil},
		{"correspondents", "case_id text, who text, document text", 3, false, nil},
		{"decisions", "id text, case_id text, seq bigint, kind text, about text, target text, document text, verdict text, " +
			"actor text, at text, reason text, undone_by text, undone_at text, undone_reason text, " +
			"value text, since bigint, until bigint, ranked bigint", 1, false, nil},
		{"decisions_pending", "case_id text, decision text", 2, true, nil},
		{"disclosures", "case_id text, document text, at text, actor text, reason text", 4, true, nil},
		{"thread_keys", "case_id text, tkey text, thread text", 2, false, nil},
		{"subjects", "case_id text, subject text, document text, day bigint, orphan bigint, people text", 3, false, nil},
		{"envelopes", "id text, case_id text, root text, blob text, thread text, revision bigint, sealed bytea, " +
			"state text, unread text", 1, false, nil},
		{"extractions", "digest text, version text, body text", 2, false, nil},
		{"cases", "id text, name text, name_key text, purpose text, informed_on text, retain_until text, created text, " +
			"changed bigint, settled bigint", 1, true, nil},
	}
}

// leftTables lists what Copy leaves: their rows name places in one log, and the other log
// has other records there. The target's own stages fill them.
func leftTables() []string { return []string{"refused_records", "underway"} }

// Copy makes one state remember what another does, table by table and in the order of keys: only what
// differs is written, so that a copy that was stopped resumes where it was, and a complete one writes
// nothing. Nobody may write to either meanwhile. The settings named by own are not copied. progress is
// told after each page how many rows of a table were compared. A state that holds a case the first does
// not know is another archive's: relais.KindConflict, and nothing is written.
func Copy(ctx context.Context, from, to *DB, own []string, progress func(table string, rows int64)) error {
	const op = "copy state"
	if err := checkTarget(ctx, from, to); err != nil {
		return err
	}
	for _, t := range tables() {
		if t.name == "meta" {
			t.own = own
		}
		if err := t.copy(ctx, from, to, progress); err != nil {
			return unavailable(op, err)
		}
	}
	to.places.clear()
	return nil
}

func checkTarget(ctx context.Context, from, to *DB) error {
	have, err := from.Cases(ctx)
	if err != nil {
		return err
	}
	known := map[relais.CaseID]bool{}
	for _, c := range have {
		known[c.ID] = true
	}
	there, err := to.Cases(ctx)
	if err != nil {
		return err
	}
	for _, c := range there {
		if !known[c.ID] {
			return relais.WithHint(relais.Errorf(relais.KindConflict, "copy state", "it holds another archive"), "name another --namespace")
		}
	}
	return nil
}

func (t table) copy(ctx context.Context, from, to *DB, progress func(string, int64)) error {
	var after []any
	for seen := int64(0); ; {
		page, err := t.page(ctx, from.read, after, nil)
		if err != nil {
			return err
		}
		var until []any // to the end, after the last page
		if !t.whole && len(page) == copyPage {
			until = page[len(page)-1][:t.key]
		}
		if err := to.update(ctx, "copy state", func(tx session) error { return t.become(ctx, tx, after, until, page) }); err != nil {
			return err
		}
		seen += int64(len(page))
		progress(t.name, seen)
		if until == nil {
			return nil
		}
		after = until
	}
}

// page gives the rows whose keys come after one, up to another or, without one, a
// page of them (all, of a table that is compared at once).
func (t table) page(ctx context.Context, s session, after, until []any) (list [][]any, err error) {
	key, where, args := strings.Join(t.names()[:t.key], ", "), "", []any(nil)
	if after != nil {
		args = append(args, after...)
		where = ` WHERE (` + key + `) > ` + numbered(1, t.key)
	}
	if until != nil {
		args = append(args, until...)
		where += map[bool]string{true: ` WHERE `, false: ` AND `}[after == nil] + `(` + key + `) <= ` + numbered(len(args)-t.key+1, t.key)
	}
	query := `SELECT ` + strings.Join(t.names(), ", ") + ` FROM ` + t.name + where + ` ORDER BY ` + key
	if until == nil && !t.whole {
		query += ` LIMIT ` + strconv.Itoa(copyPage)
	}
	err = each(ctx, s, query, args, func(r row) error {
		values, dest := t.holders()
		if err := r.Scan(dest...); err != nil {
			return err
		}
		if v := values(); !slices.ContainsFunc(t.own, func(key string) bool { return v[0] == key }) {
			list = append(list, v)
		}
		return nil
	})
	return list, err
}

func (t table) names() []string {
	list := strings.Split(t.columns, ", ")
	for i := range list {
		list[i], _, _ = strings.Cut(list[i], " ")
	}
	return list
}

// holders gives where to scan a row's columns, and what they hold then: of types
// that can be written again.
func (t table) holders() (values func() []any, dest []any) {
	for c := range strings.SplitSeq(t.columns, ", ") {
		switch _, kind, _ := strings.Cut(c, " "); kind {
		case "text":
			dest = append(dest, new(string))
		case "bytea":
			dest = append(dest, new([]byte))
		default:
			dest = append(dest, new(sql.NullInt64))
		}
	}
	return func() []any {
		row := make([]any, len(dest))
		for i, d := range dest {
			row[i] = reflect.ValueOf(d).Elem().Interface()
		}
		return row
	}, dest
}

// numbered gives "($first,…)", n of them.
func numbered(first, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "$" + strconv.Itoa(first+i)
	}
	return "(" + strings.Join(list, ",") + ")"
}

// become makes the rows between two keys those of a page.
func (t table) become(ctx context.Context, tx session, after, until []any, page [][]any) error {
	have, err := t.page(ctx, tx, after, until)
	if err != nil {
		return err
	}
	stale, missing := t.differ(have, page)
	for _, r := range stale {
		if err := t.drop(ctx, tx, r); err != nil {
			return err
		}
	}
	return insertRows(ctx, tx, `INSERT INTO `+t.name+` (`+strings.Join(t.names(), ", ")+`)`, "", missing)
}

// drop deletes a row by its key.
func (t table) drop(ctx context.Context, tx session, r []any) error {
	key := strings.Join(t.names()[:t.key], ", ")
	_, err := tx.ExecContext(ctx, `DELETE FROM `+t.name+` WHERE (`+key+`) = `+numbered(1, t.key), r[:t.key]...)
	return err
}

// differ tells which rows to delete and which to insert so that have becomes want.
func (t table) differ(have, want [][]any) (stale, missing [][]any) {
	id := func(r []any) (key [4]any) {
		copy(key[:], r[:t.key])
		return key
	}
	held := make(map[[4]any][]any, len(have))
	for _, r := range have {
		held[id(r)] = r
	}
	for _, r := range want {
		old, ok := held[id(r)]
		delete(held, id(r))
		if ok && reflect.DeepEqual(old, r) {
			continue
		}
		if ok {
			stale = append(stale, old)
		}
		missing = append(missing, r)
	}
	for _, r := range held {
		stale = append(stale, r)
	}
	return stale, missing
}
