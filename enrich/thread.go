package enrich

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// links is what ties a message to its conversation: keys that whoever shares one
// hangs together with, and its subject for those that name no other message.
type links struct {
	id      string // the Message-ID
	keys    []string
	subject state.Subject // Subject is "" when there is none to go by
}

// messageLinks follows JWZ's threading in two points: Message-ID, References and
// In-Reply-To tie messages whichever comes first, also through messages nobody has;
// and a reply that names none of them is tied by its subject. Unlike JWZ, a subject
// ties only messages that share a person within two months: "Facture" is not one
// conversation.
func messageLinks(m *format.Mail, owner relais.Owner, doc relais.Document) links {
	l := links{id: m.MessageID, keys: []string{threadKey("document", string(doc.ID))}}
	for _, id := range slices.Concat([]string{m.MessageID}, m.InReplyTo, m.References) {
		if id != "" {
			l.keys = append(l.keys, threadKey("message", id))
		}
	}
	if id := startOf(m); id != "" {
		l.keys = append(l.keys, startKey(id))
	}
	if index := conversationOf(tag.Header(m, "Thread-Index")); index != "" {
		l.keys = append(l.keys, threadKey("conversation", index))
	}
	slices.Sort(l.keys)
	l.keys = slices.Compact(l.keys)
	base, reply := tag.ThreadSubject(m.Subject)
	if len([]rune(base)) < 4 || doc.Date.IsZero() {
		return l
	}
	l.subject = state.Subject{
		Document: doc.ID, Subject: threadKey("subject", base), Day: dayOf(doc.Date),
		Orphan: reply && len(m.InReplyTo) == 0 && len(m.References) == 0, People: people(m, owner),
	}
	return l
}

// conversationOf gives the part of a Thread-Index that all messages of an Exchange
// conversation share ([MS-OXOMSG] section 2.2.1.3): a byte that is always 1, five of the
// time and a GUID; each reply adds five bytes. What is formed otherwise is "".
func conversationOf(index string) string {
	const shared, reply = 22, 5
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(index), ""))
	if err != nil || len(b) < shared || (len(b)-shared)%reply != 0 || b[0] != 1 {
		return ""
	}
	return hex.EncodeToString(b[:shared])
}

// startOf gives the Message-ID of the message that began the conversation, as far as
// this one tells: RFC 5322 has References begin with it.
func startOf(m *format.Mail) string {
	for _, ids := range [][]string{m.References, m.InReplyTo, {m.MessageID}} {
		for _, id := range ids {
			if id != "" {
				return id
			}
		}
	}
	return ""
}

func threadKey(kind, value string) string {
	h := sha256.Sum256([]byte("relais/thread/1 " + kind + " " + value))
	return hex.EncodeToString(h[:12])
}

// startKey is the key of a conversation's first message as such. It is smaller than
// other keys: as a thread is named by its smallest, the name is there from the first
// message on, whichever that is, and no later one changes it.
func startKey(id string) string { return "0000" + threadKey("start", id)[4:] }

// people gives digests of who took part in a message, but the owner.
func people(m *format.Mail, owner relais.Owner) []string {
	var list []string
	for _, a := range slices.Concat(m.From, m.To, m.Cc) {
		if address := strings.ToLower(a.Address); address != "" && !owner.Is(address) {
			list = append(list, threadKey("person", address))
		}
		if len(list) == 100 {
			break
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// subjectWindow is how many days apart two messages of one subject may be.
const subjectWindow = 60

// tied tells whether a subject ties two messages: symmetric, and a pure function of
// the two, so that the order of arrival does not matter.
func tied(a, b *state.Subject) bool {
	if !a.Orphan && !b.Orphan || a.Document == b.Document {
		return false
	}
	if d := a.Day - b.Day; d > subjectWindow || d < -subjectWindow {
		return false
	}
	for _, p := range a.People {
		if _, shared := slices.BinarySearch(b.People, p); shared {
			return true
		}
	}
	return false
}

// weave puts the messages of a merge into their threads and gives the thread of each
// document. A thread is named by the smallest key that hangs together with it.
func weave(ctx context.Context, m *state.Merging, readings []reading) (map[relais.DocumentID]string, error) {
	sets, err := linkSubjects(ctx, m, readings)
	if err != nil {
		return nil, err
	}
	known, err := m.Threads(ctx, sets.keys())
	if err != nil {
		return nil, err
	}
	for key, thread := range known {
		sets.join(key, thread) // a thread's name is the smallest of its keys
	}
	puts := map[string]string{}
	moved := map[string]string{}
	for _, key := range sets.keys() {
		thread := sets.find(key)
		old, had := known[key]
		if !had || old != thread {
			puts[key] = thread
		}
		if had && old != thread {
			moved[old] = thread
		}
	}
	for _, from := range sortedKeys(moved) {
		if err := m.MoveThread(ctx, from, moved[from]); err != nil {
			return nil, err
		}
	}
	if err := m.PutThreads(ctx, puts); err != nil {
		return nil, err
	}
	threads := make(map[relais.DocumentID]string, len(readings))
	for _, g := range readings {
		if len(g.links.keys) > 0 {
			threads[g.document] = sets.find(g.links.keys[0])
		}
	}
	return threads, nil
}

// linkSubjects joins each reading's keys, and those of messages tied to it by
// subject, whenever those were merged.
func linkSubjects(ctx context.Context, m *state.Merging, readings []reading) (*disjoint, error) {
	sets := newDisjoint()
	var subjects []string
	fresh := map[string]state.Subject{}
	for _, g := range readings {
		for _, key := range g.links.keys {
			sets.join(g.links.keys[0], key)
		}
		if s := g.links.subject; s.Subject != "" {
			subjects = append(subjects, s.Subject)
			key := s.Subject + string(s.Document)
			fresh[key] = uniteSubjects(fresh[key], s)
		}
	}
	slices.Sort(subjects)
	known, err := m.Subjects(ctx, slices.Compact(subjects))
	if err != nil {
		return nil, err
	}
	var puts []state.Subject
	sharing := map[string]*sameSubject{}
	for subject, list := range known {
		sharing[subject] = newSameSubject(list)
	}
	for _, key := range sortedKeys(fresh) {
		s := fresh[key]
		same := sharing[s.Subject]
		if same == nil {
			same = newSameSubject(nil)
			sharing[s.Subject] = same
		}
		if had, ok := same.known[s.Document]; ok {
			s = uniteSubjects(*had, s)
		}
		same.tiedTo(&s, func(other relais.DocumentID) {
			sets.join(threadKey("document", string(s.Document)), threadKey("document", string(other)))
		})
		same.add(&s)
		puts = append(puts, s)
	}
	return sets, m.PutSubjects(ctx, puts)
}

// sameSubject is the messages of one subject. Those that name no other are apart: they
// alone tie what names one, so that a conversation of thousands is not gone through for
// each message that comes to it.
type sameSubject struct {
	known           map[relais.DocumentID]*state.Subject
	orphans, others []*state.Subject
}

func newSameSubject(list []state.Subject) *sameSubject {
	same := &sameSubject{known: make(map[relais.DocumentID]*state.Subject, len(list))}
	for i := range list {
		same.add(&list[i])
	}
	return same
}

func (same *sameSubject) add(s *state.Subject) {
	same.known[s.Document] = s
	if s.Orphan {
		same.orphans = append(same.orphans, s)
	} else {
		same.others = append(same.others, s)
	}
}

// tiedTo calls fn for those that the subject ties a message to.
func (same *sameSubject) tiedTo(s *state.Subject, fn func(relais.DocumentID)) {
	lists := [2][]*state.Subject{same.orphans, same.others}
	if !s.Orphan {
		lists[1] = nil
	}
	for _, list := range lists {
		for _, other := range list {
			if tied(s, other) {
				fn(other.Document)
			}
		}
	}
}

// uniteSubjects makes one of what two copies of a message say: one may name other
// messages where the other does not, or be from another owner's mailbox.
func uniteSubjects(had, s state.Subject) state.Subject {
	s.Orphan = s.Orphan || had.Orphan
	s.People = slices.Concat(had.People, s.People)
	slices.Sort(s.People)
	s.People = slices.Compact(s.People)
	return s
}

// disjoint is a union of sets of keys, each named by its smallest key.
type disjoint struct{ parent map[string]string }

func newDisjoint() *disjoint { return &disjoint{parent: map[string]string{}} }

func (d *disjoint) find(k string) string {
	p, ok := d.parent[k]
	if !ok {
		d.parent[k] = k
		return k
	}
	if p == k {
		return k
	}
	root := d.find(p)
	d.parent[k] = root
	return root
}

func (d *disjoint) join(a, b string) {
	x, y := d.find(a), d.find(b)
	if x > y {
		x, y = y, x
	}
	d.parent[y] = x
}

func (d *disjoint) keys() []string { return sortedKeys(d.parent) }
