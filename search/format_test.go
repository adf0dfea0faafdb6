package search

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// checkRoundTrip checks that a query's tree is read back from its canonical form.
func checkRoundTrip(t *testing.T, query string, opt ParseOptions) {
	t.Helper()
	n, err := Parse(query, opt)
	if err != nil {
		return
	}
	again := Format(n)
	if len(again) > MaxQuery { // short names made long
		return
	}
	got, err := Parse(again, opt)
	if err != nil {
		t.Fatalf("%q is written %q, which is refused: %v", query, again, err)
	}
	if !reflect.DeepEqual(got, n) {
		t.Fatalf("%q is written %q, which is read otherwise:\n%s\n%s", query, again, tree(n), tree(got))
	}
	if Format(got) != again {
		t.Fatalf("%q: canonical text is not stable: %q, %q", query, again, Format(got))
	}
	if Describe(n, "fr") == "" || Describe(n, "") == "" {
		t.Fatalf("%q: no description", query)
	}
}

func TestFormatGolden(t *testing.T) {
	_, lines := queries(t)
	for _, q := range lines {
		checkRoundTrip(t, q, testOptions(t))
	}
}

// TestFormatRandom checks the round trip on random queries made of the language's
// own pieces.
func TestFormatRandom(t *testing.T) {
	opt := testOptions(t)
	pieces := strings.Split(`devis|le|12|450|OR|OU|AND|NOT|-|(|)|"bon de commande"|"|«|»|pré*|*|from:|de:|subject:|client:|`+
		`type:pdf|kind:|has:attachment|pj:non|after:2021-03|before:15/03/2021|date:2020..|newer_than:3m|larger:1,5M|`+
		`,|acme|jean.dupont@acme.fr|REF-2023/145|contrat(s)|5"|&|12:30|http://a.fr/b|lang:fr|folder:"a b"|a:b|à:x,y`, "|")
	r := rand.New(rand.NewPCG(1, 2))
	parsed := 0
	for range 60_000 {
		var b strings.Builder
		for range 1 + r.IntN(9) {
			b.WriteString(pieces[r.IntN(len(pieces))])
			if r.IntN(3) > 0 {
				b.WriteByte(' ')
			}
		}
		checkRoundTrip(t, b.String(), opt)
		if _, err := Parse(b.String(), opt); err == nil {
			parsed++
		}
	}
	if parsed < 5_000 {
		t.Errorf("only %d random queries could be read: the test proves little", parsed)
	}
}

func TestFormat(t *testing.T) {
	paris := testOptions(t).Location
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, paris) }
	for _, tc := range []struct {
		n    Node
		want string
	}{
		{And{}, ``},
		{Or{}, `()`},
		{Nothing{}, `()`},
		{nil, ``},
		{Days{}, ``},
		{And{Text{Words: "a b"}, Text{Words: "c"}}, `a b (c)`},
		{Or{Text{Words: "a b"}, And{Text{Words: "c"}, Not{Text{Words: "d"}}}}, `(a b) OR (c -d)`},
		{Not{Not{Text{Words: "a"}}}, `-(-a)`},
		{Text{In: InFrom, Words: "Jean Dupont", Phrase: true}, `from:"Jean Dupont"`},
		{Value{ByClient, `Dupont "SA"`}, `client:«Dupont "SA"»`},
		{Value{ByAttachment, "no"}, `attachment:no`},
		{Value{ByState, "unreadable"}, `is:unreadable`},
		{Days{From: day(2021, 3, 28), Until: day(2021, 3, 29)}, `date:2021-03-28..2021-03-28`},
		{Bytes{Over: 1 << 20, Under: 1536}, `(larger:1M smaller:1536)`},
	} {
		if got := Format(tc.n); got != tc.want {
			t.Errorf("%#v: got %s, want %s", tc.n, got, tc.want)
		}
	}
}

func TestFormatSize(t *testing.T) {
	for _, tc := range []struct {
		n    int64
		want string
	}{
		{0, "0"}, {1, "1"}, {1023, "1023"}, {1024, "1K"}, {1536, "1536"}, {1 << 20, "1M"}, {5 << 30, "5G"}, {1 << 40, "1024G"},
	} {
		if got := formatSize(tc.n); got != tc.want {
			t.Errorf("%d: got %s, want %s", tc.n, got, tc.want)
		}
	}
}
