package state

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// Document is what is remembered of a message or file between two readings: enough
// to make its envelope, and its attachments', again.
type Document struct {
	ID         relais.DocumentID
	Generation int64         // of the reading that gave the rest
	Facts      []byte        // sealed under Blob; the reader's own; absent when marked personal
	Blob       relais.Digest // of the occurrence that gives the displayed fields
	Thread     string
	Day        int64               // date in days since 1970, for decay; 0 when undated
	Personal   string              // the rule by which an occurrence marks it personal for sure, or ""
	Doubts     []Doubt             // its doubtful marks, when it has no sure one
	Earlier    Marks               // of the generation before, until every occurrence was read anew
	Status     relais.Status       // StatusQuarantined or StatusDoubtful of one that is withheld, or ""
	Reason     string              // why it is withheld
	Clients    map[string]int      // direct confidence by client, before inheritance
	Topics     map[string]int      // direct confidence by topic, of those that a thread passes on
	Sent       int64               // date in seconds since 1970, for the order of a thread; 0 when undated
	Domains    map[string]Exchange // outside domains it was exchanged with
	Tags       string              // a digest of what was inherited, to see a change
	Members    []relais.DocumentID // itself and its attachments, as last appended
	Revision   int64               // of what was last decided
	Dirty      bool                // decided, not yet appended
	People     []string            // digests of those it was exchanged with, sorted
}

// Marks gives what keeps a document from being shown unless people decide otherwise.
func (d Document) Marks() Marks {
	return Marks{Personal: d.Personal, Doubts: d.Doubts}.Unite(d.Earlier)
}

// Exchange tells which way a document went, as seen from the owner.
type Exchange int

// The ways.
const (
	ExchangeReceived Exchange = 1
	ExchangeSent     Exchange = 2
)

// Subject is what links a message that names no other to its conversation.
type Subject struct {
	Document relais.DocumentID
	Subject  string   // a digest of the base subject and case
	Day      int64    // date in days since 1970
	Orphan   bool     // a reply or forward by its subject that names no other message
	People   []string // digests of the addresses of those who took part, but the owner
}

// Merging is one transaction that adds what some items were found to say. It keeps
// every other merging of the case out, so that what several workers learn of a
// thread is put in one order.
type Merging struct {
	tx session
	c  relais.CaseID
}

// Merge runs fn in one durable transaction; the case is then to be settled. What was read
// at an older generation than the current one is refused as relais.KindConflict: the
// caller that read it starts again. An error, of whatever kind, undoes all.
func (db *DB) Merge(ctx context.Context, c relais.CaseID, generation int64, fn func(*Merging) error) error {
	// While the second lock is shared the generation cannot rise.
	err := db.lockedBoth(ctx, "merge", lockCase+string(c), lockGeneration, func(tx session) error {
		if err := refuseOld(ctx, tx, generation); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE cases SET changed = changed + 1 WHERE id = $1`, string(c)); err != nil {
			return err
		}
		return fn(&Merging{tx: tx, c: c})
	})
	if err == nil {
		db.dialect.merged(ctx)
	}
	return err
}

// refuseOld refuses what was read at an older generation than the current one.
func refuseOld(ctx context.Context, tx session, generation int64) error {
	now, err := currentGeneration(ctx, tx)
	if err == nil && generation < now {
		err = relais.Errorf(relais.KindConflict, "merge", "read at generation %d, and now it is %d", generation, now)
	}
	return err
}

// Settle runs fn as Merge does, and leaves the case settled as it was.
func (db *DB) Settle(ctx context.Context, c relais.CaseID, fn func(*Merging) error) error {
	return db.locked(ctx, "settle", lockCase+string(c), func(tx session) error {
		return fn(&Merging{tx: tx, c: c})
	})
}

const documentColumns = `id, generation, facts, blob, thread, day, personal, clients, domains, tags, members, revision, dirty, topics, sent, doubts, earlier, status, reason, people`

// withoutFacts gives the columns for those who look at many documents.
func withoutFacts() string { return strings.Replace(documentColumns, "facts", "NULL", 1) }

// Documents gives those of the ids that are known.
func (m *Merging) Documents(ctx context.Context, ids []relais.DocumentID) (map[relais.DocumentID]Document, error) {
	return documentsIn(ctx, m.tx, m.c, documentColumns, "id", ids)
}

// DocumentRows gives documents as they stand, in the order of those given: their
// facts may have been left unread.
func (db *DB) DocumentRows(ctx context.Context, c relais.CaseID, rows []Document) ([]Document, error) {
	ids := make([]relais.DocumentID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	found, err := documentsIn(ctx, db.write, c, documentColumns, "id", ids)
	if err != nil {
		return nil, unavailable("open documents", err)
	}
	full := make([]Document, 0, len(rows))
	for _, id := range ids {
		if d, ok := found[id]; ok && d.Facts != nil {
			full = append(full, d)
		}
	}
	return full, nil
}

// InThreads gives every document of some threads, without facts.
func (m *Merging) InThreads(ctx context.Context, threads []string) (map[relais.DocumentID]Document, error) {
	return documentsIn(ctx, m.tx, m.c, withoutFacts(), "thread", threads)
}

// All calls fn for every document of the case, by id, without facts.
func (m *Merging) All(ctx context.Context, fn func(Document) error) error {
	query := `SELECT ` + withoutFacts() + ` FROM documents WHERE case_id = $1 ORDER BY id`
	return each(ctx, m.tx, query, []any{string(m.c)}, func(r row) error {
		d, err := scanDocument(r)
		if err != nil {
			return err
		}
		return fn(d)
	})
}

func documentsIn[K ~string](ctx context.Context, q session, c relais.CaseID, columns, by string, keys []K) (map[relais.DocumentID]Document, error) {
	found := make(map[relais.DocumentID]Document, len(keys))
	query := `SELECT ` + columns + ` FROM documents WHERE case_id = $1 AND ` + by + ` IN (?)`
	err := eachIn(ctx, q, query, []any{string(c)}, keys, func(r row) error {
		d, err := scanDocument(r)
		found[d.ID] = d
		return err
	})
	return found, err
}

func scanDocument(r row) (d Document, err error) {
	var blob, clients, domains, members, topics, doubts, earlier, people string
	var dirty int
	if err = r.Scan(&d.ID, &d.Generation, &d.Facts, &blob, &d.Thread, &d.Day, &d.Personal,
		&clients, &domains, &d.Tags, &members, &d.Revision, &dirty, &topics, &d.Sent, &doubts, &earlier, &d.Status, &d.Reason, &people); err != nil {
		return d, err
	}
	d.Dirty = dirty == 1
	if people != "" {
		d.People = strings.Fields(people)
	}
	if err = d.Blob.UnmarshalText([]byte(blob)); err != nil {
		return d, garbled(err)
	}
	if err = decodeMap(clients, &d.Clients); err != nil {
		return d, err
	}
	if err = decodeMap(domains, &d.Domains); err != nil {
		return d, err
	}
	if err = decodeMap(topics, &d.Topics); err != nil {
		return d, err
	}
	if err = decodeJSON(doubts, &d.Doubts); err != nil {
		return d, err
	}
	if err = decodeJSON(earlier, &d.Earlier); err != nil {
		return d, err
	}
	for _, m := range strings.Fields(members) {
		d.Members = append(d.Members, relais.DocumentID(m))
	}
	return d, nil
}

// decodeMap reads a JSON object; "" stands for an empty one, which most are.
func decodeMap[V ~int](s string, m *map[string]V) error {
	if s == "" {
		return nil
	}
	return garbled(json.Unmarshal([]byte(s), m))
}

func encodeMap[V ~int](m map[string]V) (string, error) {
	if len(m) == 0 {
		return "", nil
	}
	b, err := json.Marshal(m)
	return string(b), err
}

// PutDocuments writes documents whole.
func (m *Merging) PutDocuments(ctx context.Context, docs []Document) error {
	rows := make([][]any, 0, len(docs))
	for _, d := range docs {
		r, err := documentRow(m.c, d)
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	if err := m.putCorrespondents(ctx, docs); err != nil {
		return err
	}
	return insertRows(ctx, m.tx, `INSERT INTO documents (case_id, `+documentColumns+`) `,
		`ON CONFLICT (case_id, id) DO UPDATE SET generation = excluded.generation, facts = excluded.facts, blob = excluded.blob,
			thread = excluded.thread, day = excluded.day, personal = excluded.personal, clients = excluded.clients,
			domains = excluded.domains, tags = excluded.tags, members = excluded.members, revision = excluded.revision,
			dirty = excluded.dirty, topics = excluded.topics, sent = excluded.sent, doubts = excluded.doubts,
			earlier = excluded.earlier, status = excluded.status, reason = excluded.reason,
			people = excluded.people`, rows)
}

func documentRow(c relais.CaseID, d Document) ([]any, error) {
	clients, e1 := encodeMap(d.Clients)
	domains, e2 := encodeMap(d.Domains)
	topics, e3 := encodeMap(d.Topics)
	doubts, e4 := encodeDoubts(d.Doubts)
	earlier, e5 := encodeMarks(d.Earlier)
	return []any{string(c), string(d.ID), d.Generation, d.Facts, d.Blob.String(), d.Thread, d.Day, d.Personal, clients, domains,
		d.Tags, joinIDs(d.Members), d.Revision, flag(d.Dirty), topics, d.Sent,
		doubts, earlier, string(d.Status), d.Reason, strings.Join(d.People, " ")}, errors.Join(e1, e2, e3, e4, e5)
}

// Touch raises the revision of documents whose tags or thread changed through
// others, and marks them to be appended.
func (m *Merging) Touch(ctx context.Context, docs []Document) error {
	rows := make([][]any, len(docs))
	for i, d := range docs {
		rows[i] = []any{string(m.c), string(d.ID), d.Thread, d.Tags}
	}
	return updateRows(ctx, m.tx, `UPDATE documents SET thread = v.column3, tags = v.column4, revision = revision + 1, dirty = 1
		FROM (?) AS v WHERE case_id = v.column1 AND id = v.column2`, rows)
}

func joinIDs(ids []relais.DocumentID) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = string(id)
	}
	return strings.Join(list, " ")
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Dirty gives documents that were decided and not yet appended, by id, at most
// limit of them after the given id.
func (db *DB) Dirty(ctx context.Context, c relais.CaseID, after relais.DocumentID, limit int) ([]Document, error) {
	var list []Document
	err := each(ctx, db.write, `SELECT `+documentColumns+` FROM documents WHERE case_id = $1 AND dirty = 1 AND id > $2
		ORDER BY id LIMIT $3`, []any{string(c), string(after), limit}, func(r row) error {
		d, err := scanDocument(r)
		list = append(list, d)
		return err
	})
	return list, unavailable("list dirty documents", err)
}

// DirtyCases lists the cases that have dirty documents.
func (db *DB) DirtyCases(ctx context.Context) ([]relais.CaseID, error) {
	var list []relais.CaseID
	err := each(ctx, db.read, `SELECT DISTINCT case_id FROM documents WHERE dirty = 1 ORDER BY case_id`, nil, func(r row) error {
		var c relais.CaseID
		err := r.Scan(&c)
		list = append(list, c)
		return err
	})
	return list, unavailable("list dirty cases", err)
}
