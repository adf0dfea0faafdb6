package access

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// TokenStore keeps token records. Package state meets it.
type TokenStore interface {
	HighWater
	// PutToken adds a record, or replaces the one of the same hash.
	PutToken(ctx context.Context, r relais.TokenRecord) error
	// Token gives the record of a hash; relais.KindNotFound when there is none.
	Token(ctx context.Context, hash []byte) (relais.TokenRecord, error)
	// Tokens gives all records, also of expired tokens.
	Tokens(ctx context.Context) ([]relais.TokenRecord, error)
}

// The plain text of a token is a prefix that secret scanners can look for, and 32
// random bytes in base 62, which a double click selects whole.
const (
	tokenPrefix = "rls_"
	secretBytes = 32
	base62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	secretChars = 43 // of 32 bytes in base 62
	maxName     = 100
)

// Tokens makes and recognises bearer tokens (RFC 6750). It keeps only the SHA-256 of a
// token: with 256 random bits in it, no slower hash is needed.
type Tokens struct {
	store TokenStore
	clock *Clock
}

// NewTokens makes the tokens of one archive; now is the machine's clock.
func NewTokens(store TokenStore, now func() time.Time) *Tokens {
	return &Tokens{store: store, clock: NewClock(store, now)}
}

// Create makes a token that lives until expires, and gives its plain text, to be shown
// once. The name is for lists and the audit log. The error is of relais.KindInvalid for a
// name that is empty or long, or an expiry in the past.
func (t *Tokens) Create(ctx context.Context, name string, expires time.Time) (string, error) {
	const op = "create token"
	if name = strings.TrimSpace(name); name == "" || len(name) > maxName {
		return "", relais.Errorf(relais.KindInvalid, op, "a name of 1 to %d bytes is wanted", maxName)
	}
	now, err := t.clock.Now(ctx)
	if err != nil {
		return "", err
	}
	if !expires.After(now) {
		return "", relais.Errorf(relais.KindInvalid, op, "it would have expired already")
	}
	plain := tokenPrefix + secret()
	record := relais.TokenRecord{Hash: sha256.Sum256([]byte(plain)), Name: name, Created: now, Expires: expires.UTC()}
	if err := t.store.PutToken(ctx, record); err != nil {
		return "", relais.Errorf(relais.KindOf(err), op, "%w", err)
	}
	return plain, nil
}

// secret gives the random part, of a fixed length.
func secret() string {
	var b [secretBytes]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24: it ends the program instead
	n, base, digit := new(big.Int).SetBytes(b[:]), big.NewInt(int64(len(base62))), new(big.Int)
	var out [secretChars]byte
	for i := len(out) - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		out[i] = base62[digit.Int64()]
	}
	return string(out[:])
}

// Lookup gives the principal that a token speaks for. While an archive has no users, every
// token sees what the local operator sees. The error is of relais.KindAuth, the same for a
// token that never existed and one that expired.
func (t *Tokens) Lookup(ctx context.Context, plain string) (Principal, error) {
	const op = "look up token"
	refused := relais.WithHint(relais.Errorf(relais.KindAuth, op, "unknown or expired"), "make one with: relais token create")
	if len(plain) != len(tokenPrefix)+secretChars || !strings.HasPrefix(plain, tokenPrefix) {
		return Principal{}, refused
	}
	now, err := t.clock.Now(ctx)
	if err != nil {
		return Principal{}, err
	}
	hash := sha256.Sum256([]byte(plain))
	// The store looks up a hash, whose timing tells nothing of the token.
	record, err := t.store.Token(ctx, hash[:])
	switch {
	case relais.KindOf(err) == relais.KindNotFound:
		return Principal{}, refused
	case err != nil:
		return Principal{}, relais.Errorf(relais.KindOf(err), op, "%w", err)
	case subtle.ConstantTimeCompare(hash[:], record.Hash[:]) != 1 || !now.Before(record.Expires):
		return Principal{}, refused
	}
	// The prefix keeps a token's name from passing for another kind of actor's.
	return Principal{Name: "token:" + record.Name, Kind: KindToken, Grants: everything()}, nil
}

// Revoke ends a token now: from then on it opens nothing, whoever holds it. An unknown or
// expired token is not an error.
func (t *Tokens) Revoke(ctx context.Context, plain string) error {
	const op = "revoke token"
	hash := sha256.Sum256([]byte(plain))
	record, err := t.store.Token(ctx, hash[:])
	if relais.KindOf(err) == relais.KindNotFound {
		return nil
	}
	if err != nil {
		return relais.Errorf(relais.KindOf(err), op, "%w", err)
	}
	now, err := t.clock.Now(ctx)
	if err != nil {
		return err
	}
	return t.end(ctx, record, now)
}

// end makes a token that is live expire now.
func (t *Tokens) end(ctx context.Context, record relais.TokenRecord, now time.Time) error {
	if !now.Before(record.Expires) {
		return nil
	}
	record.Expires = now
	if err := t.store.PutToken(ctx, record); err != nil {
		return relais.Errorf(relais.KindOf(err), "revoke token", "%w", err)
	}
	return nil
}

// RevokeNamed ends the one live token that which names: by its id, the beginning of it,
// or its name. The error is of relais.KindNotFound when there is none, and of
// relais.KindConflict when several live ones answer to it.
func (t *Tokens) RevokeNamed(ctx context.Context, which string) (relais.TokenView, error) {
	const op = "revoke token"
	now, err := t.clock.Now(ctx)
	if err != nil {
		return relais.TokenView{}, err
	}
	records, err := t.store.Tokens(ctx)
	if err != nil {
		return relais.TokenView{}, relais.Errorf(relais.KindOf(err), op, "%w", err)
	}
	records = slices.DeleteFunc(records, func(r relais.TokenRecord) bool {
		return !now.Before(r.Expires) || !answers(r, which)
	})
	switch len(records) {
	case 0:
		return relais.TokenView{}, relais.WithHint(relais.Errorf(relais.KindNotFound, op, "no live token has this id or name"), "`relais token list`")
	case 1:
	default:
		return relais.TokenView{}, relais.WithHint(relais.Errorf(relais.KindConflict, op, "%d live tokens answer to it", len(records)), "name it by its id: `relais token list`")
	}
	if err := t.end(ctx, records[0], now); err != nil {
		return relais.TokenView{}, err
	}
	records[0].Expires = now
	return view(records[0], now), nil
}

// List gives all tokens, also expired ones, the newest first.
func (t *Tokens) List(ctx context.Context) ([]relais.TokenView, error) {
	now, err := t.clock.Now(ctx)
	if err != nil {
		return nil, err
	}
	records, err := t.store.Tokens(ctx)
	if err != nil {
		return nil, relais.Errorf(relais.KindOf(err), "list tokens", "%w", err)
	}
	slices.SortFunc(records, func(a, b relais.TokenRecord) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.Hash.String(), b.Hash.String()))
	})
	list := make([]relais.TokenView, len(records))
	for i, r := range records {
		list[i] = view(r, now)
	}
	return list, nil
}

// An id is the beginning of the hash in hexadecimal: enough to tell tokens apart, and
// no help in guessing one. shortID is how little of it names a token.
const (
	idDigits = 16
	shortID  = 6
)

func view(r relais.TokenRecord, now time.Time) relais.TokenView {
	return relais.TokenView{ID: r.Hash.String()[:idDigits], Name: r.Name, Created: r.Created, Expires: r.Expires, Live: now.Before(r.Expires)}
}

func answers(r relais.TokenRecord, which string) bool {
	return r.Name == which || len(which) >= shortID && strings.HasPrefix(r.Hash.String()[:idDigits], strings.ToLower(which))
}
