package search

import "testing"

func TestNameHolds(t *testing.T) {
	for _, tc := range []struct {
		name, words string
		want        bool
	}{
		{"Brasserie du Port", "brasserie", true},
		{"Brasserie du Port", "DU PORT", true},
		{"Brasserie du Port", "brasserie port", false},
		{"Brasserie du Port", "brass", false},
		{"Société Générale", "societe generale", true},
		{"Acme", "", false},
	} {
		if got := NameHolds(tc.name, tc.words); got != tc.want {
			t.Errorf("NameHolds(%q, %q) = %v", tc.name, tc.words, got)
		}
	}
}

func TestRewriteReachesEveryLeaf(t *testing.T) {
	tree := And{Text{Words: "a"}, Or{Value{Field: ByCase, Value: "x"}, Not{Of: Value{Field: ByCase, Value: "y"}}}}
	got := Rewrite(tree, func(n Node) Node {
		if v, ok := n.(Value); ok {
			v.Value += "!"
			return v
		}
		return n
	})
	or := got.(And)[1].(Or)
	if or[0].(Value).Value != "x!" || or[1].(Not).Of.(Value).Value != "y!" {
		t.Errorf("%#v", got)
	}
	if tree[1].(Or)[0].(Value).Value != "x" {
		t.Error("the tree given was changed")
	}
}
