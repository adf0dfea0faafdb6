package state

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/relais-archive/relais/internal/relais"
)

// Generation tells which round of reading documents are in: it rises when clients
// change or when everything is to be read again, and names the consumer group that
// reads stream "raw" from its start.
func (db *DB) Generation(ctx context.Context) (int64, error) {
	return currentGeneration(ctx, db.read)
}

// NextGeneration asks for everything to be read again.
func (db *DB) NextGeneration(ctx context.Context) (int64, error) {
	var g int64
	err := db.locked(ctx, "raise generation", lockGeneration, func(tx session) (err error) {
		g, err = raiseGeneration(ctx, tx)
		return err
	})
	return g, err
}

func currentGeneration(ctx context.Context, q session) (g int64, err error) {
	err = each(ctx, q, `SELECT value FROM meta WHERE name = 'generation'`, nil, func(r row) error {
		var v string
		if err := r.Scan(&v); err != nil {
			return err
		}
		g, err = strconv.ParseInt(v, 10, 64)
		return garbled(err)
	})
	return g, unavailable("read generation", err)
}

// raiseGeneration also forgets which messages belong together: what tied two of them may
// not be found again, and a tie cannot be removed from a thread.
func raiseGeneration(ctx context.Context, tx session) (int64, error) {
	g, err := currentGeneration(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, table := range []string{"thread_keys", "subjects"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table); err != nil {
			return 0, err
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ('generation', $1)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, strconv.FormatInt(g+1, 10))
	return g + 1, err
}

// Meta reads a named setting of the archive; an absent one is "".
func (db *DB) Meta(ctx context.Context, name string) (value string, err error) {
	err = each(ctx, db.read, `SELECT value FROM meta WHERE name = $1`, []any{name}, func(r row) error {
		return r.Scan(&value)
	})
	return value, unavailable("read setting", err)
}

// SetMeta keeps a named setting of the archive.
func (db *DB) SetMeta(ctx context.Context, name, value string) error {
	_, err := db.write.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return unavailable("keep setting", err)
}

// InitMeta sets a named setting that nobody has set before, and gives what it then is:
// of several processes that do so at once, all get the same.
func (db *DB) InitMeta(ctx context.Context, name, value string) (string, error) {
	if have, err := db.Meta(ctx, name); err != nil || have != "" {
		return have, err
	}
	_, err := db.write.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, value)
	if err != nil {
		return "", unavailable("set setting", err)
	}
	return db.Meta(ctx, name)
}

// PutClients adds clients, or replaces those of the same id, and raises the generation.
// Each client that contacts name has exactly those contacts afterwards, in a stable order.
// The result counts the rows that were new, changed or dropped; if there are none, the
// generation stays.
func (db *DB) PutClients(ctx context.Context, clients []relais.Client, contacts []relais.Contact) (changed int, err error) {
	err = db.locked(ctx, "keep clients", lockGeneration, func(tx session) error {
		for _, c := range clients {
			n, err := upsert(ctx, tx, `INSERT INTO clients (id, body) VALUES ($1,$2)
				ON CONFLICT (id) DO UPDATE SET body = excluded.body WHERE clients.body <> excluded.body`, c, c.ID)
			if err != nil {
				return err
			}
			changed += n
		}
		n, err := putContacts(ctx, tx, contacts)
		if changed += n; err != nil || changed == 0 {
			return err
		}
		_, err = raiseGeneration(ctx, tx)
		return err
	})
	return changed, err
}

// putContacts replaces the contacts of every client that the list names. The order of the
// list means nothing: two exports of the same people are equal.
func putContacts(ctx context.Context, tx session, contacts []relais.Contact) (changed int, err error) {
	list := slices.Clone(contacts)
	slices.SortFunc(list, func(a, b relais.Contact) int {
		return cmp.Or(cmp.Compare(a.ClientID, b.ClientID), cmp.Compare(a.Email, b.Email), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Phone, b.Phone), cmp.Compare(a.Title, b.Title))
	})
	list = slices.Compact(list)
	ranks := map[string]int{}
	for _, c := range list {
		n, err := upsert(ctx, tx, `INSERT INTO contacts (client_id, rank, body) VALUES ($1,$2,$3)
			ON CONFLICT (client_id, rank) DO UPDATE SET body = excluded.body WHERE contacts.body <> excluded.body`, c, c.ClientID, ranks[c.ClientID])
		if err != nil {
			return 0, err
		}
		ranks[c.ClientID]++
		changed += n
	}
	for _, id := range slices.Sorted(maps.Keys(ranks)) {
		res, err := tx.ExecContext(ctx, `DELETE FROM contacts WHERE client_id = $1 AND rank >= $2`, id, ranks[id])
		if err != nil {
			return 0, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return 0, err
		}
		changed += int(n)
	}
	return changed, nil
}

func upsert(ctx context.Context, tx session, statement string, value any, keys ...any) (int, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return 0, err
	}
	res, err := tx.ExecContext(ctx, statement, append(keys, string(body))...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// Clients lists the clients of the archive and their contacts, by id.
func (db *DB) Clients(ctx context.Context) ([]relais.Client, []relais.Contact, error) {
	clients, err := bodies[relais.Client](ctx, db.read, `SELECT body FROM clients ORDER BY id`)
	if err != nil {
		return nil, nil, unavailable("list clients", err)
	}
	contacts, err := bodies[relais.Contact](ctx, db.read, `SELECT body FROM contacts ORDER BY client_id, rank`)
	return clients, contacts, unavailable("list contacts", err)
}

func bodies[T any](ctx context.Context, q session, query string, args ...any) ([]T, error) {
	var list []T
	err := each(ctx, q, query, args, func(r row) error {
		var body string
		if err := r.Scan(&body); err != nil {
			return err
		}
		var v T
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return garbled(err)
		}
		list = append(list, v)
		return nil
	})
	return list, err
}
