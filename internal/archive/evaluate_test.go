package archive

import (
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestEvaluate: tags are scored against a truth; one that cannot be read gives no scores.
func TestEvaluate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 3))
	var e told
	const truth = `{"message_id":"m0@acme.example","lang":"fr"}` + "\n" + `{"message_id":"m1@beta.example","lang":"en"}` + "\n" + `{"message_id":"gone@x"}` + "\n"
	b.must(b.Evaluate(t.Context(), strings.NewReader(truth), e.emit))
	report := e.of("evaluated")[0].Result.(Report)
	if report.Messages != 3 || report.Found != 2 || report.Withheld != 1 || report.Language.Support != 2 || report.Language.Right != 1 {
		t.Errorf("%+v", report)
	}
	var none told
	if err := b.Evaluate(t.Context(), strings.NewReader("no truth"), none.emit); relais.KindOf(err) != relais.KindInvalid || len(none.list) > 0 {
		t.Errorf("%v, told %+v", err, none.list)
	}
}
