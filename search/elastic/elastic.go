// Package elastic answers one question: how is it found again by many machines? It is
// the distributed engine behind package search, on Elasticsearch 8 through the
// low-level calls of go-elasticsearch, which nothing else of the program imports.
//
// Elasticsearch is given the terms that package analysis makes, parted by spaces, and
// keeps none of what it is given but a revision: it holds no text that a person could
// read. What it holds in clear is what the embedded engine holds in its columns, and
// no more: ids and names of cases, clients and topics, the sender's address, owners,
// folders, kinds, media types, languages, dates and sizes. Message-IDs, content ids
// and threads are hashes. (Terms in their order are near to a text all the same, and
// the server's own recovery keeps what it was sent for a while: its disks deserve the
// care that mail does.)
//
// Each generation of the index is an alias, NAMESPACE-index-N, of one concrete index;
// nothing is ever written but through it, so that no mistake makes an index by
// itself. Documents carry their revision as an external version: the server keeps the
// highest, whatever the order in which batches come.
package elastic

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// Options say where the server is and which index is meant.
type Options struct {
	URLs      []string // https://host:9200, one node or more; without credentials
	Namespace string   // prefixes index and template; "relais" when empty
	Number    int      // the index's generation
	Fresh     bool     // make the index where there is none

	// APIKey is the encoded form of an API key; it wins over User and Password.
	// Credentials want https, but on loopback.
	APIKey         string
	User, Password string
	CA             []byte // PEM; the system's authorities when empty

	// Zone is the archive's time zone, whose months and years are counted; UTC. Every
	// process that writes to one index must be given the same.
	Zone   *time.Location
	Shards int // of an index when it is made; 1 when 0. More than some 50 GB a shard is slow to move
	// Senders is how many bulk calls are under way at once; 4 when 0: two are analysed
	// here while two are indexed there.
	Senders int
}

// Index is one generation of the index. It is safe for concurrent use.
type Index struct {
	*server
	name      string // the alias
	namespace string
	shards    int
	senders   int
	bulkBytes int       // of one call, above which it is parted
	analyzers sync.Pool // of *analysis.Analyzer, whose caches are worth keeping
	encoders  sync.Pool // of *encoder, likewise

	mu      sync.Mutex
	removed bool             // something was removed since the last Purge, or may have been
	awaited map[string]int64 // by shard: the operation up to which a Purge waits for copies
}

var (
	_ search.Index  = (*Index)(nil)
	_ search.Purger = (*Index)(nil)
)

// bulkBytes is some 2,000 mails: larger calls gain nothing, and the server holds them
// in memory.
const bulkBytes = 8 << 20

// Open opens an index, or makes it when it is fresh. One that is not there, but
// should be, is of relais.KindDamaged; one of another format or of another version of
// the analyzer is of relais.KindInvalid: it can only be made again. A server that does
// not answer is of relais.KindUnavailable, one that refuses the credentials of
// relais.KindAuth.
func Open(ctx context.Context, opt Options) (*Index, error) {
	x, err := connect(opt)
	if err != nil {
		return nil, err
	}
	if err := x.prepare(ctx, opt.Fresh); err != nil {
		_ = x.Close()
		return nil, err
	}
	return x, nil
}

// connect makes the index's value, without a word to the server.
func connect(opt Options) (*Index, error) {
	if opt.Namespace == "" {
		opt.Namespace = "relais"
	}
	if !regexp.MustCompile(`^[a-z][a-z0-9_-]{0,99}$`).MatchString(opt.Namespace) {
		return nil, relais.Errorf(relais.KindInvalid, "open index", "a namespace is of small letters, digits, hyphens and underscores")
	}
	s, err := newServer(opt)
	if err != nil {
		return nil, err
	}
	x := &Index{
		server: s, name: fmt.Sprintf("%s-index-%d", opt.Namespace, opt.Number), namespace: opt.Namespace,
		shards: max(opt.Shards, 1), senders: opt.Senders, bulkBytes: bulkBytes, removed: true,
	}
	if x.senders <= 0 {
		x.senders = 4
	}
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	x.analyzers.New = func() any { return analysis.New() }
	x.encoders.New = func() any { return newEncoder(analysis.New(), opt.Zone) }
	return x, nil
}

// Drop deletes a generation of the index, with all that it holds; one that is not
// there is no error. Only URLs, credentials, Namespace and Number are looked at.
func Drop(ctx context.Context, opt Options) error {
	x, err := connect(opt)
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	names, err := x.concrete(ctx)
	if err != nil || len(names) == 0 {
		return err
	}
	r, err := x.call(ctx, "drop index", func() esapi.Request { return esapi.IndicesDeleteRequest{Index: names} })
	if err == nil && r.status != 404 {
		err = r.fault("drop index")
	}
	return err
}

// Refresh makes everything applied before, by whatever process, found.
func (x *Index) Refresh(ctx context.Context) error {
	const op = "refresh index"
	r, err := x.call(ctx, op, func() esapi.Request { return esapi.IndicesRefreshRequest{Index: []string{x.name}} })
	if err != nil {
		return err
	}
	return r.whole(op)
}

// Close lets the connections go.
func (x *Index) Close() error {
	x.server.close()
	return nil
}
