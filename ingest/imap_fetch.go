package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/relais-archive/relais/internal/backoff"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

const (
	// fetchAtOnce is how many messages one command asks for.
	fetchAtOnce = 256
	// maxBlamed is how many messages in a row may be refused before the folder is
	// given up: then it is the server that is broken, not its mail.
	maxBlamed = 32
)

// fetching is the reading of one folder.
type fetching struct {
	*mailbox
	name     boxName
	req      Request
	yield    func(Found) error
	validity uint32
	known    bool // validity is set
	selected *session

	uids    []imap.UID // to fetch, ascending
	settled map[imap.UID]bool
	passed  int // uids before this one are settled
	last    uint32
	held    bool  // the cursor stays: a message before it is worth another try
	blamed  int   // refused in a row
	broken  error // what broke the last connection, nil for an answer that could not be read
	stopped error // ends the folder: the run's end, or a server beyond use
}

// run selects the folder, asks which messages it has, and fetches those wanted.
func (r *fetching) run(ctx context.Context) error {
	if err := r.retried(ctx, r.list); err != nil {
		return err
	}
	r.settled = make(map[imap.UID]bool, len(r.uids))
	wanted := r.uids
	if r.req.Rule != nil {
		dates := &dating{fetching: r, date: map[imap.UID]time.Time{}}
		if err := r.drive(ctx, wanted, dates); err != nil {
			return err
		}
		var err error
		if wanted, err = dates.split(wanted); err != nil {
			return err
		}
	}
	if r.req.CountOnly {
		return r.count(wanted)
	}
	return r.drive(ctx, wanted, bodies{r})
}

// cursor says that all messages up to a UID are settled.
func (r *fetching) cursor() Cursor {
	if r.last == 0 {
		return ""
	}
	return Cursor(r.position(imap.UID(r.last)))
}

// position sorts as a string like the messages of a folder (RFC 3501, 2.3.1.1: UIDs
// only grow, as long as UIDVALIDITY stays).
func (r *fetching) position(uid imap.UID) string {
	return fmt.Sprintf("%010d.%010d", r.validity, uint32(uid))
}

// after gives the UID a cursor of this folder stands at, 0 for any other cursor.
func (r *fetching) after(c Cursor) uint32 {
	validity, uid, _ := strings.Cut(string(c), ".")
	v, err := strconv.ParseUint(validity, 10, 32)
	u, err2 := strconv.ParseUint(uid, 10, 32)
	if err != nil || err2 != nil || uint32(v) != r.validity {
		return 0
	}
	return uint32(u)
}

// on gives a connection on which the folder is selected, read only.
func (r *fetching) on(ctx context.Context) (*session, error) {
	s, err := r.connected(ctx)
	if err != nil || s == r.selected {
		return s, err
	}
	data, err := s.examine(r.name)
	if err != nil {
		return s, err
	}
	if r.known && data.UIDValidity != r.validity {
		return s, errRenumbered
	}
	if !r.known {
		r.req.Announce(int64(data.NumMessages))
	}
	r.validity, r.known, r.selected = data.UIDValidity, true, s
	return s, nil
}

// list asks for the messages after the cursor, without those known.
func (r *fetching) list(ctx context.Context) error {
	s, err := r.on(ctx)
	if err != nil {
		return err
	}
	r.last = r.after(r.req.After)
	from := imap.UID(r.last) + 1
	if r.uids, err = s.search(imap.UIDSet{{Start: from, Stop: 0}}); err != nil {
		return err
	}
	// "n:*" always names the last message, whatever n.
	r.uids = slices.DeleteFunc(r.uids, func(u imap.UID) bool { return u < from })
	return r.forget(ctx)
}

// forget drops the messages captured before.
func (r *fetching) forget(ctx context.Context) error {
	if len(r.uids) == 0 {
		return nil
	}
	known, err := r.req.Known(ctx)
	if err != nil {
		r.stopped = err
		return err
	}
	r.uids = slices.DeleteFunc(r.uids, func(u imap.UID) bool { return known(r.position(u)) })
	return nil
}

// retried does a step again on a new connection, as long as connections fail.
func (r *fetching) retried(ctx context.Context, step func(context.Context) error) error {
	pause := backoff.Pause{First: r.address.keep.pause}
	for try := 1; ; try++ {
		err := step(ctx)
		switch {
		case err == nil || r.stopped != nil || ctx.Err() != nil || errors.Is(err, errRenumbered) || r.dead != nil:
			return err
		case isAnswer(err):
			return relais.Errorf(relais.KindRefused, "open folder", "the server says %s", r.session.why(err))
		case try >= r.address.keep.tries:
			return relais.Errorf(relais.KindUnavailable, "open folder", "%s", r.session.why(err))
		}
		r.drop()
		if err := pause.Wait(ctx); err != nil {
			return err
		}
	}
}

// count hands out messages without their bytes.
func (r *fetching) count(uids []imap.UID) error {
	for _, u := range uids {
		if err := r.hand(u, Found{Kind: relais.KindMessage, Size: -1}, true); err != nil {
			return err
		}
	}
	return nil
}

// hand yields one message and moves the cursor over what is settled.
func (r *fetching) hand(uid imap.UID, f Found, forGood bool) error {
	if r.settled[uid] {
		closeBody(f.Body)
		return nil // sent twice
	}
	r.settled[uid] = true
	r.held = r.held || !forGood
	for r.passed < len(r.uids) && r.settled[r.uids[r.passed]] && !r.held {
		r.last = uint32(r.uids[r.passed])
		r.passed++
	}
	f.Position, f.Cursor = r.position(uid), r.cursor()
	r.stopped = r.yield(f)
	return r.stopped
}

// message is one message as fetched.
type message struct {
	uid      imap.UID
	flags    []string
	labels   []string
	received time.Time
	content  *content // nil: no bytes were sent
}

// discard gives back the bytes nobody takes.
func (m message) discard() {
	if m.content != nil {
		_ = m.content.close() // nothing was written that matters
	}
}

// extras is what is asked for beside a message's bytes.
type extras int

const (
	dateAndFlags extras = iota
	flagsOnly
	nothingElse
)

// purpose is what messages are fetched for.
type purpose interface {
	options(extras) *imap.FetchOptions
	take(message) error
	blame(uid imap.UID, why Reason, forGood bool) error
}

// bodies fetches messages to hand them out.
type bodies struct{ *fetching }

func (b bodies) options(extra extras) *imap.FetchOptions {
	return &imap.FetchOptions{UID: true, Flags: extra != nothingElse, InternalDate: extra == dateAndFlags,
		BodySection: []*imap.FetchItemBodySection{{Peek: true}}}
}

// take hands a message out.
func (b bodies) take(m message) error {
	return b.hand(m.uid, Found{Kind: relais.KindMessage, Size: m.content.size, Received: m.received,
		ReceivedFrom: relais.ReceivedInternal, Flags: m.flags, Labels: m.labels, Body: m.content}, true)
}

func (b bodies) blame(uid imap.UID, why Reason, forGood bool) error {
	return b.hand(uid, Found{Kind: relais.KindMessage, Size: -1, Refused: &why}, forGood)
}

// dating fetches dates alone, for the rules that look at them.
type dating struct {
	*fetching
	date map[imap.UID]time.Time
}

func (d *dating) options(extra extras) *imap.FetchOptions {
	return &imap.FetchOptions{UID: true, InternalDate: extra == dateAndFlags, BodySection: []*imap.FetchItemBodySection{
		{Peek: true, Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"Date"}}}}
}

// take keeps a message's date, INTERNALDATE where it has none.
func (d *dating) take(m message) error {
	d.date[m.uid] = format.PeekDate(m.content.head(), d.req.limits)
	if d.date[m.uid].IsZero() {
		d.date[m.uid] = m.received
	}
	return m.content.close()
}

// blame leaves the date unknown: the message itself will tell.
func (d *dating) blame(uid imap.UID, _ Reason, _ bool) error {
	d.date[uid] = time.Time{}
	return nil
}

// split yields what the rules leave out, and gives the rest.
func (d *dating) split(uids []imap.UID) ([]imap.UID, error) {
	var wanted []imap.UID
	for _, u := range uids {
		date, there := d.date[u]
		switch rule := d.req.Rule(date); {
		case !there: // expunged meanwhile
			d.settled[u] = true
		case rule != "":
			if err := d.hand(u, Found{Kind: relais.KindMessage, Size: -1, Left: rule}, true); err != nil {
				return nil, err
			}
		default:
			wanted = append(wanted, u)
		}
	}
	return wanted, nil
}
