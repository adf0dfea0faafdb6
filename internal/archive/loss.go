package archive

import (
	"context"
	"strconv"

	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
)

// AdmitLoss makes state go on with what topics have left, after records were lost:
// captured items that stream "raw" no longer holds are captured again by the next
// ingest of their source, and documents that "enriched" does not hold are appended anew.
// The notice says what is left to do, "" when nothing is. Nobody else may run a stage
// meanwhile: whoever mends a stream has stopped the workers.
func AdmitLoss(ctx context.Context, db *state.DB, log stream.Log) (notice string, err error) {
	if err := followRefused(ctx, log); err != nil {
		return "", err
	}
	before, err := leastHeld(ctx, db)
	if err != nil {
		return "", err
	}
	for topic, n := range before {
		end, err := log.End(ctx, topic)
		if err != nil {
			return "", err
		}
		left := pipeline.Records(end)
		if left >= n {
			continue
		}
		if topic == stream.TopicRaw {
			notice = "Stream raw has lost captured items. What was read of them is still there; ingest every source again, to have them back in the stream."
		}
		if err := forget(ctx, db, topic); err != nil {
			return "", err
		}
		if err := db.SetMeta(ctx, pipeline.HeldSetting(topic), strconv.FormatInt(left, 10)); err != nil {
			return "", err
		}
	}
	return notice, nil
}

// followRefused lets the stage of topic "refused" begin anew where that topic was lost:
// what it had brought into state stays there.
func followRefused(ctx context.Context, log stream.Log) error {
	at, err := log.Committed(ctx, refused.Group, stream.TopicRefused)
	if err != nil {
		return err
	}
	end, err := log.End(ctx, stream.TopicRefused)
	if err != nil || end.Reached(at) {
		return err
	}
	return log.Reset(ctx, refused.Group, stream.TopicRefused, stream.Position{})
}

// leastHeld gives how many records each topic has taken, at least: where it was seen to
// end, or, when it was lost before anybody looked, as many as what state knows of them.
func leastHeld(ctx context.Context, db *state.DB) (map[string]int64, error) {
	counts, err := pipeline.Held(ctx, db)
	if err != nil {
		return nil, err
	}
	captured, documents, err := db.Held(ctx)
	counts[stream.TopicRaw] = max(counts[stream.TopicRaw], captured)
	counts[stream.TopicEnriched] = max(counts[stream.TopicEnriched], documents)
	return counts, err
}

// forget makes state hold what a topic held for not appended.
func forget(ctx context.Context, db *state.DB, topic string) error {
	if err := db.ForgetRecords(ctx, topic); err != nil {
		return err
	}
	if topic == stream.TopicEnriched {
		return db.MarkAll(ctx)
	}
	return db.CaptureAgain(ctx)
}
