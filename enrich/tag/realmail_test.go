package tag

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// eachMail reads every message of a folder of files.
func eachMail(t testing.TB, dir string, fn func(path string, m *format.Mail)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		m, err := format.ReadMail(f, format.DefaultLimits(), nil)
		if err == nil {
			fn(path, m)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEnglishMailbox reads a rep's real mail, all in English, in which nobody marked
// anything as personal: nothing may be withdrawn, hardly anything taken for another
// language, and zones must cover every text.
func TestEnglishMailbox(t *testing.T) {
	list := mustEnrichers(t, Config{})
	langs, all := map[string]int{}, 0
	eachMail(t, corpus(t, "mail", "enron-maildir"), func(path string, m *format.Mail) {
		in := &Input{Owner: relais.Owner{Address: "clint.dean@enron.com"}, Kind: relais.KindMessage, Mail: m, Text: m.Text}
		out := findAll(list, in)
		all++
		langs[out.Language]++
		if out.Privacy.Class == relais.PrivacySufficient {
			t.Errorf("%s: withdrawn for %v", filepath.Base(path), out.Privacy.Evidence)
		}
		checkZones(t, m.Text, out.Zones)
		checkTopics(t, out.Topics)
	})
	wrong := all - langs["en"] - langs[""]
	t.Logf("%d messages: %d English, %d unknown, %d wrong", all, langs["en"], langs[""], wrong)
	if percent(wrong, all) > 0.5 || percent(langs["en"], all) < 92 {
		t.Errorf("languages %v", langs)
	}
}

// TestHostileTexts checks that work grows with the text and no faster: each of these
// would take minutes if some rule looked back or ahead without bound.
func TestHostileTexts(t *testing.T) {
	clients, contacts := testClients()
	list := mustEnrichers(t, Config{Clients: clients, Contacts: contacts})
	for name, piece := range map[string]string{
		"at signs": "@", "addresses": "a@b.c ", "quotes": ">", "quoted lines": "> >\n", "line ends": "\n", "headers": "De :\nObjet :\n", "verbs": "a écrit :\n", "openers": "Le 1\n", "digits": "1 ",
		"names": "Martin et ", "brackets": "[(", "closings": "Cordialement,\n\n", "rules": "-----\n", "dashes": "-", "accents": "e\u0301", "marks": "\u0301", "bad bytes": "\xff\xc3", "terms": "appel d'offres ",
	} {
		text := strings.Repeat(piece, 3*maxRead/len(piece))
		in := message("From: a@b.example\n\n")
		in.Text, in.Mail.Text, in.Mail.Subject, in.Folder = text, text, text[:10_000], text[:10_000]
		start := time.Now()
		out := findAll(list, in)
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("%s: %v", name, took)
		} else {
			t.Logf("%s: %v", name, took.Round(time.Millisecond))
		}
		checkZones(t, text, out.Zones)
	}
}

// TestConcurrent reads one message by several goroutines with the same enrichers.
func TestConcurrent(t *testing.T) {
	clients, contacts := testClients()
	list := mustEnrichers(t, Config{Clients: clients, Contacts: contacts})
	want := findAll(list, mailOf4K())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if diff := cmp.Diff(want, findAll(list, mailOf4K())); diff != "" {
					t.Errorf("findings differ:\n%s", diff)
				}
			}
		})
	}
	wg.Wait()
}
