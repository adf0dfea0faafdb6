package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// decided lists what was decided.
func (p *program) decided() (list []relais.Decision) {
	p.t.Helper()
	for line := range strings.Lines(p.must("decisions", "list", "--json")) {
		var d relais.Decision
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			p.t.Fatal(err)
		}
		list = append(list, d)
	}
	return list
}

// TestDecided goes through what somebody does who decides: of a document, a thread, an
// address, a domain, a client; sees it found, sees it stand when all is read anew, carries
// it to another archive, and undoes it.
func TestDecided(t *testing.T) { modes(t, testDecided) }

func testDecided(t *testing.T, fresh func() *program) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 60)
	p := fresh()
	p.importClients()
	p.must(ingestArgs(mail)...)
	first := p.export()
	doc := p.find("offre client:acme")[0]
	of := func(query string) int { return len(p.find(query)) }
	acme := of("client:acme")
	p.script([]step{
		do(exitUsage, "relais decide client --help", "decide", "client"),
		do(exitUsage, "say what is decided of", "decide", "client", "beta"),
		do(exitError, "no client is named", "decide", "client", "nobody", string(doc.ID)),
		do(exitError, "the topics are", "decide", "topic", "nothing", string(doc.ID)),
		do(exitError, "no document", "decide", "client", "beta", "d0"),
		do(exitUsage, "no mail address", "decide", "client", "beta", "--address", "beta"),
		do(exitUsage, "decide of an address", "decide", "client", "beta", "--domain", "gmail.com"),
		do(exitUsage, "owner's own", "decide", "client", "beta", "--domain", "pumps.example"),
		do(exitUsage, "YYYY-MM-DD", "decide", "client", "beta", "--domain", "acme.example", "--since", "2025"),
		do(exitOK, "document changes now", "decide", "client", "Béta SARL", string(doc.ID), "--reason", "asked on the phone"),
		do(exitOK, `"signal":"person"`, "show", "--json", string(doc.ID)),
		do(exitOK, "No document changes now", "decide", "client", "beta", string(doc.ID)),
		do(exitOK, "documents change now", "decide", "topic", "contrat", "--thread", doc.Thread),
		do(exitOK, "documents change now", "decide", "topic", "newsletter", "--address", "x@beta.example", "--until", "2025-01-08"),
		do(exitOK, "documents change now", "decide", "client", "beta", "--not", "--domain", "beta.example"),
		do(exitUsage, "relais privacy settle", "decide", "privacy", "--address", "x@beta.example", "--as", "professional"),
		do(exitUsage, "addresses and domains", "decide", "privacy", string(doc.ID), "--address", "x@beta.example", "--as", "personal"),
		do(exitUsage, "name documents", "decide", "privacy", "--as", "personal"),
		do(exitOK, "documents change now", "decide", "privacy", "--address", "x@beta.example", "--since", "2025-01-09", "--until", "2025-01-10", "--as", "personal"),
		do(exitOK, "address x@beta.example is personal since 2025-01-09 until 2025-01-10", "decisions", "list"),
		do(exitOK, "personal_decided", "balance", "--json"),
		do(exitOK, "asked on the phone", "decisions", "list"),
		do(exitOK, "is not of client beta", "decisions", "list", "--case", "Ann"),
		do(exitOK, "documents change now", "decide", "merge", "Brasserie Acme", "beta"),
		do(exitError, "each other", "decide", "merge", "beta", "acme"),
		do(exitOK, `"faults":0`, "verify", "--json"),
	})
	if n, both := of(`client:"Brasserie Acme"`), of("client:beta"); n < acme || n != both || of("client:acme") != n || of("topic:newsletter") == 0 {
		t.Errorf("the merged client has %d documents by its name, %d by the other's, had %d", n, both, acme)
	}
	whole := p.export()
	for _, from := range []string{"enriched", "raw"} {
		p.must("reindex", "--from", from)
		if got := p.export(); got != whole {
			t.Errorf("after reindex --from %s: %s", from, firstDifference(whole, got))
		}
	}
	carryOver(t, p, fresh(), mail, whole)
	list := p.decided()
	for _, d := range list {
		p.must("decisions", "undo", d.ID, "--reason", "a test")
	}
	p.script([]step{
		do(exitError, "no decision", "decisions", "undo", list[0].ID),
		do(exitOK, "undone 20", "decisions", "list"),
		do(exitOK, `"faults":0`, "verify", "--json"),
	})
	if got := p.export(); got != first {
		t.Errorf("after all was undone: %s", firstDifference(first, got))
	}
}

// carryOver takes decisions to an archive that gets the mail afterwards, twice.
func carryOver(t *testing.T, p, other *program, mail, want string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "decisions.jsonl")
	p.must("decisions", "export", "--output", file)
	other.importClients()
	other.script([]step{do(exitUsage, "relais case create", "decisions", "import", file)})
	other.must("case", "create", "ann")
	other.must("decisions", "import", file)
	other.must(ingestArgs(mail)...)
	other.script([]step{do(exitOK, "known already", "decisions", "import", file)})
	if got := strings.ReplaceAll(other.export(), `"case":"ann"`, `"case":"Ann"`); got != want {
		t.Errorf("in another archive: %s", firstDifference(want, got))
	}
	if len(other.decided()) != len(p.decided()) {
		t.Error("some decisions were not carried over")
	}
	broken := filepath.Join(t.TempDir(), "broken.jsonl")
	if err := os.WriteFile(broken, []byte(`{"id":"c-1","kind":"client"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other.script([]step{do(exitUsage, "line 1", "decisions", "import", broken)})
}

// find gives the first hits of a query.
func (p *program) find(query string) (hits []relais.Document) {
	p.t.Helper()
	var found struct {
		Hits []relais.Document `json:"hits"`
	}
	if err := json.Unmarshal([]byte(p.must("search", "--json", "--limit", "1000", query)), &found); err != nil {
		p.t.Fatal(err)
	}
	return found.Hits
}

// messages gives the messages of the export.
func (p *program) messages() (list []relais.Document) {
	p.t.Helper()
	for line := range strings.Lines(p.export()) {
		var d relais.Document
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			p.t.Fatal(err)
		}
		if d.Kind == relais.KindMessage && d.From != nil {
			list = append(list, d)
		}
	}
	return list
}

// TestDecisionsKilled brings 500 decisions in random order, some twice, while the programs
// that bring them are killed at random moments; once all are there the archive exports
// what one exports that took them at once, and what it exported first when all are undone.
func TestDecisionsKilled(t *testing.T) { modes(t, testDecisionsKilled) }

func testDecisionsKilled(t *testing.T, fresh func() *program) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 300)
	plain, p := newProgram(t), fresh()
	for _, each := range []*program{plain, p} {
		each.importClients()
		each.must(ingestArgs(mail)...)
	}
	first := plain.export()
	list := manyDecisions(t, plain, 500)
	dir := t.TempDir()
	plain.must("decisions", "import", decisionFile(t, dir, "all", list))
	want := plain.export()
	if want == first {
		t.Fatal("nothing changed")
	}
	r := rand.New(rand.NewPCG(1, 500))
	killed := p.bringKilled(t, r, dir, list)
	t.Logf("%d imports killed before their end", killed)
	p.must("decisions", "import", decisionFile(t, dir, "last", list[:1]))
	if got := p.export(); got != want {
		t.Errorf("exports differ: %s", firstDifference(want, got))
	}
	p.must("verify", "--read-data")
	for i := range list {
		list[i].Undone = &relais.Act{Actor: "local", At: list[i].At}
	}
	p.bringKilled(t, r, dir, list)
	p.must("decisions", "import", decisionFile(t, dir, "undone", list[:1]))
	if got := p.export(); got != first {
		t.Errorf("after all was undone: %s", firstDifference(first, got))
	}
	p.must("verify", "--read-data")
}

// bringKilled brings decisions in random order, each once and some twice, a piece at a
// time, and kills the program that does so at a random moment; what was killed is brought
// again.
func (p *program) bringKilled(t *testing.T, r *rand.Rand, dir string, list []relais.Decision) (killed int) {
	t.Helper()
	all := append(slices.Clone(list), list[:len(list)/4]...)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for n := 0; len(all) > 0; n++ {
		size := min(len(all), 40+r.IntN(80))
		file := decisionFile(t, dir, fmt.Sprint("part", n), all[:size])
		killed += p.killTimes(r, 2, 20, 300, "decisions", "import", file)
		p.must("decisions", "import", file)
		all = all[size:]
	}
	return killed
}

func decisionFile(t *testing.T, dir, name string, list []relais.Decision) string {
	t.Helper()
	var b strings.Builder
	for _, d := range list {
		line, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	file := filepath.Join(dir, name+".jsonl")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// manyDecisions makes decisions of every kind on what an archive holds, many of them
// against each other.
func manyDecisions(t *testing.T, p *program, n int) (list []relais.Decision) {
	t.Helper()
	docs := p.messages()
	start := docs[0].Date
	pick := func(i int, from ...string) string { return from[i%len(from)] }
	for i := range n {
		d := relais.Decision{Kind: relais.DecideClient, Verdict: relais.Verdict(pick(i/3, string(relais.Is), string(relais.IsNot))), Seq: int64(i + 1),
			Value: pick(i/7, "acme", "beta", "gamma", "delta"), Act: relais.Act{Actor: "local", At: start.AddDate(0, 0, i/3)}}
		if i%5 == 4 {
			d.Kind, d.Value = relais.DecideTopic, pick(i/5, "prix", "contrat", "visite", "autre")
		}
		doc := docs[(i*7)%len(docs)]
		switch i % 20 {
		case 0:
			d.Kind, d.About, d.Verdict, d.Target, d.Value = relais.DecideMerge, relais.AboutClient, relais.Is, pick(i/20, "gamma", "delta", "acme"), pick(i/60, "delta", "gamma", "beta")
		case 1:
			d.About, d.Target = relais.AboutAddress, doc.From.Address
		case 2:
			d.About, d.Target = relais.AboutDomain, doc.From.Domain()
			d.Since = doc.Date.Unix() / 86400
		case 5: // of two days, so that enough is left to decide of
			d.Kind, d.About, d.Verdict, d.Target, d.Value = relais.DecidePrivacy, relais.AboutDomain, relais.Personal, doc.From.Domain(), ""
			d.Since = doc.Date.Unix() / 86400
			d.Until = d.Since + 2
		case 7:
			d.Kind, d.About, d.Target, d.Document, d.Value = relais.DecidePrivacy, relais.AboutDocument, doc.Occurrences[0].SHA256.String(), doc.ID, ""
			d.Verdict = relais.Verdict(pick(i/20, string(relais.Personal), string(relais.Professional)))
		case 3, 6, 9:
			d.About, d.Target, d.Document = relais.AboutThread, doc.Occurrences[0].SHA256.String(), doc.ID
		default:
			d.About, d.Target, d.Document = relais.AboutDocument, doc.Occurrences[0].SHA256.String(), doc.ID
		}
		if d.Document != "" {
			d.Case, d.CaseName = "elsewhere", "Ann"
		}
		if d.Kind == relais.DecideMerge && d.Target == d.Value {
			continue
		}
		d.ID = relais.NewDecisionID(d)
		list = append(list, d)
	}
	return list
}

// TestUnfollowedIsFoundAndMended: a row that does not say what was decided is named by
// verify, and mended by reindex.
func TestUnfollowedIsFoundAndMended(t *testing.T) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 12)
	p := newProgram(t)
	p.importClients()
	p.must(ingestArgs(mail)...)
	id := p.find("client:acme kind:message")[0].ID
	p.must("decide", "client", "beta", string(id))
	want := p.export()
	var spoilt relais.DocumentID
	p.spoil(func(db *state.DB, c relais.Case, _ state.Envelope, _ relais.Occurrence) {
		var rows []state.Document
		err := db.Settle(t.Context(), c.ID, func(m *state.Merging) error {
			err := m.All(t.Context(), func(d state.Document) error {
				if d.ID == id {
					d.Tags, spoilt = "", d.ID
					rows = append(rows, d)
				}
				return nil
			})
			if err != nil {
				return err
			}
			return m.Touch(t.Context(), rows)
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	p.must("search", "x") // what is marked is appended, as it was spoilt
	p.must(ingestArgs(mail)...)
	p.script([]step{
		do(exitDamaged, "tags_differ  "+string(spoilt), "verify"),
		do(exitOK, "", "reindex"),
		do(exitOK, `"faults":0`, "verify", "--json"),
	})
	if got := p.export(); got != want {
		t.Errorf("mended: %s", firstDifference(want, got))
	}
}

// TestSentences: what a decision says, as people read it.
func TestSentences(t *testing.T) {
	for want, d := range map[string]relais.Decision{
		"document d1 is of client acme":      {Kind: relais.DecideClient, About: relais.AboutDocument, Target: "00", Document: "d1", Value: "acme", Verdict: relais.Is},
		"domain x.example is not of topic a": {Kind: relais.DecideTopic, About: relais.AboutDomain, Target: "x.example", Value: "a", Verdict: relais.IsNot},
		"client acme is none":                {Kind: relais.DecideClient, About: relais.AboutClient, Target: "acme", Value: "acme", Verdict: relais.IsNot},
		"client old is client new":           {Kind: relais.DecideMerge, About: relais.AboutClient, Target: "old", Value: "new", Verdict: relais.Is},
		"folder f-1 is personal":             {Kind: relais.DecidePrivacy, About: relais.AboutFolder, Target: "f-1", Verdict: relais.Personal},
		"address a@x is of client c d e":     {Kind: relais.DecideClient, About: relais.AboutAddress, Target: "a@x", Value: "c\x1bd\ne", Verdict: relais.Is},
		"client acme is of topic newsletter": {Kind: relais.DecideTopic, About: relais.AboutClient, Target: "acme", Value: "newsletter", Verdict: relais.Is},
	} {
		if got := sentence(d); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := daysOf(relais.Decision{Since: 10, Until: 20}); got != " since 1970-01-11 until 1970-01-20" {
		t.Errorf("%q", got)
	}
}
