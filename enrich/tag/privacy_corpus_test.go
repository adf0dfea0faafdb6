package tag

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// TestPrivacyOfRealMail reads mail that people sorted into purely personal (1.2),
// personal at work (1.3) and the rest. Only what its writer marked is withdrawn, which
// hardly any of it is: so that the test tells how much of the rest would be lost, and
// shows how little of the personal is marked. Mail between a client and its counsel
// is withdrawn on purpose and counts apart.
func TestPrivacyOfRealMail(t *testing.T) {
	type labelled struct {
		Genre []string `json:"genre"`
		Raw   string   `json:"raw"`
	}
	list := mustEnrichers(t, Config{})
	personal, all, rest := 0, map[bool]int{}, map[string]int{}
	for _, l := range readLines[labelled](t, corpus(t, "labelled", "enron-berkeley.jsonl")) {
		m, err := format.ReadMail(strings.NewReader(l.Raw), format.DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		in := &Input{Owner: relais.Owner{Address: "someone@enron.com"}, Kind: relais.KindMessage, Mail: m, Text: m.Text}
		p := findAll(list, in).Privacy
		private := slices.Contains(l.Genre, "1.2") || slices.Contains(l.Genre, "1.3")
		all[private]++
		switch rule := PersonalRule(p); {
		case rule == "":
		case strings.HasPrefix(rule, "personal_protected"):
			rest["protected"]++
		case private:
			personal++
		default:
			rest["personal"]++
		}
	}
	t.Logf("%d of %d personal withdrawn, of %d others %d as personal; protected %d", personal, all[true], all[false], rest["personal"], rest["protected"])
	if rest["personal"] > 2 {
		t.Errorf("%d messages of business withdrawn as personal", rest["personal"])
	}
}

// mailsAt gives the mails of a path in the corpus: "path", or all of an mbox by
// "path#n".
func mailsAt(t *testing.T, path string) map[string]*format.Mail {
	t.Helper()
	f, err := os.Open(corpus(t, path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list := map[string]*format.Mail{}
	read := func(id string, r io.Reader) {
		m, err := format.ReadMail(r, format.DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		list[id] = m
	}
	if filepath.Ext(path) != ".mbox" {
		read(path, f)
		return list
	}
	split := format.NewMbox(f, 0, format.MboxRD)
	for n := 0; ; n++ {
		msg, err := split.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		read(fmt.Sprintf("%s#%d", path, n), msg.Body)
	}
}

// TestPrivacyOfLabelledMail reads mail that people sorted into private, mixed and
// business. At most one in a hundred of business may be withheld, surely or until
// somebody settles it.
func TestPrivacyOfLabelledMail(t *testing.T) {
	type labelled struct {
		ID       string `json:"id"`
		Personal string `json:"personal"`
	}
	list := mustEnrichers(t, Config{})
	mails := map[string]*format.Mail{}
	all, held := map[string]int{}, map[string]int{}
	for _, l := range readLines[labelled](t, corpus(t, "labelled", "topics-real.jsonl")) {
		if mails[l.ID] == nil {
			path, _, _ := strings.Cut(l.ID, "#")
			maps.Copy(mails, mailsAt(t, path))
		}
		m := mails[l.ID]
		in := &Input{Owner: relais.Owner{Address: "someone@enron.com"}, Kind: relais.KindMessage, Mail: m, Text: m.Text, Folder: folderIn(l.ID)}
		for _, a := range m.Attachments {
			in.Attachments = append(in.Attachments, a.Name)
		}
		all[l.Personal]++
		if p := findAll(list, in).Privacy; p.Class != relais.PrivacyNone {
			held[l.Personal]++
			t.Logf("%s %s: %s for %v", l.Personal, l.ID, p.Class, p.Evidence)
		}
	}
	t.Logf("withheld: %v of %v", held, all)
	if got := percent(held["no"], all["no"]); got > 1 {
		t.Errorf("%.1f %% of business mail is withheld", got)
	}
}

// folderIn gives the folder that a mail of the corpus lies in: what is below the
// mailbox.
func folderIn(id string) string {
	parts := strings.Split(filepath.ToSlash(filepath.Dir(id)), "/")
	return strings.Join(parts[min(len(parts), 3):], "/")
}

// TestPrivacyOfPublicMail reads the corpus's other mail, which nobody marked: what is
// withheld of it is withheld wrongly, or rests on words that a person should look at.
func TestPrivacyOfPublicMail(t *testing.T) {
	list := mustEnrichers(t, Config{})
	for _, dir := range []string{"enron-maildir", "enron-mbox", "enron-attachments", "french", "lists", "maildir-mu", "spamassassin-ham", "bounces-sisimai", "broken"} {
		root, all, count := corpus(t, "mail"), 0, map[relais.PrivacyClass]int{}
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(filepath.Dir(root), path)
			if err != nil {
				return err
			}
			for id, m := range mailsAt(t, rel) {
				all++
				in := &Input{Owner: relais.Owner{Address: "someone@enron.com"}, Kind: relais.KindMessage, Mail: m, Text: m.Text, Folder: folderIn(id)}
				p := findAll(list, in).Privacy
				if count[p.Class]++; p.Class != relais.PrivacyNone {
					t.Logf("%s: %s %v", id, p.Class, p.Evidence)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: of %d messages %v", dir, all, count)
		if withheld := all - count[relais.PrivacyNone]; percent(withheld, all) > 2 {
			t.Errorf("%s: %d of %d withheld", dir, withheld, all)
		}
	}
}
