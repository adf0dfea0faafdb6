package archive

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strconv"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/relais"
)

// Names under which state keeps what an archive is.
const (
	rulesSetting = "rules"          // the version of the rules that documents were read by
	hashSetting  = "query_hash_key" // the random key of its hashes
)

// followRules has every document read again when this program's rules are newer than
// those it was read by. Of two programs at work, while one replaces the other, the
// older changes nothing.
func (ar *Archive) followRules(ctx context.Context) error {
	const ours = enrich.RulesVersion
	value, err := ar.on.State.InitMeta(ctx, rulesSetting, strconv.Itoa(ours))
	if err != nil {
		return err
	}
	theirs, err := strconv.Atoi(value)
	if err != nil {
		return relais.E(relais.KindDamaged, "read setting "+rulesSetting, err)
	}
	if theirs >= ours {
		return nil
	}
	if _, err := ar.on.State.NextGeneration(ctx); err != nil {
		return err
	}
	return ar.on.State.SetMeta(ctx, rulesSetting, strconv.Itoa(ours))
}

// queryHash gives the keyed hash under which queries stand in the audit log: the
// same query is the same hash in one archive, and tells nothing elsewhere.
func (ar *Archive) queryHash(ctx context.Context) (func(string) string, error) {
	key, err := ar.on.State.InitMeta(ctx, hashSetting, rand.Text())
	if err != nil {
		return nil, err
	}
	return func(query string) string {
		h := hmac.New(sha256.New, []byte(key))
		_, _ = io.WriteString(h, query) // a hash never fails
		return hex.EncodeToString(h.Sum(nil)[:16])
	}, nil
}
