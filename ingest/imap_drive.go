package ingest

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/relais-archive/relais/internal/relais"
)

// errOversize says that the connection is at the start of bytes that nobody will read.
var errOversize = errors.New("a message over the limit")

// maxMessages bounds what a folder may claim to hold.
const maxMessages = 50_000_000

// drive fetches messages, many at once. When the server's answer ends early or
// cannot be read, the message it stopped at is asked for alone, and the range is
// halved until all goes well again.
func (r *fetching) drive(ctx context.Context, uids []imap.UID, p purpose) error {
	for size := fetchAtOnce; len(uids) > 0; {
		n := min(size, len(uids))
		got, err := r.fetch(ctx, uids[:n], p, dateAndFlags)
		if r.over(ctx, err) {
			return err
		}
		uids = slices.DeleteFunc(slices.Clone(uids), func(u imap.UID) bool { return got[u] })
		switch {
		case len(got) == n:
			size = min(2*size, fetchAtOnce)
		case errors.Is(err, errOversize):
			// This message's fault is recorded; the others are not affected.
		default:
			if err := r.alone(ctx, uids[0], p); err != nil {
				return err
			}
			uids, size = uids[1:], max(1, n/2)
		}
	}
	return nil
}

// over tells whether the folder's reading has come to its end by an error.
func (r *fetching) over(ctx context.Context, err error) bool {
	return err != nil && (r.stopped != nil || r.dead != nil || ctx.Err() != nil || errors.Is(err, errRenumbered))
}

// alone fetches one message that may be to blame: as it is, then without its date and then
// its flags, which servers get wrong (the flags last: one may be a mark of privacy), and
// then it is refused. A message that only cost us connections is refused for now: the
// cursor stays before it.
func (r *fetching) alone(ctx context.Context, uid imap.UID, p purpose) error {
	why, forGood := Reason{ReasonServer, "the server's answer cannot be read"}, true
	for _, extra := range []extras{dateAndFlags, flagsOnly, nothingElse, nothingElse} {
		got, err := r.fetch(ctx, []imap.UID{uid}, p, extra)
		switch {
		case r.over(ctx, err):
			return err
		case got[uid]:
			r.blamed = 0
			return nil
		case err == nil:
			there, err := r.exists(ctx, uid)
			if err != nil || !there {
				r.settled[uid] = true // expunged meanwhile
				return err
			}
			why, forGood = Reason{ReasonNoData, "the server lists it and sends nothing"}, false
		case isAnswer(err):
			why, forGood = Reason{ReasonServer, "the server refuses to send it"}, false
		case r.broken != nil:
			why, forGood = Reason{ReasonServer, "the connection is lost each time"}, false
		}
	}
	if r.blamed++; r.blamed > maxBlamed {
		r.stopped = relais.Errorf(relais.KindUnavailable, "fetch messages", "%d in a row cannot be had", maxBlamed)
		return r.stopped
	}
	return p.blame(uid, why, forGood)
}

// fetch asks for messages and passes on what comes: UID, bytes and extras. It tells
// which messages are settled.
func (r *fetching) fetch(ctx context.Context, uids []imap.UID, p purpose, extra extras) (map[imap.UID]bool, error) {
	if err := r.retried(ctx, func(ctx context.Context) error { _, err := r.on(ctx); return err }); err != nil {
		if r.stopped == nil && !errors.Is(err, errRenumbered) {
			r.stopped = err
		}
		return nil, err
	}
	s := r.session
	s.allow()
	got := make(map[imap.UID]bool, len(uids))
	command := s.client.Fetch(imap.UIDSetNum(uids...), p.options(extra))
	err := r.receive(s, command, p, got)
	switch {
	case err == nil:
		err = command.Close()
	case !errors.Is(err, errLiteral):
		// go-imap waits for us to take what it reads: first nothing more may arrive, then
		// the rest must be taken, and only then can the client be closed.
		s.guard.leave()
		_ = command.Close() // has an error already
	}
	r.broken = s.guard.fault()
	if err == nil || isAnswer(err) {
		s.guard.rest()
	} else {
		r.drop()
	}
	return got, err
}

// receive takes the messages of one answer, each to its end before the next.
func (r *fetching) receive(s *session, command *imapclient.FetchCommand, p purpose, got map[imap.UID]bool) error {
	for {
		s.allow()
		data := command.Next()
		if data == nil {
			return nil
		}
		m, err := r.message(s, data)
		switch {
		case errors.Is(err, errOversize) && m.uid != 0:
			got[m.uid] = true
			return errors.Join(err, p.blame(m.uid, Reason{ReasonTooLarge, errTooLarge.Error()}, true))
		case err != nil:
			m.discard()
			return err
		case m.uid == 0 || m.content == nil:
			m.discard()
			continue // not what was asked for: it will be missed
		}
		got[m.uid] = true
		if err := p.take(m); err != nil {
			r.stopped = err
			return err
		}
	}
}

// message reads one message's data items.
func (r *fetching) message(s *session, data *imapclient.FetchMessageData) (m message, err error) {
	for item := data.Next(); item != nil; item = data.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m.uid = item.UID
		case imapclient.FetchItemDataFlags:
			m.flags, m.labels = flagsOf(item.Flags)
		case imapclient.FetchItemDataInternalDate:
			m.received = item.Time
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil || m.content != nil {
				continue
			}
			if m.content, err = r.literal(s, item.Literal); err != nil {
				return m, err
			}
		}
	}
	return m, nil
}

// errLiteral says that a message's bytes were not read to their end. The connection
// is closed then, and go-imap's command must not be touched again: it would read
// the literal once more, beside its own reader.
var errLiteral = errors.New("the bytes were not read to their end")

// literal reads a message's bytes. A connection cut within them looks like their
// end to go-imap: only the size tells (readContent compares).
func (r *fetching) literal(s *session, l imap.LiteralReader) (c *content, err error) {
	in := &ended{r: l}
	if l.Size() > r.req.limits.ItemBytes {
		err = errOversize
	} else {
		s.guard.allow(l.Size()+answerBytes, s.keep.literal(l.Size()))
		c, err = r.req.content(in, l.Size())
	}
	if err == nil {
		return c, nil
	}
	s.guard.leave()
	_, _ = io.Copy(io.Discard, in) // what is buffered: go-imap waits for its end
	return nil, errors.Join(errLiteral, err)
}

// ended is a reader that is left alone once it has come to an end.
type ended struct {
	r   io.Reader
	err error
}

func (e *ended) Read(p []byte) (n int, err error) {
	if e.err == nil {
		n, e.err = e.r.Read(p)
	}
	return n, e.err
}

// exists asks whether a message is still there.
func (r *fetching) exists(ctx context.Context, uid imap.UID) (bool, error) {
	there := false
	err := r.retried(ctx, func(ctx context.Context) error {
		s, err := r.on(ctx)
		if err != nil {
			return err
		}
		found, err := s.search(imap.UIDSetNum(uid))
		there = slices.Contains(found, uid)
		return err
	})
	return there, err
}

// search gives the messages of a set that are there, in ascending order, whatever
// order and repetitions the server takes.
func (s *session) search(set imap.UIDSet) ([]imap.UID, error) {
	defer s.watch()()
	data, err := s.client.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{set}}, nil).Wait()
	if err != nil {
		return nil, err
	}
	ranges, ok := data.All.(imap.UIDSet)
	if !ok {
		return nil, nil
	}
	var uids []imap.UID
	for _, g := range ranges {
		if g.Start == 0 || g.Stop < g.Start || int64(len(uids))+int64(g.Stop-g.Start) >= maxMessages {
			return nil, relais.Errorf(relais.KindRefused, "list messages", "the server claims too many")
		}
		for u := g.Start; u <= g.Stop && u >= g.Start; u++ {
			uids = append(uids, u)
		}
	}
	slices.Sort(uids)
	return slices.Compact(uids), nil
}
