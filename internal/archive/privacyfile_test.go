package archive

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestReadPrivacyFile: what stands in it, or why it cannot be used.
func TestReadPrivacyFile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text  string
		make  bool
		file  PrivacyFile
		found bool
		words string
		says  []string // of the error
	}{
		"none is named":        {},
		"named, and not there": {file: PrivacyFile{Path: "x"}, found: true, says: []string{"no such file"}},
		"need not be there":    {file: PrivacyFile{Path: "x", Optional: true}},
		"is there":             {text: "# ours\npersonal word amicale\n", make: true, file: PrivacyFile{Path: "x", Optional: true}, found: true, words: "personal word amicale"},
		"empty":                {make: true, file: PrivacyFile{Path: "x"}, found: true},
		"of lines that say nothing": {text: "personal word amicale\nperso\nprivate folder x\n", make: true, file: PrivacyFile{Path: "x"}, found: true,
			says: []string{"line 2", "line 3", "x"}},
		"of many bad lines":  {text: strings.Repeat("perso\n", 12), make: true, file: PrivacyFile{Path: "x"}, found: true, says: []string{"line 10", "and 2 more"}},
		"too large":          {text: strings.Repeat("#", maxPrivacyFile+1), make: true, file: PrivacyFile{Path: "x"}, found: true, says: []string{"over 1048576 bytes"}},
		"as large as can be": {text: strings.Repeat("#", maxPrivacyFile), make: true, file: PrivacyFile{Path: "x"}, found: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.file.Path != "" {
				tc.file.Path = filepath.Join(t.TempDir(), tc.file.Path)
			}
			if tc.make {
				write(t, tc.file.Path, tc.text)
			}
			words, found, err := tc.file.Read()
			if found != tc.found || strings.TrimSpace(words.String()) != tc.words || (err != nil) != (tc.says != nil) {
				t.Fatalf("%q, found %v, %v", words.String(), found, err)
			}
			if err != nil && relais.KindOf(err) != relais.KindInvalid {
				t.Errorf("of kind %s", relais.KindOf(err))
			}
			for _, s := range tc.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%v does not say %q", err, s)
				}
			}
			if strings.Contains(name, "lines") && (strings.Contains(err.Error(), "line 1:") != strings.Contains(name, "many") || relais.HintOf(err) == "") {
				t.Errorf("%v (%s)", err, relais.HintOf(err))
			}
		})
	}
}

// TestFollowPrivacyFile: the company's words are rules. They hold for what was read
// before, are taken up once, stay when a default file is gone, and fall when the file
// says nothing any more; with bad lines no archive opens.
func TestFollowPrivacyFile(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *place) { p.privacy = PrivacyFile{Path: filepath.Join(p.dir, "privacy.txt"), Optional: true} })
	mail := filepath.Join(t.TempDir(), "mail")
	put(t, mail, "", "1", letter(1, "lea@free.example", "Amicale : sortie", "", "Un texte."))
	put(t, mail, "", "2", letter(2, "bob@acme.example", "Devis", "", "Un texte."))
	put(t, mail, ".Tombola", "3", letter(3, "bob@acme.example", "Tirage", "", "Un texte."))
	b.ingest(mail)
	path, generation := b.at.privacy.Path, b.generation()
	for _, step := range []struct {
		name  string
		file  func(dir string)
		rises bool
		found int
	}{
		{"no file", nil, false, 3},
		{"words come", func(string) { write(t, path, "personal word amicale\n") }, true, 2},
		{"the same words again", nil, false, 2},
		{"the same words in other lines", func(string) { write(t, path, "# ours\n\nPERSONAL word amicale\n") }, false, 2},
		{"a folder too", func(string) { write(t, path, "personal word amicale\npersonal folder tombola\n") }, true, 1},
		{"the file is gone", func(string) { b.must(os.Remove(path)) }, false, 1},
		{"it says nothing any more", func(string) { write(t, path, "\n") }, true, 3},
	} {
		b = b.again(step.file)
		if step.rises {
			generation++
		}
		if got := b.generation(); got != generation {
			t.Errorf("%s: generation %d, want %d", step.name, got, generation)
		}
		bal := b.ingest(mail).balance(t) // waits until all was read
		if got := b.found("texte"); got != step.found || bal.Quarantined != int64(3-step.found) {
			t.Errorf("%s: %d found, want %d; %+v", step.name, got, step.found, bal.Counts)
		}
		if marked, err := b.markedFolders(t.Context()); err != nil || marked("Tombola") != (step.found == 1) {
			t.Errorf("%s: the folder is marked wrongly (%v)", step.name, err)
		}
	}
	b.must(b.close())
	write(t, path, "perso\n")
	if _, err := b.at.open(t); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("opened with bad lines: %v", err)
	}
}
