package tag

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// truth is one message of a generated mailbox, as its generator knows it.
type truth struct {
	ID       string   `json:"id"`
	Client   string   `json:"client"`
	Topic    string   `json:"topic"`
	Lang     string   `json:"lang"`
	Kind     string   `json:"kind"`
	Personal bool     `json:"personal"`
	Marked   bool     `json:"marked"`
	Folders  []string `json:"folders"`
	Subject  string   `json:"subject"`
	Text     int      `json:"text"`

	mail *format.Mail
}

// generatedMailbox is what a rep's generator made (its own CRM with it), read from the
// directory named by RELAIS_GENERATED.
type generatedMailbox struct {
	messages []truth
	clients  []relais.Client
	contacts []relais.Contact
}

func readGenerated(t testing.TB) generatedMailbox {
	t.Helper()
	dir := os.Getenv("RELAIS_GENERATED")
	if dir == "" {
		t.Skip("no generated mailbox: set RELAIS_GENERATED to its directory")
	}
	g := generatedMailbox{messages: readLines[truth](t, filepath.Join(dir, "truth.jsonl"))}
	byID := map[string]*truth{}
	for i := range g.messages {
		byID[g.messages[i].ID] = &g.messages[i]
	}
	err := filepath.WalkDir(filepath.Join(dir, "Maildir"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(filepath.Dir(path)) != "cur" {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		m, err := format.ReadMail(f, format.DefaultLimits(), nil)
		if err != nil {
			return err
		}
		if tr := byID[m.MessageID]; tr != nil {
			tr.mail = m
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	g.messages = slices.DeleteFunc(g.messages, func(m truth) bool { return m.mail == nil })
	g.clients, g.contacts = readCRM(t, dir)
	return g
}

func readCRM(t testing.TB, dir string) ([]relais.Client, []relais.Contact) {
	t.Helper()
	var clients []relais.Client
	var contacts []relais.Contact
	for _, r := range readCSV(t, filepath.Join(dir, "accounts.csv")) {
		clients = append(clients, relais.Client{ID: r["account_id"], Name: r["name"], Domains: strings.Split(r["domains"], ";"), SIREN: r["siren"], City: r["city"]})
	}
	for _, r := range readCSV(t, filepath.Join(dir, "contacts.csv")) {
		contacts = append(contacts, relais.Contact{ClientID: r["account_id"], Name: r["name"], Email: r["email"], Phone: r["phone"]})
	}
	return clients, contacts
}

func readCSV(t testing.TB, path string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(readFile(t, path))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, h := range rows[0] {
			m[h] = row[i]
		}
		list = append(list, m)
	}
	return list
}

// input is what the stage would make of a generated message.
func (m *truth) input() *Input {
	in := &Input{
		Owner: relais.Owner{Address: "camille.rivoire@hydroval.example"}, Kind: relais.KindMessage, Mail: m.mail, Text: m.mail.Text,
		Folder: strings.ReplaceAll(m.Folders[0], ".", "/"),
	}
	for _, a := range m.mail.Attachments {
		in.Attachments = append(in.Attachments, a.Name)
	}
	return in
}

func mustEnrichers(t testing.TB, cfg Config) []Enricher {
	t.Helper()
	set, err := NewSet(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return set.list
}

func findAll(list []Enricher, in *Input) Findings {
	var out Findings
	for _, e := range list {
		e.Enrich(in, &out)
	}
	return out
}

// score counts what was said, what was true, and both.
type score struct{ right, said, true int }

func (s *score) add(said, want string) {
	if said != "" {
		s.said++
	}
	if want != "" {
		s.true++
	}
	if said == want && said != "" {
		s.right++
	}
}

func (s score) f1() float64 {
	if s.said+s.true == 0 {
		return 0
	}
	return 200 * float64(s.right) / float64(s.said+s.true)
}

func (s score) String() string {
	return fmt.Sprintf("precision %.2f recall %.2f F1 %.2f (%d right, %d said, %d true)", percent(s.right, s.said), percent(s.right, s.true), s.f1(), s.right, s.said, s.true)
}

// TestGenerated scores every enricher on a generated mailbox. Its words are the
// generator's own and its subjects friendly: these are not the figures of real mail.
func TestGenerated(t *testing.T) {
	g := readGenerated(t)
	list := mustEnrichers(t, Config{Clients: g.clients, Contacts: g.contacts})
	var client, clientBare, topic, anyTopic, lang, personal score
	byTopic, confused := map[string]*score{}, map[string]int{}
	for i := range g.messages {
		m := &g.messages[i]
		out := findAll(list, m.input())
		lang.add(out.Language, m.Lang)
		personal.add(mark01(out.Privacy.Class == relais.PrivacySufficient), mark01(m.Marked))
		if m.Marked {
			continue
		}
		client.add(topTag(out.Clients, relais.ShownConfidence), m.Client)
		bare := m.input()
		bare.Folder = "INBOX"
		clientBare.add(topTag(findAll(list, bare).Clients, relais.ShownConfidence), m.Client)
		if m.Personal {
			continue // unmarked personal mail has no topic of ours
		}
		said := topTag(out.Topics, 0)
		topic.add(said, m.Topic)
		for _, tag := range out.Topics {
			anyTopic.add(tag.ID, "")
			if tag.ID == m.Topic {
				anyTopic.right++
			}
		}
		anyTopic.true++
		for _, k := range []string{said, m.Topic} {
			if byTopic[k] == nil {
				byTopic[k] = &score{}
			}
		}
		byTopic[said].said++
		byTopic[m.Topic].true++
		if said == m.Topic {
			byTopic[said].right++
		} else {
			confused[m.Topic+" taken for "+said]++
		}
	}
	t.Logf("client: %v", client)
	t.Logf("client without folders: %v", clientBare)
	t.Logf("first topic: %v", topic)
	t.Logf("all topics: %v", anyTopic)
	t.Logf("language: %v", lang)
	t.Logf("personal: %v", personal)
	for _, k := range sortedBy(confused, 12) {
		t.Logf("%4d %s", confused[k], k)
	}
	for id, s := range byTopic {
		t.Logf("%s: %v", id, *s)
	}
	if client.f1() < 95 || topic.f1() < 85 || lang.f1() < 97 || personal.f1() < 99 {
		t.Error("lower than it was")
	}
}

func mark01(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func topTag(tags []relais.Tag, least int) string {
	if len(tags) == 0 || tags[0].Confidence < least {
		return ""
	}
	return tags[0].ID
}

func sortedBy(count map[string]int, most int) []string {
	var keys []string
	for k := range count {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	return keys[:min(most, len(keys))]
}

// TestGeneratedSignals prints how often a client is the right one where one signal
// alone points to it, for both halves of a split by message. signalWeight was fitted
// on neither: see there.
func TestGeneratedSignals(t *testing.T) {
	g := readGenerated(t)
	list := mustEnrichers(t, Config{Clients: g.clients, Contacts: g.contacts})
	type cell struct{ right, all int }
	var signals [2]map[string]cell
	var buckets [2][10]cell
	for half := range signals {
		signals[half] = map[string]cell{}
	}
	for i := range g.messages {
		m := &g.messages[i]
		half := 0
		if heldOut(m.ID) {
			half = 1
		}
		out := findAll(list, m.input())
		for _, tag := range out.Clients {
			right := 0
			if tag.ID == m.Client {
				right = 1
			}
			b := &buckets[half][min(tag.Confidence/100, 9)]
			b.right, b.all = b.right+right, b.all+1
			for _, e := range uniqueSignals(tag.Evidence) {
				c := signals[half][e]
				signals[half][e] = cell{c.right + right, c.all + 1}
			}
		}
	}
	for half, name := range []string{"first half", "second half"} {
		for s, c := range signals[half] {
			t.Logf("%s: signal %s weight %d: right %.1f %% of %d", name, s, signalWeight(s), percent(c.right, c.all), c.all)
		}
		for b, c := range buckets[half] {
			if c.all > 0 {
				t.Logf("%s: confidence %d to %d: right %.1f %% of %d", name, b*100, b*100+99, percent(c.right, c.all), c.all)
			}
		}
	}
}

func uniqueSignals(evidence []relais.Evidence) []string {
	var list []string
	for _, e := range evidence {
		if !slices.Contains(list, e.Signal) {
			list = append(list, e.Signal)
		}
	}
	return list
}
