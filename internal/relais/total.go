package relais

import (
	"cmp"
	"slices"
)

// Total is the account of several cases together.
func Total(list []Balance) Balance {
	t := Balance{Balanced: true, Sources: []SourceBalance{}, Reasons: []ReasonCount{}}
	reasons, unreadable, partial := map[string]int64{}, map[string]int64{}, map[string]int64{}
	for _, b := range list {
		t.Counts = t.Counts.Plus(b.Counts)
		t.UnreadCounts = t.UnreadCounts.Plus(b.UnreadCounts)
		t.Apart = b.Apart // the whole archive's already
		t.FoldersUnread += b.FoldersUnread
		t.Warnings = append(t.Warnings, b.Warnings...)
		t.Balanced = t.Balanced && b.Balanced
		addReasons(reasons, b.Reasons)
		addReasons(unreadable, b.UnreadableReasons)
		addReasons(partial, b.PartialReasons)
	}
	t.Reasons, t.UnreadableReasons, t.PartialReasons = SortedReasons(reasons), SortedReasons(unreadable), SortedReasons(partial)
	return t
}

func addReasons(sum map[string]int64, list []ReasonCount) {
	for _, r := range list {
		sum[r.Code] += r.Count
	}
}

// Plus adds two counts, status by status.
func (c Counts) Plus(d Counts) Counts {
	c.Seen += d.Seen
	c.Stored += d.Stored
	c.Duplicate += d.Duplicate
	c.Refused += d.Refused
	c.Quarantined += d.Quarantined
	c.Doubtful += d.Doubtful
	c.Excluded += d.Excluded
	c.Erased += d.Erased
	c.Pending += d.Pending
	return c
}

// SortedReasons lists how often each reason counts, the most frequent first.
func SortedReasons(counts map[string]int64) []ReasonCount {
	list := make([]ReasonCount, 0, len(counts))
	for code, n := range counts {
		list = append(list, ReasonCount{Code: code, Count: n})
	}
	slices.SortFunc(list, func(x, y ReasonCount) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Code, y.Code))
	})
	return list
}
