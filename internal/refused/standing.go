package refused

import (
	"context"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// Positions tells how far groups have read.
type Positions interface {
	Committed(ctx context.Context, group, topic string) (stream.Position, error)
}

// Standing gives those of the refused records that still count. A record counts until the
// group that its stage reads with today has passed it without refusing it: after a new
// version, a new list of clients or a new index it may have been handled after all.
// current names that group for each stage; what other stages refused always counts.
func Standing(ctx context.Context, log Positions, current map[string]string, list []relais.Refusal) ([]relais.Refusal, error) {
	var standing []relais.Refusal
	passed := map[[2]string]stream.Position{}
	for _, f := range list {
		group, known := current[f.Stage]
		_, generation := Split(group)
		if !known || f.Record.Generation < 0 || f.Record.Generation >= generation {
			standing = append(standing, f)
			continue
		}
		read := [2]string{group, f.Record.Topic}
		if _, ok := passed[read]; !ok {
			at, err := log.Committed(ctx, group, f.Record.Topic)
			if err != nil {
				return nil, err
			}
			passed[read] = at
		}
		if passed[read][f.Record.Partition] <= f.Record.Offset {
			standing = append(standing, f)
		}
	}
	return standing, nil
}
