package ui

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

func paris(t testing.TB) *time.Location {
	t.Helper()
	l, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip("no time zones here")
	}
	return l
}

func in(t testing.TB, lang Lang) words {
	return words{lang: lang, location: paris(t), messages: messages()}
}

// Every message is there in every language, with the same arguments, and none is
// empty or forgotten.
func TestMessagesAreWhole(t *testing.T) {
	argument := regexp.MustCompile(`\{\d\}`)
	for key, text := range messages() {
		for _, l := range Languages() {
			if text[l] == "" {
				t.Errorf("%s is missing in %s", key, l)
			}
		}
		if len(text) != len(Languages()) {
			t.Errorf("%s: %v", key, text)
		}
		en, fr := argument.FindAllString(text[English], -1), argument.FindAllString(text[French], -1)
		if !strings.HasSuffix(key, "_one") && len(en) != len(fr) {
			t.Errorf("%s: arguments %v and %v", key, en, fr)
		}
	}
}

func TestDates(t *testing.T) {
	at := time.Date(2024, 2, 29, 23, 30, 0, 0, time.UTC)
	for lang, want := range map[Lang][]string{
		English: {"1 March 2024", "1 March 2024, 00:30", "no date", "March 2024", "2024", "12,345,678", "999", "-1,000"},
		French:  {"1er mars 2024", "1er mars 2024 à 00:30", "sans date", "mars 2024", "2024", "12\u202f345\u202f678", "999", "-1\u202f000"},
	} {
		w := in(t, lang)
		got := []string{w.day(at), w.moment(at), w.day(time.Time{}), w.period("2024-03"), w.period("2024"), w.number(12345678), w.number(int64(999)), w.number(-1000)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", lang, diff)
		}
	}
}

func TestPlurals(t *testing.T) {
	for n, want := range map[int][2]string{0: {"0 messages", "0 message"}, 1: {"1 message", "1 message"}, 2: {"2 messages", "2 messages"}} {
		if got := [2]string{in(t, English).count("messages", n), in(t, French).count("messages", n)}; got != want {
			t.Errorf("%d: %v", n, got)
		}
	}
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64][2]string{
		0: {"0 bytes", "0 octet"}, 1: {"1 byte", "1 octet"}, 999: {"999 bytes", "999 octets"}, 1000: {"1 kB", "1 ko"}, 1540: {"1.5 kB", "1,5 ko"}, 2_000_000: {"2 MB", "2 Mo"},
		35_400_000: {"35 MB", "35 Mo"}, 5_000_000_000_000: {"5000 GB", "5000 Go"},
	} {
		if got := [2]string{plain(in(t, English).size(n)), plain(in(t, French).size(n))}; got != want {
			t.Errorf("%d: %v", n, got)
		}
	}
}

func plain(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

func TestNames(t *testing.T) {
	w := in(t, French)
	if got := []string{w.name("topic", "prix"), w.name("topic", "our own"), w.name("kind", relais.KindFile), w.title(relais.KindMessage, " ", "n"), w.title(relais.KindFile, "s", "n")}; cmp.Diff([]string{"Prix et devis", "our own", "fichier", "(sans objet)", "n"}, got) != "" {
		t.Errorf("%v", got)
	}
}

func TestLanguages(t *testing.T) {
	for name, want := range map[string]Lang{"fr": French, "FR-be": French, " en ": English} {
		if got, known := Known(name); got != want || !known {
			t.Errorf("%q: %s, %t", name, got, known)
		}
	}
	for _, name := range []string{"", "de", "frank"} {
		if got, known := Known(name); got != English || known {
			t.Errorf("%q: %s, %t", name, got, known)
		}
	}
	if got := Preferred(strings.Repeat("fr;q=0.1,", 100_000)); got != French {
		t.Errorf("%s", got)
	}
}

func TestMark(t *testing.T) {
	const on, off = relais.HighlightStart, relais.HighlightEnd
	for snippet, want := range map[string]string{
		"":                                    "",
		"a <b> & c":                           "a &lt;b&gt; &amp; c",
		"le " + on + "prix" + off + "!":       "le <mark>prix</mark>!",
		on + "a":                              "<mark>a</mark>",
		off + "a" + off:                       "a",
		on + on + "<" + off + off:             "<mark>&lt;</mark>",
		"x" + on + "a" + off + on + "b" + off: "x<mark>a</mark><mark>b</mark>",
	} {
		if got := string(mark(snippet)); got != want {
			t.Errorf("%q: %s, not %s", snippet, got, want)
		}
	}
}
