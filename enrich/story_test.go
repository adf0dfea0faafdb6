package enrich_test

import (
	"encoding/json"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// bySubject gives what is served, by message id.
func (b *bench) byMessageID() map[string]relais.Document {
	b.t.Helper()
	docs := map[string]relais.Document{}
	for _, j := range b.served() {
		var d relais.Document
		if err := json.Unmarshal([]byte(j), &d); err != nil {
			b.t.Fatal(err)
		}
		if d.Kind == relais.KindMessage {
			docs[d.MessageID] = d
		} else {
			docs[d.Name] = d
		}
	}
	return docs
}

func TestStoryIsUnderstood(t *testing.T) {
	b := newBench(t, relais.Client{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}}, relais.Client{ID: "beta", Name: "Beta", Domains: []string{"beta.example"}})
	b.run(story(), 4)
	docs := b.byMessageID()
	if n := len(docs["m1@acme.example"].Occurrences); n != 3 {
		t.Errorf("the offer was seen %d times", n)
	}
	if o := docs["m1@acme.example"].Occurrences; len(o) > 0 && o[0].Folder != "Archive" {
		t.Errorf("its smallest occurrence is in %s", o[0].Folder)
	}
	for _, id := range []string{"m2@pumps.example", "m3@acme.example", "m4@pumps.example"} {
		if docs[id].Thread != docs["m1@acme.example"].Thread {
			t.Errorf("%s is in another thread", id)
		}
	}
	if docs["m6@pumps.example"].Thread != docs["m5@beta.example"].Thread {
		t.Error("a reply without references is not tied to what it answers")
	}
	if docs["m7@beta.example"].Thread != docs["m6@pumps.example"].Thread {
		t.Error("a message of the same subject and people, three weeks later, is not tied to the reply")
	}
	if docs["g0@gamma.example"].Thread == docs["g1@gamma.example"].Thread {
		t.Error("two orders are one thread")
	}
	internal := docs["m4@pumps.example"].Clients
	if len(internal) != 1 || internal[0].ID != "acme" || internal[0].Evidence[0].Signal != "thread" {
		t.Errorf("the internal forward: %+v", internal)
	}
	file := docs["offre.txt"]
	if file.Text != "P12 : 1 250 EUR" || len(file.Clients) != 1 || file.Clients[0].Evidence[0].Signal != "message" {
		t.Errorf("the attachment: %+v", file)
	}
	if _, there := docs["p1@x"]; there {
		t.Error("personal mail is served")
	}
}

func TestDiscovery(t *testing.T) {
	b := newBench(t)
	b.run(story(), 4)
	docs := b.byMessageID()
	gamma := docs["g3@gamma.example"].Clients
	if len(gamma) != 1 || gamma[0].ID != "domain:gamma.example" || gamma[0].Name != "Gamma" {
		t.Errorf("gamma wrote and was written to: %+v", gamma)
	}
	if free := docs["p1@x"].Clients; free != nil {
		t.Errorf("a client from personal mail: %+v", free)
	}
}
