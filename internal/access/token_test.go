package access

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/relais-archive/relais/internal/relais"
)

// memory is a TokenStore; err, when set, is what every call returns.
type memory struct {
	mu     sync.Mutex
	tokens map[relais.Digest]relais.TokenRecord
	high   time.Time
	saves  int
	err    error
}

func newMemory() *memory { return &memory{tokens: map[relais.Digest]relais.TokenRecord{}} }

func (m *memory) PutToken(_ context.Context, r relais.TokenRecord) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens[r.Hash] = r
	return m.err
}

func (m *memory) Token(_ context.Context, hash []byte) (relais.TokenRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.tokens[relais.Digest(hash)]
	if !ok && m.err == nil {
		return r, relais.E(relais.KindNotFound, "read token", nil)
	}
	return r, m.err
}

func (m *memory) Tokens(context.Context) ([]relais.TokenRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []relais.TokenRecord
	for _, r := range m.tokens {
		all = append(all, r)
	}
	return all, m.err
}

func (m *memory) HighWater(_ context.Context, now time.Time) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saves++
	if now.After(m.high) {
		m.high = now
	}
	return m.high, m.err
}

// machine is a clock that a test sets.
type machine struct{ at time.Time }

func (m *machine) now() time.Time { return m.at }

func create(t *testing.T, tokens *Tokens, expires time.Time) string {
	t.Helper()
	plain, err := tokens.Create(t.Context(), "ci", expires)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestTokenOpensWhatLocalSees(t *testing.T) {
	store, m := newMemory(), &machine{day(1)}
	tokens := NewTokens(store, m.now)
	plain := create(t, tokens, day(2))
	if !regexp.MustCompile(`^rls_[0-9A-Za-z]{43}$`).MatchString(plain) {
		t.Errorf("token of %d characters has another form", len(plain))
	}
	p, err := tokens.Lookup(t.Context(), plain)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "token:ci" || p.Kind != KindToken {
		t.Errorf("principal %q of kind %q", p.Name, p.Kind)
	}
	if diff := cmp.Diff(relais.Everything(), p.Scope(m.at)); diff != "" {
		t.Errorf("scope (-want +got):\n%s", diff)
	}
	list, err := tokens.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%d records, error %v", len(list), err)
	}
	want := relais.TokenView{ID: relais.DigestOf([]byte(plain)).String()[:16], Name: "ci", Created: day(1), Expires: day(2), Live: true}
	if diff := cmp.Diff(want, list[0]); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestTokensAreRefused(t *testing.T) {
	store, m := newMemory(), &machine{day(1)}
	tokens := NewTokens(store, m.now)
	plain := create(t, tokens, day(2))
	swapped := []byte(plain)
	swapped[10] ^= 1
	for name, wrong := range map[string]string{
		"empty": "", "prefix": "rls_", "no prefix": strings.TrimPrefix(plain, "rls_"), "one byte other": string(swapped),
		"cut": plain[:len(plain)-1], "longer": plain + "0", "other prefix": "rlx_" + plain[4:], "huge": strings.Repeat("r", 1<<20),
		"the hash": relais.DigestOf([]byte(plain)).String(),
	} {
		if p, err := tokens.Lookup(t.Context(), wrong); relais.KindOf(err) != relais.KindAuth || len(p.Grants) != 0 {
			t.Errorf("%s: principal %+v, error %v", name, p, err)
		} else if strings.Contains(err.Error(), plain[4:20]) {
			t.Errorf("%s: the error tells the token", name)
		}
	}
}

// TestTokensAreRevokedByName: by id, the beginning of it, or a name that one live token
// alone has.
func TestTokensAreRevokedByName(t *testing.T) {
	m := &machine{day(1)}
	tokens := NewTokens(newMemory(), m.now)
	named := func(name string) (plain, id string) {
		plain, err := tokens.Create(t.Context(), name, day(2))
		if err != nil {
			t.Fatal(err)
		}
		return plain, relais.DigestOf([]byte(plain)).String()[:16]
	}
	crm, _ := named("crm")
	first, firstID := named("twice")
	second, secondID := named("twice")
	for _, tt := range []struct {
		which string
		kind  relais.Kind // of the error, "" when it is revoked
	}{
		{"twice", relais.KindConflict}, {firstID[:8], ""}, {firstID, relais.KindNotFound}, {"twice", ""}, {secondID, relais.KindNotFound},
		{"crm", ""}, {"crm", relais.KindNotFound}, {"nobody", relais.KindNotFound}, {"", relais.KindNotFound}, {"0", relais.KindNotFound},
	} {
		ended, err := tokens.RevokeNamed(t.Context(), tt.which)
		if kind := relais.KindOf(err); err == nil != (tt.kind == "") || err != nil && kind != tt.kind {
			t.Errorf("%q: %+v, %v; want %q", tt.which, ended, err, tt.kind)
		}
	}
	for _, plain := range []string{crm, first, second} {
		if _, err := tokens.Lookup(t.Context(), plain); relais.KindOf(err) != relais.KindAuth {
			t.Errorf("a revoked token opens: %v", err)
		}
	}
	list, err := tokens.List(t.Context())
	if err != nil || len(list) != 3 || list[0].Live {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestExpiredStaysExpired: also when the machine's clock is set back, in the same
// process and after a restart.
func TestExpiredStaysExpired(t *testing.T) {
	store, m := newMemory(), &machine{day(1)}
	tokens := NewTokens(store, m.now)
	plain := create(t, tokens, day(2))
	m.at = day(2).Add(-time.Second)
	if _, err := tokens.Lookup(t.Context(), plain); err != nil {
		t.Errorf("a second before: %v", err)
	}
	m.at = day(2)
	for _, at := range []time.Time{day(2), day(3), day(1), day(1).AddDate(-10, 0, 0)} {
		m.at = at
		if _, err := tokens.Lookup(t.Context(), plain); relais.KindOf(err) != relais.KindAuth {
			t.Errorf("at %v: %v, want a refusal", at, err)
		}
	}
	m.at = day(1)
	again := NewTokens(store, m.now)
	if _, err := again.Lookup(t.Context(), plain); relais.KindOf(err) != relais.KindAuth {
		t.Errorf("after a restart: %v, want a refusal", err)
	}
	if _, err := again.Create(t.Context(), "late", day(2)); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("a token that ends before the highest time seen: %v", err)
	}
}

func TestClockSavesSeldom(t *testing.T) {
	store, m := newMemory(), &machine{day(1)}
	clock := NewClock(store, m.now)
	for range 100 {
		m.at = m.at.Add(time.Second)
		if _, err := clock.Now(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if store.saves != 2 {
		t.Errorf("%d saves in 100 seconds, want 2", store.saves)
	}
}

func TestCreateRefuses(t *testing.T) {
	tokens := NewTokens(newMemory(), (&machine{day(5)}).now)
	for name, tt := range map[string]struct {
		name    string
		expires time.Time
	}{
		"no name": {" ", day(6)}, "long name": {strings.Repeat("x", maxName+1), day(6)},
		"past": {"ci", day(4)}, "now": {"ci", day(5)}, "no end": {"ci", time.Time{}},
	} {
		if plain, err := tokens.Create(t.Context(), tt.name, tt.expires); relais.KindOf(err) != relais.KindInvalid || plain != "" {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

// TestStoreFails: nobody gets in while the store does not answer.
func TestStoreFails(t *testing.T) {
	store := newMemory()
	tokens := NewTokens(store, (&machine{day(1)}).now)
	plain := create(t, tokens, day(2))
	store.err = relais.E(relais.KindUnavailable, "read", errors.New("disk"))
	for name, call := range map[string]func(*Tokens) error{
		"lookup": func(k *Tokens) error { _, err := k.Lookup(t.Context(), plain); return err },
		"create": func(k *Tokens) error { _, err := k.Create(t.Context(), "b", day(2)); return err },
		"list":   func(k *Tokens) error { _, err := k.List(t.Context()); return err },
	} {
		for _, k := range []*Tokens{tokens, NewTokens(store, (&machine{day(1)}).now)} {
			if err := call(k); relais.KindOf(err) != relais.KindUnavailable {
				t.Errorf("%s: %v, want unavailable", name, err)
			}
		}
	}
}

func TestSecretsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		s := secret()
		if len(s) != secretChars || seen[s] {
			t.Fatalf("secret of %d characters, seen before: %t", len(s), seen[s])
		}
		seen[s] = true
	}
}

func BenchmarkLookup(b *testing.B) {
	tokens := NewTokens(newMemory(), time.Now)
	plain, err := tokens.Create(b.Context(), "ci", time.Now().Add(time.Hour))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tokens.Lookup(b.Context(), plain); err != nil {
			b.Fatal(err)
		}
	}
}

func TestRevokedAtOnce(t *testing.T) {
	store, m := newMemory(), &machine{day(1)}
	tokens := NewTokens(store, m.now)
	plain, other := create(t, tokens, day(5)), create(t, tokens, day(5))
	for range 2 { // again, and one that never was: no error
		if err := errors.Join(tokens.Revoke(t.Context(), plain), tokens.Revoke(t.Context(), "rls_unknown")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tokens.Lookup(t.Context(), plain); relais.KindOf(err) != relais.KindAuth {
		t.Errorf("a revoked token: %v", err)
	}
	if _, err := tokens.Lookup(t.Context(), other); err != nil {
		t.Errorf("the other token: %v", err)
	}
}
