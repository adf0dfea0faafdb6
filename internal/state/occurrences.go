package state

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// The outcomes of an occurrence, as kept; what was read is stored, duplicate,
// quarantined or doubtful by its document.
const (
	outcomePending = "pending"
	outcomeRead    = "read"
)

// Reading is what became of one captured item.
type Reading struct {
	Item       relais.Item
	Document   relais.DocumentID // "" when refused
	Generation int64
	Refusal    *relais.Refusal // nil when read
}

// ReadAt gives the generation at which occurrences were last read or refused, for
// those that were, by key.
func (db *DB) ReadAt(ctx context.Context, c relais.CaseID, keys []string) (map[string]int64, error) {
	found := make(map[string]int64, len(keys))
	err := eachIn(ctx, db.read, `SELECT okey, generation FROM occurrences WHERE case_id = $1 AND outcome <> 'pending' AND okey IN (?)`,
		[]any{string(c)}, keys, func(r row) error {
			var k string
			var g int64
			err := r.Scan(&k, &g)
			found[k] = g
			return err
		})
	return found, unavailable("find occurrences", err)
}

// Unrecorded gives those of some occurrences, by key, of which nothing is remembered.
func (db *DB) Unrecorded(ctx context.Context, c relais.CaseID, keys []string) (missing []string, err error) {
	known := make(map[string]bool, len(keys))
	err = eachIn(ctx, db.read, `SELECT okey FROM occurrences WHERE case_id = $1 AND okey IN (?)`, []any{string(c)}, keys, func(r row) error {
		var k string
		err := r.Scan(&k)
		known[k] = true
		return err
	})
	for _, k := range keys {
		if !known[k] {
			missing = append(missing, k)
		}
	}
	return missing, unavailable("find occurrences", err)
}

// ReadAs gives the document that each of some occurrences, by key, was last read as,
// for those that were.
func (m *Merging) ReadAs(ctx context.Context, keys []string) (map[string]relais.DocumentID, error) {
	found := map[string]relais.DocumentID{}
	err := eachIn(ctx, m.tx, `SELECT okey, document FROM occurrences WHERE case_id = $1 AND outcome = 'read' AND okey IN (?)`,
		[]any{string(m.c)}, keys, func(r row) error {
			var k string
			var d relais.DocumentID
			err := r.Scan(&k, &d)
			found[k] = d
			return err
		})
	return found, err
}

// PutReadings records what became of items. An occurrence that ingest had no time
// to record, because it stopped after its append, is recorded here.
func (m *Merging) PutReadings(ctx context.Context, list []Reading) error {
	var rows [][]any
	seen := map[string]bool{}
	for _, r := range list {
		if key := r.Item.Occurrence.Key(); !seen[key] {
			seen[key] = true
			rows = append(rows, readingRow(m.c, key, r))
		}
	}
	slices.SortFunc(rows, byKey)
	err := insertRows(ctx, m.tx, `INSERT INTO occurrences (`+occurrenceColumns+`) `,
		`ON CONFLICT (case_id, okey) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason,
			document = excluded.document, generation = excluded.generation, flags = excluded.flags
			WHERE occurrences.generation <= excluded.generation`, rows)
	if err != nil {
		return err
	}
	return m.putRefusals(ctx, list)
}

const occurrenceColumns = `case_id, okey, owner, source, folder, position, sha256, flags, outcome, reason, document, generation`

func readingRow(c relais.CaseID, key string, r Reading) []any {
	o, outcome, reason := r.Item.Occurrence, outcomeRead, ""
	if r.Refusal != nil {
		outcome, reason = string(relais.StatusRefused), r.Refusal.Code
	}
	return []any{string(c), key, o.Owner, o.Source, o.Folder, o.Position, o.SHA256.String(),
		strings.Join(o.Flags, " "), outcome, reason, string(r.Document), r.Generation}
}

// putRefusals keeps the refusals among readings and drops those of items that have since
// been read.
func (m *Merging) putRefusals(ctx context.Context, list []Reading) error {
	var read []string
	for _, r := range list {
		if r.Refusal == nil {
			read = append(read, r.Item.Occurrence.Key())
		}
	}
	if err := execIn(ctx, m.tx, `DELETE FROM refusals WHERE case_id = $1 AND stage = 'enrich' AND id IN (?)`,
		[]any{string(m.c)}, read); err != nil {
		return err
	}
	for _, r := range list {
		if r.Refusal == nil {
			continue
		}
		if err := putRefusal(ctx, m.tx, *r.Refusal); err != nil {
			return err
		}
	}
	return nil
}

func putRefusal(ctx context.Context, q session, r relais.Refusal) error {
	_, err := q.ExecContext(ctx, `INSERT INTO refusals (id, case_id, source, folder, position, stage, code, detail, attempts, sha256, at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)
		ON CONFLICT (case_id, id, stage) DO UPDATE SET code = excluded.code, detail = excluded.detail,
			attempts = refusals.attempts + 1, at = excluded.at`,
		r.ID, string(r.Case), r.Source, r.Folder, r.Position, r.Stage, r.Code, r.Detail, r.Attempts, r.SHA256.String(), formatTime(r.At))
	return err
}

// Refusals lists what was refused, of one case or (with an empty id) of all, by
// case and id: those that the balance counts.
func (db *DB) Refusals(ctx context.Context, c relais.CaseID) ([]relais.Refusal, error) {
	var list []relais.Refusal
	err := each(ctx, db.read, `SELECT id, case_id, source, folder, position, stage, code, detail, attempts, sha256, at
		FROM refusals r WHERE ($1 = '' OR case_id = $1) AND NOT EXISTS (SELECT 1 FROM occurrences o
			WHERE o.case_id = r.case_id AND o.okey = r.id AND `+capturedElsewhen+`)
		ORDER BY case_id, id, stage`, []any{string(c)}, func(r row) error {
		var f relais.Refusal
		var sha, at string
		if err := r.Scan(&f.ID, &f.Case, &f.Source, &f.Folder, &f.Position, &f.Stage, &f.Code, &f.Detail, &f.Attempts, &sha, &at); err != nil {
			return err
		}
		f.At = parseTime(at)
		list = append(list, f)
		return garbled(list[len(list)-1].SHA256.UnmarshalText([]byte(sha)))
	})
	return list, unavailable("list refusals", err)
}

// Occurrences gives where documents were seen, at most so many places of each: the
// smallest, in the order of relais.Occurrence.Compare.
func (db *DB) Occurrences(ctx context.Context, c relais.CaseID, docs []relais.DocumentID, most int) (map[relais.DocumentID][]relais.Occurrence, error) {
	found := make(map[relais.DocumentID][]relais.Occurrence, len(docs))
	err := eachIn(ctx, db.write, occurrencesQuery+strconv.Itoa(most)+` ORDER BY document, place`, []any{string(c)}, docs, func(r row) error {
		id, o, err := scanOccurrence(r)
		found[id] = append(found[id], o)
		return err
	})
	return found, unavailable("list occurrences", err)
}

// occurrencesQuery leaves all other occurrences in the database: without that, each batch
// of a document that was seen everywhere would carry all those before it. Text is ordered
// by bytes and a digest's digits as the digest is, so that the order is that of
// relais.Occurrence.Compare.
const occurrencesQuery = `
SELECT document, owner, source, folder, position, sha256, flags
FROM (SELECT document, owner, source, folder, position, sha256, flags,
             ROW_NUMBER() OVER (PARTITION BY document ORDER BY owner, source, folder, position, sha256) AS place
      FROM occurrences WHERE case_id = $1 AND outcome = 'read' AND document IN (?)) o
WHERE place <= `

func scanOccurrence(r row) (id relais.DocumentID, o relais.Occurrence, err error) {
	var sha, flags string
	if err := r.Scan(&id, &o.Owner, &o.Source, &o.Folder, &o.Position, &sha, &flags); err != nil {
		return id, o, err
	}
	if flags != "" {
		o.Flags = strings.Fields(flags)
	}
	return id, o, garbled(o.SHA256.UnmarshalText([]byte(sha)))
}

// Balance gives the account of a case, by source and folder. A document's smallest
// occurrence is the stored one, all others are duplicates; every occurrence of a
// withheld document is quarantined or doubtful, as it is.
func (db *DB) Balance(ctx context.Context, c relais.Case) (relais.Balance, error) {
	b := relais.Balance{Case: c.Name, Sources: []relais.SourceBalance{}, Reasons: []relais.ReasonCount{}}
	folders := map[[2]string]*relais.SourceBalance{}
	if err := db.announced(ctx, c.ID, folders); err != nil {
		return b, unavailable("balance", err)
	}
	reasons := map[string]int64{}
	err := each(ctx, db.read, balanceQuery, []any{string(c.ID)}, func(r row) error {
		var source, folder, status, reason string
		var n int64
		if err := r.Scan(&source, &folder, &status, &reason, &n); err != nil {
			return err
		}
		b.Counts.Add(relais.Status(status), n)
		folderOf(folders, source, folder).Counts.Add(relais.Status(status), n)
		if reason != "" {
			reasons[reason] += n
		}
		return nil
	})
	if err != nil {
		return b, unavailable("balance", err)
	}
	if err := db.unread(ctx, c.ID, &b, folders, reasons); err != nil {
		return b, unavailable("balance", err)
	}
	if err := db.addUnread(ctx, c.ID, &b, folders); err != nil {
		return b, unavailable("balance", err)
	}
	settle(&b, folders, reasons)
	b.Warnings, err = db.warnings(ctx, c.ID)
	return b, unavailable("balance", err)
}

// unread counts the folders that were refused whole.
func (db *DB) unread(ctx context.Context, c relais.CaseID, b *relais.Balance, folders map[[2]string]*relais.SourceBalance, reasons map[string]int64) error {
	return each(ctx, db.read, `SELECT source, folder, code FROM refusals WHERE case_id = $1 AND stage = 'ingest' AND position = ''`,
		[]any{string(c)}, func(r row) error {
			var source, folder, code string
			if err := r.Scan(&source, &folder, &code); err != nil {
				return err
			}
			b.FoldersUnread++
			folderOf(folders, source, folder).Unread = true
			reasons[code]++
			return nil
		})
}

const balanceQuery = `
SELECT o.source, o.folder,
       CASE WHEN o.outcome <> 'read' THEN o.outcome
            WHEN COALESCE(d.status, '') <> '' THEN d.status
            WHEN o.place = 1 THEN 'stored' ELSE 'duplicate' END,
       CASE WHEN o.outcome <> 'read' THEN o.reason ELSE COALESCE(d.reason, '') END,
       COUNT(*)
FROM (SELECT case_id, source, folder, outcome, reason, document,
             ROW_NUMBER() OVER (PARTITION BY document ORDER BY owner, source, folder, position, sha256) AS place
      FROM occurrences o WHERE case_id = $1 AND outcome <> 'superseded' AND NOT (` + capturedElsewhen + `)) o
LEFT JOIN documents d ON d.case_id = o.case_id AND d.id = o.document AND o.outcome = 'read'
GROUP BY 1, 2, 3, 4`

// capturedElsewhen holds for an occurrence o that was left out or refused in one run, when
// another run has captured what stands in its place: the two are one item. It is asked
// here rather than when they are recorded, since a merge may record what ingest captured
// but, being stopped, could not record.
const capturedElsewhen = `o.sha256 = '` + noBytes + `' AND EXISTS (SELECT 1 FROM occurrences c
	WHERE c.case_id = o.case_id AND c.owner = o.owner AND c.source = o.source AND c.folder = o.folder
		AND c.position = o.position AND c.sha256 <> o.sha256 AND c.outcome <> 'superseded')`

// noBytes is the digest of an occurrence whose bytes were not captured, as text.
const noBytes = "0000000000000000000000000000000000000000000000000000000000000000"

func (db *DB) announced(ctx context.Context, c relais.CaseID, folders map[[2]string]*relais.SourceBalance) error {
	return each(ctx, db.read, `SELECT source, folder, announced FROM folders WHERE case_id = $1`, []any{string(c)}, func(r row) error {
		var source, folder string
		var n sql.NullInt64
		if err := r.Scan(&source, &folder, &n); err != nil {
			return err
		}
		f := folderOf(folders, source, folder)
		if n.Valid {
			total := n.Int64
			if f.Announced != nil {
				total += *f.Announced // two owners' mailboxes under one label
			}
			f.Announced = &total
		}
		return nil
	})
}
