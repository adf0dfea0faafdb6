package tag

import (
	"cmp"
	"maps"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
)

// UniteClients unites the evidence of two lists of clients and weighs it anew: a
// client's confidence is that of its evidence, whoever brought it.
func UniteClients(a, b []relais.Tag) []relais.Tag {
	list := Unite(a, b)
	for i, t := range list {
		list[i].Confidence = max(t.Confidence, Confidence(t.Evidence))
	}
	Sort(list)
	return list
}

// Unite unites the evidence of two lists of tags by their ids, each as sure as the surer of the
// two: a reading united with itself is what it was. It must be, for two workers may read
// one item at once, and both merge it.
func Unite(a, b []relais.Tag) []relais.Tag {
	byID := map[string]*relais.Tag{}
	for _, t := range slices.Concat(a, b) {
		if have := byID[t.ID]; have != nil {
			have.Evidence = UniteEvidence(have.Evidence, t.Evidence)
			have.Confidence = max(have.Confidence, t.Confidence)
		} else {
			byID[t.ID] = &relais.Tag{ID: t.ID, Name: t.Name, Confidence: t.Confidence, Evidence: t.Evidence}
		}
	}
	list := make([]relais.Tag, 0, len(byID))
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		list = append(list, *byID[id])
	}
	Sort(list)
	return list
}

// UniteEvidence unites two lists of evidence: it keeps each signal
// and detail once, with its greatest weight, the heaviest first.
func UniteEvidence(a, b []relais.Evidence) []relais.Evidence {
	list := slices.Concat(a, b)
	slices.SortFunc(list, func(x, y relais.Evidence) int {
		return cmp.Or(cmp.Compare(x.Signal, y.Signal), cmp.Compare(x.Detail, y.Detail), cmp.Compare(y.Weight, x.Weight))
	})
	list = slices.CompactFunc(list, func(x, y relais.Evidence) bool { return x.Signal == y.Signal && x.Detail == y.Detail })
	sortEvidence(list)
	return list
}

func sortEvidence(list []relais.Evidence) {
	slices.SortFunc(list, func(x, y relais.Evidence) int {
		return cmp.Or(cmp.Compare(y.Weight, x.Weight), cmp.Compare(x.Signal, y.Signal), cmp.Compare(x.Detail, y.Detail))
	})
}

// Sort puts tags by falling confidence, of equal ones the smaller id first.
func Sort(list []relais.Tag) {
	slices.SortFunc(list, func(x, y relais.Tag) int {
		return cmp.Or(cmp.Compare(y.Confidence, x.Confidence), cmp.Compare(x.ID, y.ID))
	})
}
