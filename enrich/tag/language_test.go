package tag

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestLanguagePhrases reads phrases of mail, as short as people write them. Those
// held out were written last, and read once before the detector was rewritten: their
// first score, 39 of 41, is the honest one, and what is printed now is not.
func TestLanguagePhrases(t *testing.T) {
	for _, c := range []struct {
		file  string
		floor float64
	}{{"phrases.tsv", 97}, {"phrases_heldout.tsv", 90}} {
		t.Run(c.file, func(t *testing.T) {
			right, all := 0, 0
			for line := range strings.Lines(readFile(t, filepath.Join("testdata", c.file))) {
				want, phrase, _ := strings.Cut(strings.TrimSpace(line), "\t")
				if want == "-" {
					want = ""
				}
				all++
				if got := Language(phrase); got == want {
					right++
				} else {
					t.Logf("%q taken for %q: %s", want, got, phrase)
				}
			}
			t.Logf("%d of %d phrases, %.1f %%", right, all, percent(right, all))
			if percent(right, all) < c.floor {
				t.Errorf("%d of %d phrases", right, all)
			}
		})
	}
}

func TestLanguageOfCorpora(t *testing.T) {
	type text struct {
		Text string `json:"text"`
	}
	for _, c := range []struct{ want, set string }{{"fr", "cnil-fr"}, {"fr", "piaf-fr"}, {"en", "cranfield"}} {
		all := readLines[text](t, corpus(t, "relevance", c.set, "corpus.jsonl"))
		right, read := 0, 0
		for _, d := range all {
			if len(d.Text) < 40 {
				continue
			}
			read++
			if Language(d.Text) == c.want {
				right++
			}
		}
		t.Logf("%s: %d of %d texts, %.2f %%", c.set, right, read, percent(right, read))
		if percent(right, read) < 99.5 {
			t.Errorf("%s: only %d of %d are %s", c.set, right, read, c.want)
		}
	}
}
