package relais

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTotal: every figure of the accounts is in their total; what is the whole archive's
// is not added up.
func TestTotal(t *testing.T) {
	var one Balance
	counts := reflect.ValueOf(&one.Counts).Elem()
	for i := range counts.NumField() {
		counts.Field(i).SetInt(int64(i + 1))
	}
	one.Case, one.Apart, one.Balanced = "Ann", 7, true
	one.Sources = []SourceBalance{{Source: "x"}}
	one.Reasons = []ReasonCount{{"since", 3}, {"folder", 1}}
	one.UnreadCounts, one.UnreadableReasons = UnreadCounts{Unreadable: 2, Partial: 3}, []ReasonCount{{"locked", 2}}
	two := one
	two.Reasons = []ReasonCount{{"folder", 4}}
	got := Total([]Balance{one, two})
	sum := reflect.ValueOf(got.Counts)
	for i := range sum.NumField() {
		if n := sum.Field(i).Int(); n != 2*int64(i+1) {
			t.Errorf("%s is %d in the total", sum.Type().Field(i).Name, n)
		}
	}
	if got.Case != "" || got.Apart != 7 || !got.Balanced || len(got.Sources) != 0 {
		t.Errorf("%+v", got)
	}
	if got.UnreadCounts != (UnreadCounts{4, 6}) || len(got.UnreadableReasons) != 1 || got.UnreadableReasons[0].Count != 4 {
		t.Errorf("unread: %+v of %+v", got.UnreadCounts, got.UnreadableReasons)
	}
	if diff := cmp.Diff([]ReasonCount{{"folder", 5}, {"since", 3}}, got.Reasons); diff != "" {
		t.Error(diff)
	}
	two.Balanced = false
	if Total([]Balance{one, two, one}).Balanced {
		t.Error("what does not balance is balanced together with others")
	}
}
