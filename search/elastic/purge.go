package elastic

import (
	"context"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/relais-archive/relais/internal/relais"
)

// purgeTime bounds a merge of a whole index.
const purgeTime = time.Hour

// Purge has the server merge away what removed documents leave in its segments. It does
// nothing when this process has removed nothing since the last time; the first time it
// looks anyway, since another process may have ended too soon. The server keeps what was
// removed until all copies of a shard are known to have it, which it looks at twice a
// minute: until then the error is of relais.KindUnavailable.
func (x *Index) Purge(ctx context.Context) error {
	if !x.purgeDue(false) {
		return nil
	}
	err := x.purge(ctx)
	if err != nil {
		x.purgeDue(true)
	}
	return err
}

// purgeDue tells whether something was removed, and sets what it will tell next.
func (x *Index) purgeDue(next bool) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	due := x.removed
	x.removed = next
	return due
}

// purge commits, waits for the copies, and writes segments without removed documents.
func (x *Index) purge(ctx context.Context) error {
	const op = "purge index"
	yes := true
	flush := func() esapi.Request { return esapi.IndicesFlushRequest{Index: []string{x.name}, Force: &yes} }
	if err := x.each(ctx, op, flush); err != nil {
		return err
	}
	shards, deleted, err := x.kept(ctx)
	if err != nil || deleted == 0 {
		return err
	}
	if err := x.await(shards); err != nil {
		return err
	}
	merge := func() esapi.Request {
		return esapi.IndicesForcemergeRequest{Index: []string{x.name}, OnlyExpungeDeletes: &yes}
	}
	if err := x.each(ctx, op, merge); err != nil {
		return err
	}
	return x.Refresh(ctx) // the old segments go with the last search that looks at them
}

// each asks for something that each shard must do.
func (x *Index) each(ctx context.Context, op string, request func() esapi.Request) error {
	r, err := x.callFor(ctx, purgeTime, op, request)
	if err != nil {
		return err
	}
	return r.whole(op)
}

// await tells whether the copies of each shard are known to have the operations that
// were there when this was first asked since the last purge.
func (x *Index) await(shards []shardStats) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.awaited == nil {
		x.awaited = make(map[string]int64, len(shards))
		for _, s := range shards {
			x.awaited[s.number] = max(x.awaited[s.number], s.Sequence.Max)
		}
	}
	for _, s := range shards {
		for _, l := range s.Leases.Leases {
			if l.Retaining <= x.awaited[s.number] {
				return relais.E(relais.KindUnavailable, "purge index", kept{s.number})
			}
		}
	}
	x.awaited = nil
	return nil
}

// kept says that what was removed from a shard is kept for its copies.
type kept struct{ shard string }

// Error names the shard.
func (k kept) Error() string { return "removed documents are kept for the copies of shard " + k.shard }

// Waiting says that this is the server's way, and no fault: it is asked again.
func (kept) Waiting() bool { return true }

// shardStats is what the server tells of one copy of a shard.
type shardStats struct {
	number   string
	Docs     struct{ Deleted int }
	Sequence struct {
		Max int64 `json:"max_seq_no"`
	} `json:"seq_no"`
	Leases struct {
		Leases []struct {
			Retaining int64 `json:"retaining_seq_no"`
		}
	} `json:"retention_leases"`
}

// kept gives the copies of shards, and how many documents they hold that were removed
// or replaced.
func (x *Index) kept(ctx context.Context) (all []shardStats, deleted int, err error) {
	const op = "count removed documents"
	r, err := x.call(ctx, op, func() esapi.Request {
		return esapi.IndicesStatsRequest{Index: []string{x.name}, Metric: []string{"docs"}, Level: "shards", FilterPath: []string{"indices.*.shards"}}
	})
	if err != nil {
		return nil, 0, err
	}
	var stats struct {
		Indices map[string]struct{ Shards map[string][]shardStats }
	}
	if err := r.decode(op, &stats); err != nil {
		return nil, 0, err
	}
	for _, index := range stats.Indices {
		for number, copies := range index.Shards {
			for _, s := range copies {
				s.number = number
				all, deleted = append(all, s), deleted+s.Docs.Deleted
			}
		}
	}
	return all, deleted, nil
}
