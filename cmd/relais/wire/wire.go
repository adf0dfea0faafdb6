// Package wire answers one question: which parts make this program? It is the one place
// that names brands: which databases, brokers and engines stand behind the contracts of
// an archive, embedded in a directory or on servers. What is done with an archive, once
// it is open, is package archive's.
package wire

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/internal/archive"
	"github.com/relais-archive/relais/internal/blob/local"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// Settings say where an archive is. The four that name servers are all empty or all set.
type Settings struct {
	Data       string // the archive's directory, absolute
	KeyFile    string // the master key, never under Data
	Stream     string // kafka://host:port,…
	Index      string // https://host:9200
	Blobs      string // s3://bucket?endpoint=…
	State      string // postgres://host/db
	Namespace  string // prefixes topics, indices, keys and schemas
	Privacy    string // a company's own words of privacy; "" for privacy.txt in Data, if it is there
	Bulk       bool   // packs are read from one end to the other, not here and there
	AcceptLoss bool   // go on with what is left of a log that has lost records
}

// NoPrivacyFile stands in place of a file's name for processes that read none.
const NoPrivacyFile = "-"

// Servers counts the settings that name a server: 0 or 4 can be meant.
func (s Settings) Servers() int {
	n := 0
	for _, v := range []string{s.Stream, s.Index, s.Blobs, s.State} {
		if v != "" {
			n++
		}
	}
	return n
}

// serverMemory is what a process on servers may take of its heap, so that it stays
// under 300 MB with its stacks and its program.
const serverMemory = 240 << 20

// Policy says what a process may do with the archive. A directory is one process's, which
// runs every stage; on servers workers run them, but where a log is being mended: whoever
// does that has stopped the workers.
func (s Settings) Policy() archive.Policy {
	switch {
	case s.Servers() == 0:
		return archive.Policy{Inside: pipeline.All()}
	case s.AcceptLoss:
		return archive.Policy{Shared: true, Memory: serverMemory, Inside: pipeline.All()}
	}
	return archive.Policy{Shared: true, Memory: serverMemory}
}

// PrivacyFile names the file of the company's own words.
func (s Settings) PrivacyFile() archive.PrivacyFile {
	switch {
	case s.Privacy == NoPrivacyFile, s.Privacy == "" && s.Policy().Shared:
		return archive.PrivacyFile{}
	case s.Privacy == "":
		return archive.PrivacyFile{Path: filepath.Join(s.Data, "privacy.txt"), Optional: true}
	}
	return archive.PrivacyFile{Path: s.Privacy}
}

// Program is what opens an archive: its settings and its surroundings.
type Program struct {
	Settings
	Env     func(string) string
	Logger  *slog.Logger
	Version string
	BaseURL *url.URL // what users reach the pages at; nil where that is this machine
	Reader  []string // the arguments under which this program reads risky files for itself: see [ReadFiles]
}

// ReadFiles reads the files that the program of which this process is a child sends it,
// until in ends.
func ReadFiles(ctx context.Context, in io.Reader, out io.Writer) error {
	return extract.Worker(ctx, in, out)
}

// Handle is an archive, open in this process.
type Handle struct {
	*archive.Archive
	Interface                   // how others ask it
	Contracts archive.Contracts // what it rests on
	Notice    string            // what the user must be told once, such as where a new key lies

	closers []func() error
}

// Close lets everything go, last opened first.
func (h *Handle) Close() error {
	return errors.Join(h.Archive.Close(), closeAll(h.closers))
}

// Open opens the archive that the settings name, or makes it when create is set.
func (p Program) Open(ctx context.Context, create bool) (*Handle, error) {
	o := &opening{Program: p}
	if err := o.place()(ctx, create); err != nil {
		return nil, errors.Join(err, closeAll(o.closers))
	}
	return o.assemble(ctx)
}

// opening is an archive that is being opened.
type opening struct {
	Program
	on       archive.Contracts
	location *time.Location
	fresh    bool   // it is being made
	half     bool   // or it is half made by a promotion, which goes on
	notice   string // what the user must be told once
	servers  servers
	packs    *local.Dir // of an archive in a directory
	closers  []func() error
}

// place gives the way to open the place where the archive is.
func (o *opening) place() func(ctx context.Context, create bool) error {
	if o.Policy().Shared {
		return o.openServers
	}
	return o.openDirectory
}

// part is one of the things that an archive rests on, which is yet to be opened.
type part struct {
	name  string
	open  func(context.Context) error
	check func(context.Context) error // tells what is wrong with it although it opened
}

// openParts opens one after the other, as far as it goes.
func (o *opening) openParts(ctx context.Context, parts []part) error {
	for _, p := range parts {
		if err := p.open(ctx); err != nil {
			return err
		}
		o.on.Parts = append(o.on.Parts, archive.Part{Name: p.name, Check: p.check})
	}
	return nil
}

// onClose has something closed with the archive.
func (o *opening) onClose(end func() error) { o.closers = append(o.closers, end) }

// assemble makes an archive of the contracts that were opened; on an error they are
// closed.
func (o *opening) assemble(ctx context.Context) (_ *Handle, err error) {
	var ar *archive.Archive
	if err = o.openExtractor(); err == nil {
		ar, err = archive.Open(ctx, o.on, o.Policy(), archive.Options{Location: o.location, Privacy: o.PrivacyFile(), Logger: o.Logger})
	}
	if err != nil {
		return nil, errors.Join(err, closeAll(o.closers))
	}
	h := &Handle{Archive: ar, Contracts: o.on, Notice: o.notice, closers: o.closers}
	if h.Interface, err = o.serve(ar); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// openExtractor gives the pool of child processes that read risky files: this same
// program, under another verb.
func (o *opening) openExtractor() error {
	self, err := os.Executable()
	if err != nil {
		return relais.E(relais.KindInternal, "find this program", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	pool := extract.NewPool(extract.PoolOptions{
		Command: append([]string{self}, o.Reader...), Workers: runtime.GOMAXPROCS(0), Limits: format.DefaultLimits(),
		CacheDir: filepath.Join(cache, "relais", "wasm"),
	})
	o.on.Extractor = pool
	o.onClose(pool.Close)
	return nil
}

// closeAll calls functions, the last first.
func closeAll(closers []func() error) error {
	var errs []error
	for i := len(closers) - 1; i >= 0; i-- {
		errs = append(errs, closers[i]())
	}
	return errors.Join(errs...)
}

// The questions of [archive.Contracts] that cost little.

func (o *opening) checkState(ctx context.Context) error {
	_, err := o.on.State.Generation(ctx)
	return err
}

// checkLog asks for each topic: answers follow what stands in one, stages read and write
// the others.
func (o *opening) checkLog(ctx context.Context) error {
	var all errgroup.Group
	for _, topic := range stream.Topics() {
		all.Go(func() error {
			_, err := o.on.Log.End(ctx, topic)
			return err
		})
	}
	return all.Wait()
}

func (o *opening) checkAudit(ctx context.Context) error { return o.on.Audit.Check(ctx) }

// each makes of several checks one that ends with the first fault.
func each(checks ...func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, check := range checks {
			if err := check(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

func (o *opening) checkIndex(ctx context.Context) error {
	_, err := o.on.Index.Search(ctx, anything())
	return err
}
