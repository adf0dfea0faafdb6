// Package archive answers one question: what is done to a whole archive? It captures
// and imports, waits, makes the index again, verifies, settles, promotes, tells
// counters: each from contracts that somebody else has opened, and by a [Policy] that
// says what the process may do with them. It knows no brand, no flag and no HTTP.
package archive

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/enrich/evaluate"
	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/enrich/library"
	"github.com/relais-archive/relais/internal/access"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/casefile"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
	"github.com/relais-archive/relais/internal/sqlitefile"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/search"
)

// Contracts is what an archive rests on. Whoever has opened them closes them, after
// the archive.
type Contracts struct {
	Keys      *seal.Keyring
	State     *state.DB
	Backend   blob.Backend // where packs are
	Blobs     blob.Store
	Log       stream.Log
	Index     *Generations
	Audit     audit.Log
	Extractor extract.Extractor
	Parts     []Part     // what must answer for the archive to serve
	Files     []File     // of tables, where they are files of ours
	Directory *Directory // where all of it rests; nil on servers
}

// Part is one of the things that an archive rests on.
type Part struct {
	Name  string
	Check func(ctx context.Context) error // tries what serving needs of it, although it is open
}

// File is a file of tables, how to tell whether it is whole, and how to copy it. A deep
// check reads all of it. What is malformed is of relais.KindDamaged.
type File struct {
	Name   string
	Check  func(ctx context.Context, deep bool) error
	Freeze func(ctx context.Context) (Frozen, error) // nil where it is made again
}

// The names of files that a backup or a repair treats each in its way.
const (
	StateFile = "state.db"
	KeysFile  = "keys.db"
	LogFile   = "log.db"
	IndexFile = "the index"
)

// The stages that a process may run: see package pipeline.
const (
	StageEnrich  = pipeline.Enrich
	StageIndex   = pipeline.Index
	StageRefused = pipeline.Refused
)

// Stages gives every stage.
func Stages() []string { return pipeline.All() }

// FullDisk says of an error for want of room what to do about it, and gives other errors
// as they are.
func FullDisk(err error) error { return pipeline.FullDisk(err) }

// Report is how well the tags of an archive fit a truth.
type Report = evaluate.Report

// Score is how well one kind of tag does.
type Score = evaluate.Score

// Policy says what a process may do with an archive: alone the difference between one
// that a single process holds and one that many share.
type Policy struct {
	Shared bool     // other processes have it open too
	Memory int64    // what the process may take of its heap, in bytes; 0 for as much as it wants
	Inside []string // the stages that run in this process once something needs them; none where workers run them
}

// Options are what an archive is opened with, beside its contracts.
type Options struct {
	Location *time.Location // what a day is
	Privacy  PrivacyFile    // the company's own words
	Logger   *slog.Logger
}

// Archive is one archive, open in this process. Its methods bear being called at the
// same time.
type Archive struct {
	Library  *library.Library    // opens documents
	Cases    *casefile.Cases     // keeps the departures
	Tokens   *access.Tokens      // keeps the tokens of programs
	Clock    *access.Clock       // a time that never goes back
	Hash     func(string) string // under which queries stand in the audit log
	Location *time.Location      // what a day is

	on       Contracts
	policy   Policy
	logger   *slog.Logger
	pipeline *pipeline.Pipeline
	upkeep   sync.Mutex // one rebuild or verification at a time
	health   health
	book     clientBook
	closers  []func()
}

// Open puts an archive together from its contracts, and has documents read again where
// this program's rules, or the company's words, are newer than those they were read by.
func Open(ctx context.Context, on Contracts, policy Policy, opt Options) (*Archive, error) {
	ar := &Archive{
		Library: library.New(on.State, on.Blobs), Tokens: access.NewTokens(on.State, time.Now), Clock: access.NewClock(on.State, time.Now),
		Location: opt.Location, on: on, policy: policy, logger: opt.Logger,
	}
	ar.Cases = casefile.New(on.State, time.Now, ar.markedFolders)
	ar.pipeline = pipeline.New(pipeline.Deps{
		Log: on.Log, State: on.State, Group: enrich.Group, Target: on.Index, Inside: policy.Inside, Logger: opt.Logger, Broken: sqlitefile.Damaged,
		Enricher: func(ctx context.Context) (pipeline.Enricher, error) { return ar.stage(ctx) },
		Indexer:  ar.indexStage(on.Index), Refusals: refused.NewStage(on.State),
	})
	ar.closers = append(ar.closers, ar.pipeline.Stop)
	err := ar.followRules(ctx)
	if err == nil {
		err = ar.followPrivacyFile(ctx, opt.Privacy)
	}
	if err == nil {
		ar.Hash, err = ar.queryHash(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, ar.Close())
	}
	if policy.Shared {
		ar.followIndex(ctx)
	}
	return ar, nil
}

// Close ends the stages that run in this process, after the batch each is in.
func (ar *Archive) Close() error {
	for i := len(ar.closers) - 1; i >= 0; i-- {
		ar.closers[i]()
	}
	ar.closers = nil
	return nil
}

// Start runs the stages that belong in this process, if any do.
func (ar *Archive) Start(ctx context.Context) { ar.pipeline.Start(ctx) }

// Work runs stages until ctx ends, or one meets what no time mends.
func (ar *Archive) Work(ctx context.Context, stages []string) error {
	return ar.pipeline.Work(ctx, stages)
}

// Audit is the log of who did what.
func (ar *Archive) Audit() audit.Log { return ar.on.Audit }

// stage makes the enrich stage of the generation there is now.
func (ar *Archive) stage(ctx context.Context) (*enrich.Stage, error) {
	return enrich.NewStage(ctx, enrich.Deps{
		Log: ar.on.Log, Blobs: ar.on.Blobs, State: ar.on.State, Extractor: ar.on.Extractor, Limits: format.DefaultLimits(),
		Logger: ar.logger, Clock: time.Now, Workers: runtime.GOMAXPROCS(0),
	})
}

func (ar *Archive) indexStage(w search.Writer) *search.Stage {
	return search.NewStage(w, ar.Library, records{ar.Library})
}

// followIndex takes up the index that another process puts in use, until the archive
// is closed.
func (ar *Archive) followIndex(ctx context.Context) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() {
		pipeline.Every(ctx, func() bool {
			if err := ar.on.Index.follow(ctx); err != nil && ctx.Err() == nil {
				ar.logger.Warn("cannot tell which index is in use", "code", string(relais.KindOf(err)), "error", err)
			}
			return false
		})
	})
	ar.closers = append(ar.closers, func() { stop(); done.Wait() })
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
