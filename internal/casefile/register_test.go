package casefile

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// register is a Store in memory that notes its calls, and fails at the one named.
type register struct {
	cases  []relais.Case
	owners map[relais.CaseID][]relais.Owner
	bal    relais.Balance
	calls  []string
	fails  string
	// opens makes the case as another process does, between the search and the making.
	opens func(*register)
}

var errDisk = relais.E(relais.KindUnavailable, "store", errors.New("disk"))

func (r *register) call(name string) error {
	r.calls = append(r.calls, name)
	if name == r.fails {
		return errDisk
	}
	return nil
}

func (r *register) CreateCase(_ context.Context, c relais.Case) (relais.Case, error) {
	if err := r.call("create"); err != nil {
		return relais.Case{}, err
	}
	if r.opens != nil {
		r.opens(r)
	}
	for _, k := range r.cases {
		if k.Name == c.Name {
			return relais.Case{}, relais.E(relais.KindConflict, "create case", nil)
		}
	}
	c.ID = relais.CaseID("id of " + c.Name)
	r.cases = append(r.cases, c)
	return c, nil
}

func (r *register) Case(_ context.Context, name string) (relais.Case, error) {
	if err := r.call("case"); err != nil {
		return relais.Case{}, err
	}
	for _, k := range r.cases {
		if k.Name == name || string(k.ID) == name {
			return k, nil
		}
	}
	return relais.Case{}, relais.E(relais.KindNotFound, "read case", nil)
}

func (r *register) Cases(context.Context) ([]relais.Case, error) { return r.cases, r.call("cases") }

func (r *register) RenameCase(_ context.Context, id relais.CaseID, name string) error {
	return r.call("rename " + string(id) + " to " + name)
}

func (r *register) UpdateCase(_ context.Context, c relais.Case) error {
	return r.call("update " + c.Name + " " + c.InformedOn + " " + c.RetainUntil)
}

func (r *register) AddOwner(_ context.Context, id relais.CaseID, o relais.Owner) error {
	if err := r.call("owner"); err != nil {
		return err
	}
	if r.owners == nil {
		r.owners = map[relais.CaseID][]relais.Owner{}
	}
	r.owners[id] = append(r.owners[id], o)
	return nil
}

func (r *register) Balance(context.Context, relais.Case) (relais.Balance, error) {
	return r.bal, r.call("balance")
}

func noon() time.Time {
	return time.Date(2026, 5, 4, 12, 0, 0, 7, time.FixedZone("", 2*3600))
}

func over(r *register) *Cases { return New(r, noon, personal) }

var owner = relais.Owner{Address: "zoe@oenosud.example"}

// TestOpen: what an ingest finds under a name, makes, or is kept from making.
func TestOpen(t *testing.T) {
	martin := relais.Case{ID: "1", Name: "Martin"}
	for name, tt := range map[string]struct {
		have  []relais.Case
		open  string
		sure  bool
		fails string
		opens func(*register)
		want  relais.CaseID
		made  bool
		kind  relais.Kind // of the error
		calls string
	}{
		"found":           {have: []relais.Case{martin}, open: "Martin", want: "1", calls: "case owner case"},
		"found by its id": {have: []relais.Case{martin}, open: "1", want: "1", calls: "case owner case"},
		"made":            {have: []relais.Case{martin}, open: "Dupont", want: "id of Dupont", made: true, calls: "case cases create owner case"},
		"near":            {have: []relais.Case{martin}, open: "martn", kind: relais.KindConflict, calls: "case cases case"},
		"near, the last":  {have: []relais.Case{{ID: "2", Name: "Dupont"}, martin}, open: "Mártin", kind: relais.KindConflict, calls: "case cases case"},
		"near, and sure":  {have: []relais.Case{martin}, open: "martin", sure: true, want: "id of martin", made: true, calls: "case create owner case"},
		"made by another meanwhile": {open: "Dupont", opens: func(r *register) {
			r.opens, r.cases = nil, []relais.Case{{ID: "7", Name: "Dupont"}}
		}, want: "7", calls: "case cases create case owner case"},
		"no store":           {open: "Martin", fails: "case", kind: relais.KindUnavailable, calls: "case"},
		"no list":            {open: "Martin", fails: "cases", kind: relais.KindUnavailable, calls: "case cases"},
		"not made":           {open: "Martin", fails: "create", kind: relais.KindUnavailable, calls: "case cases create"},
		"owner not recorded": {have: []relais.Case{martin}, open: "Martin", fails: "owner", kind: relais.KindUnavailable, calls: "case owner"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &register{cases: tt.have, fails: tt.fails, opens: tt.opens}
			got, err := over(r).Open(t.Context(), tt.open, owner, tt.sure)
			if (err != nil) != (tt.kind != "") || err != nil && relais.KindOf(err) != tt.kind {
				t.Fatalf("%v, want kind %q", err, tt.kind)
			}
			if got.Case.ID != tt.want || got.Created != tt.made || strings.Join(r.calls, " ") != tt.calls {
				t.Errorf("case %q, made %t, by the calls %q; want %q, %t, %q", got.Case.ID, got.Created, r.calls, tt.want, tt.made, tt.calls)
			}
			if tt.want != "" && (len(r.owners[tt.want]) != 1 || r.owners[tt.want][0].Address != owner.Address) {
				t.Errorf("owners %v", r.owners)
			}
		})
	}
}

// TestCasesThatAreNear name each other.
func TestCasesThatAreNear(t *testing.T) {
	r := &register{cases: []relais.Case{{ID: "1", Name: "Martin"}}}
	_, err := over(r).Open(t.Context(), "martn", owner, false)
	if err == nil || !strings.Contains(err.Error(), `"Martin"`) || !strings.Contains(relais.HintOf(err), `--case "Martin"`) {
		t.Errorf("%v (%s)", err, relais.HintOf(err))
	}
}

// TestReadAgain: what is told of a case that was opened is what is kept now, and that it
// cannot be read is no success.
func TestReadAgain(t *testing.T) {
	r := &register{cases: []relais.Case{{ID: "1", Name: "Martin"}}}
	r.fails = "case"
	if _, err := over(r).opened(t.Context(), r.cases[0], owner, false); !errors.Is(err, errDisk) {
		t.Errorf("%v", err)
	}
}

// TestDays: those declared of a case are days of the calendar, and what is to be kept is
// not to be erased already.
func TestDays(t *testing.T) {
	for name, tt := range map[string]struct {
		informed, until string
		want            string // both, as kept
		good            bool
	}{
		"none":           {"", "", " ", true},
		"ISO":            {"2020-01-02", "2030-02-03", "2020-01-02 2030-02-03", true},
		"as people do":   {"2/1/2020", "", "2020-01-02 ", true},
		"today":          {"", "2026-05-04", " 2026-05-04", true},
		"yesterday":      {"", "2026-05-03", "", false},
		"no day":         {"2020-13-01", "", "", false},
		"no day to keep": {"", "soon", "", false},
	} {
		k := relais.Case{Name: "a", InformedOn: tt.informed, RetainUntil: tt.until}
		r := &register{}
		made, err := over(r).Create(t.Context(), k)
		updateErr := over(r).Update(t.Context(), k)
		if (err == nil) != tt.good || (updateErr == nil) != tt.good {
			t.Errorf("%s: %v, %v", name, err, updateErr)
			continue
		}
		if !tt.good {
			if relais.KindOf(err) != relais.KindInvalid || relais.KindOf(updateErr) != relais.KindInvalid || len(r.calls) != 0 {
				t.Errorf("%s: %v, after the calls %q", name, err, r.calls)
			}
			continue
		}
		if got := made.InformedOn + " " + made.RetainUntil; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		if diff := cmp.Diff([]string{"create", "update a " + tt.want}, r.calls); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if want := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC); made.Created != want {
			t.Errorf("%s: made %v, want %v", name, made.Created, want)
		}
	}
}

// TestFaultsOfTheRegister: each is told, and a case that is not there says where to look.
func TestFaultsOfTheRegister(t *testing.T) {
	have := []relais.Case{{ID: "1", Name: "Martin"}}
	if _, err := over(&register{cases: have}).Case(t.Context(), "Dupont"); relais.KindOf(err) != relais.KindNotFound || relais.HintOf(err) == "" {
		t.Errorf("%v (%s)", err, relais.HintOf(err))
	}
	if _, err := over(&register{fails: "case"}).Case(t.Context(), "Dupont"); !errors.Is(err, errDisk) || relais.HintOf(err) != "" {
		t.Errorf("%v (%s)", err, relais.HintOf(err))
	}
	for name, tt := range map[string]struct {
		call  func(*Cases) error
		calls []string
	}{
		"rename": {func(c *Cases) error { return c.Rename(t.Context(), "Martin", "Dupont") }, []string{"case", "rename 1 to Dupont"}},
		"list":   {func(c *Cases) error { _, err := c.List(t.Context()); return err }, []string{"cases"}},
		"update": {func(c *Cases) error { return c.Update(t.Context(), relais.Case{Name: "Martin"}) }, []string{"update Martin  "}},
		"create": {func(c *Cases) error { _, err := c.Create(t.Context(), relais.Case{Name: "Dupont"}); return err }, []string{"create"}},
		"balance": {func(c *Cases) error { _, err := c.Balance(t.Context(), "Martin"); return err },
			[]string{"case", "balance"}},
	} {
		for _, fails := range append(tt.calls, "") {
			r := &register{cases: have, fails: fails}
			err := tt.call(over(r))
			if fails == "" && err != nil || fails != "" && (!errors.Is(err, errDisk) || r.calls[len(r.calls)-1] != fails) {
				t.Errorf("%s, %q fails: %v after the calls %q", name, fails, err, r.calls)
			}
		}
	}
	list, err := over(&register{cases: have}).List(t.Context())
	if diff := cmp.Diff(have, list); diff != "" || err != nil {
		t.Errorf("error %v, list (-want +got):\n%s", err, diff)
	}
}

// TestBalanceNamesNoMarkedFolder: neither in its lines nor in its warnings, and none is
// told when nobody knows which are marked.
func TestBalanceNamesNoMarkedFolder(t *testing.T) {
	r := &register{cases: []relais.Case{{ID: "1", Name: "Martin"}}, bal: relais.Balance{
		Sources: []relais.SourceBalance{{Source: "a", Folder: "Inbox"}, {Source: "a", Folder: "Perso"}},
	}}
	warned := func(folder, position string) relais.BalanceWarning {
		return relais.BalanceWarning{Folder: folder, Position: position, Code: relais.WarnMailbox}
	}
	r.bal.Warnings = []relais.BalanceWarning{warned("Inbox", "1"), warned("Perso", "2"), warned("Sent", "3")}
	got, err := over(r).Balance(t.Context(), "Martin")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]relais.SourceBalance{{Source: "a", Marked: true}, {Source: "a", Folder: "Inbox"}}, got.Sources); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]relais.BalanceWarning{warned("Inbox", "1"), warned("", ""), warned("Sent", "3")}, got.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	none := New(r, noon, func(context.Context) (func(string) bool, error) { return nil, errDisk })
	if _, err := none.Balance(t.Context(), "Martin"); !errors.Is(err, errDisk) {
		t.Errorf("%v", err)
	}
}

// TestSumsOfMarkedFolders: each figure is the sum, whatever their order.
func TestSumsOfMarkedFolders(t *testing.T) {
	marked, _ := personal(t.Context())
	two, three := int64(2), int64(3)
	five := int64(5)
	line := func(folder string, unread bool, announced *int64, n int64) relais.SourceBalance {
		return relais.SourceBalance{Source: "s", Folder: folder, Unread: unread, Announced: announced,
			Counts: relais.Counts{Seen: n}, UnreadCounts: relais.UnreadCounts{Unreadable: n}}
	}
	for name, tt := range map[string]struct {
		list []relais.SourceBalance
		want relais.SourceBalance
	}{
		"both announced": {[]relais.SourceBalance{line("P1", false, &two, 1), line("P2", false, &three, 4)},
			relais.SourceBalance{Announced: &five, Counts: relais.Counts{Seen: 5}, UnreadCounts: relais.UnreadCounts{Unreadable: 5}}},
		"the first announced": {[]relais.SourceBalance{line("P1", true, &two, 1), line("P2", false, nil, 4)},
			relais.SourceBalance{Announced: &two, Unread: true, Counts: relais.Counts{Seen: 5}, UnreadCounts: relais.UnreadCounts{Unreadable: 5}}},
		"the last announced": {[]relais.SourceBalance{line("P1", false, nil, 1), line("P2", true, &three, 4)},
			relais.SourceBalance{Announced: &three, Unread: true, Counts: relais.Counts{Seen: 5}, UnreadCounts: relais.UnreadCounts{Unreadable: 5}}},
	} {
		tt.want.Source, tt.want.Marked = "s", true
		if diff := cmp.Diff([]relais.SourceBalance{tt.want}, unnamed(tt.list, marked)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if two != 2 || three != 3 {
		t.Error("the figures given were changed")
	}
	other := relais.SourceBalance{Source: "z", Folder: "P"}
	got := unnamed([]relais.SourceBalance{other, line("Sent", false, nil, 1), line("P", false, nil, 1)}, marked)
	if len(got) != 3 || got[0].Folder != "" || got[0].Source != "s" || got[1].Folder != "Sent" || got[2].Source != "z" {
		t.Errorf("lines %+v", got)
	}
}

// TestNearByOneLetter: one letter more, less, other or swapped, in names of five or more
// of the same figures.
func TestNearByOneLetter(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"abcde", "abcde", true}, {"abcde", "abcdf", true}, {"abcde", "xbcde", true}, {"abcde", "abcd", false},
		{"abcd", "abce", false}, {"abcdef", "abcde", true}, {"xabcde", "abcde", true}, {"abxcde", "abcde", true},
		{"abcde", "abdce", true}, {"abcde", "bacde", true}, {"abcde", "abced", true}, {"abcde", "abecd", false},
		{"abcde", "abcxy", false}, {"abcdefg", "abcde", false}, {"abcde", "acbed", false}, {"abcdx", "abydx", true},
		{"a-b c'd", "ABCD", true}, {"éàç", "eac", true}, {"abcd1", "abcd2", false}, {"abcde1", "abcd1", true},
		{"abcdé", "abcd", false}, {"ab", "a b!", true}, {"abcde", "edcba", false}, {"abcde1", "abcde", false},
		{"abcba", "abcab", true}, {"aabbcc", "aabbdd", false}, {"abcdef", "abdcfe", false}, {"abcdef", "abdcxf", false},
		{"xbcde", "abcdf", false}, {"abcde", "abdxe", false}, {"abcde", "xbcdef", false},
	} {
		if near(tt.a, tt.b) != tt.want || near(tt.b, tt.a) != tt.want {
			t.Errorf("near(%q, %q): %t and %t, want %t", tt.a, tt.b, near(tt.a, tt.b), near(tt.b, tt.a), tt.want)
		}
	}
}
