package search

import (
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	opt := testOptions(t)
	for _, tc := range []struct{ query, english, french string }{
		{``, `everything`, `tout`},
		{`devis pompe`, `the words "devis pompe"`, `les mots "devis pompe"`},
		{`de:dupont -pj:oui`, `the word "dupont" as sender and not with an attachment`,
			`le mot "dupont" comme expéditeur et sauf avec une pièce jointe`},
		{`"a b" (objet:c OR cc:d) larger:1M`, `the phrase "a b" and (the word "c" in the subject or the word "d" in copy) and larger than 1M`,
			`l'expression "a b" et (le mot "c" dans l'objet ou le mot "d" en copie) et de plus de 1M`},
		{`date:2021-03 client:acme`, `from 2021-03-01 to 2021-03-31 and client "acme"`, `du 01/03/2021 au 31/03/2021 et client "acme"`},
		{`date:15/03/2021 neg*`, `on 2021-03-15 and the word "neg", and what goes on from it,`, `le 15/03/2021 et le mot "neg", et ce qui le prolonge,`},
		{`before:2021 smaller:1K`, `until 2020-12-31 and smaller than 1K`, `jusqu'au 31/12/2020 et de moins de 1K`},
	} {
		n, err := Parse(tc.query, opt)
		if err != nil {
			t.Fatal(err)
		}
		if got := Describe(n, "en"); got != tc.english {
			t.Errorf("%s: got %s, want %s", tc.query, got, tc.english)
		}
		if got := Describe(n, "fr"); got != tc.french {
			t.Errorf("%s: got %s, want %s", tc.query, got, tc.french)
		}
	}
}

// TestDescribeAll checks that each operator has words of its own in both languages.
func TestDescribeAll(t *testing.T) {
	seen := map[string]string{}
	for _, q := range []string{
		"a", `"a"`, "a b", "ab*", "from:a", "to:a", "cc:a", "with:a", "subject:a", "filename:a", "client:a", "topic:a", "owner:a",
		"case:a", "folder:a", "thread:a", "id:a", "kind:note", "type:pdf", "lang:fr", "has:attachment", "attachment:no", "is:uncertain", "is:unreadable", "is:partial",
		"after:2021", "before:2021", "date:2021", "larger:1", "smaller:1", "-a", "a (b)", "a OR b",
	} {
		n := mustParse(t, q)
		for _, lang := range []string{"en", "fr"} {
			s := lang + ": " + Describe(n, lang)
			if other, ok := seen[s]; ok {
				t.Errorf("%s and %s read alike: %s", q, other, s)
			}
			seen[s] = q
		}
	}
	if got := Describe(Nothing{}, "fr"); got != "rien" {
		t.Errorf("got %s", got)
	}
	if got := Describe(Bytes{Over: 1, Under: 9}, "en"); !strings.Contains(got, " and ") {
		t.Errorf("got %s", got)
	}
}
