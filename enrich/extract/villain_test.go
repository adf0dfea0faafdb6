package extract

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// villains is a reader that does what the text of an RTF file tells it to: what
// readers do under attack, at will.
func villains(*engines) []Format {
	read := func(_ context.Context, in Input, _ format.Limits) (Result, error) {
		b := make([]byte, in.Size)
		_, _ = in.Body.ReadAt(b, 0) // in memory
		word := strings.TrimSuffix(strings.TrimPrefix(string(b), `{\rtf1 `), "}")
		if word == "once" && in.retried() {
			return Result{Text: "second try"}, nil
		}
		switch word {
		case "hang":
			hang()
		case "offer":
			in.offer(Result{Text: "what was read so far"})
			hang()
		case "sleep":
			time.Sleep(time.Hour)
		case "exit", "once":
			os.Exit(3)
		case "panic":
			panic("reader")
		case "recurse":
			return Result{Text: strings.Repeat("x", recurse(1))}, nil
		case "memory":
			var hold [][]byte
			for {
				hold = append(hold, make([]byte, 64<<20))
				for i := 0; i < 64<<20; i += 4096 {
					hold[len(hold)-1][i] = 1
				}
			}
		case "heavy":
			return weigh(100 << 20), nil
		case "goroutine":
			go panic("on its own")
			time.Sleep(time.Hour)
		case "environment":
			return Result{Text: "[" + strings.Join(os.Environ(), " ") + "]"}, nil
		case "network":
			return Result{Text: interfaces()}, nil
		}
		return Result{Text: "fine"}, nil
	}
	return []Format{{Name: "villain/1", MediaTypes: []string{typeRTF}, Risky: true, Read: read}}
}

// weigh holds so many bytes, for good where that is more than this process may have.
func weigh(size int) Result {
	b := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		b[i] = 1
	}
	for debug.SetMemoryLimit(-1) < int64(size) {
		time.Sleep(time.Millisecond)
	}
	return Result{Text: strings.Repeat("heavy ", int(b[0]))}
}

// hang spins, as a reader does that goes round in a file.
func hang() {
	for n := 0; n >= 0; n ^= 1 {
	}
}

func recurse(n int) int {
	var pad [1024]byte
	pad[n%1024] = 1
	if n < 0 { // never
		return 0
	}
	return recurse(n+1) + int(pad[(n+1)%1024])
}

func interfaces() string {
	list, err := net.Interfaces()
	if err != nil {
		return "none"
	}
	var up []string
	for _, i := range list {
		if i.Flags&net.FlagUp != 0 {
			up = append(up, i.Name)
		}
	}
	return "up:" + strings.Join(up, ",")
}

func villain(word string) Input {
	s := `{\rtf1 ` + word + `}`
	return Input{Name: word + ".rtf", Size: int64(len(s)), Body: readerAt(s)}
}

// TestVillains wants every document to end, the pool to go on, and the others to be
// read as if nothing had been.
func TestVillains(t *testing.T) {
	p := verbPool(t, villainVerb, PoolOptions{Workers: 2, Deadline: 300 * time.Millisecond, MemoryLimit: 64 << 20})
	for word, want := range map[string]string{
		"hang": "extractor_killed", "exit": "extractor_killed", "memory": "extractor_killed",
		"recurse": "extractor_killed", "goroutine": "extractor_killed", "panic": "extractor_panic",
		"once": "", "fine": "",
	} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			res, err := p.Extract(context.Background(), villain(word))
			if err != nil {
				t.Fatal(err)
			}
			if want == "" {
				if res.Outcome != relais.ExtractionComplete {
					t.Errorf("%+v", res)
				}
				return
			}
			if res.Outcome != relais.ExtractionFailed || len(res.Warnings) != 1 || res.Warnings[0].Code != want || res.MediaType != typeRTF {
				t.Errorf("%+v", res)
			}
		})
	}
}

// TestHeavierThanAShare: a document that takes more memory than a child's share is read by
// one that has all of it, and as if it had been the first time; those that come meanwhile
// are read too.
func TestHeavierThanAShare(t *testing.T) {
	p := verbPool(t, villainVerb, PoolOptions{Workers: 2, Deadline: time.Minute, MemoryLimit: 2 * leastShare})
	var all sync.WaitGroup
	for _, word := range []string{"heavy", "fine", "heavy", "fine", "fine"} {
		all.Go(func() {
			res, err := p.Extract(context.Background(), villain(word))
			if err != nil || res.Outcome != relais.ExtractionComplete || res.Text != word || len(res.Warnings) > 0 {
				t.Errorf("%s: %+v, %v", word, res, err)
			}
		})
	}
	all.Wait()
	if c, err := p.slot(t.Context()); err != nil {
		t.Error(err)
	} else {
		p.slots <- c
	}
}

// TestOfferSurvives: what a child had read before it died is the result, marked.
func TestOfferSurvives(t *testing.T) {
	p := verbPool(t, villainVerb, PoolOptions{Workers: 1, Deadline: 200 * time.Millisecond})
	for range 2 { // the second in a child that has served none
		res, err := p.Extract(context.Background(), villain("offer"))
		want := Result{MediaType: typeRTF, Text: "what was read so far", Outcome: relais.ExtractionPartial,
			Warnings: []relais.Warning{{Code: "extractor_killed"}}, Work: int64(len("what was read so far")), Extractor: "villain/1"}
		if diff := cmp.Diff(want, res, cmp.AllowUnexported()); err != nil || diff != "" {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
	}
}

// TestSleeperIsKilled: a child that uses no processor time has its share of wall
// time, and no more.
func TestSleeperIsKilled(t *testing.T) {
	p := verbPool(t, villainVerb, PoolOptions{Workers: 1, Deadline: 50 * time.Millisecond})
	began := time.Now()
	res, err := p.Extract(context.Background(), villain("sleep"))
	if err != nil || res.Outcome != relais.ExtractionFailed {
		t.Errorf("%+v, %v", res, err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %v", took)
	}
}

func TestChildInheritsNothing(t *testing.T) {
	t.Setenv("RELAIS_TEST_SECRET", "x")
	p := verbPool(t, villainVerb, PoolOptions{Workers: 1})
	res, err := p.Extract(context.Background(), villain("environment"))
	if err != nil || res.Text != "[]" {
		t.Errorf("%q, %v", res.Text, err)
	}
	res, err = p.Extract(context.Background(), villain("network"))
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.noIsolate || !canIsolate {
		t.Skip("no namespaces here")
	}
	if res.Text != "up:" {
		t.Errorf("the child sees %q", res.Text)
	}
}

func TestCancelledExtraction(t *testing.T) {
	p := verbPool(t, villainVerb, PoolOptions{Workers: 1})
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := p.Extract(ctx, villain("hang")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %v", took)
	}
	if res, err := p.Extract(context.Background(), villain("fine")); err != nil || res.Text != "fine" {
		t.Errorf("afterwards: %+v, %v", res, err)
	}
}

func TestWaitingForAWorkerEndsWithTheContext(t *testing.T) {
	p := verbPool(t, villainVerb, PoolOptions{Workers: 1, Deadline: 200 * time.Millisecond})
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = p.Extract(context.Background(), villain("hang")) })
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := p.Extract(ctx, villain("fine")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	wg.Wait()
}

func TestNoChildAtAll(t *testing.T) {
	p := NewPool(PoolOptions{Command: []string{"/nowhere/at/all"}, Workers: 1})
	if _, err := p.Extract(context.Background(), villain("fine")); relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("error %v", err)
	}
	res, err := p.Extract(context.Background(), Input{Size: 5, Body: readerAt("hello")})
	if err != nil || res.Text != "hello" {
		t.Errorf("plain text needs no child: %+v, %v", res, err)
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := p.Extract(context.Background(), villain("fine")); relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("after close: %v", err)
	}
}

// TestChildIsRecycled reads more documents than a child lives for.
func TestChildIsRecycled(t *testing.T) {
	p := verbPool(t, villainVerb, PoolOptions{Workers: 1})
	var first *proc
	for i := range recycleAfter + 2 {
		if _, err := p.Extract(context.Background(), villain("fine")); err != nil {
			t.Fatal(err)
		}
		c := <-p.slots
		if i == 0 {
			first = c
		}
		if (c == first) != (i < recycleAfter) {
			t.Fatalf("document %d: same child %t", i, c == first)
		}
		p.slots <- c
	}
}
