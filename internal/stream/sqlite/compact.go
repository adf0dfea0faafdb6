package sqlite

import (
	"context"
	"database/sql"

	"github.com/relais-archive/relais/internal/stream"
)

// compactStep is how many offsets one transaction of Compact looks at: others
// append in between.
const compactStep = 4096

// Compact deletes the records of topic "enriched" whose key was appended again, in
// steps; the other topics are kept whole. Where groups stand does not matter: what
// replaces a record comes after it. The file does not shrink, its pages are used
// again.
func (l *Log) Compact(ctx context.Context, topic string) error {
	if err := stream.CheckTopic(topic); err != nil || topic != stream.TopicEnriched {
		return err
	}
	end, err := l.End(ctx, topic)
	if err != nil {
		return err
	}
	for from := int64(0); from < end[0]; from += compactStep {
		drop := func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `DELETE FROM enriched AS old WHERE id > ?1 AND id <= ?2
				AND EXISTS (SELECT 1 FROM enriched WHERE key = old.key AND id > old.id)`, from, from+compactStep)
			return err
		}
		if err := l.fail(ctx, "compact", l.writer.do(ctx, job{apply: drop})); err != nil {
			return err
		}
	}
	return nil
}
