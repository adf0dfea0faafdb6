package wire

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/archive"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/s3"
	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream/kafka"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/elastic"
)

// formatSetting names where state says what an archive on servers is, as a file does of
// one in a directory. It is written last: without it there is no archive yet.
const formatSetting = "archive"

// servers is what is asked of servers beside the contracts.
type servers struct {
	bucket *s3.Bucket
	broker func(context.Context) error // looks closely at brokers and topics
}

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
func (o *opening) openServers(ctx context.Context, create bool) error {
	parts := o.onServers()
	if err := o.openParts(ctx, parts[:1]); err != nil {
		return err
	}
	if err := o.readSettings(ctx, create); err != nil {
		return err
	}
	if !o.fresh || o.half {
		return o.openParts(ctx, parts[1:])
	}
	// Two processes may find no archive at the same time: one makes it, the other
	// then finds it made.
	return o.on.State.Alone(ctx, "", func(ctx context.Context) error {
		o.fresh = false
		if err := o.readSettings(ctx, create); err != nil {
			return err
		}
		if err := o.openParts(ctx, parts[1:]); err != nil || !o.fresh {
			return err
		}
		return o.writeSettings(ctx)
	})
}

// onServers lists what the archive rests on. State comes first: it tells whether there
// is an archive at all.
func (o *opening) onServers() []part {
	return []part{
		{"state", o.openStateServer, each(o.checkState, func(ctx context.Context) error { return o.on.State.Try(ctx) })},
		{"keys", o.openKeysServer, o.checkState}, // the same server
		{"blobs", o.openBucket, func(ctx context.Context) error { return o.servers.bucket.Check(ctx) }},
		{"stream", o.openBrokers, o.checkLog},
		{"index", o.openElastic, o.checkIndex},
		{"audit", o.openAuditServer, o.checkAudit},
	}
}

// readSettings reads what state says of the archive.
func (o *opening) readSettings(ctx context.Context, create bool) error {
	text, err := o.on.State.Meta(ctx, formatSetting)
	if err != nil {
		return err
	}
	if text != "" {
		return o.readFormatText([]byte(text))
	}
	filling, err := o.on.State.Meta(ctx, archive.PromotionSetting)
	switch {
	case err != nil:
		return err
	case filling != "" && !o.half:
		return relais.WithHint(relais.Errorf(relais.KindNoArchive, "open archive", "namespace %s is being filled by a promotion", o.Namespace),
			"run the same `relais promote` again, to its end")
	case !create:
		return relais.WithHint(relais.Errorf(relais.KindNoArchive, "open archive", "no archive in namespace %s", o.Namespace),
			"`relais ingest` makes one; `relais promote` brings one; --namespace names another")
	}
	o.location, o.fresh = localZone(), true
	o.notice = "A new archive in namespace " + o.Namespace + "."
	return nil
}

// writeSettings says, last of all, that there is an archive.
func (o *opening) writeSettings(ctx context.Context) error {
	b, err := json.Marshal(formatFile{Format: archiveFormat, TimeZone: zoneOf(o.location)})
	if err != nil {
		return relais.E(relais.KindInternal, "make archive", err)
	}
	return o.on.State.SetMeta(ctx, formatSetting, string(b))
}

func (o *opening) openStateServer(ctx context.Context) (err error) {
	if o.on.State, err = state.OpenPostgres(ctx, state.PostgresOptions{URL: o.State, Namespace: o.Namespace}); err != nil {
		return err
	}
	o.onClose(o.on.State.Close)
	return nil
}

func (o *opening) openKeysServer(ctx context.Context) error {
	options := seal.PostgresOptions{URL: o.State, Namespace: o.Namespace}
	master, err := o.master(ctx, options.Made)
	if err != nil {
		return err
	}
	if o.on.Keys, err = seal.OpenPostgres(ctx, options, master); err != nil {
		return err
	}
	o.onClose(o.on.Keys.Close)
	o.on.Files = append(o.on.Files, archive.File{Name: "the keys", Check: o.on.Keys.Check})
	return nil
}

func (o *opening) openBucket(ctx context.Context) (err error) {
	if o.servers.bucket, err = s3.Open(ctx, s3.Options{
		URL: o.Blobs, Namespace: o.Namespace, Region: o.Env("AWS_REGION"), CABundle: o.Env("AWS_CA_BUNDLE"),
	}); err != nil {
		return err
	}
	o.on.Backend = o.servers.bucket
	block := int64(packBlock)
	if o.Bulk {
		block = bulkBlock
	}
	o.on.Blobs = blob.New(blob.WithCache(o.servers.bucket, packCache, block), o.on.Keys, o.on.State, blob.Options{})
	return nil
}

func (o *opening) openBrokers(ctx context.Context) error {
	opt, err := o.brokers()
	if err != nil {
		return err
	}
	if !o.AcceptLoss && o.on.State != nil { // who examines goes on without state
		if opt.Held, err = pipeline.Held(ctx, o.on.State); err != nil {
			return err
		}
	}
	log, err := kafka.Open(ctx, opt)
	if err != nil {
		return pipeline.LogError("open stream", err)
	}
	o.on.Log, o.servers.broker = pipeline.Kinded(log), log.Check
	o.onClose(log.Close)
	if !o.AcceptLoss {
		return nil
	}
	o.notice, err = archive.AdmitLoss(ctx, o.on.State, o.on.Log)
	return err
}

// brokers reads the settings of the stream.
func (o *opening) brokers() (kafka.Options, error) {
	opt, err := kafka.ParseURL(o.Stream)
	if err != nil {
		return opt, relais.E(relais.KindInvalid, "read --stream", err)
	}
	opt.Namespace, opt.Create = o.Namespace, o.fresh || o.AcceptLoss
	opt.AcceptLoss = opt.AcceptLoss || o.AcceptLoss
	opt.Notice = func(text string) { o.Logger.Warn(text, "part", "stream") }
	for name, value := range map[string]*string{
		"RELAIS_KAFKA_USER": &opt.Link.User, "RELAIS_KAFKA_SASL": &opt.Link.Mechanism, "RELAIS_KAFKA_CA_FILE": &opt.Link.CA,
		"RELAIS_KAFKA_CERT_FILE": &opt.Link.Cert, "RELAIS_KAFKA_KEY_FILE": &opt.Link.Key,
	} {
		if *value == "" {
			*value = o.Env(name)
		}
	}
	opt.Link.Password, err = Secret(o.Env, "RELAIS_KAFKA_PASSWORD")
	return opt, err
}

func (o *opening) openElastic(ctx context.Context) error {
	opt, err := o.elastic()
	if err != nil {
		return err
	}
	if o.on.Index, err = archive.OpenGenerations(ctx, o.on.State, elasticIndexes{opt}, o.fresh, pipeline.Notice); err == nil {
		o.onClose(o.on.Index.Close)
	}
	return err
}

// elastic reads the settings of the index.
func (o *opening) elastic() (elastic.Options, error) {
	opt := elastic.Options{URLs: strings.Split(o.Index, ","), Namespace: o.Namespace, User: o.Env("RELAIS_ES_USER"), Zone: o.location}
	var err error
	if opt.APIKey, err = Secret(o.Env, "RELAIS_ES_API_KEY"); err != nil {
		return opt, err
	}
	if opt.Password, err = Secret(o.Env, "RELAIS_ES_PASSWORD"); err != nil {
		return opt, err
	}
	if file := o.Env("RELAIS_ES_CA_FILE"); file != "" {
		if opt.CA, err = os.ReadFile(file); err != nil {
			return opt, relais.E(relais.KindInvalid, "read RELAIS_ES_CA_FILE", err)
		}
	}
	return opt, nil
}

// elasticIndexes keeps each index in one of Elasticsearch's, named after it.
type elasticIndexes struct{ opt elastic.Options }

// Open opens the index of a number.
func (e elasticIndexes) Open(ctx context.Context, n int, fresh bool) (search.Index, error) {
	e.opt.Number, e.opt.Fresh = n, fresh
	return elastic.Open(ctx, e.opt)
}

// Drop removes the index of a number, if it is there.
func (e elasticIndexes) Drop(ctx context.Context, n int) error {
	e.opt.Number = n
	return elastic.Drop(ctx, e.opt)
}

func (o *opening) openAuditServer(ctx context.Context) error {
	log, err := audit.OpenPostgres(ctx, audit.PostgresOptions{URL: o.State, Namespace: o.Namespace}, time.Now)
	if err != nil {
		return err
	}
	o.on.Audit = log
	o.onClose(log.Close)
	return nil
}
