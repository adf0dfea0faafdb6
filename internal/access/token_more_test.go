package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// watched is a memory that counts its calls, and fails from the one named on.
type watched struct {
	*memory
	calls []string
	fails string
	other *relais.TokenRecord // what Token gives instead
}

func (w *watched) call(name string) error {
	w.calls = append(w.calls, name)
	if name == w.fails {
		return relais.E(relais.KindUnavailable, "store", errors.New("disk"))
	}
	return nil
}

func (w *watched) PutToken(ctx context.Context, r relais.TokenRecord) error {
	if err := w.call("put"); err != nil {
		return err
	}
	return w.memory.PutToken(ctx, r)
}

func (w *watched) Token(ctx context.Context, hash []byte) (relais.TokenRecord, error) {
	if err := w.call("token"); err != nil || w.other != nil {
		if err != nil {
			return relais.TokenRecord{}, err
		}
		return *w.other, nil
	}
	return w.memory.Token(ctx, hash)
}

func (w *watched) Tokens(ctx context.Context) ([]relais.TokenRecord, error) {
	if err := w.call("tokens"); err != nil {
		return nil, err
	}
	return w.memory.Tokens(ctx)
}

func (w *watched) HighWater(ctx context.Context, now time.Time) (time.Time, error) {
	if err := w.call("clock"); err != nil {
		return time.Time{}, err
	}
	return w.memory.HighWater(ctx, now)
}

// TestEachStoreCallThatFailsIsTold: a revocation that was not kept is no revocation, and
// nobody gets in by a clock that cannot be read.
func TestEachStoreCallThatFailsIsTold(t *testing.T) {
	for _, tt := range []struct {
		name  string
		call  func(*Tokens, string) error
		fails []string
	}{
		{"create", func(k *Tokens, _ string) error { _, err := k.Create(t.Context(), "b", day(2)); return err }, []string{"clock", "put"}},
		{"look up", func(k *Tokens, plain string) error { _, err := k.Lookup(t.Context(), plain); return err }, []string{"clock", "token"}},
		{"revoke", func(k *Tokens, plain string) error { return k.Revoke(t.Context(), plain) }, []string{"token", "clock", "put"}},
		{"revoke by name", func(k *Tokens, _ string) error {
			v, err := k.RevokeNamed(t.Context(), "ci")
			if err != nil && v != (relais.TokenView{}) {
				return fmt.Errorf("a view beside an error: %w", errors.New(v.ID))
			}
			return err
		}, []string{"clock", "tokens", "put"}},
		{"list", func(k *Tokens, _ string) error { _, err := k.List(t.Context()); return err }, []string{"clock", "tokens"}},
	} {
		for _, fails := range append(tt.fails, "") {
			store := &watched{memory: newMemory()}
			plain := create(t, NewTokens(store, (&machine{day(1)}).now), day(2))
			store.calls, store.fails = nil, fails
			err := tt.call(NewTokens(store, (&machine{day(1)}).now), plain)
			if fails == "" && (err != nil || !slices.Equal(store.calls, tt.fails)) {
				t.Errorf("%s: error %v after the calls %q, want %q", tt.name, err, store.calls, tt.fails)
			}
			if fails != "" && (relais.KindOf(err) != relais.KindUnavailable || store.calls[len(store.calls)-1] != fails) {
				t.Errorf("%s, %s fails: error %v after the calls %q", tt.name, fails, err, store.calls)
			}
		}
	}
}

// TestWhatIsNoTokenIsNotLookedUp: it costs no query.
func TestWhatIsNoTokenIsNotLookedUp(t *testing.T) {
	store := &watched{memory: newMemory()}
	tokens := NewTokens(store, (&machine{day(1)}).now)
	for _, plain := range []string{"", "rls_", "rls_" + strings.Repeat("a", 42), "rls_" + strings.Repeat("a", 44), "rlx_" + strings.Repeat("a", 43)} {
		if _, err := tokens.Lookup(t.Context(), plain); relais.KindOf(err) != relais.KindAuth || len(store.calls) != 0 {
			t.Errorf("%q: error %v after the calls %q", plain, err, store.calls)
		}
	}
}

// TestARecordOfAnotherTokenOpensNothing: whatever a store takes for the same hash.
func TestARecordOfAnotherTokenOpensNothing(t *testing.T) {
	store := &watched{memory: newMemory()}
	tokens := NewTokens(store, (&machine{day(1)}).now)
	plain := create(t, tokens, day(2))
	hash := relais.DigestOf([]byte(plain))
	for name, tt := range map[string]struct {
		hash  relais.Digest
		opens bool
	}{"own": {hash, true}, "another": {relais.DigestOf([]byte("x")), false}} {
		store.other = &relais.TokenRecord{Hash: tt.hash, Name: "ci", Expires: day(2)}
		if p, err := tokens.Lookup(t.Context(), plain); (err == nil) != tt.opens || tt.opens != (len(p.Grants) > 0) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNamesOfTokens: 1 to 100 bytes, without the space around them.
func TestNamesOfTokens(t *testing.T) {
	store := newMemory()
	tokens := NewTokens(store, (&machine{day(1)}).now)
	for name, want := range map[string]string{
		" a ": "a", strings.Repeat("x", 100): strings.Repeat("x", 100), strings.Repeat("x", 101): "", "\t": "",
	} {
		clear(store.tokens)
		_, err := tokens.Create(t.Context(), name, day(2))
		if (err == nil) != (want != "") || want == "" && relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("%q: %v", name, err)
		}
		for _, r := range store.tokens {
			if r.Name != want || !r.Created.Equal(day(1)) {
				t.Errorf("%q is kept as %q, made %v", name, r.Name, r.Created)
			}
		}
	}
}

// TestAnswers: six digits of an id name a token, in either case; fewer do not.
func TestAnswers(t *testing.T) {
	r := relais.TokenRecord{Hash: relais.DigestOf([]byte("a")), Name: "crm"}
	id := r.Hash.String()
	for which, want := range map[string]bool{
		"crm": true, "CRM": false, "": false, id[:5]: false, id[:6]: true, id[:7]: true, id[:16]: true, id[:17]: false,
		strings.ToUpper(id[:8]): true, id[1:9]: false,
	} {
		if answers(r, which) != want {
			t.Errorf("%q answers to %q: %t", id, which, !want)
		}
	}
}

// TestRevokedByNameTellsWhat: as it is from now on.
func TestRevokedByNameTellsWhat(t *testing.T) {
	store, m := newMemory(), &machine{day(1)}
	tokens := NewTokens(store, m.now)
	plain := create(t, tokens, day(9))
	m.at = day(3)
	got, err := tokens.RevokeNamed(t.Context(), "ci")
	want := relais.TokenView{ID: relais.DigestOf([]byte(plain)).String()[:16], Name: "ci", Created: day(1), Expires: day(3)}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, view (-want +got):\n%s", err, diff)
	}
	if kept := store.tokens[relais.DigestOf([]byte(plain))].Expires; !kept.Equal(day(3)) {
		t.Errorf("it is kept as ending %v", kept)
	}
	m.at = day(4)
	if err := tokens.Revoke(t.Context(), plain); err != nil || !store.tokens[relais.DigestOf([]byte(plain))].Expires.Equal(day(3)) {
		t.Errorf("revoked again: error %v, or it ends later", err)
	}
}

// TestListIsTheNewestFirst: those of one moment in the order of their ids.
func TestListIsTheNewestFirst(t *testing.T) {
	store, m := newMemory(), &machine{day(1)}
	tokens := NewTokens(store, m.now)
	for i := range 12 {
		m.at = day(1 + i/4)
		create(t, tokens, day(9))
	}
	list, err := tokens.List(t.Context())
	if err != nil || len(list) != 12 {
		t.Fatalf("%d tokens, error %v", len(list), err)
	}
	for i, v := range list[1:] {
		before := list[i]
		if v.Created.After(before.Created) || v.Created.Equal(before.Created) && v.ID <= before.ID {
			t.Errorf("place %d: %s of %v after %s of %v", i+1, v.ID, v.Created, before.ID, before.Created)
		}
	}
}

// TestClockIsSavedEachMinute: not before, and what cannot be saved is no time.
func TestClockIsSavedEachMinute(t *testing.T) {
	store, m := &watched{memory: newMemory()}, &machine{day(1)}
	clock := NewClock(store, m.now)
	for _, tt := range []struct {
		at    time.Time
		saves int
	}{
		{day(1), 1}, {day(1), 1}, {day(1).Add(time.Minute - 1), 1}, {day(1).Add(time.Minute), 2}, {day(1), 2}, {day(1).Add(2 * time.Minute), 3},
	} {
		m.at = tt.at
		if _, err := clock.Now(t.Context()); err != nil || len(store.calls) != tt.saves {
			t.Errorf("at %v: %d saves, error %v; want %d", tt.at, len(store.calls), err, tt.saves)
		}
	}
	store.fails, m.at = "clock", day(2)
	if at, err := clock.Now(t.Context()); relais.KindOf(err) != relais.KindUnavailable || !at.IsZero() {
		t.Errorf("%v, error %v", at, err)
	}
	store.fails = ""
	if at, err := clock.Now(t.Context()); err != nil || !at.Equal(day(2)) {
		t.Errorf("%v, error %v", at, err)
	}
}
