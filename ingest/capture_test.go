package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/testkit"
)

// listed is a source made of what a test says.
type listed struct {
	label   string
	folders []string
	items   map[string][]Found
	bodies  map[string]string // by folder and position
	fail    map[string]error  // folders that fail at their end
	lost    error             // of the list of folders
	slow    time.Duration     // before each item
}

func (s *listed) Label() string { return s.label }
func (s *listed) Close() error  { return nil }

func (s *listed) Folders(context.Context) ([]Folder, error) {
	var list []Folder
	for _, f := range s.folders {
		list = append(list, Folder{Name: f})
	}
	return list, s.lost
}

func (s *listed) Read(_ context.Context, f Folder, req Request, yield func(Found) error) (Cursor, error) {
	req.Announce(int64(len(s.items[f.Name])))
	after, _ := strconv.Atoi(string(req.After))
	for i, found := range s.items[f.Name] {
		if i < after {
			continue
		}
		time.Sleep(s.slow)
		if found.Refused == nil && found.Left == "" && !req.CountOnly {
			found.Body = strings.NewReader(s.bodies[f.Name+found.Position])
		}
		found.Cursor = Cursor(strconv.Itoa(i + 1))
		if err := yield(found); err != nil {
			return "", err
		}
	}
	return "", s.fail[f.Name]
}

// messages makes a source of folders that hold n messages each.
func messages(n int, folders ...string) *listed {
	s := &listed{label: "box", folders: folders, items: map[string][]Found{}, bodies: map[string]string{}, fail: map[string]error{}}
	for k, f := range folders {
		for i := range n {
			pos := fmt.Sprintf("%04d", i)
			s.items[f] = append(s.items[f], Found{Position: pos, Kind: relais.KindMessage, Size: -1})
			s.bodies[f+pos] = testkit.Message(k*n + i)
		}
	}
	return s
}

func TestCaptureStoresInOrderOfDurability(t *testing.T) {
	a := newArchive()
	sum := a.run(t, job(messages(100, "inbox", "sent")))
	if sum.Captured != 200 || sum.Seen != 200 || a.count("captured") != 200 {
		t.Fatalf("captured %+v, account has %d", sum.Counts, a.count("captured"))
	}
	want := []string{"put", "seal", "append", "record"}
	for len(a.steps) >= 4 && slices.Equal(a.steps[:4], want) {
		a.steps = a.steps[4:]
	}
	if len(a.steps) > 1 || len(a.steps) == 1 && a.steps[0] != "record" {
		t.Errorf("steps out of order: %v", a.steps)
	}
	if a.counts[[2]string{"box", "inbox"}] != 100 || !a.complete[[2]string{"box", "sent"}] {
		t.Errorf("announced %v, complete %v", a.counts, a.complete)
	}
}

// TestSizesThatLie: what a source says of an item's size is a hint; one that says too
// little costs the budget of memory what the item holds, and ends nobody.
func TestSizesThatLie(t *testing.T) {
	for _, said := range []int64{0, 1, 100} {
		src := &listed{label: "box", folders: []string{"inbox"}, items: map[string][]Found{}, bodies: map[string]string{}}
		for i := range 6 {
			pos := fmt.Sprintf("%04d", i)
			src.items["inbox"] = append(src.items["inbox"], Found{Position: pos, Kind: relais.KindMessage, Size: said})
			src.bodies["inbox"+pos] = testkit.Message(i) + strings.Repeat("a line of the text\r\n", 50_000*i)
		}
		a := newArchive()
		if sum := a.run(t, job(src)); sum.Captured != 6 {
			t.Errorf("%d bytes are said: captured %+v", said, sum.Counts)
		}
	}
}

// TestKeysTellNothing: records are named by hashes, each by its own; those of one pack
// are to stand together.
func TestKeysTellNothing(t *testing.T) {
	a := newArchive()
	a.run(t, job(messages(6, "inbox")))
	for i, k := range a.keys {
		if strings.Contains(k, "acme") || !strings.HasPrefix(k, "c1.") || slices.Index(a.keys, k) != i {
			t.Errorf("key %q tells a Message-ID, not the case, or is another's", k)
		}
		if a.together[i] == "" || a.together[i] != a.together[0] {
			t.Errorf("%q stands apart from what shares its pack", k)
		}
	}
}

func TestRules(t *testing.T) {
	for _, tc := range []struct {
		name             string
		job              func(*Job)
		stored, excluded int
	}{
		{"none", func(*Job) {}, 20, 0},
		{"since", func(j *Job) { j.Since = testkit.Date(5).Truncate(24 * time.Hour) }, 15, 5},
		{"until", func(j *Job) { j.Until = testkit.Date(3).Truncate(24 * time.Hour) }, 3, 17},
		{"folder", func(j *Job) { j.ExcludeFolders = []string{"SPAM*"} }, 10, 10},
		{"level", func(j *Job) { j.ExcludeFolders = []string{"old"} }, 10, 10},
		{"path", func(j *Job) { j.ExcludeFolders = []string{"/Spam/*"} }, 10, 10},
		{"other path", func(j *Job) { j.ExcludeFolders = []string{"in/old"} }, 20, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, j := newArchive(), job(messages(10, "inbox", "Spam/old"))
			tc.job(&j)
			sum := a.run(t, j)
			if a.count("captured") != tc.stored || len(a.outcomes) != 20 || int(sum.Excluded) != tc.excluded {
				t.Errorf("stored %d, excluded %d of %d", a.count("captured"), sum.Excluded, len(a.outcomes))
			}
		})
	}
}

func TestRulesThatChangeAreAskedAgain(t *testing.T) {
	a, s := newArchive(), messages(10, "inbox")
	j := job(s)
	j.Since = testkit.Date(5)
	a.run(t, j)
	if got := a.count("captured"); got != 5 {
		t.Fatalf("captured %d with a rule, want 5", got)
	}
	j.Since = time.Time{}
	a.run(t, j)
	if got := a.count("captured"); got != 10 || len(a.outcomes) != 10 {
		t.Errorf("captured %d of %d without it, want 10", got, len(a.outcomes))
	}
}

func TestBadFolderPatternIsInvalid(t *testing.T) {
	j := job()
	j.ExcludeFolders = []string{"[a"}
	if _, err := NewCapture(newArchive().deps(t)).Run(t.Context(), j, nil); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("got %v", err)
	}
}

func TestPersonalFoldersComeFirst(t *testing.T) {
	a, j := newArchive(), job(messages(3, "inbox", "Perso", "sent"), &listed{label: "none"})
	j.Personal = func(f string) bool { return f == "Perso" }
	a.run(t, j)
	if got := a.items[0].Occurrence.Folder; got != "Perso" {
		t.Errorf("%q was captured first", got)
	}
	a, j = newArchive(), job(messages(2, "inbox"), messages(2, "other"))
	j.Sources[1].(*listed).label = "Perso"
	j.Personal = func(f string) bool { return f == "Perso" }
	a.run(t, j)
	if got := a.items[0].Occurrence.Source; got != "Perso" {
		t.Errorf("source %q was captured first", got)
	}
}

func TestDryRunStoresNothing(t *testing.T) {
	a, j := newArchive(), job(messages(10, "inbox", "spam"))
	j.DryRun, j.ExcludeFolders = true, []string{"spam"}
	sum := a.run(t, j)
	if len(a.steps) != 0 {
		t.Errorf("a dry run did %v", a.steps)
	}
	if want := (Counts{Seen: 20, Captured: 10, Excluded: 10}); sum.Counts != want {
		t.Errorf("counted %+v, want %+v", sum.Counts, want)
	}
}

func TestAFailingFolderStopsNoOther(t *testing.T) {
	a, s := newArchive(), messages(5, "a", "b", "c")
	s.fail["b"] = relais.Errorf(relais.KindUnavailable, "read", "gone")
	var refusals int
	sum, err := NewCapture(a.deps(t)).Run(t.Context(), job(s), func(e Event) {
		if e.Refusal != nil {
			refusals++
		}
	})
	if relais.KindOf(err) != relais.KindUnavailable || len(sum.Failed) != 1 || sum.Failed[0].Folder != "b" {
		t.Fatalf("error %v, failed %v", err, sum.Failed)
	}
	if a.count("captured") != 15 || a.count(ReasonFolder) != 1 || refusals != 1 {
		t.Errorf("account:\n%s", strings.Join(a.list(), "\n"))
	}
	delete(s.fail, "b")
	a.run(t, job(s))
	if a.count(ReasonFolder) != 0 || a.count("captured") != 15 {
		t.Errorf("after a good run:\n%s", strings.Join(a.list(), "\n"))
	}
}

func TestRefusalsCarryReasonsAndNoContent(t *testing.T) {
	a, s := newArchive(), messages(3, "inbox")
	s.items["inbox"][1].Refused = &Reason{ReasonVanished, "gone"}
	s.bodies["inbox0002"] = "From: a@b.example\n\n" + strings.Repeat("x", 2000)
	deps := a.deps(t)
	deps.Limits.ItemBytes = 1000
	sum, err := NewCapture(deps).Run(t.Context(), job(s), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"captured inbox 0000", "too_large inbox 0002", "vanished inbox 0001"}
	if diff := cmp.Diff(want, a.list()); diff != "" {
		t.Error(diff)
	}
	if sum.Refused != 2 || sum.Seen != 3 {
		t.Errorf("counted %+v", sum.Counts)
	}
}

// TestKilledAnywhere stops a capture after each of its durable steps in turn, runs
// it again, and wants the same occurrences as an undisturbed one, and nothing read
// again but the batch that was lost.
func TestKilledAnywhere(t *testing.T) {
	calm := newArchive()
	calm.run(t, job(messages(30, "a", "b")))
	dead := errors.New("killed")
	for kill := 1; ; kill++ {
		a, n := newArchive(), 0
		a.fail = func(string) error {
			if n++; n == kill {
				return dead
			}
			return nil
		}
		deps := a.deps(t)
		deps.Batch.Items = 7
		first := &spied{Source: messages(30, "a", "b")}
		_, err := NewCapture(deps).Run(t.Context(), job(first), nil)
		if err == nil {
			if kill < 20 {
				t.Fatalf("only %d steps", kill)
			}
			return
		}
		if !errors.Is(err, dead) {
			t.Fatal(err)
		}
		recorded := a.count("captured")
		again := &spied{Source: messages(30, "a", "b")}
		if _, err := NewCapture(deps).Run(t.Context(), job(again), nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(calm.list(), a.list()); diff != "" {
			t.Fatalf("killed at step %d: %s", kill, diff)
		}
		if again.reads != 60-recorded {
			t.Errorf("killed at step %d: read %d again, %d were captured", kill, again.reads, recorded)
		}
		for _, it := range a.items {
			if _, ok := a.blobs[it.Occurrence.SHA256]; !ok {
				t.Fatalf("killed at step %d: a record without its bytes", kill)
			}
		}
	}
}

func TestCanceledRunGoesOn(t *testing.T) {
	a := newArchive()
	ctx, cancel := context.WithCancel(t.Context())
	a.fail = func(step string) error {
		if step == "record" && a.commits == 1 && ctx.Err() == nil {
			cancel()
			return ctx.Err()
		}
		return nil
	}
	deps := a.deps(t)
	deps.Batch.Items = 5
	sum, err := NewCapture(deps).Run(ctx, job(messages(50, "a")), nil)
	if relais.KindOf(err) != relais.KindCanceled || sum.Captured >= 50 {
		t.Fatalf("error %v after %d", err, sum.Captured)
	}
	a.run(t, job(messages(50, "a")))
	if a.count("captured") != 50 {
		t.Errorf("captured %d", a.count("captured"))
	}
}

func TestUnavailableIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, n := newArchive(), 0
		a.fail = func(step string) error {
			if n++; step == "append" && n < 40 {
				return relais.Errorf(relais.KindUnavailable, "append", "broker down")
			}
			return nil
		}
		begin := time.Now()
		a.run(t, job(messages(3, "a")))
		if a.count("captured") != 3 || time.Since(begin) < time.Second {
			t.Errorf("captured %d after %v", a.count("captured"), time.Since(begin))
		}
	})
}

func TestSlowSourceBecomesDurableAsItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := newArchive(), messages(10, "a")
		s.slow = time.Second
		a.run(t, job(s))
		if a.commits < 10 {
			t.Errorf("%d commits of 10 items that came one a second", a.commits)
		}
	})
}

// TestLargeMessageTakesNoMemory captures 200 MiB within a few.
func TestLargeMessageTakesNoMemory(t *testing.T) {
	const size = 200 << 20
	a := newArchive()
	a.light = true
	deps := a.deps(t)
	deps.Limits.ItemBytes = size
	s := &huge{size: size}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	sum, err := NewCapture(deps).Run(t.Context(), job(s), nil)
	if err != nil || sum.Captured != 1 || sum.Bytes != size {
		t.Fatalf("%+v, %v", sum, err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("allocated %d MiB for a message of %d", used>>20, size>>20)
	}
	if left, _ := filepath.Glob(filepath.Join(deps.Temp, "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// huge is a source of one large message.
type huge struct {
	listed
	size int64
}

func (s *huge) Folders(context.Context) ([]Folder, error) { return []Folder{{}}, nil }

func (s *huge) Read(_ context.Context, _ Folder, _ Request, yield func(Found) error) (Cursor, error) {
	head := "From: a@b.example\r\n\r\n"
	body := io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, s.size-int64(len(head))))
	return "", yield(Found{Position: "1", Kind: relais.KindMessage, Size: -1, Body: body})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestReadContent(t *testing.T) {
	for _, tc := range []struct {
		name             string
		have, size, want int64
		err              error
	}{
		{"empty", 0, 0, 0, nil},
		{"known", 100, 100, 100, nil},
		{"unknown", 100, -1, 100, nil},
		{"grown", 120, 100, 120, nil},
		{"cut", 90, 100, 0, io.ErrUnexpectedEOF},
		{"edge", spoolOver, -1, spoolOver, nil},
		{"spooled", spoolOver + 1, -1, spoolOver + 1, nil},
		{"spooled and cut", spoolOver + 5, spoolOver + 9, 0, io.ErrUnexpectedEOF},
		{"over", 6<<20 + 1, -1, 0, errTooLarge},
		{"known to be over", 10, 6<<20 + 1, 0, errTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := bytes.Repeat([]byte("abcdefg\n"), int(tc.have/8)+1)[:tc.have]
			c, err := readContent(bytes.NewReader(body), tc.size, 6<<20, t.TempDir())
			if !errors.Is(err, tc.err) {
				t.Fatalf("error %v, want %v", err, tc.err)
			}
			if err != nil {
				return
			}
			for range 2 {
				r, err := c.open()
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if err != nil || !bytes.Equal(got, body) || c.size != tc.want || c.digest != relais.DigestOf(body) {
					t.Errorf("%d bytes of %d, size %d, error %v", len(got), len(body), c.size, err)
				}
			}
			if err := c.close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLabel(t *testing.T) {
	for in, want := range map[string]string{
		"Été/Clients":               "Été/Clients",
		"E\u0301te\u0301":           "Été",
		"a\nb":                      `a\x0ab`,
		`a\x0ab`:                    `a\\x0ab`,
		"bad\xff":                   `bad\xff`,
		"../../x":                   "../../x",
		"\u202e":                    "\u202e",
		strings.Repeat("é", 2000):   "",
		"esc\x1b[31m":               `esc\x1b[31m`,
		"next\u2028line\u0085":      `next\xe2\x80\xa8line\xc2\x85`,
		"plain name (2) [x] & more": "plain name (2) [x] & more",
	} {
		got := folderLabel(in)
		if want == "" {
			if len(got) > maxLabel {
				t.Errorf("a label of %d bytes", len(got))
			}
			continue
		}
		if got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func BenchmarkCapture(b *testing.B) {
	dir := b.TempDir()
	testkit.WriteMaildir(b, dir, 2000)
	b.ResetTimer()
	for b.Loop() {
		a := newArchive()
		s, err := Open(b.Context(), Spec{Location: dir, Limits: format.DefaultLimits()})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := NewCapture(a.deps(b)).Run(b.Context(), job(s), nil); err != nil {
			b.Fatal(err)
		}
		_ = s.Close()
	}
	b.ReportMetric(float64(2000*b.N)/b.Elapsed().Seconds(), "msg/s")
}
