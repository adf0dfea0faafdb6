package state

import (
	"context"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// Threads gives the thread of each key that is known. A key is a digest of a
// Message-ID or of a document's id; a thread is named by the smallest key of all
// that hang together, so that its name does not depend on the order of arrival.
func (m *Merging) Threads(ctx context.Context, keys []string) (map[string]string, error) {
	found := make(map[string]string, len(keys))
	err := eachIn(ctx, m.tx, `SELECT tkey, thread FROM thread_keys WHERE case_id = $1 AND tkey IN (?)`,
		[]any{string(m.c)}, keys, func(r row) error {
			var k, t string
			err := r.Scan(&k, &t)
			found[k] = t
			return err
		})
	return found, err
}

// PutThreads records the thread of keys.
func (m *Merging) PutThreads(ctx context.Context, threads map[string]string) error {
	rows := make([][]any, 0, len(threads))
	for k, t := range threads {
		rows = append(rows, []any{string(m.c), k, t})
	}
	return insertRows(ctx, m.tx, `INSERT INTO thread_keys (case_id, tkey, thread) `,
		`ON CONFLICT (case_id, tkey) DO UPDATE SET thread = excluded.thread`, rows)
}

// MoveThread makes one thread of two: keys of the old one, and documents, move.
// The documents' revision rises.
func (m *Merging) MoveThread(ctx context.Context, from, to string) error {
	if _, err := m.tx.ExecContext(ctx, `UPDATE thread_keys SET thread = $1 WHERE case_id = $2 AND thread = $3`, to, string(m.c), from); err != nil {
		return err
	}
	_, err := m.tx.ExecContext(ctx, `UPDATE documents SET thread = $1, revision = revision + 1, dirty = 1
		WHERE case_id = $2 AND thread = $3`, to, string(m.c), from)
	return err
}

// Subjects gives every message recorded under some subjects.
func (m *Merging) Subjects(ctx context.Context, subjects []string) (map[string][]Subject, error) {
	found := map[string][]Subject{}
	err := eachIn(ctx, m.tx, `SELECT subject, document, day, orphan, people FROM subjects WHERE case_id = $1 AND subject IN (?)`,
		[]any{string(m.c)}, subjects, func(r row) error {
			var s Subject
			var orphan int
			var people string
			if err := r.Scan(&s.Subject, &s.Document, &s.Day, &orphan, &people); err != nil {
				return err
			}
			s.Orphan, s.People = orphan == 1, strings.Fields(people)
			found[s.Subject] = append(found[s.Subject], s)
			return nil
		})
	return found, err
}

// PutSubjects records messages under their subject, in the place of what was recorded.
func (m *Merging) PutSubjects(ctx context.Context, subjects []Subject) error {
	rows := make([][]any, 0, len(subjects))
	for _, s := range subjects {
		rows = append(rows, []any{string(m.c), s.Subject, string(s.Document), s.Day, flag(s.Orphan), strings.Join(s.People, " ")})
	}
	return insertRows(ctx, m.tx, `INSERT INTO subjects (case_id, subject, document, day, orphan, people) `,
		`ON CONFLICT (case_id, subject, document) DO UPDATE SET day = excluded.day, orphan = excluded.orphan, people = excluded.people`, rows)
}

// Discovered gives the domains that the case takes for clients.
func (m *Merging) Discovered(ctx context.Context) (map[string]bool, error) {
	return discovered(ctx, m.tx, m.c)
}

// Discovered gives the domains that a case takes for clients.
func (db *DB) Discovered(ctx context.Context, c relais.CaseID) (map[string]bool, error) {
	found, err := discovered(ctx, db.read, c)
	return found, unavailable("list discovered clients", err)
}

func discovered(ctx context.Context, q session, c relais.CaseID) (map[string]bool, error) {
	found := map[string]bool{}
	err := each(ctx, q, `SELECT domain FROM discovered WHERE case_id = $1`, []any{string(c)}, func(r row) error {
		var d string
		err := r.Scan(&d)
		found[d] = true
		return err
	})
	return found, err
}

// PutDiscovered replaces the domains that the case takes for clients.
func (m *Merging) PutDiscovered(ctx context.Context, domains []string) error {
	if _, err := m.tx.ExecContext(ctx, `DELETE FROM discovered WHERE case_id = $1`, string(m.c)); err != nil {
		return err
	}
	rows := make([][]any, 0, len(domains))
	for _, d := range domains {
		rows = append(rows, []any{string(m.c), d})
	}
	return insertRows(ctx, m.tx, `INSERT INTO discovered (case_id, domain) `, ``, rows)
}

// Unsettled tells the cases that changed since they were last settled, with the
// count of changes seen.
func (db *DB) Unsettled(ctx context.Context) (map[relais.CaseID]int64, error) {
	found := map[relais.CaseID]int64{}
	err := each(ctx, db.read, `SELECT id, changed FROM cases WHERE settled < changed`, nil, func(r row) error {
		var c relais.CaseID
		var n int64
		err := r.Scan(&c, &n)
		found[c] = n
		return err
	})
	return found, unavailable("list unsettled cases", err)
}

// Settled records that a case was settled when it had seen so many changes.
func (db *DB) Settled(ctx context.Context, c relais.CaseID, changes int64) error {
	_, err := db.write.ExecContext(ctx, `UPDATE cases SET settled = $1 WHERE id = $2 AND settled < $1`, changes, string(c))
	return unavailable("settle", err)
}
