package seal

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// A bit that changes in a wrap, or in what it is a key of, is found, and only when every
// wrap is opened.
func TestCheckOpensWraps(t *testing.T) {
	m := newMaster(t)
	for name, change := range map[string]string{
		"the wrap":             `UPDATE seal_wraps SET wrap = CAST(substr(wrap, 1, 20) || x'00' || substr(wrap, 22) AS BLOB) WHERE digest = (SELECT MIN(digest) FROM seal_wraps)`,
		"its format":           `UPDATE seal_wraps SET wrap = x'07' || substr(wrap, 2) WHERE digest = (SELECT MIN(digest) FROM seal_wraps)`,
		"its digest":           `UPDATE seal_wraps SET digest = x'ff' || substr(digest, 2) WHERE digest = (SELECT MIN(digest) FROM seal_wraps)`,
		"its case":             `UPDATE seal_wraps SET case_id = 'c3' WHERE digest = (SELECT MIN(digest) FROM seal_wraps)`,
		"another's in its row": `UPDATE seal_wraps SET wrap = (SELECT wrap FROM seal_wraps ORDER BY digest DESC LIMIT 1) WHERE digest = (SELECT MIN(digest) FROM seal_wraps)`,
	} {
		t.Run(name, func(t *testing.T) {
			k := open(t, filepath.Join(t.TempDir(), "keys.db"), m)
			if _, err := k.Ensure(t.Context(), "c1", digests(0, copyPage+7)); err != nil {
				t.Fatal(err)
			}
			if err := k.Check(t.Context(), true); err != nil {
				t.Fatalf("whole: %v", err)
			}
			exec(t, k, change)
			if err := k.Check(t.Context(), true); relais.KindOf(err) != relais.KindDamaged || !strings.Contains(err.Error(), "1 key does not open") {
				t.Errorf("deep: %v", err)
			}
			if err := k.Check(t.Context(), false); err != nil {
				t.Errorf("not deep: %v", err)
			}
		})
	}
}
