package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// with reaches the archive, runs fn, and lets go.
func (a *app) with(ctx context.Context, create bool, fn func(*session) error) error {
	s, err := a.connect(ctx, create)
	if err != nil {
		return err
	}
	a.in(s)
	if s.held != nil && s.held.Notice != "" && !a.cfg.quiet {
		fmt.Fprintln(a.sys.err, s.held.Notice)
	}
	return errors.Join(fn(s), s.Close())
}

// watch runs a long verb of the operator and shows its events: each as a line of
// JSON, or progress on a terminal and the rest by show.
func (a *app) watch(ctx context.Context, path string, q url.Values, show func(relais.Event)) error {
	return a.watchBody(ctx, path, q, nil, "", show)
}

// send runs a verb that takes a request, as watch does.
func (a *app) send(ctx context.Context, path string, req any, show func(relais.Event)) error {
	body, err := json.Marshal(req)
	if err != nil {
		return relais.E(relais.KindInternal, "encode request", err)
	}
	return a.watchBody(ctx, path, nil, bytes.NewReader(body), "application/json", show)
}

// watchBody runs a verb that takes a body of some media type, as watch does.
func (a *app) watchBody(ctx context.Context, path string, q url.Values, body io.Reader, mediaType string, show func(relais.Event)) error {
	return a.with(ctx, false, func(s *session) error {
		p := a.newProgress()
		defer p.end()
		return s.Watch(ctx, path, q, body, mediaType, p.each(show))
	})
}

// resultOf reads an event's result as a value of its own type.
func resultOf(e relais.Event, v any) error {
	b, err := json.Marshal(e.Result)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	return err
}

// printJSON prints one value as one line.
func (a *app) printJSON(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return relais.E(relais.KindInternal, "encode", err)
	}
	_, err = fmt.Fprintln(a.sys.out, string(b))
	return err
}

// counts reads an event's result as the numbers it holds. One that is missing is 0.
func counts(e relais.Event) map[string]int64 {
	found := map[string]int64{}
	result, _ := e.Result.(map[string]any) // anything else holds none
	for name, v := range result {
		if n, ok := v.(float64); ok {
			found[name] = int64(n)
		}
	}
	return found
}

// progress draws one line on a terminal, over and over.
type progress struct {
	a       *app
	drawn   bool
	refused int // events that told of a refusal
}

func (a *app) newProgress() *progress { return &progress{a: a} }

// each gives a function that shows events: progress here, others by show.
func (p *progress) each(show func(relais.Event)) func(relais.Event) {
	return func(e relais.Event) {
		if e.Type == "refused" {
			p.refused++
		}
		switch {
		case p.a.json:
			_ = p.a.printJSON(e) // a broken pipe ends the program soon enough
		case e.Type == "progress":
			p.draw(e)
		default:
			p.end()
			show(e)
		}
	}
}

const barWidth = 24

func (p *progress) draw(e relais.Event) {
	if p.a.cfg.quiet || !terminal(p.a.sys.err) {
		return
	}
	p.drawn = true
	label := e.Stage
	if e.Folder != "" {
		label += " " + plain(e.Folder)
	}
	if e.Total > 0 {
		full := int(min(e.Done, e.Total) * barWidth / e.Total)
		fmt.Fprintf(p.a.sys.err, "\r\x1b[K%s%s %d/%d  %.40s", strings.Repeat("█", full), strings.Repeat("░", barWidth-full), e.Done, e.Total, label)
		return
	}
	fmt.Fprintf(p.a.sys.err, "\r\x1b[K%d  %.60s", e.Done, label)
}

// end wipes the line.
func (p *progress) end() {
	if p.drawn {
		p.drawn = false
		fmt.Fprint(p.a.sys.err, "\r\x1b[K")
	}
}

func sortedIDs[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
