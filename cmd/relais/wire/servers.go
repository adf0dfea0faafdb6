package main

import (
	"context"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/s3"
	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/internal/stream/kafka"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/elastic"
)

// What state says of an archive on servers, as a file does of one in a directory.
const (
	formatSetting    = "archive"   // written last: without it there is no archive yet
	promotionSetting = "promotion" // which promotion fills it, until it is whole
)

// packCache bounds the sealed bytes of packs that a process keeps in memory. The blocks
// are how many are fetched at once, by who opens a page of hits and by who reads all
// there is: an answer costs the bucket's server up to a millisecond of its processor,
// whatever its size (versitygw 1.8, measured).
const (
	packCache = 64 << 20
	packBlock = 64 << 10
	bulkBlock = 1 << 20
)

// openServers opens the archive that rests on servers. Any number of processes may;
// none runs a stage unless it is told to.
func (ar *archive) openServers(ctx context.Context, create bool) error {
	parts := ar.onServers()
	if err := parts[0].open(ctx); err != nil {
		return err
	}
	if err := ar.readSettings(ctx, create); err != nil {
		return err
	}
	if !ar.fresh || ar.half {
		return ar.openRest(ctx, parts)
	}
	// Two processes may find no archive at the same time: one makes it, the other
	// then finds it made.
	return ar.state.Alone(ctx, "", func(ctx context.Context) error {
		ar.fresh = false
		if err := ar.readSettings(ctx, create); err != nil {
			return err
		}
		if err := ar.openRest(ctx, parts); err != nil || !ar.fresh {
			return err
		}
		return ar.writeSettings(ctx)
	})
}

// onServers lists what the archive rests on. State comes first: it tells whether there
// is an archive at all.
func (ar *archive) onServers() []part {
	return []part{
		{"state", ar.openStateServer, ar.checkState},
		{"keys", ar.openKeysServer, ar.checkState}, // the same server
		{"blobs", ar.openBucket, func(ctx context.Context) error { return ar.bucket.Check(ctx) }},
		{"stream", ar.openBrokers, ar.checkLog},
		{"index", ar.openElastic, ar.checkIndex},
		{"audit", ar.openAuditServer, ar.checkState}, // the same server
	}
}

// openRest opens what state has told the way to, and follows what other processes do.
func (ar *archive) openRest(ctx context.Context, parts []part) error {
	if err := ar.openParts(ctx, parts[1:]); err != nil {
		return err
	}
	ar.parts = parts
	follow, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		ar.follow(follow)
	}()
	ar.closers = append(ar.closers, func() error { stop(); <-done; return nil })
	return nil
}

// follow takes up the index that another process puts in use.
func (ar *archive) follow(ctx context.Context) {
	every(ctx, func() bool {
		if err := ar.index.follow(ctx); err != nil && ctx.Err() == nil {
			ar.logger.Warn("cannot tell which index is in use", "code", string(relais.KindOf(err)), "error", err)
		}
		return false
	})
}

// readSettings reads what state says of the archive.
func (ar *archive) readSettings(ctx context.Context, create bool) error {
	text, err := ar.state.Meta(ctx, formatSetting)
	if err != nil {
		return err
	}
	if text != "" {
		return ar.readFormatText([]byte(text))
	}
	filling, err := ar.state.Meta(ctx, promotionSetting)
	switch {
	case err != nil:
		return err
	case filling != "" && !ar.half:
		return relais.WithHint(relais.Errorf(relais.KindNoArchive, "open archive", "namespace %s is being filled by a promotion", ar.cfg.namespace),
			"run the same `relais promote` again, to its end")
	case !create:
		return relais.WithHint(relais.Errorf(relais.KindNoArchive, "open archive", "no archive in namespace %s", ar.cfg.namespace),
			"`relais ingest` makes one; `relais promote` brings one; --namespace names another")
	}
	ar.location, ar.fresh = localZone(), true
	ar.notice = "A new archive in namespace " + ar.cfg.namespace + "."
	return nil
}

// writeSettings says, last of all, that there is an archive.
func (ar *archive) writeSettings(ctx context.Context) error {
	b, err := json.Marshal(formatFile{Format: archiveFormat, TimeZone: zoneOf(ar.location)})
	if err != nil {
		return relais.E(relais.KindInternal, "make archive", err)
	}
	return ar.state.SetMeta(ctx, formatSetting, string(b))
}

func (ar *archive) openStateServer(ctx context.Context) (err error) {
	if ar.state, err = state.OpenPostgres(ctx, state.PostgresOptions{URL: ar.cfg.state, Namespace: ar.cfg.namespace}); err != nil {
		return err
	}
	ar.closers = append(ar.closers, ar.state.Close)
	return nil
}

func (ar *archive) openKeysServer(ctx context.Context) error {
	master, err := ar.master()
	if err != nil {
		return err
	}
	if ar.keys, err = seal.OpenPostgres(ctx, seal.PostgresOptions{URL: ar.cfg.state, Namespace: ar.cfg.namespace}, master); err != nil {
		return err
	}
	ar.closers = append(ar.closers, ar.keys.Close)
	return nil
}

func (ar *archive) openBucket(ctx context.Context) (err error) {
	if ar.bucket, err = s3.Open(ctx, s3.Options{
		URL: ar.cfg.blobs, Namespace: ar.cfg.namespace, Region: ar.env("AWS_REGION"), CABundle: ar.env("AWS_CA_BUNDLE"),
	}); err != nil {
		return err
	}
	ar.backend = ar.bucket
	block := int64(packBlock)
	if ar.cfg.bulk {
		block = bulkBlock
	}
	ar.blobs = blob.New(blob.WithCache(ar.bucket, packCache, block), ar.keys, ar.state, blob.Options{})
	return nil
}

func (ar *archive) openBrokers(ctx context.Context) error {
	opt, err := ar.brokers()
	if err != nil {
		return err
	}
	if !ar.cfg.repair {
		if opt.Held, err = held(ctx, ar.state); err != nil {
			return err
		}
	}
	log, err := kafka.Open(ctx, opt)
	if err != nil {
		return streamError("open stream", err)
	}
	ar.log, ar.brokered = kinded{log}, log.Check
	ar.closers = append(ar.closers, log.Close)
	if ar.cfg.repair {
		return ar.admitLoss(ctx)
	}
	return nil
}

// admitLoss makes state go on with what topics have left, after records were lost:
// captured items that stream "raw" no longer holds are captured again by the next
// ingest of their source, and documents that "enriched" does not hold are appended anew.
// This process then runs the stages: whoever mends a stream has stopped the workers.
func (ar *archive) admitLoss(ctx context.Context) error {
	ar.inside = []string{stageEnrich, stageIndex, stageRefused}
	if err := ar.followRefused(ctx); err != nil {
		return err
	}
	before, err := ar.leastHeld(ctx)
	if err != nil {
		return err
	}
	for topic, n := range before {
		end, err := ar.log.End(ctx, topic)
		if err != nil {
			return err
		}
		if sum(end) >= n {
			continue
		}
		if err := ar.forget(ctx, topic); err != nil {
			return err
		}
		if err := ar.state.SetMeta(ctx, heldSetting(topic), strconv.FormatInt(sum(end), 10)); err != nil {
			return err
		}
	}
	return nil
}

// followRefused lets the stage of topic "refused" begin anew where that topic was lost:
// what it had brought into state stays there.
func (ar *archive) followRefused(ctx context.Context) error {
	at, err := ar.log.Committed(ctx, refused.Group, stream.TopicRefused)
	if err != nil {
		return err
	}
	end, err := ar.log.End(ctx, stream.TopicRefused)
	if err != nil || end.Reached(at) {
		return err
	}
	return ar.log.Reset(ctx, refused.Group, stream.TopicRefused, stream.Position{})
}

// leastHeld gives how many records each topic has taken, at least: where it was seen to
// end, or, when it was lost before anybody looked, as many as what state knows of them.
func (ar *archive) leastHeld(ctx context.Context) (map[string]int64, error) {
	counts, err := held(ctx, ar.state)
	if err != nil {
		return nil, err
	}
	captured, documents, err := ar.state.Held(ctx)
	counts[stream.TopicRaw] = max(counts[stream.TopicRaw], captured)
	counts[stream.TopicEnriched] = max(counts[stream.TopicEnriched], documents)
	return counts, err
}

// forget makes state hold what a topic held for not appended.
func (ar *archive) forget(ctx context.Context, topic string) error {
	if err := ar.state.ForgetRecords(ctx, topic); err != nil {
		return err
	}
	if topic == stream.TopicEnriched {
		return ar.state.MarkAll(ctx)
	}
	ar.notice = "Stream raw has lost captured items. What was read of them is still there; ingest every source again, to have them back in the stream."
	return ar.state.CaptureAgain(ctx)
}

// brokers reads the settings of the stream.
func (ar *archive) brokers() (kafka.Options, error) {
	opt, err := kafka.ParseURL(ar.cfg.stream)
	if err != nil {
		return opt, relais.E(relais.KindInvalid, "read --stream", err)
	}
	opt.Namespace, opt.Create = ar.cfg.namespace, ar.fresh || ar.cfg.repair
	opt.AcceptLoss = opt.AcceptLoss || ar.cfg.repair
	opt.Notice = func(text string) { ar.logger.Warn(text, "part", "stream") }
	for name, value := range map[string]*string{
		"RELAIS_KAFKA_USER": &opt.Link.User, "RELAIS_KAFKA_SASL": &opt.Link.Mechanism, "RELAIS_KAFKA_CA_FILE": &opt.Link.CA,
		"RELAIS_KAFKA_CERT_FILE": &opt.Link.Cert, "RELAIS_KAFKA_KEY_FILE": &opt.Link.Key,
	} {
		if *value == "" {
			*value = ar.env(name)
		}
	}
	opt.Link.Password, err = secret(ar.env, "RELAIS_KAFKA_PASSWORD")
	return opt, err
}

func (ar *archive) openElastic(ctx context.Context) error {
	opt, err := ar.elastic()
	if err != nil {
		return err
	}
	ar.index, err = openGenerations(ctx, ar.state, elasticIndexes{opt}, ar.fresh)
	if err != nil {
		return err
	}
	ar.index.linger = 3 * lookEvery
	ar.closers = append(ar.closers, ar.index.Close)
	return nil
}

// elastic reads the settings of the index.
func (ar *archive) elastic() (elastic.Options, error) {
	opt := elastic.Options{URLs: strings.Split(ar.cfg.index, ","), Namespace: ar.cfg.namespace, User: ar.env("RELAIS_ES_USER"), Zone: ar.location}
	var err error
	if opt.APIKey, err = secret(ar.env, "RELAIS_ES_API_KEY"); err != nil {
		return opt, err
	}
	if opt.Password, err = secret(ar.env, "RELAIS_ES_PASSWORD"); err != nil {
		return opt, err
	}
	if file := ar.env("RELAIS_ES_CA_FILE"); file != "" {
		if opt.CA, err = os.ReadFile(file); err != nil {
			return opt, relais.E(relais.KindInvalid, "read RELAIS_ES_CA_FILE", err)
		}
	}
	return opt, nil
}

// elasticIndexes keeps each index in one of Elasticsearch's, named after it.
type elasticIndexes struct{ opt elastic.Options }

// open opens the index of a number.
func (e elasticIndexes) open(ctx context.Context, n int, fresh bool) (search.Index, error) {
	e.opt.Number, e.opt.Fresh = n, fresh
	return elastic.Open(ctx, e.opt)
}

// drop removes the index of a number, if it is there.
func (e elasticIndexes) drop(ctx context.Context, n int) error {
	e.opt.Number = n
	return elastic.Drop(ctx, e.opt)
}

func (ar *archive) openAuditServer(ctx context.Context) error {
	log, err := audit.OpenPostgres(ctx, audit.PostgresOptions{URL: ar.cfg.state, Namespace: ar.cfg.namespace}, time.Now)
	if err != nil {
		return err
	}
	ar.audit = log
	ar.closers = append(ar.closers, log.Close)
	return nil
}
