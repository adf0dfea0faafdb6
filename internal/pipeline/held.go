package pipeline

import (
	"context"
	"strconv"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// Settings is where state keeps values by name.
type Settings interface {
	Meta(ctx context.Context, name string) (string, error)
}

// HeldSetting names where state remembers how many records a topic has taken.
func HeldSetting(topic string) string { return "held_" + topic }

// remember keeps in state where topics were seen to end: one that ends before was
// deleted, or brought back from before, and must not be taken for the whole.
func (p *Pipeline) remember(ctx context.Context, ends map[string]stream.Position) error {
	held, err := Held(ctx, p.deps.State)
	if err != nil {
		return err
	}
	for topic, end := range ends {
		if n := Records(end); n > held[topic] {
			if err := p.deps.State.SetMeta(ctx, HeldSetting(topic), strconv.FormatInt(n, 10)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Captured remembers where stream "raw" ends after a capture, whether or not anybody
// waits for the rest of its way. Nothing depends on its success: the next one tries too.
func (p *Pipeline) Captured(ctx context.Context) {
	end, err := p.deps.Log.End(ctx, stream.TopicRaw)
	if err == nil {
		err = p.remember(ctx, map[string]stream.Position{stream.TopicRaw: end})
	}
	if err != nil && ctx.Err() == nil {
		p.deps.Logger.Warn("where a stream ends could not be remembered", "code", string(relais.KindOf(err)), "error", err)
	}
}

// Held gives how many records each topic was seen to have taken.
func Held(ctx context.Context, db Settings) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, topic := range []string{stream.TopicRaw, stream.TopicEnriched} {
		value, err := db.Meta(ctx, HeldSetting(topic))
		if err != nil {
			return nil, err
		}
		if value == "" {
			continue
		}
		if counts[topic], err = strconv.ParseInt(value, 10, 64); err != nil {
			return nil, relais.E(relais.KindDamaged, "read "+HeldSetting(topic), err)
		}
	}
	return counts, nil
}
