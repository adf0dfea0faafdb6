package enrich_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// TestSeenEverywhere: a document in more places than an envelope names shows the
// smallest, and says that there are more; whether one stage read them all or several
// did, one after the other or in turn, each remembering what it saw last.
func TestSeenEverywhere(t *testing.T) {
	const places, named = 1500, 500
	text := message("all@acme.example", "bob@acme.example", "team@pumps.example", "Pour tous", "Mon, 2 Mar 2026 09:00:00 +0000", "", "À tous.")
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 2))
		b := newBench(t)
		order := r.Perm(places)
		stages := []func([]mail){b.handler(), b.handler()}
		for i := 0; i < places; {
			n := min(places-i, 1+r.IntN(150))
			var some []mail
			for _, k := range order[i : i+n] {
				some = append(some, mail{"Copies", fmt.Sprintf("%04d", k), text})
			}
			stages[r.IntN(len(stages))](some)
			i += n
		}
		served := b.served()
		if len(served) != 1 {
			t.Fatalf("%d documents", len(served))
		}
		for _, body := range served {
			var d relais.Document
			if err := json.Unmarshal([]byte(body), &d); err != nil {
				t.Fatal(err)
			}
			if len(d.Occurrences) != named || !slices.ContainsFunc(d.Warnings, func(w relais.Warning) bool { return w.Code == "envelope_truncated" }) {
				t.Fatalf("seed %d: %d places, warnings %v", seed, len(d.Occurrences), d.Warnings)
			}
			for i, o := range d.Occurrences {
				if want := fmt.Sprintf("%04d", i); o.Position != want {
					t.Fatalf("seed %d: place %d is %s, want %s", seed, i, o.Position, want)
				}
			}
		}
	}
}

// handler gives what captures mails and hands them to a stage of its own.
func (b *bench) handler() func([]mail) {
	s := b.stage()
	return func(mails []mail) {
		var messages []stream.Message
		for _, m := range mails {
			messages = append(messages, b.capture(m))
		}
		if _, err := s.Handle(b.t.Context(), messages); err != nil {
			b.t.Fatal(err)
		}
	}
}
