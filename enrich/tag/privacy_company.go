package tag

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

// CompanyWords is what a company adds to the words by which mail is told to be private.
// The zero value adds nothing.
type CompanyWords struct{ lines []companyLine }

// BadLine is a line of a company's file that cannot be meant, counted from 1.
type BadLine struct {
	Line int
	Why  string
}

type companyLine struct{ level, kind, value string }

// Bounds on a company's file.
const (
	maxCompanyLines = 5_000
	maxCompanyLine  = 200 // bytes
)

// ParseCompanyWords reads a company's file: one "LEVEL KIND VALUE" a line, blank lines
// and those that begin with "#" left out. LEVEL is personal, doubtful or business; KIND
// word, folder or address (with all of a domain as "@domain"). Business is for words
// alone: phrases of the trade in which a word that is doubtful elsewhere says nothing.
// French names of levels and kinds are read too.
func ParseCompanyWords(text string) (CompanyWords, []BadLine) {
	var w CompanyWords
	var bad []BadLine
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		got, why := parseCompanyLine(line)
		if why == "" && len(w.lines) == maxCompanyLines {
			why = fmt.Sprintf("over %d lines", maxCompanyLines)
		}
		if why != "" {
			bad = append(bad, BadLine{n, why})
			continue
		}
		w.lines = append(w.lines, got)
	}
	slices.SortFunc(w.lines, func(a, b companyLine) int { return strings.Compare(a.String(), b.String()) })
	w.lines = slices.Compact(w.lines)
	return w, bad
}

// parseCompanyLine reads one line, or says why it cannot.
func parseCompanyLine(line string) (l companyLine, why string) {
	fields := strings.Fields(line)
	switch {
	case len(line) > maxCompanyLine:
		return l, fmt.Sprintf("over %d bytes", maxCompanyLine)
	case !utf8.ValidString(line):
		return l, "not UTF-8"
	case len(fields) < 3:
		return l, "not of the form LEVEL KIND VALUE"
	}
	l.level = map[string]string{"personal": "personal", "personnel": "personal", "doubtful": "doubtful", "douteux": "doubtful",
		"business": "business", "professionnel": "business"}[fold.String(fields[0])]
	l.kind = map[string]string{"word": "word", "mot": "word", "folder": "folder", "dossier": "folder", "address": "address", "adresse": "address"}[fold.String(fields[1])]
	value := strings.Join(fields[2:], " ")
	switch {
	case l.level == "":
		return l, "the level is none of personal, doubtful, business"
	case l.kind == "":
		return l, "the kind is none of word, folder, address"
	case l.level == "business" && l.kind != "word":
		return l, "only words can be of business"
	case l.kind == "address":
		l.value = strings.ToLower(value)
		if local, host, ok := strings.Cut(l.value, "@"); !ok || strings.ContainsAny(l.value, " <>,;") || strings.Contains(host, "@") || !strings.Contains(host, ".") || len(local) > 64 {
			return l, "neither an address nor @domain"
		}
		return l, ""
	case l.kind == "folder" && strings.Contains(value, "/"):
		return l, "a folder is named by one level, without /"
	}
	if l.value = fold.String(value); len([]rune(strings.ReplaceAll(l.value, " ", ""))) < 2 {
		return l, "too short to mean anything"
	}
	if strings.Count(l.value, " ") >= 8 {
		return l, "over eight words"
	}
	return l, ""
}

// String gives the words in a form that ParseCompanyWords reads, the same for the same
// words: sorted, without comments.
func (w CompanyWords) String() string {
	var b strings.Builder
	for _, l := range w.lines {
		b.WriteString(l.String() + "\n")
	}
	return b.String()
}

func (l companyLine) String() string { return l.level + " " + l.kind + " " + l.value }

// addCompany adds a company's words to those that are shipped.
func (l *privateWords) addCompany(w CompanyWords) {
	for _, line := range w.lines {
		class := relais.PrivacyDoubtful
		if line.level == "personal" {
			class = relais.PrivacySufficient
		}
		switch {
		case line.kind == "address":
			l.people[line.value] = class
		case line.level == "business":
			l.addBusiness(line.value)
		case line.kind == "folder":
			l.add(wordRule{Theme: "company", Class: class, At: atWhole, In: []place{inFolder}, Words: []string{line.value}})
		default:
			if class == relais.PrivacySufficient {
				l.add(wordRule{Theme: "company", Class: class, At: atSetOff, Words: []string{line.value}})
			}
			l.add(wordRule{Theme: "company", Class: relais.PrivacyDoubtful, At: atAnywhere, Words: []string{line.value}})
		}
	}
}

// addClients makes the names of clients phrases of business: "Personal Trainer GmbH" is a
// customer. A name of one word is too little to tell.
func (l *privateWords) addClients(clients []relais.Client) {
	for _, c := range clients {
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			if f := fold.String(name); strings.Contains(f, " ") && strings.Count(f, " ") < 8 && l.ambiguous(f) {
				l.addBusiness(f)
			}
		}
	}
}

// ambiguous tells whether some word of a folded name is one that may mark something.
func (l *privateWords) ambiguous(folded string) bool {
	for w := range strings.FieldsSeq(folded) {
		if len(l.phrases[w]) > 0 {
			return true
		}
	}
	return false
}

// personOf gives how far the company says that mail with an address is private.
func (l *privateWords) personOf(address string) (class relais.PrivacyClass, known bool) {
	if class, known = l.people[address]; known || len(l.people) == 0 {
		return class, known
	}
	_, host, _ := strings.Cut(address, "@")
	for host != "" && !known {
		class, known = l.people["@"+host]
		_, host, _ = strings.Cut(host, ".")
	}
	return class, known
}

// PersonalFolders gives the test by which folders are captured first: whether a name
// ("/" between levels) marks what is in it as personal or protected, so that a mark is
// known before any copy without it is read.
func PersonalFolders(company CompanyWords) (func(name string) bool, error) {
	words, err := wordsFor(nil, company)
	if err != nil {
		return nil, err
	}
	return func(name string) bool {
		p := privacyFinder{lex: words}
		p.folder(name)
		return p.class() == relais.PrivacySufficient
	}, nil
}

// wordsFor gives the shipped words with what clients and a company add.
func wordsFor(clients []relais.Client, company CompanyWords) (*privateWords, error) {
	if len(clients) == 0 && len(company.lines) == 0 {
		return sharedPrivateWords()
	}
	words, err := newPrivateWords(shippedPrivateWords)
	if err != nil {
		return nil, err
	}
	words.addCompany(company)
	words.addClients(clients)
	return words, nil
}
