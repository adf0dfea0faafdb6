package library

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"golang.org/x/sync/semaphore"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/blobtest"
	"github.com/relais-archive/relais/internal/relais"
)

const inCase = relais.CaseID("c1")

// counting counts what is read of packs, and can flip bytes of it.
type counting struct {
	blob.Backend
	read atomic.Int64
	flip func(pack string, offset int64, b []byte)
}

func (c *counting) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	r, err := c.Backend.Get(ctx, name, offset, length)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	if c.flip != nil {
		b = bytes.Clone(b)
		c.flip(name, offset, b)
	}
	return readCloser{io.TeeReader(bytes.NewReader(b), counter{&c.read}), r}, err
}

type readCloser struct {
	io.Reader
	io.Closer
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) { c.n.Add(int64(len(p))); return len(p), nil }

// shelf is a library that holds texts, and the envelopes that point to them.
type shelf struct {
	*Library
	packs *counting
	index *blobtest.Index
	list  []relais.Envelope
}

func shelved(t *testing.T, texts ...string) *shelf {
	t.Helper()
	s := &shelf{packs: &counting{Backend: blobtest.NewBackend()}, index: blobtest.NewIndex()}
	store := blob.New(s.packs, blobtest.NewKeys(), s.index, blob.Options{})
	s.Library = New(nil, store)
	for i, text := range texts {
		e := relais.Envelope{CaseID: inCase, Document: relais.Document{ID: relais.DocumentID(fmt.Sprintf("d%03d", i))}}
		if text != "" {
			e.TextBlob = relais.DigestOf([]byte(text))
			put := blob.Blob{Digest: e.TextBlob, Size: int64(len(text)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
			if err := store.Put(t.Context(), inCase, []blob.Blob{put}); err != nil {
				t.Fatal(err)
			}
		}
		s.list = append(s.list, e)
	}
	return s
}

// noise gives a text that does not get shorter by compression.
func noise(seed uint64, n int) string {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = 33 + byte(r.IntN(90))
	}
	return string(b)
}

// TestOpeningsReadTheBeginning: of a long text no more is read than was asked for, in whole
// characters; a short one comes whole, and all come in the order given.
func TestOpeningsReadTheBeginning(t *testing.T) {
	const most = 1 << 20
	texts := []string{"court", noise(1, 8<<20), "", strings.Repeat("é", most/2) + "x", "x" + strings.Repeat("é", most), noise(2, most)}
	s := shelved(t, texts...)
	s.packs.read.Store(0)
	i := 0
	err := s.begin(t.Context(), s.list, most, s.held, inFlight, func(o relais.Opening, fault error) error {
		text, got := texts[i], o.Document.Text
		if fault != nil || o.Document.ID != s.list[i].Document.ID || !strings.HasPrefix(text, got) || !utf8.ValidString(got) {
			t.Errorf("%d: %v, %s, %d bytes", i, fault, o.Document.ID, len(got))
		}
		if o.Cut != (len(text) > most) || !o.Cut && got != text || o.Cut && len(got) < most-utf8.UTFMax {
			t.Errorf("%d: cut %t, %d bytes of %d", i, o.Cut, len(got), len(text))
		}
		i++
		return nil
	})
	if err != nil || i != len(texts) {
		t.Fatalf("%d of %d: %v", i, len(texts), err)
	}
	if read := s.packs.read.Load(); read > 3*most+most/2 {
		t.Errorf("%d bytes were read of packs", read)
	}
	s.packs.read.Store(0)
	err = s.begin(t.Context(), s.list, 0, s.held, inFlight, func(o relais.Opening, fault error) error {
		if o.Document.Text != "" || o.Cut != (o.Whole != nil) {
			t.Errorf("%+v", o)
		}
		return fault
	})
	if err != nil || s.packs.read.Load() > 0 {
		t.Errorf("without texts %d bytes were read, %v", s.packs.read.Load(), err)
	}
}

// TestOneDamagedTextCostsNoOther: a text with a flipped bit, one whose place is lost and one
// that was erased meanwhile are told apart, and all others are given.
func TestOneDamagedTextCostsNoOther(t *testing.T) {
	texts := []string{"un", noise(3, 3<<20), "trois", "quatre", "cinq"}
	s := shelved(t, texts...)
	places, err := s.index.Blobs(t.Context(), []relais.Digest{s.list[1].TextBlob, s.list[2].TextBlob})
	if err != nil {
		t.Fatal(err)
	}
	torn := []relais.Location{places[s.list[1].TextBlob], places[s.list[2].TextBlob]}
	s.packs.flip = func(pack string, offset int64, b []byte) {
		for _, place := range torn {
			if at := place.Offset + place.Length/2 - offset; pack == place.Pack && at >= 0 && at < int64(len(b)) {
				b[at] ^= 1
			}
		}
	}
	if err := s.index.DropBlobs(t.Context(), []relais.Digest{s.list[3].TextBlob}); err != nil {
		t.Fatal(err)
	}
	if err := s.blobs.Forget(t.Context(), inCase, []relais.Digest{s.list[4].TextBlob}); err != nil {
		t.Fatal(err)
	}
	for most, want := range map[int]string{
		1 << 20: "d000 d001(cut) d002(damaged) d003(damaged)", // the bit lies behind what is looked at
		noEnd:   "d000 d001(damaged) d002(damaged) d003(damaged)",
	} {
		var got []string
		err := s.begin(t.Context(), s.list, most, s.held, inFlight, openedOnly(func(o relais.Opening) error {
			word := string(o.Document.ID)
			switch {
			case o.Damaged:
				word += "(damaged)"
				if o.Document.Text != "" || len(o.Document.Warnings) != 1 || o.Document.Warnings[0].Code != relais.WarnTextDamaged {
					t.Errorf("%+v", o.Document)
				}
			case o.Cut:
				word += "(cut)"
			}
			got = append(got, word)
			return nil
		}))
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("most %d: %q, %v", most, got, err)
		}
	}
}

// TestOpeningsShareTheirRoom: many callers who together want far more than there is room for
// all come to their end, whether they read on, fail or give up.
func TestOpeningsShareTheirRoom(t *testing.T) {
	var texts []string
	for i := range 30 {
		texts = append(texts, noise(uint64(i), 100_000+i*40_000))
	}
	s := shelved(t, texts...)
	const room = 1 << 20 // of which one text of these takes more
	held := semaphore.NewWeighted(room)
	stop := errors.New("enough")
	var callers sync.WaitGroup
	for i := range 12 {
		callers.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			err := s.begin(ctx, s.list, noEnd, held, room, func(o relais.Opening, fault error) error {
				switch n++; {
				case i%3 == 1 && n == 7:
					return stop
				case i%3 == 2 && n == 9:
					cancel()
				case fault == nil && o.Document.Text != texts[n-1]:
					t.Errorf("text %d is another", n-1)
				}
				return nil
			})
			if i%3 == 0 && (err != nil || n != len(texts)) || i%3 == 1 && !errors.Is(err, stop) {
				t.Errorf("caller %d: %d texts, %v", i, n, err)
			}
		})
	}
	callers.Wait()
	if !held.TryAcquire(room) {
		t.Error("some room was not given back")
	}
}
