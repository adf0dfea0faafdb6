package ingest

import (
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// The rules that leave items out, as they stand in a balance.
const (
	ruleSince   = "since"
	ruleUntil   = "until"
	ruleFolder  = "folder"
	ruleSystem  = "system_file"  // of a desktop
	ruleControl = "control_file" // of a mail program
	ruleHeld    = "attachment"   // captured within the message that it is of
)

// rules are those of one job.
type rules struct {
	since, until time.Time
	exclude      []string // globs, lower case
	names        bool
	limit        int64
}

// newRules reads the rules of a job. A pattern that cannot be one is of
// relais.KindInvalid: it would match nothing, and silently capture what was to be left
// out.
func newRules(j Job, limit int64) (rules, error) {
	r := rules{since: j.Since, until: j.Until, names: j.NamesOnly, limit: limit}
	for _, g := range j.ExcludeFolders {
		g = strings.ToLower(strings.Trim(g, "/"))
		if _, err := path.Match(g, ""); err != nil {
			return r, relais.Errorf(relais.KindInvalid, "read rules", "folder pattern: %w", err)
		}
		r.exclude = append(r.exclude, g)
	}
	return r, nil
}

// folder tells whether a folder is left out: a pattern names it, one above it, or
// its special use. A pattern without "/" is matched against each level alone.
func (r rules) folder(name, use string) bool {
	levels := strings.Split(strings.ToLower(name), "/")
	for _, g := range r.exclude {
		if g == use {
			return true
		}
		for i := range levels {
			at := levels[i]
			if strings.Contains(g, "/") {
				at = strings.Join(levels[:i+1], "/")
			}
			if ok, err := path.Match(g, at); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// dated tells whether some rule looks at dates.
func (r rules) dated() bool { return !r.since.IsZero() || !r.until.IsZero() }

// date names the rule that leaves out an item of a date; what has no date stays.
func (r rules) date(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case !r.since.IsZero() && t.Before(r.since):
		return ruleSince
	case !r.until.IsZero() && !t.Before(r.until):
		return ruleUntil
	}
	return ""
}

// key names what the rules mean for a folder, left out or not. A cursor is only worth something
// under the rules it was made with: what they left out must be seen again when
// they change.
func (r rules) key(excluded bool) string {
	d := relais.DigestOf(fmt.Appendf(nil, "%d %d %t %t %d", r.since.UnixNano(), r.until.UnixNano(), excluded, r.names, r.limit))
	return hex.EncodeToString(d[:6])
}

// wrap joins a source's cursor with the rules' key; unwrap takes it apart, and
// gives "" for one made under other rules.
func wrap(key string, c Cursor) string {
	if c == "" {
		return ""
	}
	return key + " " + string(c)
}

func unwrap(key, recorded string) Cursor {
	if c, ok := strings.CutPrefix(recorded, key+" "); ok {
		return Cursor(c)
	}
	return ""
}
