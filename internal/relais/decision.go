package relais

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DecisionKind is what a decision is about: what it says of its target.
type DecisionKind string

// The kinds of decision. Those on clients, topics and merges enter tagging as evidence
// that no rule outweighs.
const (
	DecidePrivacy DecisionKind = "privacy" // whether what may be personal is
	DecideClient  DecisionKind = "client"  // of which client it is, or is not
	DecideTopic   DecisionKind = "topic"   // of which topic it is, or is not
	DecideMerge   DecisionKind = "merge"   // two clients are one: the target is the value
)

// What a decision on a client or a topic may be about, beside a document; those on a
// document and a thread are of one case, the others of the archive.
const (
	AboutThread  About = "thread"  // the target is the SHA-256 of a document in it
	AboutAddress About = "address" // everything exchanged with a mail address
	AboutDomain  About = "domain"  // everything exchanged with a registrable domain
	AboutClient  About = "client"  // everything of a client
)

// What a decision on a client or a topic says of its value.
const (
	Is    Verdict = "is"
	IsNot Verdict = "is_not"
)

// OfArchive tells whether a decision about such a thing holds in every case.
func (a About) OfArchive() bool {
	return a == AboutAddress || a == AboutDomain || a == AboutClient
}

// Level orders what decisions may be about: one on a nearer thing outweighs those on
// wider ones, whichever came later. 0 is the nearest, a document.
func (a About) Level() int {
	return slices.Index([]About{AboutDocument, AboutThread, AboutAddress, AboutDomain, AboutClient}, a)
}

// Check tells what is wrong with a decision that somebody makes or brings along.
func (d Decision) Check() error {
	ok := d.Target != "" || d.Document != ""
	switch d.Kind {
	case DecidePrivacy:
		ok = ok && d.checkPrivacy()
	case DecideMerge:
		ok = ok && d.About == AboutClient && d.Verdict == Is && d.Value != "" && d.Value != d.Target
	case DecideClient:
		ok = ok && d.Value != "" && d.checkTag() && (d.About != AboutClient || d.Verdict == IsNot && d.Value == d.Target)
	case DecideTopic:
		ok = ok && d.Value != "" && d.checkTag()
	default:
		ok = false
	}
	switch {
	case !ok:
		return Errorf(KindInvalid, "decide", "no decision of kind %q says %q of a %s", d.Kind, d.Verdict, d.About)
	case d.About.OfArchive() && d.Case != "", d.At.IsZero(), d.Since > 0 && d.Until > 0 && d.Since >= d.Until:
		return Errorf(KindInvalid, "decide", "a decision says when it was made; one on a %s is of no case", d.About)
	case d.About != AboutDocument && d.About != AboutThread:
		return nil
	}
	return checkDigest(d.Target, d.Document)
}

// checkPrivacy tells whether a decision on privacy is one. That all that was exchanged with
// somebody is professional is none: what a mark says is settled one folder or rule at a
// time.
func (d Decision) checkPrivacy() bool {
	switch d.About {
	case AboutDocument, AboutFolder, AboutRule:
		return d.Verdict == Professional || d.Verdict == Personal
	case AboutAddress, AboutDomain:
		return d.Verdict == Personal
	}
	return false
}

func (d Decision) checkTag() bool {
	return (d.Verdict == Is || d.Verdict == IsNot) && d.About.Level() >= 0
}

// checkDigest tells whether the target of a decision on a document, once it is found, is
// the digest of its bytes.
func checkDigest(target string, id DocumentID) error {
	var digest Digest
	if target == "" && id != "" || digest.UnmarshalText([]byte(target)) == nil {
		return nil
	}
	return Errorf(KindInvalid, "decide", "the target is the SHA-256 of the captured bytes")
}

// Covers tells whether a decision holds for a document of a day, in days since 1970,
// 0 when it has none: a decision with dates holds for dated documents alone.
func (d Decision) Covers(day int64) bool {
	if d.Since == 0 && d.Until == 0 {
		return true
	}
	return day != 0 && (d.Since == 0 || day >= d.Since) && (d.Until == 0 || day < d.Until)
}

// NewDecisionID names a decision, from all that it says and its place in its sequence.
func NewDecisionID(d Decision) string {
	text := fmt.Sprintf("relais/decision/2 %q %d %q %q %q %q %q %d %d %q %d", d.Case, d.Seq, d.Kind, d.About, d.Target,
		d.Value, d.Verdict, d.Since, d.Until, d.Actor, d.At.UnixNano())
	id := DigestOf([]byte(text))
	prefix := "d"
	if d.Kind != "" {
		prefix = string(d.Kind[:1])
	}
	return prefix + "-" + hex.EncodeToString(id[:8])
}

// Merges gives the client that each merged client is one with, of decisions in the order
// they count. Of two on one client the later counts; one that would close a circle with
// those before it does not count, so that the same decisions always give the same.
func Merges(list []Decision) map[string]string {
	last := map[string]int{}
	for i, d := range list {
		if d.Kind == DecideMerge && d.Undone == nil {
			last[d.Target] = i
		}
	}
	into := map[string]string{}
	for i, d := range list {
		if at, ok := last[d.Target]; ok && at == i && d.Kind == DecideMerge && Survivor(into, d.Value) != d.Target {
			into[d.Target] = d.Value
		}
	}
	return into
}

// Survivor gives the client under which another, merged or not, is shown.
func Survivor(merges map[string]string, id string) string {
	for into, merged := merges[id]; merged; into, merged = merges[id] {
		id = into
	}
	return id
}

// MergedClient is a client that is one with another, under which its documents are shown.
type MergedClient struct {
	ID   string
	Name string // "" when it is not known
	Into string // the id of the other
}

// DecideRequest asks to decide of which client or topic something is or is not, or that
// two clients are one. What it is about is named once: documents, threads (by an id of
// theirs or of a document in them), addresses, domains or clients.
type DecideRequest struct {
	Kind      DecisionKind `json:"kind"`
	Value     string       `json:"value"` // a client or a topic, by its id or its name
	Not       bool         `json:"not,omitempty"`
	Documents []DocumentID `json:"documents,omitempty"`
	Threads   []string     `json:"threads,omitempty"`
	Addresses []string     `json:"addresses,omitempty"`
	Domains   []string     `json:"domains,omitempty"`
	Clients   []string     `json:"clients,omitempty"`
	Since     string       `json:"since,omitempty"` // YYYY-MM-DD: documents of that day or later
	Until     string       `json:"until,omitempty"` // YYYY-MM-DD: documents of that day or earlier
	Reason    string       `json:"reason,omitempty"`
	NoWait    bool         `json:"no_wait,omitempty"`
}

// Things counts what a request is about.
func (r DecideRequest) Things() int {
	return len(r.Documents) + len(r.Threads) + len(r.Addresses) + len(r.Domains) + len(r.Clients)
}

// Decided tells what decisions, or the undoing of one, have moved.
type Decided struct {
	Decisions []Decision `json:"decisions"`
	Documents int64      `json:"documents"`       // messages and files that are served otherwise from now on
	Known     int        `json:"known,omitempty"` // decisions that were brought and were there already
}

// DayOf reads a day, YYYY-MM-DD, as days since 1970; "" is 0.
func DayOf(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse(time.DateOnly, strings.TrimSpace(text))
	if err != nil {
		return 0, Errorf(KindInvalid, "read a day", "%q is no day: write YYYY-MM-DD", text)
	}
	const seconds = 24 * 60 * 60
	return t.Unix() / seconds, nil
}
