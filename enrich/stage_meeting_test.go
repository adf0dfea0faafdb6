package enrich_test

import (
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestMeetingInTheStage: who is only invited stands among the people of a message, and
// the message is tied to the guest's client.
func TestMeetingInTheStage(t *testing.T) {
	b := newBench(t, relais.Client{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}})
	parts := "--b\r\nContent-Type: text/plain\r\n\r\nPoint mardi.\r\n--b\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n" +
		"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTENDEE:mailto:bob@acme.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--b--"
	b.run([]mail{{"Sent", "1", message("i1@pumps.example", owner, "chef@pumps.example", "Point", "Mon, 2 Mar 2026 09:00:00 +0000",
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n", parts)}}, 1)
	for _, d := range b.served() {
		if strings.Contains(d, `"kind": "message"`) && !(strings.Contains(d, `"role": "guest"`) && strings.Contains(d, `"signal": "meeting"`)) {
			t.Errorf("the guest is missing:\n%s", d)
		}
	}
}
