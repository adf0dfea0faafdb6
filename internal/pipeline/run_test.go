package pipeline

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// pause waits a little, as a log does that has nothing to give.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Millisecond):
	}
}

var (
	errAway   = relais.Errorf(relais.KindUnavailable, "read", "the server is away")
	errLost   = relais.Errorf(relais.KindDamaged, "read", "records are gone")
	errNoRoom = relais.E(relais.KindUnavailable, "write", syscall.ENOSPC)
	errWrong  = relais.Errorf(relais.KindInternal, "read", "a mistake")
)

func nothing(string, Lag) {}

// TestWait: what is waited for passes every stage, in order, and only what came after
// "before" is told of.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.topics[stream.TopicRaw], w.topics[stream.TopicEnriched] = 2, 2
		w.at[enrichGroup(1)], w.at["index-1"], w.unsettled = 2, 2, 3
		p := w.pipeline(t, All()...)
		before := p.Taken(t.Context())
		_ = w.Append(t.Context(), stream.TopicRaw, make([]stream.Record, 3)) // never fails
		_ = w.Append(t.Context(), stream.TopicRefused, make([]stream.Record, 1))
		p.Start(t.Context())
		var order []string
		last := map[string]Lag{}
		if err := p.Wait(t.Context(), before, func(stage string, l Lag) {
			if len(order) == 0 || order[len(order)-1] != stage {
				order = append(order, stage)
			}
			last[stage] = l
		}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{Enrich, Index, Refused}, order); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		want := map[string]Lag{Enrich: {3, 3}, Index: {3, 3}, Refused: {1, 1}}
		if diff := cmp.Diff(want, last); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if w.refreshed != 1 || w.unsettled != 0 || w.handled[Index] != 3 || w.meta["held_raw"] != "5" || w.meta["held_enriched"] != "5" {
			t.Errorf("%+v", w)
		}
		if moved := p.LastMoved(); len(moved) != 3 || moved[Enrich].IsZero() {
			t.Errorf("moved: %v", moved)
		}
	})
}

// TestWaitEnds: those who wait are told of what time does not mend, and of a full disk
// once it has lasted; a server that is away is waited for, and not for ever.
func TestWaitEnds(t *testing.T) {
	for name, c := range map[string]struct {
		what    string
		err     error
		lasts   time.Duration // then it is mended
		want    error
		atLeast time.Duration
	}{
		"a mistake":                {what: "handle", err: errWrong, want: errWrong},
		"a mistake of the feed":    {what: "handle index", err: errWrong, want: errWrong},
		"a mistake of the account": {what: "handle refused", err: errWrong, want: errWrong},
		"no stage can be made":     {what: "stage", err: errWrong, want: errWrong},
		"records are gone":         {what: "end", err: errLost, want: errLost},
		"away for a minute":        {what: "end", err: errAway, lasts: time.Minute, atLeast: time.Minute},
		"away":                     {what: "end", err: errAway, want: errAway, atLeast: serverPatience},
		"refresh is away":          {what: "refresh", err: errAway, want: errAway, atLeast: serverPatience},
		"position unknown":         {what: "committed", err: errWrong, want: errWrong},
		"generation unknown":       {what: "generation", err: errWrong, want: errWrong},
		"no room for a while":      {what: "handle", err: errNoRoom, lasts: noRoomFor / 2},
		"no room":                  {what: "handle", err: errNoRoom, want: errNoRoom, atLeast: noRoomFor},
		"settings unknown":         {what: "meta", err: errWrong, want: errWrong},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.fail[c.what] = c.err
				w.topics[stream.TopicRaw], w.topics[stream.TopicRefused] = 1, 1
				if c.lasts > 0 {
					time.AfterFunc(c.lasts, func() { w.do(func() { delete(w.fail, c.what) }) })
				}
				p := w.pipeline(t, All()...)
				p.Start(t.Context())
				start := time.Now()
				err := p.Wait(t.Context(), Taken{}, nothing)
				if !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
				if took := time.Since(start); took < c.atLeast || took > c.atLeast+10*time.Minute {
					t.Errorf("it took %s, %s at least were due", took, c.atLeast)
				}
				p.Stop()
			})
		})
	}
}

// TestForgive: the fault of a stage is told to those who wait then, not to those after.
func TestForgive(t *testing.T) {
	p := newWorld().pipeline(t)
	p.setFault(errWrong)
	if err := p.poll(t.Context(), func() (bool, error) { return false, nil }); !errors.Is(err, errWrong) {
		t.Errorf("not told: %v", err)
	}
	p.Forgive()
	looked := false
	if err := p.poll(t.Context(), func() (bool, error) { was := looked; looked = true; return was, nil }); err != nil {
		t.Errorf("told again: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.poll(ctx, func() (bool, error) { return false, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("it went on: %v", err)
	}
}

// TestStagesBeginAnew: the enrich stage when it is told to or the generation rises, be it
// by another process; the feed when another index is put in use.
func TestStagesBeginAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p := w.pipeline(t, All()...)
		p.Renew() // none runs: nothing begins
		p.Start(t.Context())
		p.Start(t.Context()) // they run already
		synctest.Wait()
		expect := func(what string, made int, runs map[string]int) {
			t.Helper()
			time.Sleep(2 * lookEvery)
			synctest.Wait()
			w.do(func() {
				if diff := cmp.Diff(runs, w.running); diff != "" || w.made != made {
					t.Errorf("%s: %d stages made, want %d; runs (-want +got):\n%s", what, w.made, made, diff)
				}
			})
		}
		expect("at first", 1, map[string]int{"enrich-1": 1, "index-1": 1, "refused": 1})
		p.Renew()
		expect("told to", 2, map[string]int{"enrich-1": 2, "index-1": 1, "refused": 1})
		w.do(func() { w.generation++ })
		expect("another generation", 3, map[string]int{"enrich-1": 2, "enrich-2": 1, "index-1": 1, "refused": 1})
		w.do(func() { w.index++ })
		expect("another index", 3, map[string]int{"enrich-1": 2, "enrich-2": 1, "index-1": 1, "index-2": 1, "refused": 1})
		p.Stop()
		p.Stop()
		p.Start(t.Context())
		expect("stopped and started", 4, map[string]int{"enrich-1": 2, "enrich-2": 2, "index-1": 1, "index-2": 2, "refused": 2})
		p.Stop()
	})
}

// TestWork: a worker goes on after what passes, ends with what no time mends, and with
// its context.
func TestWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p := w.pipeline(t)
		p.Start(t.Context()) // nothing belongs inside: a worker must
		w.fail["run raw"] = errWrong
		time.AfterFunc(time.Minute, func() { w.do(func() { w.fail["run raw"] = errLost }) })
		start := time.Now()
		if err := p.Work(t.Context(), []string{Enrich, Index}); !errors.Is(err, errLost) || time.Since(start) < time.Minute {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		w.do(func() { delete(w.fail, "run raw"); w.topics[stream.TopicRaw] = 4 })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := p.Work(ctx, []string{Enrich, Index}); err != nil || w.handled[Index] != 4 {
			t.Errorf("%v; %v handled", err, w.handled)
		}
	})
}

// TestBrokenFile: a malformed file ends a stage, for no message is guilty of it.
func TestBrokenFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.topics[stream.TopicRaw], w.fail["handle"] = 1, errMalformed
		p := w.pipeline(t, Enrich)
		p.Start(t.Context())
		err := p.Wait(t.Context(), Taken{}, nothing)
		if !errors.Is(err, stream.ErrLost) || !errors.Is(err, errMalformed) {
			t.Errorf("%v", err)
		}
		p.Stop()
	})
}

// TestABatchIsFinished: a stage that must stop has a while for the batch it is in.
func TestABatchIsFinished(t *testing.T) {
	for name, c := range map[string]struct {
		takes time.Duration
		cut   bool
	}{"in time": {finishTime - time.Second, false}, "too long": {finishTime + time.Second, true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.topics[stream.TopicRaw] = 1
				p := w.pipeline(t)
				ctx, cancel := context.WithCancel(t.Context())
				var cut bool
				err := p.watched(Enrich).Run(ctx, "g", stream.TopicRaw, stream.RunOptions{}, func(ctx context.Context, _ []stream.Message) ([]stream.Refusal, error) {
					cancel()
					select {
					case <-ctx.Done():
						cut = true
					case <-time.After(c.takes):
					}
					return nil, nil
				})
				if err != nil || cut != c.cut {
					t.Errorf("cut: %v, %v", cut, err)
				}
			})
		})
	}
}

// TestFill: an index that is not in use is fed until it has all there is; what ends the
// feed before is told.
func TestFill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.topics[stream.TopicEnriched] = 7
		p := w.pipeline(t)
		var last Lag
		if err := p.Fill(t.Context(), "index-2", consumer{w, "next"}, func(l Lag) { last = l }); err != nil || last != (Lag{7, 7}) || w.handled["next"] != 7 {
			t.Errorf("%v; %v; %v", err, last, w.handled)
		}
		w.topics[stream.TopicEnriched], w.fail["handle next"] = 9, errWrong
		if err := p.Fill(t.Context(), "index-2", consumer{w, "next"}, func(Lag) {}); !errors.Is(err, errWrong) {
			t.Errorf("%v", err)
		}
		w.fail["end"] = errLost
		if err := p.Fill(t.Context(), "index-2", consumer{w, "next"}, func(Lag) {}); !errors.Is(err, errLost) {
			t.Errorf("%v", err)
		}
	})
}

// TestHeld: state remembers the furthest that a topic was seen to reach, and no less.
func TestHeld(t *testing.T) {
	w := newWorld()
	p := w.pipeline(t)
	for _, n := range []int64{5, 9, 4} { // the last: somebody deleted records
		w.topics[stream.TopicRaw] = n
		p.Captured(t.Context())
	}
	held, err := Held(t.Context(), w)
	if diff := cmp.Diff(map[string]int64{stream.TopicRaw: 9}, held); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	w.meta[HeldSetting(stream.TopicEnriched)] = "many"
	if _, err := Held(t.Context(), w); relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("%v", err)
	}
	w.topics[stream.TopicRaw] = 20
	p.Captured(t.Context()) // cannot be remembered, which harms nobody
	if w.meta[HeldSetting(stream.TopicRaw)] != "9" {
		t.Errorf("%v", w.meta)
	}
}

// TestFullDisk: an error for want of room says what to do, once; others stay as they are.
func TestFullDisk(t *testing.T) {
	err := FullDisk(errNoRoom)
	if relais.HintOf(err) == "" || !relais.NoRoom(err) || FullDisk(err).Error() != err.Error() {
		t.Errorf("%v, next: %s", err, relais.HintOf(err))
	}
	if got := FullDisk(errWrong); got != errWrong {
		t.Errorf("%v", got)
	}
}
