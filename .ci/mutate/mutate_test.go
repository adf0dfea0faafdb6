package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFind: each kind of change, where it is to be made and where it is not.
func TestFind(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       []string
	}{
		{"comparison", "return a < b", []string{"boundary: return a <= b", "negated: return a >= b"}},
		{"equality", "return a == b", []string{"negated: return a != b"}},
		{"sum", "a = a + b; return a == b", []string{
			"removed: if false { a = a + b }; return a == b", "arithmetic: a = a - b; return a == b", "negated: a = a + b; return a != b"}},
		{"texts are not subtracted", `return s+"x"+s == s`, []string{`negated: return s+"x"+s != s`}},
		{"and", "return a > b && f()", []string{
			"left out: return (true || (a > b)) && f()", "boundary: return a >= b && f()", "negated: return a <= b && f()",
			"left out: return a > b && (true || (f()))"}},
		{"or", "return c || f()", []string{"left out: return (false && (c)) || f()", "left out: return c || (false && (f()))"}},
		{"not", "return !f()", []string{"negated: return f()"}},
		{"truth", "return true", []string{"constant: return false"}},
		{"a truth returned", "return f()", []string{"negated: return !(f())"}},
		{"condition", "if c { return f() }; return c", []string{
			"negated: if !c { return f() }; return c", "negated: if c { return !(f()) }; return c", "negated: if c { return f() }; return !c"}},
		{"number", "return a == 7", []string{"negated: return a != 7", "constant: return a == 8"}},
		{"units", "d = 5 * time.Second; a = 8 << 20; return c", []string{
			"removed: if false { d = 5 * time.Second }; a = 8 << 20; return c", "removed: d = 5 * time.Second; if false { a = 8 << 20 }; return c",
			"negated: d = 5 * time.Second; a = 8 << 20; return !c"}},
		{"call", "g(); return c", []string{"removed: if false { g() }; return c", "negated: g(); return !c"}},
		{"log lines", `log.Info("x", "n", a+1); s2.logger.Error("y"); slog.Debug("z"); return c`, []string{
			`negated: log.Info("x", "n", a+1); s2.logger.Error("y"); slog.Debug("z"); return !c`}},
		{"what is given back", "defer cancel(); timer.Stop(); return c", []string{"negated: defer cancel(); timer.Stop(); return !c"}},
		{"room is a hint", "x = make([]int, 1, a+2); return c", []string{
			"removed: if false { x = make([]int, 1, a+2) }; return c", "constant: x = make([]int, 2, a+2); return c", "negated: x = make([]int, 1, a+2); return !c"}},
		{"count", "a++; return c", []string{"arithmetic: a--; return c", "negated: a++; return !c"}},
	} {
		src := "package p\n\nfunc F(a, b int, c bool, s string) bool {\n" + tt.body + "\n}\n"
		found, err := find("p.go", []byte(src))
		if err != nil {
			t.Fatal(tt.name, err)
		}
		var got []string
		for _, m := range found {
			if m.line != 4 || !strings.Contains(string(m.apply([]byte(src))), m.after) {
				t.Errorf("%s: line %d, %q is not in what is compiled", tt.name, m.line, m.after)
			}
			got = append(got, m.kind+": "+m.after)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestErrorsReturned(t *testing.T) {
	src := "package p\n\nfunc F() (int, error) { return 0, g() }\nfunc G() error { return nil }\nfunc H() (int, error) { return F() }\n"
	found, err := find("p.go", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	var lost []string
	for _, m := range found {
		if m.kind == "error lost" {
			lost = append(lost, m.after)
		}
	}
	if want := "func F() (int, error) { return 0, func() error { _ = g(); return nil }() }"; len(lost) != 1 || lost[0] != want {
		t.Errorf("got %q, want %q", lost, want)
	}
}

func TestDraw(t *testing.T) {
	all := make([]mutant, 50)
	for i := range all {
		all[i].start = i
	}
	places := func(seed uint64) (list []int) {
		for _, m := range draw(all, 10, seed) {
			list = append(list, m.start)
		}
		return list
	}
	one := places(1)
	if len(one) != 10 || !slices.IsSorted(one) || !slices.Equal(one, places(1)) || slices.Equal(one, places(2)) {
		t.Errorf("drew %v, %v and %v", one, places(1), places(2))
	}
	if len(draw(all, 0, 1)) != 50 || len(draw(all, 99, 1)) != 50 {
		t.Error("not all are drawn")
	}
}

func TestMissed(t *testing.T) {
	got, err := missed([]byte("mode: set\nm/p/a.go:3.10,5.2 2 1\nm/p/a.go:7.10,9.2 1 0\n"))
	if err != nil || len(got["a.go"]) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	for _, tt := range []struct {
		line, column int
		want         bool
	}{{4, 1, false}, {7, 9, false}, {7, 10, true}, {8, 1, true}, {9, 1, true}, {9, 2, false}} {
		if got["a.go"][0].holds(tt.line, tt.column) != tt.want {
			t.Errorf("%d:%d held: %t", tt.line, tt.column, !tt.want)
		}
	}
}

// TestRun tries a package whose tests see one half of it.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module m\n\ngo 1.24\n",
		"p.go": `package p

func Seen(a int) bool { return a > 3 }

func Unseen(a int) bool { return a == 3 }

func Blind(a int) int {
	a++
	return 0
}

func Stuck(stop bool) {
	for !stop {
	}
}
`,
		"p_test.go": `package p

import "testing"

func TestAll(t *testing.T) {
	if Seen(3) || !Seen(4) {
		t.Error("seen")
	}
	Blind(1)
	Stuck(true)
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the go command")
	}
	var out strings.Builder
	count, err := tryPackage(t.Context(), options{at: regexp.MustCompile(`^p\.go:[0-9]+:`)}, ".", &out)
	if err != nil {
		t.Fatal(err)
	}
	want := map[outcome]int{killed: 3, timedOut: 1, uncovered: 2, survived: 2}
	for _, o := range []outcome{killed, timedOut, uncovered, survived, notViable} {
		if count[o] != want[o] {
			t.Errorf("%d %s, want %d", count[o], o, want[o])
		}
	}
	for _, s := range []string{"uncovered ./p.go:5:36 [negated]", "survived ./p.go:8:3 [arithmetic]\n\t- a++\n\t+ a--", "survived ./p.go:9:9 [constant]"} {
		if !strings.Contains(out.String(), s) {
			t.Errorf("%q is not told in\n%s", s, out.String())
		}
	}
	if rate := count.rate(); rate != 50 {
		t.Errorf("rate %v", rate)
	}
}
