package answer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/sqlite"
)

// world is a small archive: an engine that is real, and documents that are made up.
type world struct {
	engine
	docs     []relais.Document
	of       map[relais.DocumentID]relais.CaseID
	searches int               // made of the engine
	counts   int               // calls of Counts
	damaged  relais.DocumentID // whose text cannot be read
	faults   struct{ search, counts, cases, clients, documents error }
	log      bytes.Buffer
}

// engine is what answers rest on.
type engine interface {
	search.Index
	search.Counter
}

const here, elsewhere = relais.CaseID("c1"), relais.CaseID("c2")

func newWorld(t *testing.T, keep func(relais.CaseID, *relais.Document) bool) *world {
	t.Helper()
	x, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "index-1.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return newWorldOn(t, x, keep)
}

// newWorldOn fills an engine with the documents to keep.
func newWorldOn(t *testing.T, x engine, keep func(relais.CaseID, *relais.Document) bool) *world {
	t.Helper()
	w := &world{engine: x, of: map[relais.DocumentID]relais.CaseID{}}
	t.Cleanup(func() { _ = x.Close() })
	var entries []search.Entry
	for i, m := range mails() {
		d := m.document(i)
		if keep != nil && !keep(m.in, &d) {
			continue
		}
		w.docs, w.of[d.ID] = append(w.docs, d), m.in
		entries = append(entries, search.Entry{Text: d.Text, Envelope: relais.Envelope{Format: 1, CaseID: m.in, Revision: 1, Document: d}})
	}
	if refused, err := x.Apply(t.Context(), entries); err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

type mail struct {
	in                    relais.CaseID
	client, topic         string
	date                  string
	subject, text, unsure string
}

func (m mail) document(i int) relais.Document {
	date, err := time.Parse(time.DateOnly, m.date)
	if err != nil {
		panic(err)
	}
	d := relais.Document{
		ID: relais.DocumentID(fmt.Sprintf("d%02d", i)), Kind: relais.KindMessage, Case: map[relais.CaseID]string{here: "Départ d'Ann", elsewhere: "Bob/2"}[m.in],
		Subject: m.subject, Text: m.text, Date: date.Add(12 * time.Hour), Language: "fr", From: &relais.Address{Address: "ann@pumps.example"},
		Topics:      []relais.Tag{{ID: m.topic, Confidence: 800, Evidence: []relais.Evidence{{Signal: "subject"}}}},
		Occurrences: []relais.Occurrence{{Owner: "ann@pumps.example", Folder: "INBOX"}},
	}
	if m.client != "" {
		d.Clients = []relais.Tag{{ID: m.client, Name: names()[m.client], Confidence: 900}}
	}
	if m.unsure != "" {
		d.Clients = append(d.Clients, relais.Tag{ID: m.unsure, Name: names()[m.unsure], Confidence: 300})
	}
	return d
}

func names() map[string]string {
	return map[string]string{"acme": "Brasserie Acme", "beta": "Laiterie Kervadec", "gamma": "Gammatron"}
}

func mails() []mail {
	return []mail{
		{in: here, client: "acme", topic: "prix", date: "2026-03-03", subject: "Devis D-2026-0418", text: "Pompe AQ-4080 : 3 480 EUR la pièce, intervention sous 48 h."},
		{in: here, client: "acme", topic: "livraison", date: "2026-03-10", subject: "Livraison au chantier", text: "La livraison des pompes est promise à la mi-mars, montage compris."},
		{in: here, client: "acme", topic: "qualite", date: "2026-04-02", subject: "Garnitures", text: "Les garnitures fuient : nous attendons un avoir pour la réclamation."},
		{in: here, client: "beta", topic: "contrat", date: "2025-11-20", subject: "Renouvellement", text: "Le contrat d'entretien est renouvelé, moteur de 7,5 kW compris."},
		{in: here, client: "beta", topic: "visite", date: "2026-01-15", subject: "Compte rendu", text: "Rencontre avec M. Lebreton à l'atelier de la laiterie."},
		{in: here, topic: "autre", date: "2026-01-16", subject: "Rappel", text: "Rappeler Kervadec lundi.", unsure: "beta"},
		{in: elsewhere, client: "gamma", topic: "prix", date: "2026-02-01", subject: "Secret", text: "Le prix confidentiel de Gammatron : quadriphosphate à 9 999 EUR."},
		{in: elsewhere, client: "gamma", topic: "livraison", date: "2026-02-02", subject: "Secret", text: "Livraisan de quadriphosphate, chantier de Gammatron, référence ZX-7001."},
	}
}

func (w *world) Search(ctx context.Context, req search.Request) (search.Result, error) {
	w.searches++
	if w.faults.search != nil {
		return search.Result{}, w.faults.search
	}
	return w.engine.Search(ctx, req)
}

func (w *world) Counts(ctx context.Context, scope relais.Scope, queries []search.Node) ([]int, error) {
	w.counts++
	if w.faults.counts != nil {
		return nil, w.faults.counts
	}
	return w.engine.Counts(ctx, scope, queries)
}

func (w *world) Openings(_ context.Context, scope relais.Scope, ids []relais.DocumentID, most int, fn func(relais.Opening) error) error {
	for _, id := range ids {
		for _, d := range w.docs {
			if d.ID != id || !scope.Allows(w.of[id], &d) {
				continue
			}
			o := relais.Opening{Document: d, Cut: len(d.Text) > most}
			o.Document.Text = d.Text[:min(len(d.Text), most)]
			if w.damaged == id {
				o.MarkDamaged()
			}
			if err := fn(o); err != nil {
				return err
			}
		}
	}
	return w.faults.documents
}

func (w *world) List(context.Context) ([]relais.Case, error) {
	return []relais.Case{
		{ID: here, Name: "Départ d'Ann", Owners: []relais.Owner{{Address: "ann@pumps.example"}}},
		{ID: elsewhere, Name: "Bob/2", Owners: []relais.Owner{{Address: "bob@pumps.example"}}},
	}, w.faults.cases
}

func (w *world) Clients(context.Context) ([]relais.Client, []relais.Contact, error) {
	var list []relais.Client
	for id, name := range names() {
		list = append(list, relais.Client{ID: id, Name: name})
	}
	slices.SortFunc(list, func(a, b relais.Client) int { return strings.Compare(a.ID, b.ID) })
	return list, []relais.Contact{{ClientID: "acme", Name: "Jean"}}, w.faults.clients
}

func (w *world) answerer() *Answerer {
	return New(Deps{
		Searcher: w, Counter: w, Lister: w.engine, Library: w, Cases: w, Clients: w, Location: time.UTC,
		Now: func() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }, Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
		Name: func(lang, field, value string) string { return lang + " " + value },
		Topics: []search.Choice{
			{ID: "prix", Names: []string{"Prix et devis", "Prices"}}, {ID: "livraison", Names: []string{"Livraisons", "Deliveries"}},
			{ID: "qualite", Names: []string{"Réclamations", "complaint"}, Words: []string{"non-conformité", "avarié"}},
			{ID: "visite", Names: []string{"Rendez-vous et visites", "rdv"}, Words: []string{"compte rendu", "avarié", "prendr~ rendez-vous", "le #"}},
			{ID: "contrat", Names: []string{"Contrats"}},
		},
	})
}

// inHere sees the first case's business alone.
func inHere() relais.Scope {
	return relais.Scope{Grants: []relais.Grant{{Cases: []relais.CaseID{here}, AllClients: true}}}
}

func (w *world) ask(t *testing.T, q Question) *Answer {
	t.Helper()
	if q.Scope.Empty() {
		q.Scope = relais.Everything()
	}
	ans, err := w.answerer().Ask(t.Context(), q)
	if err != nil {
		t.Fatalf("%s: %v", q.Text, err)
	}
	return ans
}

func (ans *Answer) codes() []string {
	var list []string
	for _, n := range ans.Notes {
		list = append(list, n.Code)
	}
	return list
}

func TestAskDressesWhatIsFound(t *testing.T) {
	w := newWorld(t, nil)
	ans := w.ask(t, Question{Text: "pompes", Facets: search.Facets(), Histogram: true})
	if ans.Total != 2 || len(ans.Hits) != 2 || ans.Hits[0].ID != "d01" || ans.Hits[0].Clients[0].Name != "Brasserie Acme" || ans.Hits[0].Topics[0].Evidence != nil {
		t.Fatalf("%+v", ans.Hits)
	}
	if !strings.Contains(ans.Hits[0].Snippet, relais.HighlightStart+"pompes"+relais.HighlightEnd) {
		t.Errorf("snippet %q", ans.Hits[0].Snippet)
	}
	want := []relais.FacetValue{{Value: "acme", Label: "Brasserie Acme", Count: 2}}
	if diff := cmp.Diff(want, ans.Page.Facets["client"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if ans.Telling(search.FacetClient) != nil || len(ans.Telling(search.FacetTopic)) != 2 || len(ans.Histogram) != 1 {
		t.Error("facets do not tell what the hits have not in common")
	}
	if w.searches != 1 || w.counts != 0 || len(ans.Offers)+len(ans.Notes) > 0 {
		t.Errorf("%d searches, %d counts, %v %v", w.searches, w.counts, ans.Offers, ans.Notes)
	}
}

// One search is enough for a name that everything found must have.
func TestNamesAreNotLookedForTwice(t *testing.T) {
	for query, want := range map[string]int{
		"client:acme":                 2, // and what is uncertain
		"owner:ann@pumps.example":     1,
		"client:acme OR client:gamma": 4,
		"client:beta is:uncertain":    2, // found are those that may be beta's: whether it has any for certain is another question
	} {
		w := newWorld(t, nil)
		if ans := w.ask(t, Question{Text: query}); w.searches != want || slices.ContainsFunc(ans.codes(), func(c string) bool { return strings.HasPrefix(c, "unknown") }) {
			t.Errorf("%s: %d searches, %v", query, w.searches, ans.Notes)
		}
	}
}

func TestNotes(t *testing.T) {
	for _, tt := range []struct {
		query, lang, says string
		scope             relais.Scope
	}{
		{"client:beta", "en", "1 more document may be about this client: add is:uncertain to see it", relais.Everything()},
		{"client:beta", "fr", "1 autre document concerne peut-être ce client : ajoutez is:uncertain pour le voir", relais.Everything()},
		{"client:acmee", "en", "nothing here has client:acmee; perhaps Brasserie Acme", relais.Everything()},
		{"client:gamatron", "fr", "rien ici n'a client:gamatron ; peut-être Gammatron", relais.Everything()},
		{"client:gamatron", "fr", "rien ici n'a client:gamatron", inHere()},
		{"client:gamma", "fr", "rien ici n'a client:gamma", inHere()},
		{"owner:an@pumps.example", "en", "nothing here has owner:an@pumps.example; perhaps ann@pumps.example", inHere()},
		{"case:bbo", "en", "nothing here has case:bbo", inHere()},
		{"case:bbo", "en", "nothing here has case:bbo; perhaps Bob/2", relais.Everything()},
	} {
		ans := newWorld(t, nil).ask(t, Question{Text: tt.query, Lang: tt.lang, Scope: tt.scope})
		if len(ans.Notes) == 0 || ans.Notes[0].Detail != tt.says {
			t.Errorf("%s: %+v, want %q", tt.query, ans.Notes, tt.says)
		}
	}
}

func TestCriteria(t *testing.T) {
	w := newWorld(t, nil)
	ans := w.ask(t, Question{Text: `garnitures client:acme topic:qualite case:Départ -lang:en subject:garnitures from:ann date:2026`, Lang: "fr"})
	var got []string
	for _, k := range ans.Criteria(t.Context()) {
		got = append(got, k.Label)
	}
	want := []string{
		`client "Brasserie Acme"`, `sujet "fr qualite"`, `départ "Départ"`, `sauf langue "fr en"`, `le mot "garnitures" dans l'objet`,
		`le mot "ann" comme expéditeur`, "du 01/01/2026 au 31/12/2026",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if rest := ans.Criteria(t.Context())[0].Rest; strings.Contains(rest, "client:") || !strings.Contains(rest, "garnitures") {
		t.Errorf("without the first: %q", rest)
	}
	if with := ans.With("kind:message"); !strings.HasSuffix(with, " kind:message") || ans.With(`from:"`) != "" {
		t.Errorf("with one more: %q", with)
	}
	hidden := w.ask(t, Question{Text: "client:gamma", Scope: inHere()}).Criteria(t.Context())
	if len(hidden) != 1 || strings.Contains(hidden[0].Label, "Gammatron") {
		t.Errorf("a name out of scope is told: %+v", hidden)
	}
	if one := w.ask(t, Question{Text: "case:c1"}).Criteria(t.Context()); len(one) != 1 || one[0].Label != `case "Départ d'Ann"` || one[0].Rest != "" {
		t.Errorf("%+v", one)
	}
}

func TestEvery(t *testing.T) {
	w := newWorld(t, nil)
	ids, err := w.answerer().Every(t.Context(), Question{Text: "case:ann", Scope: inHere(), Limit: 1, Order: search.Oldest})
	if want := []relais.DocumentID{"d00", "d01", "d02", "d03", "d04"}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("%v %v, want %v", ids, err, want)
	}
	if _, err := w.answerer().Every(t.Context(), Question{Text: `"`}); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("%v", err)
	}
}

func TestClientList(t *testing.T) {
	for _, tt := range []struct {
		scope relais.Scope
		want  string
	}{{relais.Everything(), "[acme:3:1 beta:2:0 gamma:2:0]"}, {inHere(), "[acme:3:1 beta:2:0]"}} {
		list, err := newWorld(t, nil).answerer().ClientList(t.Context(), tt.scope)
		var got []string
		for _, k := range list {
			got = append(got, fmt.Sprintf("%s:%d:%d", k.ID, k.Documents, len(k.Contacts)))
		}
		if err != nil || fmt.Sprint(got) != tt.want {
			t.Errorf("%v %v, want %s", got, err, tt.want)
		}
	}
}

// Whatever fails, fails the answer: half of one is none.
func TestFaults(t *testing.T) {
	gone := relais.Errorf(relais.KindUnavailable, "test", "gone")
	for name, tt := range map[string]struct {
		text  string
		fault func(*world)
	}{
		"search":     {"pompes", func(w *world) { w.faults.search = gone }},
		"documents":  {"pompes", func(w *world) { w.faults.documents = gone }},
		"clients":    {"pompes", func(w *world) { w.faults.clients = gone }},
		"cases":      {"case:ann", func(w *world) { w.faults.cases = gone }},
		"counts":     {"pompes zzz", func(w *world) { w.faults.counts = gone }},
		"long":       {strings.Repeat("frm:a b ", 30), func(w *world) { w.faults.counts = gone }},
		"all search": {"client:zzz", func(w *world) { w.faults.cases = gone; w.faults.clients = gone }},
	} {
		w := newWorld(t, nil)
		tt.fault(w)
		ans, err := w.answerer().Ask(t.Context(), Question{Text: tt.text, Scope: relais.Everything(), Facets: search.Facets()})
		if !errors.Is(err, gone) {
			t.Errorf("%s: %v, %+v", name, err, ans)
		}
	}
}

// In a scope, an archive that holds more answers as one that holds only what the scope
// shows: answers, notes and offers alike.
func TestNothingOutOfScopeShows(t *testing.T) {
	scope := inHere()
	whole := newWorld(t, nil)
	part := newWorld(t, func(c relais.CaseID, d *relais.Document) bool { return scope.Allows(c, d) })
	for _, text := range append(questions(),
		"quadriphosphat", "quadriphosphate", "Gammatron", "gamatron prix", "livraisan chantier", "livraisn", "ZX7001", "ZX-7001 pompes", "9999 EUR", "date:2026-02 livraison", "février 2026",
		"quadri*", "confidentiel topic:prix", "case:bob", "case:bob pompes",
		strings.Repeat("la livraison du quadriphosphate: au chantier confidentiel de Gammatron ", 4),
	) {
		for _, lang := range []string{"fr", "en"} {
			q := Question{Text: text, Lang: lang, Scope: scope, Facets: search.Facets(), Histogram: true}
			want, errWant := part.answerer().Ask(t.Context(), q)
			got, errGot := whole.answerer().Ask(t.Context(), q)
			if fmt.Sprint(errWant) != fmt.Sprint(errGot) {
				t.Errorf("%s: %v, alone %v", text, errGot, errWant)
			}
			if errWant != nil {
				continue
			}
			if diff := cmp.Diff(want.Page, got.Page, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: (-alone +among others)\n%s", text, diff)
			}
			if s := fmt.Sprint(got.Page); !strings.Contains(text, "uadriphosphat") && strings.Contains(s, "uadriphosphat") {
				t.Errorf("%s tells %s", text, s)
			}
		}
	}
}
