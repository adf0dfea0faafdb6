// Package demo answers one question: what does a departure look like? It writes one
// that never was: the mailbox and files of Hélène Vasseur, who sold pumps in the west
// of France for three years and leaves on 30 October 2026, with a promised price, a
// complaint, a contract renewed, a tender lost, questions left unanswered, and mail
// that is nobody's business but hers.
//
// Every name is invented, every address ends in ".example" (RFC 2606), telephone
// numbers and company numbers are ones that nobody can hold. The same bytes come out
// on every run. What is planted stands beside it: truth.jsonl for `relais evaluate`,
// facts.json with the query that finds each fact.
package demo

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed cast stories routine files.txt
var script embed.FS

// Options tune the departure; the zero value is the one that newcomers see.
type Options struct {
	// Rounds is how often the routine of the trade is played, some 65 messages each
	// time; 4 when zero, which makes 400 messages with the stories.
	Rounds int
}

// Truth is what was written, and what an archive of it should know.
type Truth struct {
	Case    string   // a name for the departure
	Owner   string   // the address of who leaves
	Aliases []string // further addresses of the same
	// Sources are the paths to ingest: a Maildir, an mbox file, a folder of files.
	Sources []string
	// Clients and Contacts are CRM exports, Messages the truth for `relais evaluate`.
	Clients, Contacts, Messages string

	Count       int    // messages, told apart by Message-ID
	Occurrences int    // of messages, copies counted
	Files       int    // in the folder of files
	Personal    int    // of Count, those marked personal
	Facts       []Fact // those worth showing first come first
}

// Fact is something planted, and the query that finds it: the newest message that
// answers the query is the one expected.
type Fact struct {
	Name    string `json:"name"`
	Query   string `json:"query"`
	Says    string `json:"says"`
	Message string `json:"expect_message_id"`

	headline int // the least come first
}

// Write writes the departure into a folder, which it makes.
func Write(dir string, opt Options) (Truth, error) {
	letters, err := perform(opt)
	if err != nil {
		return Truth{}, fmt.Errorf("demo: %w", err)
	}
	t := Truth{
		Case: "Départ Hélène Vasseur", Owner: rep + "@" + companyDomain, Aliases: []string{"h.vasseur@" + companyDomain},
		Sources: []string{filepath.Join(dir, "Maildir"), filepath.Join(dir, "Archives 2023.mbox"), filepath.Join(dir, "Documents")},
		Clients: filepath.Join(dir, "clients.csv"), Contacts: filepath.Join(dir, "contacts.csv"), Messages: filepath.Join(dir, "truth.jsonl"),
		Count: len(letters),
	}
	if err := t.write(dir, letters); err != nil {
		return Truth{}, fmt.Errorf("demo: %w", err)
	}
	return t, nil
}

// perform plays every story once and the routine in rounds, and sorts by date.
func perform(opt Options) ([]*letter, error) {
	if opt.Rounds == 0 {
		opt.Rounds = 4
	}
	c, err := readCast(script)
	if err != nil {
		return nil, err
	}
	s := &stage{cast: c}
	stories, err := readScenes(script, "stories")
	if err != nil {
		return nil, err
	}
	for _, sc := range stories {
		if err := s.play(sc); err != nil {
			return nil, err
		}
	}
	routine, err := readScenes(script, "routine")
	if err != nil {
		return nil, err
	}
	for round := range opt.Rounds {
		for _, sc := range routine {
			if err := s.improvise(sc, round); err != nil {
				return nil, err
			}
		}
	}
	slices.SortStableFunc(s.letters, func(a, b *letter) int { return a.date.Compare(b.date) })
	return s.letters, nil
}

func (t *Truth) write(dir string, letters []*letter) error {
	placed, exported := place(letters)
	t.Occurrences = len(exported)
	for _, list := range placed {
		t.Occurrences += len(list)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := writeMaildir(t.Sources[0], placed); err != nil {
		return err
	}
	if err := writeMbox(t.Sources[1], exported); err != nil {
		return err
	}
	var err error
	if t.Files, err = writeDocuments(t.Sources[2], letters); err != nil {
		return err
	}
	t.learn(letters)
	return errors.Join(copyOut("cast/clients.csv", t.Clients), copyOut("cast/contacts.csv", t.Contacts),
		writeTruth(t.Messages, letters), writeJSON(filepath.Join(dir, "facts.json"), t.Facts))
}

// learn notes what is personal, and the facts.
func (t *Truth) learn(letters []*letter) {
	for _, l := range letters {
		if l.personal {
			t.Personal++
		}
		if l.fact == "" {
			continue
		}
		f := strings.Split(l.fact, " | ")
		t.Facts = append(t.Facts, Fact{Name: f[0], Query: f[1], Says: f[2], Message: l.id, headline: l.headline})
	}
	slices.SortStableFunc(t.Facts, func(a, b Fact) int { return a.headline - b.headline })
}

func copyOut(name, to string) error {
	b, err := fs.ReadFile(script, name)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}

// truthLine is one line of truth.jsonl.
type truthLine struct {
	MessageID string  `json:"message_id"`
	Client    *string `json:"client,omitempty"`
	Topic     string  `json:"topic,omitempty"`
	Lang      string  `json:"lang"`
	Thread    string  `json:"thread"`
	Personal  bool    `json:"personal"`
}

func writeTruth(name string, letters []*letter) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	for _, l := range letters {
		err := enc.Encode(truthLine{MessageID: l.id, Client: l.client, Topic: l.topic, Lang: l.lang, Thread: l.thread, Personal: l.personal})
		if err != nil {
			return err
		}
	}
	return os.WriteFile(name, []byte(b.String()), 0o600)
}

func writeJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o600)
}

// writeDocuments writes the rep's folder: the quotations and contracts she sent, the
// same bytes as attached, and files of her own.
func writeDocuments(root string, letters []*letter) (count int, err error) {
	files := make(map[string][]byte)
	for _, l := range letters {
		for _, f := range l.files {
			switch {
			case l.from.key != rep || l.personal:
			case strings.HasPrefix(f.name, "Devis "):
				files[fmt.Sprintf("Devis/%d/%s", l.date.Year(), f.name)] = f.data
			case strings.HasPrefix(f.name, "Contrat"):
				files["Contrats/"+f.name] = f.data
			}
		}
	}
	if err := ownFiles(files); err != nil {
		return 0, err
	}
	for name, data := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return 0, err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return 0, err
		}
		if err := os.Chtimes(path, lastDay(), lastDay()); err != nil {
			return 0, err
		}
	}
	return len(files), nil
}

// ownFiles adds those of files.txt: a path, then what an "attach" line would say.
func ownFiles(files map[string][]byte) error {
	text, err := fs.ReadFile(script, "files.txt")
	if err != nil {
		return err
	}
	for _, part := range strings.Split(string(text), "\n=== ")[1:] {
		path, spec, _ := strings.Cut(part, "\n")
		list := parseAttachments(strings.Split("attach: "+spec, "\n"))
		if len(list) != 1 {
			return fmt.Errorf("files.txt: %q", path)
		}
		f, err := (&stage{}).make(list[0], values{}, nil)
		if err != nil {
			return err
		}
		files[path] = f.data
	}
	return nil
}
