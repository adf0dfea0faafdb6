package search

import "testing"

func TestTidy(t *testing.T) {
	for _, tc := range []struct{ s, want string }{
		{"a", "a"}, {" a  b\t\nc ", "a b c"}, {"a\u00a0b", "a b"}, {"a\x00b", "a b"}, {"a\xffb", "a\ufffdb"}, {"", ""},
	} {
		if got := tidy(tc.s); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.s, got, tc.want)
		}
	}
}

func TestQuoted(t *testing.T) {
	for _, tc := range []struct{ query, words, rest string }{
		{`"a b" c`, "a b", " c"}, {`“a b” c`, "a b", " c"}, {`„a b“ c`, "a b", " c"}, {`„a b”c`, "a b", "c"}, {`« a b »`, "a b", ""},
		{`«a "b" c»`, `a "b" c`, ""}, {`""`, "", ""},
	} {
		q, ok := quoteAt(tc.query)
		if !ok {
			t.Fatalf("%s opens no quote", tc.query)
		}
		p := parser{query: tc.query}
		words, err := p.quoted(q)
		if err != nil || words != tc.words || tc.query[p.pos:] != tc.rest {
			t.Errorf("%s: got %q, %q left, %v", tc.query, words, tc.query[p.pos:], err)
		}
	}
	for _, open := range []string{`"a`, `“a"`, `«a"`, `"`} {
		q, _ := quoteAt(open)
		p := parser{query: open}
		if words, err := p.quoted(q); err == nil {
			t.Errorf("%s: got %q, want an error", open, words)
		}
	}
	if _, ok := quoteAt("'a'"); ok {
		t.Error("an apostrophe opens no quote")
	}
}

func TestRaw(t *testing.T) {
	for _, tc := range []struct{ query, stop, word string }{
		{"a b", "", "a"}, {"a\u00a0b", "", "a"}, {"a)b", "", "a"}, {"a(s) b", "", "a(s)"}, {"a(s))", "", "a(s)"}, {"a(b c)", "", "a"},
		{"f(g(x))y", "", "f(g(x))y"}, {"a,b", ",", "a"}, {"a,b", "", "a,b"}, {")", "", ""}, {"(a", "", ""}, {`5"`, "", `5"`}, {"", "", ""},
	} {
		p := parser{query: tc.query}
		if got := p.raw(tc.stop); got != tc.word || p.pos != len(tc.word) {
			t.Errorf("%q: got %q at %d, want %q", tc.query, got, p.pos, tc.word)
		}
	}
}

func TestKeyword(t *testing.T) {
	for _, tc := range []struct {
		query string
		want  bool
	}{
		{"OR", true}, {"OU a", true}, {"OR(a)", true}, {"OR\ta", true}, {`OR"a"`, true}, {"ORA", false}, {"or", false}, {"OR:", false}, {"", false},
	} {
		p := parser{query: tc.query}
		if got := p.keyword("OR", "OU"); got != tc.want || got != (p.pos == 2) {
			t.Errorf("%q: got %v at %d", tc.query, got, p.pos)
		}
	}
}

func TestNegatable(t *testing.T) {
	for rest, want := range map[string]bool{"a": true, "é": true, "5": true, `"a"`: true, "«a»": true, "(a)": true, " a": false, "-a": false, ">": false, "&": false} {
		if got := negatable(rest); got != want {
			t.Errorf("-%s: got %v", rest, got)
		}
	}
}
