package search

import (
	"reflect"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

func TestWithMerged(t *testing.T) {
	merged := []relais.MergedClient{{ID: "old", Name: "Vieille Brasserie", Into: "acme"}, {ID: "older", Into: "acme"}}
	client := func(v string) Value { return Value{Field: ByClient, Value: v} }
	both := func(v string) Node { return Or{client(v), client("acme")} }
	for name, tc := range map[string]struct{ asked, want Node }{
		"by its id":       {client("OLD"), both("OLD")},
		"by its name":     {client("vieille brasserie"), both("vieille brasserie")},
		"by a word of it": {client("Brasserie"), both("Brasserie")},
		"another":         {client("beta"), client("beta")},
		"the other":       {client("acme"), client("acme")},
		"of no name":      {client("older"), both("older")},
		"within others":   {And{client("old"), Not{Of: client("older")}}, And{both("old"), Not{Of: both("older")}}},
		"uncertain":       {Value{Field: ByUncertain, Value: "old"}, Or{Value{Field: ByUncertain, Value: "old"}, Value{Field: ByUncertain, Value: "acme"}}},
		"another field":   {Value{Field: ByTopic, Value: "old"}, Value{Field: ByTopic, Value: "old"}},
		"nothing":         {nil, nil},
	} {
		if got := WithMerged(tc.asked, merged); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %#v", name, got)
		}
		if got := WithMerged(tc.asked, nil); !reflect.DeepEqual(got, tc.asked) {
			t.Errorf("%s, nothing merged: %#v", name, got)
		}
	}
}
