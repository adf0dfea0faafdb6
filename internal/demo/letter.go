package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// letter is one message, ready to be written.
type letter struct {
	id       string // Message-ID, without angle brackets
	from     *person
	to, cc   []*person
	subject  string
	date     time.Time
	text     string // what its author wrote
	parent   *letter
	forward  bool // the parent is forwarded, not answered
	lang     string
	manner   manner
	files    []file
	folders  []string // the first is where it was delivered
	answered bool
	damaged  bool

	thread, topic string
	client        *string // nil where the CRM does not know it
	personal      bool
	fact          string
	headline      int // rank among facts; 99 when none is given
}

// file is an attachment.
type file struct {
	name, media string
	data        []byte
}

// stage turns scenes into letters.
type stage struct {
	cast    *cast
	letters []*letter
}

// play adds the letters of a story.
func (s *stage) play(sc scene) error {
	var told []*letter
	for i, st := range sc.steps {
		at := paris(daysBefore(st.days, sc.head["personal"] == ""), st.hour, st.minute)
		v := values{at: at, lang: sc.head["lang"]}
		l, err := s.write(sc, st, v, sc.head["client"], sc.name, told)
		if err != nil {
			return fmt.Errorf("%s, message %d: %w", sc.name, i+1, err)
		}
		told = append(told, l)
	}
	return nil
}

// improvise adds the letters of a routine, with a client and figures drawn by lot.
func (s *stage) improvise(sc scene, round int) error {
	r := seeded(sc.name, round)
	client := sc.head["client"]
	if client == "" {
		list := s.cast.order
		if only := splitList(sc.head["clients"]); only != nil {
			list = only
		} else {
			list = without(list, "C08", "C03") // English speaks for itself, and SEVO was lost
		}
		client = pick(r, list)
	}
	from, to, _ := strings.Cut(sc.head["days"], "-")
	low, err1 := strconv.Atoi(from)
	high, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("%s: days %q", sc.name, sc.head["days"])
	}
	start := low + r.IntN(high-low)
	v := values{lang: sc.head["lang"], choose: r, same: map[string]int{}, named: drawValues(r, s.cast, client, daysBefore(start, true))}
	v.contact = s.cast.people[rep]
	if list := s.cast.who(client, sc.head["role"]); len(list) > 0 {
		v.contact = pick(r, list)
	}
	var told []*letter
	for i, st := range sc.steps {
		v.at = paris(daysBefore(start-st.days, true), st.hour, st.minute).Add(time.Duration(r.IntN(50)) * time.Minute)
		l, err := s.write(sc, st, v, client, fmt.Sprintf("%s-%d", sc.name, round), told)
		if err != nil {
			return fmt.Errorf("%s, message %d: %w", sc.name, i+1, err)
		}
		told = append(told, l)
	}
	return nil
}

func without(list []string, names ...string) (rest []string) {
	for _, v := range list {
		keep := true
		for _, n := range names {
			keep = keep && v != n
		}
		if keep {
			rest = append(rest, v)
		}
	}
	return rest
}

// folder is where what comes in is filed: as the scene says, else for one client in
// two in a folder of its own.
func (s *stage) folder(sc scene, client string, v values) string {
	if f := sc.head["folder"]; f != "" {
		return f
	}
	a := s.cast.accounts[client]
	if a == nil || v.choose == nil || v.choose.IntN(2) == 0 {
		return inbox
	}
	return "Clients/" + strings.TrimSuffix(a.name, " Ltd")
}

// inbox is the root of the mailbox.
const inbox = "INBOX"

// write makes one letter of a step; told are those of the scene so far.
func (s *stage) write(sc scene, st step, v values, client, thread string, told []*letter) (*letter, error) {
	l := &letter{date: v.at, lang: orElse(sc.head["lang"], "fr"), thread: fmt.Sprintf("%s-%d", thread, len(told)), personal: sc.head["personal"] != ""}
	if n := len(told); n > 0 && !l.date.After(told[n-1].date) {
		l.date = told[n-1].date.Add(23 * time.Minute)
	}
	var err error
	if l.from, err = s.person(st.from, v); err != nil {
		return nil, err
	}
	if l.to, err = s.persons(st.to, v); err != nil {
		return nil, err
	}
	if l.cc, err = s.persons(st.cc, v); err != nil {
		return nil, err
	}
	l.manner = mannerOf(st.head["style"], l.from)
	l.topic = orElse(st.head["topic"], sc.head["topic"])
	l.fact, l.damaged = v.expand(st.head["fact"]), st.head["damaged"] != ""
	if l.headline, err = strconv.Atoi(orElse(st.head["headline"], "99")); err != nil {
		return nil, err
	}
	l.client = truthClient(client)
	l.subject = v.expand(st.head["subject"])
	l.answers(told)
	if l.subject == "" {
		return nil, errors.New("no subject")
	}
	l.text = v.expand(st.text)
	l.id = messageID(l)
	for _, a := range st.attach {
		f, err := s.make(a, v, l)
		if err != nil {
			return nil, err
		}
		l.files = append(l.files, f)
	}
	l.deliver(s.folder(sc, client, v), len(s.letters))
	if l.parent != nil && l.from.key == rep && !l.forward {
		l.parent.answered = true
	}
	s.letters = append(s.letters, l)
	return l, nil
}

func (s *stage) person(name string, v values) (*person, error) {
	switch name {
	case "me":
		name = rep
	case "contact":
		return v.contact, nil
	}
	if p := s.cast.people[name]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("nobody is called %q", name)
}

func (s *stage) persons(names []string, v values) (list []*person, err error) {
	for _, n := range names {
		p, err := s.person(n, v)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func truthClient(id string) *string {
	switch id {
	case "?":
		return nil
	case "-":
		id = ""
	}
	return &id
}

// answers finds what the letter answers, and gives it its subject: the last one that
// its author and somebody it is written to have both seen, or that the latter has
// seen, handed on by word of mouth. A message with a subject of its own begins a
// thread, but for one that forwards ("TR:").
func (l *letter) answers(told []*letter) {
	l.forward = strings.HasPrefix(l.subject, "TR: ")
	if l.subject != "" && !l.forward {
		return
	}
	known := func(t *letter) bool { return slices.ContainsFunc(l.to, t.seen) }
	if l.forward {
		known = func(t *letter) bool { return t.seen(l.from) }
	}
	for _, t := range told {
		both := known(t) && t.seen(l.from)
		if both || known(t) && (l.parent == nil || !l.parent.seen(l.from)) {
			l.parent = t
		}
	}
	if l.parent == nil {
		return
	}
	l.thread = l.parent.thread
	if l.subject == "" {
		l.subject = "Re: " + strings.TrimPrefix(strings.TrimPrefix(l.parent.subject, "Re: "), "TR: ")
	}
}

// seen tells whether somebody wrote or received the letter.
func (l *letter) seen(p *person) bool {
	return l.from == p || slices.Contains(l.to, p) || slices.Contains(l.cc, p)
}

// deliver chooses the folders: what she sent lies in Sent, what she received in the
// inbox or where she filed it. Quotations are filed twice, and now and then a message
// was copied instead of moved.
func (l *letter) deliver(filed string, lot int) {
	switch {
	case l.from.key != rep && filed == "":
		l.folders = []string{inbox}
	case l.from.key != rep && lot%14 == 0 && filed != inbox && !l.personal:
		l.folders = []string{filed, inbox}
	case l.from.key != rep:
		l.folders = []string{filed}
	case l.personal && filed != inbox:
		l.folders = []string{filed}
	default:
		l.folders = []string{"Sent"}
	}
	for _, f := range l.files {
		if l.from.key == rep && strings.HasPrefix(f.name, "Devis ") {
			l.folders = append(l.folders, "Devis")
		}
	}
}

// messageID names a message after what it is, on every run alike.
func messageID(l *letter) string {
	sum := sha256.Sum256([]byte(l.thread + l.date.String() + l.from.email + l.subject))
	return hex.EncodeToString(sum[:9]) + "@" + l.from.domain()
}
