package archive

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// council writes a maildir of six messages, of which three may be personal: two for the
// name of a folder, of one of them a copy beside it, and one for its subject.
func council(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "council")
	both := letter(1, "lea@beta.example", "Restauration", "", "Zircon 1.")
	put(t, dir, "", "1", both)
	put(t, dir, ".Clients.CSE", "1", both)
	put(t, dir, ".Clients.CSE", "2", letter(2, "lea@beta.example", "Cantine", "", "Zircon 2."))
	put(t, dir, "", "3", letter(3, "bob@acme.example", "Un sujet personnel", "", "Zircon 3."))
	put(t, dir, "", "4", letter(4, "lea@free.example", "Suite", "In-Reply-To: <m3@acme.example>\r\n", "Zircon 4."))
	put(t, dir, ".Personnel", "5", letter(5, "mum@free.example", "Dimanche", "", "Zircon 5."))
	put(t, dir, "", "6", letter(6, "bob@acme.example", "Devis", "", "Zircon 6."))
	return dir
}

func by(reason string) relais.Act {
	return relais.Act{Actor: "local", At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Reason: reason}
}

// doubtful lists what waits to be settled.
func (b *bench) doubtful(q relais.DoubtfulQuery) relais.DoubtfulList {
	b.t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	list, err := b.Doubtful(b.t.Context(), q)
	b.must(err)
	return list
}

// settle decides something, and gives what that has moved.
func (b *bench) settle(req relais.SettleRequest) relais.Settled {
	b.t.Helper()
	var e told
	b.must(b.Settle(b.t.Context(), req, by(req.Reason), e.emit))
	return e.of("settled")[0].Result.(relais.Settled)
}

func (b *bench) undo(id string) relais.Settled {
	b.t.Helper()
	var e told
	b.must(b.UndoSettling(b.t.Context(), relais.UndoRequest{ID: id}, by("after all"), e.emit))
	return e.of("settled")[0].Result.(relais.Settled)
}

// TestDoubtfulList: what waits is told by its marks and never by its words, page after
// page, of all or of what is asked for.
func TestDoubtfulList(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(council(t))
	all := b.doubtful(relais.DoubtfulQuery{})
	if all.Total != 3 || len(all.Documents) != 3 || all.Next != "" || len(all.Decisions) != 0 || b.found("zircon") != 2 {
		t.Fatalf("%+v", all)
	}
	if d := all.Documents[0]; d.Case != "Ann" || d.Size == 0 || d.Date.IsZero() || len(d.Marks) == 0 {
		t.Errorf("%+v", d)
	}
	for _, m := range all.Marks {
		if strings.Contains(m.Folder, "CSE") || m.FolderID == "" || m.Count == 0 {
			t.Errorf("a mark tells too much, or nothing: %+v", m)
		}
	}
	if !slices.IsSortedFunc(all.Marks, func(a, b relais.PrivacyMark) int { return int(b.Count - a.Count) }) {
		t.Errorf("the marks that withhold most do not come first: %+v", all.Marks)
	}
	var paged []relais.Doubtful
	for cursor := ""; ; {
		page := b.doubtful(relais.DoubtfulQuery{Limit: 1, Cursor: cursor})
		if page.Total != all.Total || len(page.Documents) != 1 {
			t.Fatalf("%+v", page)
		}
		paged = append(paged, page.Documents...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff(all.Documents, paged); diff != "" {
		t.Error("a document at a time:", diff)
	}
	for _, q := range []relais.DoubtfulQuery{{Rule: "protected_folder"}, {Folder: "Clients/CSE"}, {Folder: relais.FolderID("Clients/CSE")}} {
		if n := b.doubtful(q).Total; n != 2 {
			t.Errorf("%+v: %d", q, n)
		}
	}
	if list := b.doubtful(relais.DoubtfulQuery{Rule: "none"}); list.Total != 0 || list.Documents == nil || list.Marks == nil || list.Decisions == nil {
		t.Errorf("nothing is not empty: %+v", list)
	}
	if _, err := b.Doubtful(t.Context(), relais.DoubtfulQuery{Cursor: "é"}); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("a cursor of nobody: %v", err)
	}
}

// TestDisclose: a doubtful document is told to who says why, with those who asked before;
// what is not doubtful answers as what is not there.
func TestDisclose(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(council(t))
	id := b.doubtful(relais.DoubtfulQuery{Rule: "subject"}).Documents[0].ID
	first, err := b.Disclose(t.Context(), id, by("asked by the council"))
	if err != nil || first.Subject != "Un sujet personnel" || first.Case != "Ann" || len(first.Told) != 0 || !slices.Equal(first.Folders, []string{"INBOX"}) {
		t.Errorf("%+v, %v", first, err)
	}
	second, err := b.Disclose(t.Context(), id, by("again"))
	if err != nil || len(second.Told) != 1 || second.Told[0].Reason != "asked by the council" {
		t.Errorf("%+v, %v", second.Told, err)
	}
	for _, other := range []relais.DocumentID{"dnone", b.documents()[0].ID} {
		if _, err := b.Disclose(t.Context(), other, by("x")); relais.KindOf(err) != relais.KindNotFound || relais.HintOf(err) == "" {
			t.Errorf("%s: %v", other, err)
		}
	}
}

// TestSettle: what is decided of a document, a folder, a rule follows at once, is undone
// one by one, the last first, and what was settled is as it was when all is undone.
func TestSettle(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(council(t))
	before := b.export()
	id := b.doubtful(relais.DoubtfulQuery{Rule: "subject"}).Documents[0].ID
	folder := relais.FolderID("Clients/CSE")

	done := b.settle(relais.SettleRequest{Documents: []relais.DocumentID{id}, Verdict: relais.Professional, Reason: "about the works"})
	if done.Professional != 1 || b.found("zircon") != 3 {
		t.Errorf("a document: %+v, %d found", done, b.found("zircon"))
	}
	done = b.settle(relais.SettleRequest{Folders: []string{folder}, Verdict: relais.Professional, Reason: "a client"})
	if done.Professional != 2 || b.found("zircon") != 5 || b.doubtful(relais.DoubtfulQuery{}).Total != 0 {
		t.Errorf("a folder: %+v, %d found", done, b.found("zircon"))
	}
	if len(done.Decisions) != 1 || done.Decisions[0].Target != folder {
		t.Errorf("the folder is named: %+v", done.Decisions)
	}
	// Its marks are gone, its decision knows it by its id.
	again := b.settle(relais.SettleRequest{Case: "ann", Folders: []string{folder}, Verdict: relais.Personal})
	if again.Personal != 2 || b.found("zircon") != 3 {
		t.Errorf("the other way: %+v, %d found", again, b.found("zircon"))
	}
	for _, d := range b.doubtful(relais.DoubtfulQuery{}).Decisions {
		if d.Target == "Clients/CSE" {
			t.Errorf("a decision tells the folder's name: %+v", d)
		}
	}
	if done = b.settle(relais.SettleRequest{Documents: []relais.DocumentID{id}, Verdict: relais.Personal}); done.Personal != 1 || b.found("zircon") != 2 {
		t.Errorf("the document, the other way: %+v, %d found", done, b.found("zircon"))
	}
	if done = b.undo(string(id)); done.Professional != 1 {
		t.Errorf("the last decision on the document comes first: %+v", done)
	}
	if done = b.undo(string(id)); done.Doubtful != 1 {
		t.Errorf("then the one before: %+v", done)
	}
	done = b.settle(relais.SettleRequest{Rules: []string{"doubtful_subject"}, Verdict: relais.Personal})
	if done.Personal == 0 || done.Decisions[0].Target != "subject" {
		t.Errorf("a rule, as the balance says it: %+v", done)
	}
	for _, d := range b.doubtful(relais.DoubtfulQuery{}).Decisions {
		if d.Undone == nil {
			b.undo(d.ID)
		}
	}
	if got := b.export(); got != before {
		t.Error("all is undone, and the archive is another one")
	}
	b.sound()
}

// TestSettleThatCannotBe: each of these decides nothing.
func TestSettleThatCannotBe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	settle := func(req relais.SettleRequest) error {
		req.Verdict = relais.Personal
		return b.Settle(t.Context(), req, by("x"), new(told).emit)
	}
	if err := settle(relais.SettleRequest{Rules: []string{"subject"}}); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("in an archive of no case: %v", err)
	}
	b.ingest(council(t))
	for name, tc := range map[string]struct {
		req  relais.SettleRequest
		kind relais.Kind
	}{
		"a document of nobody": {relais.SettleRequest{Documents: []relais.DocumentID{"dnone"}}, relais.KindNotFound},
		"a folder of no mark":  {relais.SettleRequest{Folders: []string{"f-0000000000"}}, relais.KindNotFound},
		"a case of nobody":     {relais.SettleRequest{Case: "Bob", Folders: []string{"x"}}, relais.KindNotFound},
	} {
		if err := settle(tc.req); relais.KindOf(err) != tc.kind || relais.HintOf(err) == "" {
			t.Errorf("%s: %v (%s)", name, err, relais.HintOf(err))
		}
	}
	_, err := b.Cases.Create(t.Context(), relais.Case{Name: "Second"})
	b.must(err)
	if err := settle(relais.SettleRequest{Rules: []string{"subject"}}); relais.KindOf(err) != relais.KindInvalid || !strings.Contains(relais.HintOf(err), "--case") {
		t.Errorf("in one of two cases: %v", err)
	}
	if err := b.UndoSettling(t.Context(), relais.UndoRequest{ID: "none"}, by("x"), new(told).emit); relais.KindOf(err) != relais.KindNotFound {
		t.Errorf("to undo nothing: %v", err)
	}
	if list := b.doubtful(relais.DoubtfulQuery{}); len(list.Decisions) != 0 || list.Total != 3 {
		t.Errorf("something was decided: %+v", list)
	}
}

// TestSettledBefore: what was decided before the mail came covers it, and nobody has to
// wait for what follows.
func TestSettledBefore(t *testing.T) {
	t.Parallel()
	b := newBench(t, sharing)
	_, err := b.Cases.Create(t.Context(), relais.Case{Name: "Ann"})
	b.must(err)
	done := b.settle(relais.SettleRequest{Folders: []string{"Clients/CSE"}, Verdict: relais.Professional, Reason: "a client", NoWait: true})
	if done.Professional != 0 || len(done.Decisions) != 1 {
		t.Errorf("%+v", done)
	}
	defer b.beside(shared()).work(Stages()...)()
	b.ingest(council(t))
	if n := b.found("zircon"); n != 4 {
		t.Errorf("%d found", n)
	}
}
