package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// survey goes through the names, to know which folders are maildirs and what stands
// beside files that may be mailboxes, or indexes of them.
func (r *zipReading) survey(ctx context.Context) error {
	r.held, r.messages = map[string][]format.Beside{}, map[string]bool{}
	r.maildirs, r.neighbours, r.again = map[string]bool{}, map[string]bool{}, map[int]bool{}
	names, members := map[[8]byte]bool{}, 0 // by hash: a million long ones would cost memory
	err := r.each(ctx, func(m format.Member) error {
		members++
		if m.Reason == "limit" {
			return nil
		}
		sum := relais.DigestOf([]byte(m.Name))
		if key := [8]byte(sum[:8]); !names[key] {
			names[key] = true
		} else {
			r.again[members] = true
		}
		if dir := path.Dir(m.Name); path.Base(dir) == "cur" {
			r.maildirs[path.Dir(dir)] = true
		}
		r.note(m.Name)
		r.keep(m)
		return nil
	})
	if relais.KindOf(err) == relais.KindDamaged {
		return nil // what can be listed is captured first
	}
	return err
}

// note keeps a name that tells what stands beside it, and the folders above it that do.
func (r *zipReading) note(name string) {
	if at, ok := appleMessage(name); ok {
		r.messages[at] = true
	}
	if tellsMailboxes(path.Base(name)) {
		r.neighbours[path.Dir(name)+"/"] = true
	}
	if ext := path.Ext(name); ext == "" || ext == ".index" || ext == ".msf" || strings.EqualFold(ext, ".mbx") || strings.EqualFold(ext, ".mbox") {
		r.neighbours[name] = true
	}
	for at := path.Dir(name); at != "." && at != "/"; at = path.Dir(at) {
		if ext := path.Ext(at); ext == ".sbd" || ext == ".directory" {
			r.neighbours[at] = true
		}
		if tellsMailboxes(path.Base(at)) {
			r.neighbours[path.Dir(at)+"/"] = true
		}
	}
}

// folder names a folder of the archive, for the files that stand in it.
func (r *zipReading) folder(dir string) string {
	if (dir == "" || dir == ".") && r.maildirs["."] {
		return "INBOX"
	}
	return r.naming(dir).loose
}

// naming names the folders at a path of the archive; within a maildir, as Maildir++ does.
func (r *zipReading) naming(dir string) (n naming) {
	if dir == "" || dir == "." {
		return n
	}
	at := "."
	for level := range strings.SplitSeq(dir, "/") {
		n = n.below(level, r.maildirs[at])
		at = path.Join(at, level)
	}
	return n
}

// around tells what stands beside a member.
func (r *zipReading) around(name string) around {
	dir := path.Dir(name)
	return around{
		maildir: r.maildirs[dir], mailboxes: r.neighbours[dir+"/"],
		beside: func(name string) bool { return r.neighbours[path.Join(dir, name)] },
		head: func() []byte {
			head, _ := r.in.Peek(64) // what cannot be read is told when it is read
			return head
		},
	}
}

// isMbox tells whether a member is an mbox, and gives its bytes again: few members must
// be read to their end for that.
func (r *zipReading) isMbox(l layers, in io.Reader, m format.Member) (is bool, again io.Reader, err error) {
	name := strings.TrimSuffix(m.Name, l.ext)
	is, sure := l.tellsMbox(m.Name, hintOf(m.Name, r.around(m.Name)))
	if sure {
		return is, in, nil
	}
	if len(l.head) < sniffBytes {
		return holdsMessages(bytes.NewReader(l.head), name), in, nil
	}
	if m.Size > zipReadTwice {
		return l.kind == format.KindMbox, in, nil
	}
	c, err := r.req.content(in, -1)
	if err != nil {
		return false, nil, err
	}
	whole, err := c.open()
	if err != nil {
		return false, nil, errors.Join(err, c.close())
	}
	return holdsMessages(whole, name), c, nil
}
