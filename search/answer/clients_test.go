package answer

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

func TestClientsThatWereFound(t *testing.T) {
	got := summaries(nil, nil, []relais.FacetValue{{Value: "gamma.example", Label: "gamma", Count: 1}})
	want := []Client{{Client: relais.Client{ID: "gamma.example", Name: "gamma", Discovered: true}, Documents: 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
