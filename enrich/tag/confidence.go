package tag

import (
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// maxConfidence is the most that evidence can add up to: nothing here is certain.
const maxConfidence = 990

// Confidence gives the confidence, in thousandths, of a tag with this evidence. Each
// weight is the chance that the tag is right when nothing else is known; together
// they are wrong only if each is (a noisy or). The same evidence in another order,
// or given twice, gives the same.
func Confidence(evidence []relais.Evidence) int {
	list := slices.Clone(evidence)
	slices.SortFunc(list, compareEvidence)
	wrong := 1_000_000
	for i, e := range list {
		if i > 0 && list[i-1].Signal == e.Signal && list[i-1].Detail == e.Detail {
			continue // the greatest weight of a signal and detail came first
		}
		wrong = wrong * (1000 - min(max(e.Weight, 0), 1000)) / 1000
	}
	return min(1000-wrong/1000, maxConfidence)
}

// compareEvidence puts evidence of one signal and detail together, heaviest first.
func compareEvidence(a, b relais.Evidence) int {
	switch {
	case a.Signal != b.Signal:
		return strings.Compare(a.Signal, b.Signal)
	case a.Detail != b.Detail:
		return strings.Compare(a.Detail, b.Detail)
	}
	return b.Weight - a.Weight
}

// tagsOf makes tags of the evidence found by id, by falling confidence.
func tagsOf(found map[string][]relais.Evidence, most int) []relais.Tag {
	if len(found) == 0 {
		return nil
	}
	tags := make([]relais.Tag, 0, len(found))
	for id, evidence := range found {
		evidence = UniteEvidence(evidence, nil)
		if len(evidence) > maxEvidence {
			evidence = evidence[:maxEvidence]
		}
		tags = append(tags, relais.Tag{ID: id, Confidence: Confidence(evidence), Evidence: evidence})
	}
	Sort(tags)
	return tags[:min(len(tags), most)]
}

// maxEvidence is how many pieces of evidence a tag shows, the heaviest ones.
const maxEvidence = 8
