package archive

import (
	"path/filepath"
	"testing"
)

func TestIngest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mail := mailbox(t, 6)
	e := b.ingest(mail)
	bal := e.balance(t)
	if !bal.Balanced || bal.Seen != 7 || bal.Stored != 6 || bal.Duplicate != 1 {
		t.Errorf("%+v", bal.Counts)
	}
	if !e.says("note", `Opened case "Ann"`) || len(e.of("progress")) == 0 {
		t.Errorf("told: %+v", e.list)
	}
	if n := b.found("pompe"); n != 6 {
		t.Errorf("%d found", n)
	}
	want := b.export()
	b.sound()
	e = b.ingest(mail)
	if e.balance(t).Seen != 7 || e.says("note", "Opened") || b.export() != want {
		t.Errorf("a second ingest of the same mail changes something: %+v", e.list)
	}
	b = b.again(nil)
	if got := b.export(); got != want || b.found("pompe") != 6 {
		t.Error("opened again, the archive is another one")
	}
	_ = filepath.Join
}
