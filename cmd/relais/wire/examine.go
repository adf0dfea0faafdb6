package wire

import (
	"context"
	"fmt"
	"time"

	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
)

// Finding is what was found of one of the things that an archive rests on.
type Finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

// NewFinding says of one thing what an error tells, or that it is fine.
func NewFinding(name, fine string, err error) Finding {
	if err == nil {
		return Finding{Name: name, OK: true, Detail: fine}
	}
	return Finding{Name: name, Detail: err.Error(), Fix: relais.HintOf(err)}
}

// ExamineServers opens what an archive on servers rests on, each whether or not the one
// before it opens: whoever mends one wants to know of all.
func (p Program) ExamineServers(ctx context.Context) (found []Finding) {
	o := &opening{Program: p, half: true}
	defer func() {
		if err := closeAll(o.closers); err != nil {
			found = append(found, Finding{Name: "close", Detail: err.Error()})
		}
	}()
	parts := o.onServers()
	known := bounded(ctx, parts[0].open)
	if known == nil {
		known = bounded(ctx, parts[0].check)
	}
	found = append(found, NewFinding(parts[0].name, "PostgreSQL answers, and takes what is written; its schema is this program's", known))
	if known == nil {
		known = bounded(ctx, func(ctx context.Context) error { return o.readSettings(ctx, false) })
		found = append(found, NewFinding("archive", "namespace "+o.Namespace+" holds one", known), o.examineClock(ctx))
	}
	for _, p := range parts[1:] {
		found = append(found, o.examine(ctx, p, known))
	}
	return found
}

// examine opens one part and looks at it. Without state, those that are not reached
// by it are looked at all the same.
func (o *opening) examine(ctx context.Context, p part, known error) Finding {
	if known != nil && p.name != "blobs" && p.name != "stream" {
		return Finding{Name: p.name, Detail: "not looked at: it cannot be told without state and an archive"}
	}
	err := bounded(ctx, p.open)
	if err == nil {
		err = bounded(ctx, p.check)
	}
	if err == nil && p.name == "stream" {
		err = bounded(ctx, func(ctx context.Context) error { return pipeline.LogError("check", o.servers.broker(ctx)) })
	}
	return NewFinding(p.name, "answers, lets us in, is set as it must be", err)
}

// answerTime is how long a server has for one question of whoever examines it.
const answerTime = 10 * time.Second

// bounded asks a server, and says so where it gives no answer.
func bounded(ctx context.Context, ask func(context.Context) error) error {
	timed, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	err := ask(timed)
	if err != nil && timed.Err() != nil && ctx.Err() == nil {
		err = relais.Errorf(relais.KindUnavailable, "ask", "no answer within %s: %w", answerTime, err)
	}
	return err
}

// clockSkew is how far the clocks of two machines may be apart before tokens, and the
// order of what is logged, suffer.
const clockSkew = 5 * time.Second

// examineClock compares this machine's clock with the database's.
func (o *opening) examineClock(ctx context.Context) Finding {
	var theirs time.Time
	err := bounded(ctx, func(ctx context.Context) (err error) { theirs, err = o.on.State.Now(ctx); return err })
	if err != nil {
		return NewFinding("clock", "", err)
	}
	skew := time.Since(theirs).Round(time.Millisecond)
	if skew.Abs() > clockSkew {
		return Finding{Name: "clock", Detail: fmt.Sprintf("this machine and the database's are %s apart", skew.Abs()), Fix: "set both by NTP"}
	}
	return Finding{Name: "clock", OK: true, Detail: fmt.Sprintf("within %s of the database's", skew.Abs())}
}
