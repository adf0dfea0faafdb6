// Package casefile answers one question: where does this departure stand? It opens
// and names cases, and gives the account of what each has seen.
package casefile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

// Store is what is remembered of cases; package state keeps it.
type Store interface {
	Reader
	Writer
}

// Reader tells what is known of cases.
type Reader interface {
	Case(ctx context.Context, name string) (relais.Case, error)
	Cases(ctx context.Context) ([]relais.Case, error)
	Balance(ctx context.Context, c relais.Case) (relais.Balance, error)
}

// Writer makes cases, and changes them.
type Writer interface {
	CreateCase(ctx context.Context, c relais.Case) (relais.Case, error)
	RenameCase(ctx context.Context, id relais.CaseID, name string) error
	UpdateCase(ctx context.Context, c relais.Case) error
	AddOwner(ctx context.Context, id relais.CaseID, o relais.Owner) error
}

// Cases is the register of departures.
type Cases struct {
	store  Store
	now    func() time.Time
	marked Marked
}

// Marked gives the test of whether a folder's name marks what is in it as private: such
// names are private, and appear in no balance.
type Marked func(ctx context.Context) (func(folder string) bool, error)

// New makes a register over a store.
func New(store Store, now func() time.Time, marked Marked) *Cases {
	return &Cases{store: store, now: now, marked: marked}
}

// Create opens a case. A name in use is of relais.KindConflict.
func (c *Cases) Create(ctx context.Context, k relais.Case) (relais.Case, error) {
	if err := c.checkDays(&k); err != nil {
		return k, err
	}
	k.Created = c.now().UTC().Truncate(time.Second)
	return c.store.CreateCase(ctx, k)
}

// checkDays brings the days declared for a case into calendar form, and refuses a
// retention date in the past, which is a typing error.
func (c *Cases) checkDays(k *relais.Case) error {
	for _, day := range []*string{&k.InformedOn, &k.RetainUntil} {
		if *day == "" {
			continue
		}
		d, err := relais.ReadDay("read date", *day)
		if err != nil {
			return err
		}
		*day = d.String()
	}
	// Days of one form are ordered as their texts are.
	if today := c.now().Format(time.DateOnly); k.RetainUntil != "" && k.RetainUntil < today {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "read date", "%s, until which it is to be kept, is past", k.RetainUntil),
			"give a day from "+today+" on")
	}
	return nil
}

// Opened tells how a case was found for an ingest.
type Opened struct {
	Case    relais.Case
	Created bool
}

// Open finds the case an ingest goes to, or opens it, and records its owner. A new name
// that is close to an existing one is probably a typing error: it is of
// relais.KindConflict, naming the other, unless sure is set.
func (c *Cases) Open(ctx context.Context, name string, owner relais.Owner, sure bool) (Opened, error) {
	k, err := c.store.Case(ctx, name)
	created := relais.KindOf(err) == relais.KindNotFound
	if created {
		if err = c.checkNear(ctx, name, sure); err == nil {
			k, err = c.Create(ctx, relais.Case{Name: name})
		}
	}
	if relais.KindOf(err) == relais.KindConflict {
		// Another process may have opened the very case since.
		if k, again := c.store.Case(ctx, name); again == nil {
			return c.opened(ctx, k, owner, false)
		}
	}
	if err != nil {
		return Opened{}, err
	}
	return c.opened(ctx, k, owner, created)
}

// opened records the owner of a case that was found or opened.
func (c *Cases) opened(ctx context.Context, k relais.Case, owner relais.Owner, created bool) (Opened, error) {
	if err := c.store.AddOwner(ctx, k.ID, owner); err != nil {
		return Opened{}, err
	}
	k, err := c.store.Case(ctx, string(k.ID))
	return Opened{Case: k, Created: created}, err
}

func (c *Cases) checkNear(ctx context.Context, name string, sure bool) error {
	if sure {
		return nil
	}
	list, err := c.store.Cases(ctx)
	if err != nil {
		return err
	}
	for _, k := range list {
		if near(name, k.Name) {
			return relais.WithHint(relais.Errorf(relais.KindConflict, "open case", "there is a case %q, and none named %q", k.Name, name),
				fmt.Sprintf("use --case %q, or `relais case create %q` if it is another departure", k.Name, name))
		}
	}
	return nil
}

// near tells whether two different names differ by letter case, accents, spaces,
// punctuation, or one letter in five or more.
func near(a, b string) bool {
	x, y := fold.Name(a), fold.Name(b)
	if x == y {
		return true
	}
	return min(len(x), len(y)) >= 5 && sameDigits(x, y) && withinOne(x, y)
}

// sameDigits: "Dupont 2024" and "Dupont 2025" are two departures.
func sameDigits(a, b string) bool {
	digits := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) {
				return r
			}
			return -1
		}, s)
	}
	return digits(a) == digits(b)
}

// withinOne tells whether one insertion, deletion, replacement or swap of
// neighbours makes a into b.
func withinOne(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	if len(x) == len(y) {
		swapped := i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && string(x[i+2:]) == string(y[i+2:])
		return i == len(x) || swapped || string(x[i+1:]) == string(y[i+1:])
	}
	return len(y)-len(x) == 1 && string(x[i:]) == string(y[i+1:])
}

// Case finds a case by name.
func (c *Cases) Case(ctx context.Context, name string) (relais.Case, error) {
	k, err := c.store.Case(ctx, name)
	if relais.KindOf(err) == relais.KindNotFound {
		err = relais.WithHint(err, "`relais case list` shows those there are")
	}
	return k, err
}

// List gives every case, by name.
func (c *Cases) List(ctx context.Context) ([]relais.Case, error) { return c.store.Cases(ctx) }

// Rename gives a case another name.
func (c *Cases) Rename(ctx context.Context, name, to string) error {
	k, err := c.Case(ctx, name)
	if err != nil {
		return err
	}
	return c.store.RenameCase(ctx, k.ID, to)
}

// Update records what is declared of a case; empty fields stay.
func (c *Cases) Update(ctx context.Context, k relais.Case) error {
	if err := c.checkDays(&k); err != nil {
		return err
	}
	return c.store.UpdateCase(ctx, k)
}

// Balance gives the account of one case; folders marked private are one line per source,
// without their names.
func (c *Cases) Balance(ctx context.Context, name string) (relais.Balance, error) {
	k, err := c.Case(ctx, name)
	if err != nil {
		return relais.Balance{}, err
	}
	b, err := c.store.Balance(ctx, k)
	if err != nil {
		return b, err
	}
	marked, err := c.marked(ctx)
	if err != nil {
		return b, err
	}
	b.Sources = unnamed(b.Sources, marked)
	for i, w := range b.Warnings {
		if marked(w.Folder) {
			b.Warnings[i].Folder, b.Warnings[i].Position = "", ""
		}
	}
	return b, nil
}

// unnamed puts the marked folders of each source into one line, before the others.
func unnamed(list []relais.SourceBalance, marked func(folder string) bool) []relais.SourceBalance {
	sums, shown := map[string]*relais.SourceBalance{}, []relais.SourceBalance{}
	for _, s := range list {
		if !marked(s.Folder) {
			shown = append(shown, s)
			continue
		}
		sum := sums[s.Source]
		if sum == nil {
			sum = &relais.SourceBalance{Source: s.Source, Marked: true}
			sums[s.Source] = sum
		}
		sum.Counts = sum.Counts.Plus(s.Counts)
		sum.UnreadCounts = sum.UnreadCounts.Plus(s.UnreadCounts)
		sum.Unread = sum.Unread || s.Unread
		if s.Announced != nil {
			total := *s.Announced
			if sum.Announced != nil {
				total += *sum.Announced
			}
			sum.Announced = &total
		}
	}
	for _, source := range slices.Sorted(maps.Keys(sums)) {
		at := slices.IndexFunc(shown, func(s relais.SourceBalance) bool { return s.Source >= source })
		if at < 0 {
			at = len(shown)
		}
		shown = slices.Insert(shown, at, *sums[source])
	}
	return shown
}
