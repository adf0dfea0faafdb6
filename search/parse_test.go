package search

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

var update = flag.Bool("update", false, "write the golden files again")

// testOptions are those of the golden file: the last day of a month, so that a month
// back is a trap, in a zone where a day of the year has 23 hours.
func testOptions(t testing.TB) ParseOptions {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip("no time zones here")
	}
	topics := []Choice{
		{ID: "prix", Names: []string{"Prix et devis", "price", "quote"}}, {ID: "appel_offres", Names: []string{"Appels d'offres", "tender"}},
	}
	return ParseOptions{Now: time.Date(2021, 3, 30, 23, 30, 0, 0, time.UTC), Location: paris, Topics: topics}
}

// tree writes a node for the golden file.
func tree(n Node) string {
	switch n := n.(type) {
	case And:
		return "all(" + trees(n) + ")"
	case Or:
		return "any(" + trees(n) + ")"
	case Not:
		return "not(" + tree(n.Of) + ")"
	case Text:
		return textTree(n)
	case Value:
		return fmt.Sprintf("%s=%q", n.Field, n.Value)
	case Days:
		return fmt.Sprintf("days[%s %s)", dayTree(n.From), dayTree(n.Until))
	case Bytes:
		return fmt.Sprintf("bytes(%d %d)", n.Over, n.Under)
	}
	return fmt.Sprintf("%#v", n)
}

func trees(list []Node) string {
	parts := make([]string, len(list))
	for i, n := range list {
		parts[i] = tree(n)
	}
	return strings.Join(parts, " ")
}

func textTree(t Text) string {
	s := "words"
	if t.Phrase {
		s = "phrase"
	}
	if t.Prefix {
		s += "*"
	}
	if t.In != InAll {
		s += "@" + string(t.In)
	}
	return fmt.Sprintf("%s%q", s, t.Words)
}

func dayTree(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02T15:04Z07:00")
}

// outcome writes what Parse makes of a query: its tree, or its error.
func outcome(query string, opt ParseOptions) string {
	n, err := Parse(query, opt)
	var se *SyntaxError
	switch {
	case errors.As(err, &se):
		s := fmt.Sprintf("! %s %d+%d", se.Code, se.Pos, se.Len)
		if se.Suggestion != "" {
			s += " -> " + se.Suggestion
		}
		return s
	case err != nil:
		return "! " + err.Error()
	}
	return tree(n)
}

// queries gives the queries of the golden file: each is a line, and what becomes of
// it the indented line below.
func queries(t testing.TB) (path string, lines []string) {
	t.Helper()
	path = filepath.Join("testdata", "queries.txt")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

func isQuery(line string) bool {
	return line != "" && !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, "# ")
}

func TestParseGolden(t *testing.T) {
	opt := testOptions(t)
	path, lines := queries(t)
	var out []string
	for _, line := range lines {
		if strings.HasPrefix(line, "\t") {
			continue
		}
		out = append(out, line)
		if isQuery(line) {
			out = append(out, "\t"+outcome(line, opt))
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(out, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(lines, out); diff != "" {
		t.Errorf("%s differs (-golden +got); check, then run with -update:\n%s", path, diff)
	}
}

func TestParseEmpty(t *testing.T) {
	for _, q := range []string{"", "  \t\n"} {
		n, err := Parse(q, ParseOptions{})
		if and, ok := n.(And); err != nil || !ok || len(and) != 0 {
			t.Errorf("%q: got %#v, %v; want an empty And", q, n, err)
		}
	}
}

func TestParseErrorIsInvalid(t *testing.T) {
	_, err := Parse(`été "devis secret`, ParseOptions{Lang: "fr"})
	var se *SyntaxError
	if relais.KindOf(err) != relais.KindInvalid || !errors.As(err, &se) {
		t.Fatalf("got %v, want a SyntaxError of KindInvalid", err)
	}
	if se.Pos != 4 || se.Len != 13 {
		t.Errorf("got runes %d+%d, want 4+13", se.Pos, se.Len)
	}
	if !strings.Contains(se.Detail, "guillemet") {
		t.Errorf("the detail is not in French: %s", se.Detail)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the message holds words of the query: %v", err)
	}
}

// TestParseLimits checks that what is over a limit is refused, and soon.
func TestParseLimits(t *testing.T) {
	for _, tc := range []struct{ name, query, code string }{
		{"megabyte", strings.Repeat("a ", 1<<19), codeTooLong},
		{"clauses", strings.Repeat("a ", 2000), codeTooMany},
		{"phrases", strings.Repeat(`"a" `, 65), codeTooMany},
		{"list", "from:" + strings.Repeat("a,", 65), codeTooMany},
		{"open", strings.Repeat("(", 500), codeTooDeep},
		{"parentheses", strings.Repeat("(", 500) + "a" + strings.Repeat(")", 500), codeTooDeep},
		{"not", strings.Repeat("NOT ", 500) + "a", codeNot},
		{"in word", "a" + strings.Repeat("(", 2000), codeTooDeep},
		{"regexp", "/(a+)+$/", codeRegexp},
		{"stars", "?*?*", codeStar},
		{"star", "*", codeShort},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var err error
			fastest := time.Hour // of three: another process may have the core
			for range 3 {
				start := time.Now()
				_, err = Parse(tc.query, ParseOptions{})
				fastest = min(fastest, time.Since(start))
			}
			if fastest > 5*time.Second {
				t.Errorf("refused after %v", fastest)
			}
			var se *SyntaxError
			if !errors.As(err, &se) || se.Code != tc.code {
				t.Errorf("got %v, want %s", err, tc.code)
			}
		})
	}
	full := strings.Repeat("a ", MaxClauses)
	if _, err := Parse(full, ParseOptions{}); err != nil {
		t.Errorf("%d words: %v", MaxClauses, err)
	}
	deep := strings.Repeat("(", MaxDepth) + "a" + strings.Repeat(")", MaxDepth)
	if _, err := Parse(deep, ParseOptions{}); err != nil {
		t.Errorf("%d parentheses: %v", MaxDepth, err)
	}
}

func FuzzParse(f *testing.F) {
	_, lines := queries(f)
	for _, q := range lines {
		f.Add(q)
	}
	opt := testOptions(f)
	f.Fuzz(func(t *testing.T, query string) {
		n, err := Parse(query, opt)
		if err == nil {
			if n == nil {
				t.Fatal("no tree and no error")
			}
			checkRoundTrip(t, query, opt)
			return
		}
		var se *SyntaxError
		if !errors.As(err, &se) || relais.KindOf(err) != relais.KindInvalid {
			t.Fatalf("not a syntax error: %v", err)
		}
		if runes := len([]rune(query)); se.Pos < 0 || se.Len < 0 || se.Pos+se.Len > runes {
			t.Fatalf("%q: place %d+%d outside of %d runes", query, se.Pos, se.Len, runes)
		}
	})
}

func ExampleParse() {
	n, err := Parse(`de:dupont "bon de commande" après:2021-03 -pj:oui`, ParseOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(Format(n))
	fmt.Println(Describe(n, "en"))
	// Output:
	// from:dupont "bon de commande" after:2021-03-01 -has:attachment
	// the word "dupont" as sender and the phrase "bon de commande" and from 2021-03-01 and not with an attachment
}

func BenchmarkParse(b *testing.B) {
	opt := testOptions(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(`from:dupont "bon de commande" client:(acme OR "Dupont SA") after:2021-03 -brouillon négo*`, opt); err != nil {
			b.Fatal(err)
		}
	}
}
