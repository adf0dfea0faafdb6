package enrich

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/relais-archive/relais/internal/relais"
)

func file(name string) fileOf { return fileOf{c: "c1", d: relais.DigestOf([]byte(name))} }

// said gives what a file says, and counts how often it was read.
func said(text string, reads *atomic.Int32) func() (extracted, string, error) {
	return func() (extracted, string, error) {
		reads.Add(1)
		return extracted{Text: relais.DigestOf([]byte(text)), MediaType: "text/plain"}, text, nil
	}
}

func TestOneReaderReadsAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, release := newRecent(), make(chan struct{})
		var reads atomic.Int32
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				e, text, err := r.once(t.Context(), file("a"), func() (extracted, string, error) {
					<-release
					return said("hello", &reads)()
				})
				if err != nil || text != "hello" || e.MediaType != "text/plain" {
					t.Errorf("got %+v %q %v", e, text, err)
				}
			})
		}
		synctest.Wait()
		close(release)
		all.Wait()
		if n := reads.Load(); n != 1 {
			t.Errorf("the file was read %d times", n)
		}
	})
}

func TestWhatIsNotKeptIsReadAgain(t *testing.T) {
	fault := errors.New("fault")
	recalled := extracted{Text: relais.DigestOf([]byte("x"))}
	for name, read := range map[string]func() (extracted, string, error){
		"fault":    func() (extracted, string, error) { return extracted{}, "", fault },
		"recalled": func() (extracted, string, error) { return recalled, "", nil },
		"long":     func() (extracted, string, error) { return recalled, string(make([]byte, recentText+1)), nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecent()
			_, _, first := r.once(t.Context(), file("a"), read)
			var reads atomic.Int32
			_, text, err := r.once(t.Context(), file("a"), said("hello", &reads))
			if reads.Load() != 1 || text != "hello" || err != nil {
				t.Errorf("after %v: %d reads, %q, %v", first, reads.Load(), text, err)
			}
		})
	}
}

func TestAPanickingReaderHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, release := newRecent(), make(chan struct{})
		var reads atomic.Int32
		var all sync.WaitGroup
		all.Go(func() {
			defer func() { _ = recover() }()
			_, _, _ = r.once(t.Context(), file("a"), func() (extracted, string, error) { <-release; panic("hostile") })
		})
		synctest.Wait()
		all.Go(func() {
			if _, text, err := r.once(t.Context(), file("a"), said("hello", &reads)); text != "hello" || err != nil {
				t.Errorf("%q, %v", text, err)
			}
		})
		synctest.Wait()
		close(release)
		all.Wait()
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, release := newRecent(), make(chan struct{})
		var reads atomic.Int32
		var all sync.WaitGroup
		all.Go(func() {
			_, _, _ = r.once(t.Context(), file("a"), func() (extracted, string, error) { <-release; return said("hello", &reads)() })
		})
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := r.once(ctx, file("a"), said("hello", &reads)); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		close(release)
		all.Wait()
	})
}

func TestRecentIsBounded(t *testing.T) {
	r, reads := newRecent(), new(atomic.Int32)
	text := string(make([]byte, recentText))
	for i := range 100 {
		_, _, _ = r.once(t.Context(), file(string(rune('a'+i))), said(text, reads))
	}
	if n := (len(r.young) + len(r.old)) * recentText; n > 2*recentTexts {
		t.Errorf("%d bytes of texts are kept", n)
	}
}
