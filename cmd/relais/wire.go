package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/relais-archive/relais/api"
	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/enrich/library"
	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/access"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/s3"
	"github.com/relais-archive/relais/internal/casefile"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/search"
)

// archive is the parts of one archive, open in this process. Only the files whose
// names begin with wire know of brands.
type archive struct {
	cfg      config
	logger   *slog.Logger
	env      func(string) string
	parts    []part // what it rests on, in the order of opening
	location *time.Location
	keys     *seal.Keyring
	state    *state.DB
	backend  blob.Backend // where packs are
	bucket   *s3.Bucket   // the same, on servers
	blobs    blob.Store
	log      stream.Log
	brokered func(context.Context) error // looks closely at brokers and topics, on servers
	index    *generations
	files    []keptFile // of tables, where they are files of ours
	audit    audit.Log
	tokens   *access.Tokens
	library  *library.Library
	cases    *casefile.Cases
	extract  extract.Extractor
	pipeline *pipeline
	server   *api.Server
	fresh    bool     // it is being made
	half     bool     // or it is half made by a promotion, which goes on
	notice   string   // what the user must be told once, such as where a new key lies
	inside   []string // the stages that this process runs as soon as something needs them
	socket   string   // where other verbs reach this process; "" when they need not
	closers  []func() error
}

// openArchive opens the archive that the settings name, or makes it when create is set.
func (a *app) openArchive(ctx context.Context, create bool) (_ *archive, err error) {
	ar := &archive{cfg: a.cfg, logger: a.logger(), env: a.sys.env}
	defer func() {
		if err != nil {
			err = errors.Join(err, ar.Close())
		}
	}()
	open := ar.openDirectory
	if a.cfg.servers() > 0 {
		open = ar.openServers
	}
	if err = open(ctx, create); err != nil {
		return nil, err
	}
	return ar, ar.assemble(ctx)
}

// part is one of the things that an archive rests on.
type part struct {
	name  string
	open  func(context.Context) error
	check func(context.Context) error // tells what is wrong with it although it opened
}

// openParts opens one after the other, as far as it goes.
func (ar *archive) openParts(ctx context.Context, parts []part) error {
	ar.parts = parts
	for _, p := range parts {
		if err := p.open(ctx); err != nil {
			return err
		}
	}
	return nil
}

// openExtractor gives the pool of child processes that read risky files: this same
// program, under another verb.
func (ar *archive) openExtractor() error {
	self, err := os.Executable()
	if err != nil {
		return relais.E(relais.KindInternal, "find this program", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "relais", "wasm")
	pool := extract.NewPool(extract.PoolOptions{
		Command: []string{self, extractVerb}, Workers: runtime.GOMAXPROCS(0), Limits: format.DefaultLimits(), CacheDir: cache,
	})
	ar.extract = pool
	ar.closers = append(ar.closers, pool.Close)
	return nil
}

// assemble puts the rooms together.
func (ar *archive) assemble(ctx context.Context) error {
	if err := ar.openExtractor(); err != nil {
		return err
	}
	ar.library = library.New(ar.state, ar.blobs)
	ar.cases = casefile.New(ar.state, time.Now, ar.markedFolders)
	ar.tokens = access.NewTokens(ar.state, time.Now)
	ar.pipeline = &pipeline{
		log: ar.log, state: ar.state, index: ar.index, logger: ar.logger, group: ar.index.Group, inside: ar.inside,
		newStage: func(ctx context.Context) (*enrich.Stage, error) {
			return enrich.NewStage(ctx, enrich.Deps{
				Log: ar.log, Blobs: ar.blobs, State: ar.state, Extractor: ar.extract, Limits: format.DefaultLimits(),
				Logger: ar.logger, Clock: time.Now, Workers: runtime.GOMAXPROCS(0),
			})
		},
		indexer: ar.indexStage(ar.index), refusals: refused.NewStage(ar.state),
	}
	ar.closers = append(ar.closers, func() error { ar.pipeline.stop(); return nil })
	if err := ar.followRules(ctx); err != nil {
		return err
	}
	if err := ar.followPrivacyFile(ctx); err != nil {
		return err
	}
	hash, err := ar.queryHash(ctx)
	if err != nil {
		return err
	}
	topics, err := topicChoices()
	if err != nil {
		return err
	}
	ar.server = api.New(api.Deps{
		Searcher: mergedSearcher{ar.index, ar.state}, Library: opener{ar.library}, Cases: ar.cases, Clients: ar, Privacy: ar, Decider: decider{ar, &operator{ar}}, Audit: ar.audit, Tokens: ar.tokens,
		Health: ar, Operator: &operator{ar}, Hash: hash, Location: ar.location, Now: time.Now,
		Clock: access.NewClock(ar.state, time.Now).Now, Logger: ar.logger, Version: version(), Topics: topics,
	})
	return nil
}

// followRules has every document read again when this program's rules are newer than
// those it was read by. Of two programs at work, while one replaces the other, the
// older changes nothing.
func (ar *archive) followRules(ctx context.Context) error {
	const setting = "rules"
	const ours = enrich.RulesVersion
	value, err := ar.state.InitMeta(ctx, setting, strconv.Itoa(ours))
	if err != nil {
		return err
	}
	theirs, err := strconv.Atoi(value)
	if err != nil {
		return relais.E(relais.KindDamaged, "read setting "+setting, err)
	}
	if theirs >= ours {
		return nil
	}
	if _, err := ar.state.NextGeneration(ctx); err != nil {
		return err
	}
	return ar.state.SetMeta(ctx, setting, strconv.Itoa(ours))
}

// hashSetting names the random key of an archive's hashes.
const hashSetting = "query_hash_key"

// queryHash gives the keyed hash under which queries stand in the audit log: the
// same query is the same hash in one archive, and tells nothing elsewhere.
func (ar *archive) queryHash(ctx context.Context) (func(string) string, error) {
	key, err := ar.state.InitMeta(ctx, hashSetting, rand.Text())
	if err != nil {
		return nil, err
	}
	return func(query string) string {
		h := hmac.New(sha256.New, []byte(key))
		_, _ = io.WriteString(h, query) // a hash never fails
		return hex.EncodeToString(h.Sum(nil)[:16])
	}, nil
}

func (ar *archive) indexStage(w search.Writer) *search.Stage {
	return search.NewStage(w, ar.library, records{ar.library})
}

// topicChoices gives the topics under the names that people who search give them.
func topicChoices() ([]search.Choice, error) {
	topics, err := tag.DefaultTopics()
	choices := make([]search.Choice, len(topics))
	for i, t := range topics {
		choices[i] = search.Choice{ID: t.ID, Names: t.Names()}
	}
	return choices, err
}

// Close lets everything go, last opened first.
func (ar *archive) Close() error {
	var errs []error
	for i := len(ar.closers) - 1; i >= 0; i-- {
		errs = append(errs, ar.closers[i]())
	}
	ar.closers = nil
	return errors.Join(errs...)
}

// records opens records of stream "enriched" for the index stage, in its own type.
type records struct{ *library.Library }

// Open opens the envelope of each record.
func (r records) Open(ctx context.Context, batch []stream.Message) ([]search.Opened, error) {
	envelopes, faults, err := r.Records(ctx, batch)
	if err != nil {
		return nil, err
	}
	opened := make([]search.Opened, len(batch))
	for i := range opened {
		opened[i] = search.Opened{Envelope: envelopes[i], Err: faults[i]}
	}
	return opened, nil
}

// opener gives the API documents' bytes in its own type.
type opener struct{ *library.Library }

// Open opens the captured bytes of a document.
func (o opener) Open(ctx context.Context, scope relais.Scope, id relais.DocumentID) (api.Raw, error) {
	r, err := o.Raw(ctx, scope, id)
	return api.Raw{Name: r.Name, MediaType: r.MediaType, Size: r.Size, Body: r.Body}, err
}

// Missing names what keeps the archive from serving.
func (ar *archive) Missing(ctx context.Context) []string {
	var missing []string
	for _, p := range ar.parts {
		if err := p.check(ctx); err != nil {
			ar.logger.Warn("not ready", "part", p.name, "code", string(relais.KindOf(err)), "error", err)
			missing = append(missing, p.name)
		}
	}
	return missing
}

// checkState, checkLog and checkIndex ask a question that costs little.
func (ar *archive) checkState(ctx context.Context) error {
	_, err := ar.state.Generation(ctx)
	return err
}

func (ar *archive) checkLog(ctx context.Context) error {
	_, err := ar.log.End(ctx, stream.TopicRaw)
	return err
}

func (ar *archive) checkIndex(ctx context.Context) error {
	_, err := ar.index.Search(ctx, search.Request{Scope: relais.Everything(), Limit: 1})
	return err
}

// kinded gives the errors of a log their kinds: the stream knows no word of ours.
type kinded struct{ stream.Log }

// Append adds records: see [stream.Log].
func (k kinded) Append(ctx context.Context, topic string, records []stream.Record) error {
	return streamError("append", k.Log.Append(ctx, topic, records))
}

// Run reads a topic: see [stream.Log].
func (k kinded) Run(ctx context.Context, group, topic string, opt stream.RunOptions, h stream.Handler) error {
	if told := opt.OnFault; told != nil {
		opt.OnFault = func(err error) { told(streamError("run", err)) }
	}
	return streamError("read", k.Log.Run(ctx, group, topic, opt, h))
}

// End gives the position after the last record: see [stream.Log].
func (k kinded) End(ctx context.Context, topic string) (stream.Position, error) {
	p, err := k.Log.End(ctx, topic)
	return p, streamError("find the end", err)
}

// Committed gives a group's position: see [stream.Log].
func (k kinded) Committed(ctx context.Context, group, topic string) (stream.Position, error) {
	p, err := k.Log.Committed(ctx, group, topic)
	return p, streamError("find a position", err)
}

// Reset sets a group's position: see [stream.Log].
func (k kinded) Reset(ctx context.Context, group, topic string, to stream.Position) error {
	return streamError("set a position", k.Log.Reset(ctx, group, topic, to))
}

// streamError says what an error of the log means to whoever called it.
func streamError(op string, err error) error {
	switch {
	case err == nil, relais.KindOf(err) != relais.KindInternal:
		return err
	case errors.Is(err, stream.ErrLost):
		return relais.WithHint(relais.E(relais.KindDamaged, op, err),
			"bring the topic back from a backup; or, when that cannot be, stop the workers and `relais reindex --from raw --accept-loss`")
	case errors.Is(err, stream.ErrDenied):
		return relais.E(relais.KindAuth, op, err)
	case errors.Is(err, stream.ErrUnavailable):
		return relais.E(relais.KindUnavailable, op, err)
	case errors.Is(err, stream.ErrTooLarge):
		return relais.E(relais.KindTooLarge, op, err)
	}
	return relais.E(relais.KindInternal, op, err)
}
