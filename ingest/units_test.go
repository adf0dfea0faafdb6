package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

func TestAheadKeepsOrderAndBounds(t *testing.T) {
	inputs := make([]int, 200)
	for i := range inputs {
		inputs[i] = i
	}
	var running, most atomic.Int32
	double := func(_ context.Context, i int) int {
		now := running.Add(1)
		for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
		}
		time.Sleep(time.Duration(i%7) * 10 * time.Microsecond)
		running.Add(-1)
		return 2 * i
	}
	var got []int
	err := ahead(t.Context(), inputs, double, func(int) { t.Error("discarded") }, func(n int) error {
		got = append(got, n)
		return nil
	})
	if err != nil || len(got) != 200 || !slices.IsSorted(got) || got[199] != 398 {
		t.Errorf("error %v, got %v", err, got)
	}
	if most.Load() > readers {
		t.Errorf("%d at once", most.Load())
	}
}

func TestAheadStops(t *testing.T) {
	stop := errors.New("stop")
	for _, canceled := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		var prepared, used, discarded atomic.Int32
		err := ahead(ctx, make([]int, 1000), func(context.Context, int) int {
			prepared.Add(1)
			return 0
		}, func(int) { discarded.Add(1) }, func(int) error {
			if used.Add(1) < 10 {
				return nil
			}
			if canceled {
				cancel()
				return nil
			}
			return stop
		})
		cancel()
		if want := map[bool]error{false: stop, true: context.Canceled}[canceled]; !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
		if prepared.Load() != used.Load()+discarded.Load() || prepared.Load() > 10+readAhead+readers+2 {
			t.Errorf("prepared %d, used %d, discarded %d", prepared.Load(), used.Load(), discarded.Load())
		}
	}
}

// info is a file as it stands.
type info struct {
	fs.FileInfo
	size int64
	at   time.Time
}

func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return i.at }

func TestMarks(t *testing.T) {
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	one := markOf("/r", "d", "n", info{size: 1, at: at})
	for name, other := range map[string]mark8{
		"root":   markOf("/s", "d", "n", info{size: 1, at: at}),
		"folder": markOf("/r", "e", "n", info{size: 1, at: at}),
		"name":   markOf("/r", "d", "m", info{size: 1, at: at}),
		"size":   markOf("/r", "d", "n", info{size: 2, at: at}),
		"time":   markOf("/r", "d", "n", info{size: 1, at: at.Add(time.Nanosecond)}),
		"border": markOf("/r d", "", "n", info{size: 1, at: at}),
	} {
		if other == one {
			t.Errorf("a file of another %s has the same mark", name)
		}
	}
	m := parseMarks("")
	if m.end() != "" {
		t.Error("a cursor of nothing")
	}
	told := 0
	for i := range 1000 {
		m.keep(markOf("/r", "d", fmt.Sprint(i), info{at: at}))
		if m.tell() != "" {
			told++
		}
	}
	if told < 5 || told > 40 {
		t.Errorf("told %d times", told)
	}
	again := parseMarks(m.end())
	if len(again.done) != 1000 {
		t.Errorf("%d marks came back", len(again.done))
	}
	for k := range again.done {
		again.keep(k)
	}
	again.told = len(again.list)
	if again.end() != "" {
		t.Error("a cursor that says nothing new")
	}
	for _, bad := range []Cursor{"f2:AAAAAAAAAAA", "f1:***", "f1:AAAA", "17", "m1:0:0:x"} {
		if n := len(parseMarks(bad).done); n != 0 {
			t.Errorf("%q gives %d marks", bad, n)
		}
	}
}

func TestRulesFolder(t *testing.T) {
	for _, tc := range []struct {
		glob, folder, use string
		want              bool
	}{
		{"trash", "Trash", "", true},
		{"trash", "INBOX/Trash/2019", "", true},
		{"trash", "Trashy", "", false},
		{"tra*", "Trashy", "", true},
		{"INBOX/*", "INBOX/a/b", "", true},
		{"INBOX/*", "INBOX", "", false},
		{"a/b/", "a/b", "", true},
		{"*/b", "a/b/c", "", true},
		{"*/b", "b", "", false},
		{"junk", "Courrier indésirable", "junk", true},
		{"?t?", "ÉTÉ", "", true},
		{"", "", "", true},
		{"x", "", "", false},
	} {
		r, err := newRules(Job{ExcludeFolders: []string{tc.glob}}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.folder(tc.folder, tc.use); got != tc.want {
			t.Errorf("%q leaves out %q (%s): %v", tc.glob, tc.folder, tc.use, got)
		}
	}
}

func TestRulesDate(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2024, 1, d, 0, 0, 0, 0, time.UTC) }
	r := rules{since: day(5), until: day(10)}
	for d, want := range map[int]string{4: ruleSince, 5: "", 9: "", 10: ruleUntil, 11: ruleUntil} {
		if got := r.date(day(d)); got != want {
			t.Errorf("day %d: %q, want %q", d, got, want)
		}
	}
	if r.date(time.Time{}) != "" || (rules{}).date(day(1)) != "" || (rules{}).dated() || !r.dated() {
		t.Error("what has no date, or no rule, is left out")
	}
}

func TestCursorsBelongToTheirRules(t *testing.T) {
	base := rules{}
	keys := map[string]string{}
	for name, key := range map[string]string{
		"none": base.key(false), "excluded": base.key(true), "names": rules{names: true}.key(false),
		"limit": rules{limit: 5}.key(false), "since": rules{since: time.Unix(5, 0)}.key(false), "until": rules{until: time.Unix(5, 0)}.key(false),
	} {
		if other, taken := keys[key]; taken {
			t.Errorf("%s and %s share a key", name, other)
		}
		keys[key] = name
	}
	if got := unwrap("a", wrap("a", "7:8 9")); got != "7:8 9" {
		t.Errorf("unwrapped %q", got)
	}
	if unwrap("b", wrap("a", "7")) != "" || wrap("a", "") != "" || unwrap("a", "") != "" {
		t.Error("a cursor under other rules, or none, is one")
	}
}

func TestReasons(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{errTooLarge, ReasonTooLarge},
		{errNotRegular, ReasonNotRegular},
		{&os.PathError{Op: "open", Path: "/home/jean/secret", Err: fs.ErrNotExist}, ReasonVanished},
		{&os.PathError{Op: "open", Path: "/home/jean/secret", Err: fs.ErrPermission}, ReasonUnreadable},
		{&os.PathError{Op: "read", Path: "/home/jean/secret", Err: syscall.EIO}, ReasonUnreadable},
		{io.ErrUnexpectedEOF, ReasonVanished},
		{errors.New("secret"), ReasonUnreadable},
	} {
		got := reasonOf(fmt.Errorf("read secret: %w", tc.err))
		if got.Code != tc.want || got.Detail == "" || filepath.Base(got.Detail) == "secret" {
			t.Errorf("%v gives %+v", tc.err, got)
		}
		if text := openError(tc.err).Error(); filepath.Base(text) == "secret" {
			t.Errorf("%v tells %q", tc.err, text)
		}
	}
}

func TestReceived(t *testing.T) {
	good := time.Date(2024, 2, 3, 4, 5, 6, 7, time.FixedZone("", 3600))
	if got := received(good); got != time.Date(2024, 2, 3, 3, 5, 6, 0, time.UTC) {
		t.Errorf("got %v", got)
	}
	for _, bad := range []time.Time{{}, time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(12024, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if !received(bad).IsZero() {
			t.Errorf("%v is a time", bad)
		}
	}
}

func TestOnce(t *testing.T) {
	calls := 0
	fn := once(func(context.Context) (int, error) {
		if calls++; calls == 1 {
			return 0, relais.E(relais.KindUnavailable, "ask", nil)
		}
		return calls, nil
	})
	if _, err := fn(t.Context()); err == nil {
		t.Error("an error is remembered as an answer")
	}
	for range 2 {
		if n, err := fn(t.Context()); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &committer{}
		calls := 0
		down := func() error { calls++; return relais.E(relais.KindUnavailable, "append", nil) }
		begin := time.Now()
		if err := m.patiently(t.Context(), down); relais.KindOf(err) != relais.KindUnavailable {
			t.Errorf("%v", err)
		}
		if took := time.Since(begin); took < retryFor || took > retryFor+2*retryMaxPause || calls < 10 {
			t.Errorf("gave up after %v and %d calls", took, calls)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := m.patiently(ctx, down); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		calls = 0
		if err := m.patiently(t.Context(), func() error { calls++; return relais.E(relais.KindInternal, "", nil) }); err == nil || calls != 1 {
			t.Errorf("a fault of ours is tried %d times", calls)
		}
	})
}

// TestGuard: bytes and time are counted only while an operation is under way, and
// only while we wait.
func TestGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		g := &guard{Conn: near, stall: 10 * time.Second}
		g.allow(5, time.Minute)
		go func() { _, _ = far.Write([]byte("hello")) }()
		b := make([]byte, 16)
		if n, err := g.Read(b); n != 5 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if _, err := g.Read(b); !errors.Is(err, errBudget) || !errors.Is(g.fault(), errBudget) {
			t.Errorf("beyond the budget: %v, fault %v", err, g.fault())
		}
		g.failed = nil
		g.allow(1000, time.Minute)
		begin := time.Now()
		if _, err := g.Read(b); err == nil || time.Since(begin) != 10*time.Second {
			t.Errorf("a silent peer: %v after %v", err, time.Since(begin))
		}
	})
}

func TestGuardCountsOnlyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = near.Close() }()
		g := &guard{Conn: near, stall: 10 * time.Second}
		go func() {
			for range 20 {
				time.Sleep(2 * time.Second)
				if _, err := far.Write([]byte("x")); err != nil {
					return
				}
			}
		}()
		g.allow(1000, 25*time.Second)
		b := make([]byte, 1)
		reads := 0
		for ; ; reads++ {
			if _, err := g.Read(b); err != nil {
				break
			}
			time.Sleep(time.Hour) // we are slow: the peer is not to blame
		}
		if reads != 20 {
			t.Errorf("read %d of 20 before the peer's time was up", reads)
		}
	})
}

func TestGuardWakesAPendingRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		g := &guard{Conn: near, stall: 10 * time.Second}
		failed := make(chan time.Duration, 1)
		begin := time.Now()
		go func() {
			_, _ = g.Read(make([]byte, 1)) // go-imap always has one waiting
			failed <- time.Since(begin)
		}()
		time.Sleep(time.Hour) // idle, for as long as it likes
		g.allow(10, 3*time.Second)
		if got := <-failed; got != time.Hour+3*time.Second {
			t.Errorf("woke after %v", got)
		}
	})
}

func TestParseIMAP(t *testing.T) {
	for location, want := range map[string]imapAddress{
		"imaps://mail.example":                    {host: "mail.example", port: "993", implicit: true, user: "rep"},
		"imap://mail.example":                     {host: "mail.example", port: "143", user: "rep"},
		"IMAPS://jean@mail.example:1993":          {host: "mail.example", port: "1993", implicit: true, user: "rep"},
		"imap://[::1]:143/Clients/%C3%89t%C3%A9/": {host: "::1", port: "143", folder: "Clients/Été", user: "rep"},
	} {
		a, err := parseIMAP(Spec{Location: location, User: "rep", Password: password})
		if err != nil {
			t.Errorf("%s: %v", location, err)
			continue
		}
		got := imapAddress{host: a.host, port: a.port, implicit: a.implicit, folder: a.folder, user: a.user}
		if diff := cmp.Diff(fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got)); diff != "" {
			t.Errorf("%s: %s", location, diff)
		}
	}
	a, err := parseIMAP(Spec{Location: "imaps://jean@mail.example", Password: password})
	if err != nil || a.user != "jean" {
		t.Errorf("user %q, %v", a.user, err)
	}
}

func TestMailboxLabels(t *testing.T) {
	for want, a := range map[string]imapAddress{
		"rep (mail.example)":              {host: "mail.example", port: "993", implicit: true, user: "rep"},
		"rep (mail.example:144)":          {host: "mail.example", port: "144", user: "rep"},
		"rep@acme.example (mail.example)": {host: "mail.example", port: "143", user: "rep@acme.example"},
	} {
		if got := (&mailbox{address: a}).Label(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func FuzzLabel(f *testing.F) {
	f.Add("Clients/Été")
	f.Add("a\\b\nc\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := label(s)
		if len(got) > maxLabel || !plainText(got) {
			t.Errorf("%q became %q", s, got)
		}
		if got != s && label(s+"\\") == got {
			t.Errorf("two names became %q", got)
		}
	})
}

// plainText tells whether text may stand on a terminal.
func plainText(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == '\ufffd' && !slices.Contains([]rune(s), '\ufffd') {
			return false
		}
	}
	return true
}

func FuzzIMAPCursor(f *testing.F) {
	f.Add("0000000007.0000000012")
	f.Fuzz(func(t *testing.T, c string) {
		r := &fetching{validity: 7}
		if uid := r.after(Cursor(c)); uid != 0 {
			r.last = uid
			if r.after(r.cursor()) != uid {
				t.Errorf("%q does not come back", c)
			}
		}
	})
}
