package enrich_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// BenchmarkLongThread adds one message to a conversation of many, as live capture does.
func BenchmarkLongThread(b *testing.B) {
	for _, n := range []int{1_000, 8_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bench := newBench(b, relais.Client{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}})
			s := bench.stage()
			reply := func(i int) mail {
				from, to := "bob@acme.example", owner
				if i%3 == 0 {
					from, to = owner, "chef@pumps.example"
				}
				day := time.Date(2022, 1, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(i) * 4 * time.Hour)
				return mail{"INBOX", fmt.Sprintf("%06d", i), message(fmt.Sprintf("m%d@x.example", i), from, to, "Re: Chantier", day.Format(time.RFC1123Z),
					"References: <m0@x.example>\r\n", fmt.Sprintf("Message %d.", i))}
			}
			add := func(from, to int) {
				var batch []stream.Message
				for i := from; i < to; i++ {
					batch = append(batch, bench.capture(reply(i)))
				}
				if _, err := s.Handle(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			for i := 1; i < n; i += 1_000 {
				add(i, min(i+1_000, n))
			}
			next := n
			for b.Loop() {
				add(next, next+1)
				next++
			}
		})
	}
}
