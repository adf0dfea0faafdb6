package enrich

import (
	"cmp"
	"slices"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// A message without topic words of its own ("ok pour moi", "merci, bien reçu") is
// about what the last message before it was about. Four things bound what is passed
// on, for a topic widens who may read a message (relais.Business), and on a rep's real
// mail eight in nine of what passed without them were friends' weekends under a
// delivery: the message is short, since a long one without a word of business may well
// have left it; it is not withheld, neither is the giver; the giver's words leave
// little doubt; and what is passed on was said, not inherited.

const (
	// maxTopicless is the size of the new text, in bytes, up to which a message takes
	// its thread's topic: some fifteen words.
	maxTopicless = 100
	// minPassed is the least confidence of a topic that is passed on: two strong words,
	// or one in the subject.
	minPassed = 800
	// shareTopic is the share of confidence, in thousandths, that is left of a topic.
	shareTopic = 700
)

// passedTopics gives what a document's row holds of its topics: those that it gives to
// its thread, or tag.TopicOther alone when it takes its thread's.
func passedTopics(d relais.Document) map[string]int {
	if d.Kind != relais.KindMessage {
		return nil
	}
	topics := map[string]int{}
	for _, t := range d.Topics {
		if relais.Business([]relais.Tag{t}) {
			topics[t.ID] = t.Confidence
		}
	}
	if len(topics) == 0 && len(d.Topics) == 1 && d.Topics[0].ID == tag.TopicOther && newBytes(d.Zones) <= maxTopicless {
		topics[tag.TopicOther] = d.Topics[0].Confidence
	}
	return topics
}

// newBytes gives the size of the new text; zones are those of a message's whole text.
func newBytes(zones []relais.Zone) (n int) {
	for _, z := range zones {
		if z.Kind == relais.ZoneNew {
			n += z.End - z.Start
		}
	}
	return n
}

// byTime gives the messages of a thread that give it a topic, in the order they were
// sent, of those sent at once the smallest id last.
func byTime(thread []state.Document) []state.Document {
	givers := slices.DeleteFunc(slices.Clone(thread), func(d state.Document) bool { return d.Sent == 0 || len(sureTopics(d)) == 0 })
	slices.SortFunc(givers, func(a, b state.Document) int {
		return cmp.Or(cmp.Compare(a.Sent, b.Sent), cmp.Compare(b.ID, a.ID))
	})
	return givers
}

// sureTopics gives the topics that a document's own words leave little doubt of.
func sureTopics(d state.Document) []string {
	return slices.DeleteFunc(sortedKeys(d.Topics), func(id string) bool {
		return id == tag.TopicOther || d.Topics[id] < minPassed
	})
}

// inheritTopics gives a message that takes its thread's topic those of the last giver
// before it: only what that one's own words say, so that nothing feeds on itself.
func inheritTopics(d state.Document, givers []state.Document) []relais.Tag {
	if _, takes := d.Topics[tag.TopicOther]; !takes || d.Sent == 0 {
		return nil
	}
	n, _ := slices.BinarySearchFunc(givers, d.Sent+1, func(g state.Document, sent int64) int { return cmp.Compare(g.Sent, sent) })
	if n == 0 {
		return nil
	}
	g := givers[n-1]
	var tags []relais.Tag
	for _, id := range sureTopics(g) {
		weight := g.Topics[id] * nearness(d.Day, g.Day) / 1000 * shareTopic / 1000
		tags = append(tags, relais.Tag{ID: id, Confidence: weight,
			Evidence: []relais.Evidence{{Signal: tag.SignalThread, Detail: string(g.ID), Weight: weight}}})
	}
	tag.Sort(tags)
	return tags
}
