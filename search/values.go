package search

import (
	"crypto/sha256"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

// Named is one value of a field, with the name people know it by, where it has one.
// The same id under two names, as after a client was renamed, is two values.
type Named struct{ ID, Name string }

// Values are what a document has in the fields that are filtered by value and
// counted: sorted by id, then by name, each once. Engines keep nothing else of them.
type Values struct {
	Case, Kind, Language []Named // one at most
	Types                []Named // families and media types, of the document and of its attachments
	Sender               []Named // one at most, in lower case
	Owners, Folders      []Named
	Clients              []Named // those shown: of relais.ShownConfidence and above
	Topics               []Named
	Attachment           []Named // yes or no
	Uncertain            []Named // clients under relais.ShownConfidence
	State                []Named // what ByState compares
}

// maxValue is the longest value that is kept of what a mail brings along, in bytes:
// broken headers hold addresses of many kilobytes, and no engine takes terms of any
// length. What is longer is cut, for every engine alike. Ids that a scope compares
// are never cut.
const maxValue = 1024

// ValuesOf gives a document's values.
func ValuesOf(e *relais.Envelope) Values {
	d := &e.Document
	v := Values{
		Case: one(string(e.CaseID), d.Case), Kind: one(string(d.Kind), ""), Language: one(cut(d.Language), ""),
		Types: types(d), Attachment: one("no", ""),
		Clients: tags(d.Clients, relais.ShownConfidence), Topics: tags(d.Topics, 0),
	}
	v.Uncertain = uncertain(d.Clients)
	if len(v.Uncertain) > 0 {
		v.State = one(StateUncertain, "")
	}
	v.State = distinct(append(v.State, one(string(d.ReadState()), "")...))
	if d.From != nil {
		v.Sender = one(cut(strings.ToLower(d.From.Address)), "")
	}
	if slices.ContainsFunc(d.Attachments, func(a relais.Attachment) bool { return !a.Inline }) {
		v.Attachment = one("yes", "")
	}
	for _, o := range d.Occurrences {
		v.Owners = append(v.Owners, one(cut(o.Owner), "")...)
		v.Folders = append(v.Folders, one(cut(o.Folder), "")...)
	}
	v.Owners, v.Folders = distinct(v.Owners), distinct(v.Folders)
	return v
}

// one makes a list of one value, or of none.
func one(id, name string) []Named {
	if id == "" {
		return nil
	}
	return []Named{{id, cut(name)}}
}

// types gives the media types of a document and of its attachments, and their
// families, which hold no slash.
func types(d *relais.Document) []Named {
	var l []Named
	add := func(mediaType string) {
		l = append(l, Named{ID: relais.Family(mediaType)})
		l = append(l, one(cut(strings.ToLower(mediaType)), "")...)
	}
	if d.Kind == relais.KindMessage && d.MediaType == "" {
		add("message/rfc822")
	} else {
		add(d.MediaType)
	}
	for _, a := range d.Attachments {
		add(a.MediaType)
	}
	return distinct(l)
}

// uncertain gives the clients that a document may be about, less surely than is shown.
func uncertain(list []relais.Tag) []Named {
	return tags(slices.DeleteFunc(slices.Clone(list), func(t relais.Tag) bool { return t.Confidence >= relais.ShownConfidence }), 0)
}

// tags gives those of some confidence at least: under relais.ShownConfidence a
// client is a guess for the review queue, and the document is not of its history.
func tags(all []relais.Tag, least int) []Named {
	var l []Named
	for _, t := range all {
		if t.Confidence >= least {
			l = append(l, one(t.ID, t.Name)...)
		}
	}
	return distinct(l)
}

// distinct sorts a list and drops what it holds twice.
func distinct(l []Named) []Named {
	if len(l) < 2 {
		return l
	}
	slices.SortFunc(l, func(a, b Named) int {
		if c := strings.Compare(a.ID, b.ID); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return slices.Compact(l)
}

// cut shortens a value to maxValue, between runes.
func cut(s string) string {
	if len(s) <= maxValue {
		return s
	}
	n := maxValue
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Folded gives the value as those of documents are compared: cut alike, then folded.
func (v Value) Folded() string { return Fold(cut(v.Value)) }

// Fold makes values comparable whatever their case and accents: see fold.Value.
func Fold(s string) string { return fold.Value(s) }

// Key is the beginning of a SHA-256: it stands for a value that is only ever
// compared, such as a Message-ID.
type Key [16]byte

// KeyOf gives the key of a value that queries compare folded; none has the zero key.
func KeyOf(s string) (k Key) {
	if s == "" {
		return k
	}
	sum := sha256.Sum256([]byte(Fold(s)))
	copy(k[:], sum[:])
	return k
}
