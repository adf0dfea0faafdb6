package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// CreateCase makes a case. A name that another case has, whatever its letter case,
// is of relais.KindConflict.
func (db *DB) CreateCase(ctx context.Context, c relais.Case) (relais.Case, error) {
	c.Name = strings.TrimSpace(c.Name)
	if c.Name == "" {
		return c, relais.Errorf(relais.KindInvalid, "create case", "a case needs a name")
	}
	err := db.locked(ctx, "create case", lockCases, func(tx session) error {
		id, err := freeCaseID(ctx, tx, c.Name)
		if err != nil {
			return err
		}
		c.ID = id
		res, err := tx.ExecContext(ctx, `INSERT INTO cases (id, name, name_key, purpose, informed_on, retain_until, created, changed, settled)
			VALUES ($1,$2,$3,$4,$5,$6,$7,0,0) ON CONFLICT (name_key) DO NOTHING`,
			string(c.ID), c.Name, strings.ToLower(c.Name), c.Purpose, c.InformedOn, c.RetainUntil, formatTime(c.Created))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return relais.Errorf(relais.KindConflict, "create case", "a case named %q exists", c.Name)
		}
		return nil
	})
	return c, err
}

// freeCaseID gives the id of rank 0, or of the next rank when a case that was
// created with this name was renamed since.
func freeCaseID(ctx context.Context, tx session, name string) (relais.CaseID, error) {
	for rank := 0; ; rank++ {
		id := relais.NewCaseID(name, rank)
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM cases WHERE id = $1 AND name_key <> $2`,
			string(id), strings.ToLower(name)).Scan(&n); err != nil || n == 0 {
			return id, err
		}
	}
}

// Cases lists every case, by name.
func (db *DB) Cases(ctx context.Context) ([]relais.Case, error) {
	owners := map[relais.CaseID][]relais.Owner{}
	err := each(ctx, db.read, `SELECT case_id, address, aliases FROM owners ORDER BY case_id, address`, nil, func(r row) error {
		var id relais.CaseID
		var o relais.Owner
		var aliases string
		if err := r.Scan(&id, &o.Address, &aliases); err != nil {
			return err
		}
		owners[id] = append(owners[id], o)
		return garbled(json.Unmarshal([]byte(aliases), &owners[id][len(owners[id])-1].Aliases))
	})
	if err != nil {
		return nil, unavailable("list owners", err)
	}
	var list []relais.Case
	err = each(ctx, db.read, `SELECT id, name, purpose, informed_on, retain_until, created FROM cases ORDER BY name_key`, nil, func(r row) error {
		var c relais.Case
		var created string
		if err := r.Scan(&c.ID, &c.Name, &c.Purpose, &c.InformedOn, &c.RetainUntil, &created); err != nil {
			return err
		}
		c.Created, c.Owners = parseTime(created), owners[c.ID]
		list = append(list, c)
		return nil
	})
	return list, unavailable("list cases", err)
}

// Case finds a case by its name, whatever the letter case, or by its id.
func (db *DB) Case(ctx context.Context, name string) (relais.Case, error) {
	list, err := db.Cases(ctx)
	if err != nil {
		return relais.Case{}, err
	}
	i := slices.IndexFunc(list, func(c relais.Case) bool {
		return strings.EqualFold(c.Name, strings.TrimSpace(name)) || string(c.ID) == name
	})
	if i < 0 {
		return relais.Case{}, relais.Errorf(relais.KindNotFound, "find case", "no case named %q", name)
	}
	return list[i], nil
}

// RenameCase gives a case another name; its id and its documents stay.
func (db *DB) RenameCase(ctx context.Context, id relais.CaseID, name string) error {
	name = strings.TrimSpace(name)
	if name == "" {
		return relais.Errorf(relais.KindInvalid, "rename case", "a case needs a name")
	}
	return db.locked(ctx, "rename case", lockCases, func(tx session) error {
		var taken int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM cases WHERE name_key = $1 AND id <> $2`,
			strings.ToLower(name), string(id)).Scan(&taken); err != nil {
			return err
		}
		if taken > 0 {
			return relais.Errorf(relais.KindConflict, "rename case", "a case named %q exists", name)
		}
		_, err := tx.ExecContext(ctx, `UPDATE cases SET name = $1, name_key = $2 WHERE id = $3`, name, strings.ToLower(name), string(id))
		return err
	})
}

// UpdateCase keeps what is declared of a case: purpose, dates. Empty fields stay.
func (db *DB) UpdateCase(ctx context.Context, c relais.Case) error {
	_, err := db.write.ExecContext(ctx, `UPDATE cases SET
		purpose = CASE WHEN $1 = '' THEN purpose ELSE $1 END,
		informed_on = CASE WHEN $2 = '' THEN informed_on ELSE $2 END,
		retain_until = CASE WHEN $3 = '' THEN retain_until ELSE $3 END WHERE id = $4`,
		c.Purpose, c.InformedOn, c.RetainUntil, string(c.ID))
	return unavailable("update case", err)
}

// AddOwner records whose mailbox a case holds; aliases add up. A new alias of a known
// owner changes which of the mail read before went out and which came in: the generation
// rises, and everything is read again.
func (db *DB) AddOwner(ctx context.Context, id relais.CaseID, o relais.Owner) error {
	return db.locked(ctx, "add owner", lockCases, func(tx session) error {
		var had string
		err := tx.QueryRowContext(ctx, `SELECT aliases FROM owners WHERE case_id = $1 AND address = $2`, string(id), o.Address).Scan(&had)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		aliases, err := withAliases(had, o.Aliases)
		if err != nil || aliases == had {
			return err
		}
		if _, err = tx.ExecContext(ctx, `INSERT INTO owners (case_id, address, aliases) VALUES ($1,$2,$3)
			ON CONFLICT (case_id, address) DO UPDATE SET aliases = excluded.aliases`, string(id), o.Address, aliases); err != nil || had == "" {
			return err
		}
		if err := tx.lock(ctx, lockGeneration); err != nil {
			return err
		}
		_, err = raiseGeneration(ctx, tx)
		return err
	})
}

// withAliases adds aliases to those kept as JSON.
func withAliases(had string, more []string) (string, error) {
	aliases := slices.Clone(more)
	if had != "" {
		var known []string
		if err := json.Unmarshal([]byte(had), &known); err != nil {
			return "", garbled(err)
		}
		aliases = append(aliases, known...)
	}
	slices.Sort(aliases)
	body, err := json.Marshal(slices.Compact(aliases))
	return string(body), err
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// parseTime reads what formatTime wrote; anything else is the zero time.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
