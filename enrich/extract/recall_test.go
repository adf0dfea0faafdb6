package extract

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/relais-archive/relais/internal/relais"
)

// corpus gives the folder of real documents, or skips the test.
func corpus(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("RELAIS_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(filepath.Join(dir, "expected", "documents.jsonl.gz")); err != nil {
		t.Skip("no corpus: set RELAIS_CORPUS")
	}
	return dir
}

// expected is one row of the reference texts, made with Apache Tika.
type expected struct {
	ID        string
	Type      string
	Text      string
	Words     int
	Exception string
	Items     []struct{ Path string } `json:"embedded_items"`
}

// wanted is the words to find: those of the text, but for the names of the pictures
// and parts that Tika lists among them.
func (e expected) wanted() map[string]bool {
	set := vocabulary(e.Text)
	delete(set, "docprops") // the folder of the thumbnail
	for _, i := range e.Items {
		for w := range vocabulary(i.Path) {
			delete(set, w)
		}
	}
	return set
}

func expectations(t testing.TB, dir string) []expected {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "expected", "documents.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var list []expected
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		var e expected
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// vocabulary is the set of words of two characters or more.
func vocabulary(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(norm.NFC.String(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		if len([]rune(w)) >= 2 {
			set[w] = true
		}
	}
	return set
}

// recall is the share of the wanted words that were found.
func recall(want, got map[string]bool) float64 {
	found := 0
	for w := range want {
		if got[w] {
			found++
		}
	}
	return float64(found) / float64(len(want))
}

func inputFile(t testing.TB, path string) Input {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Input{Name: filepath.Base(path), Size: int64(len(b)), Body: readerAt(b)}
}

// floors are the least mean recall by kind of document, just beneath what is
// reached. What is missing is mostly text of documents embedded in these, in formats
// that have no reader, and the names of pictures. Of calendars Tika gives the source,
// with the words of its grammar: what is read of them has tests of its own.
func floors() map[string]float64 {
	return map[string]float64{"pdf": 0.84, "docx": 0.85, "xlsx": 0.82, "pptx": 0.86, "odf": 0.97, "rtf": 0.87,
		"html": 0.80, "csv": 1, "xml": 1}
}

// kindOf gathers file extensions into the kinds that floors are set for.
func kindOf(id string) string {
	switch ext := strings.TrimPrefix(strings.ToLower(filepath.Ext(id)), "."); ext {
	case "odt", "ods", "odp", "sxw":
		return "odf"
	case "htm":
		return "html"
	case "docm", "dotx":
		return "docx"
	case "xlsm":
		return "xlsx"
	case "pptm":
		return "pptx"
	default:
		return ext
	}
}

// TestWordRecall compares with the words that Tika finds, by kind, and fails where
// fewer are found than when the floors were set. Documents that Tika refuses, and
// those with fewer than five words, are listed but not scored.
func TestWordRecall(t *testing.T) {
	dir := corpus(t)
	x := inProcessExtractor(t)
	scores := map[string][]float64{}
	for _, e := range expectations(t, dir) {
		kind := kindOf(e.ID)
		if _, ok := floors()[kind]; !ok || strings.HasPrefix(e.ID, "mail/") || strings.Contains(e.ID, "pdf-malformed") {
			continue
		}
		res, err := x.Extract(context.Background(), inputFile(t, filepath.Join(dir, filepath.FromSlash(e.ID))))
		if err != nil {
			t.Fatalf("%s: %v", e.ID, err)
		}
		want, score := e.wanted(), -1.0
		if len(want) >= 5 && e.Exception == "" {
			score = recall(want, vocabulary(res.Text))
			scores[kind] = append(scores[kind], score)
		}
		if score < 0.9 {
			t.Logf("%5.2f %s: %s %s %v", score, e.ID, res.Extractor, res.Outcome, res.Warnings)
		}
	}
	for kind, floor := range floors() {
		mean, median := summary(scores[kind])
		t.Logf("%-5s n=%2d mean %.3f median %.3f", kind, len(scores[kind]), mean, median)
		if mean < floor {
			t.Errorf("%s: mean recall %.3f is under %.2f", kind, mean, floor)
		}
	}
}

func summary(s []float64) (mean, median float64) {
	slices.Sort(s)
	for _, v := range s {
		mean += v / float64(len(s))
	}
	return mean, s[len(s)/2]
}

// TestSniffOnCorpus wants the family that Tika's type belongs to.
func TestSniffOnCorpus(t *testing.T) {
	dir := corpus(t)
	wrong, all := 0, 0
	for _, e := range expectations(t, dir) {
		in := inputFile(t, filepath.Join(dir, filepath.FromSlash(e.ID)))
		in.Name = "" // by content alone
		all++
		if got, want := Sniff(in), e.Type; relais.Family(got) != relais.Family(want) {
			wrong++
			t.Logf("%s: %s, Tika says %s", e.ID, got, want)
		}
	}
	t.Logf("%d of %d differ", wrong, all)
	if wrong*100 > all*6 {
		t.Errorf("%d of %d differ", wrong, all)
	}
}
