package enrich

import (
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// privacyEnricher tells whether an item is marked personal, from what stands outside
// its text: subject, folder, labels, Sensitivity, file names.
//
// The rule is that of French case law: what an employee marks as personal may not be
// read, all the rest is presumed professional. Marked means that the word stands as a
// mark: alone, first and set off, or in brackets; "Réunion du personnel" is a meeting
// of the staff. What might be meant as a mark is doubtful: people look at it, nothing
// is withdrawn. Exchanges with staff representatives, unions, occupational health and
// lawyers are protected alike, where a folder or an explicit mark says so.
type privacyEnricher struct{}

func (privacyEnricher) Name() string { return "privacy" }

// The signals of privacy, as they stand in evidence.
const (
	signalMarkSubject     = "subject"
	signalMarkFolder      = "folder"
	signalMarkLabel       = "label"
	signalMarkSensitivity = "sensitivity"
	signalMarkFile        = "file_name"
	signalMarkAttachment  = "attachment"
	signalProtected       = "protected_" // before subject, folder, label or address
)

func (privacyEnricher) Enrich(in *Input, out *Findings) {
	var p privacyFinder
	p.folder(in.Folder)
	for _, l := range in.Labels {
		p.label(l)
	}
	if in.Mail != nil {
		p.message(in)
	}
	if in.Kind == relais.KindFile {
		p.take(markOf(fileStem(in.Name)), signalMarkFile, in.Name)
	}
	for _, name := range in.Attachments {
		p.atMost(relais.PrivacyDoubtful, markOf(fileStem(name)), signalMarkAttachment, name)
	}
	out.Privacy = relais.Privacy{Class: p.class(), Evidence: uniteEvidence(p.evidence, nil)}
	if len(out.Privacy.Evidence) == 0 {
		out.Privacy.Evidence = nil
	}
}

// PersonalFolder tells whether a folder's name ("/" between levels) marks what is in
// it as personal or protected: such folders are captured first, so that a mark is
// known before any copy without it is read.
func PersonalFolder(name string) bool {
	var p privacyFinder
	p.folder(name)
	return p.class() == relais.PrivacySufficient
}

// mark is what a short text says.
type mark struct {
	class     relais.PrivacyClass
	protected bool
	word      string
}

// Weights of evidence, by class.
const (
	weightSufficient = 950
	weightDoubtful   = 400
)

type privacyFinder struct{ evidence []relais.Evidence }

func (p *privacyFinder) class() relais.PrivacyClass {
	class := relais.PrivacyNone
	for _, e := range p.evidence {
		switch {
		case e.Weight >= weightSufficient:
			return relais.PrivacySufficient
		case e.Weight > 0:
			class = relais.PrivacyDoubtful
		}
	}
	return class
}

// take adds a mark with the text that bears it.
func (p *privacyFinder) take(m mark, signal, detail string) {
	weight := 0
	switch m.class {
	case relais.PrivacySufficient:
		weight = weightSufficient
	case relais.PrivacyDoubtful:
		weight = weightDoubtful
	default:
		return
	}
	if m.protected {
		signal = signalProtected + signal
	}
	if m.word != "" {
		detail = m.word
	}
	p.evidence = append(p.evidence, relais.Evidence{Signal: signal, Detail: cutAt(detail, maxDetail), Weight: weight})
}

// atMost adds a mark that, whatever it says, is no surer than a class.
func (p *privacyFinder) atMost(class relais.PrivacyClass, m mark, signal, detail string) {
	if m.class == relais.PrivacySufficient {
		m.class = class
	}
	p.take(m, signal, detail)
}

func (p *privacyFinder) message(in *Input) {
	subject, _ := baseSubject(in.Mail.Subject)
	p.take(markOf(subject), signalMarkSubject, subject)
	p.take(protectedSubject(fold(subject)), signalMarkSubject, subject)
	// RFC 2156 section 2.4.8; "Company-Confidential" is business.
	switch s := strings.ToLower(strings.TrimSpace(header(in.Mail, "Sensitivity"))); s {
	case "personal", "private":
		p.take(mark{class: relais.PrivacySufficient}, signalMarkSensitivity, s)
	}
	for _, field := range [...]string{"X-Gmail-Labels", "X-Keywords", "Keywords"} {
		for l := range strings.FieldsFuncSeq(header(in.Mail, field), func(r rune) bool { return r == ',' || r == ';' }) {
			p.label(strings.Trim(l, ` "`))
		}
	}
	for i, a := range slices.Concat(in.Mail.From, in.Mail.To, in.Mail.Cc) {
		if i == maxPeople {
			break
		}
		if w := protectedAddress(strings.ToLower(a.Address)); w != "" {
			p.take(mark{class: relais.PrivacyDoubtful, protected: true, word: w}, "address", w)
		}
	}
}

// folder looks at each level of a folder's path.
func (p *privacyFinder) folder(path string) {
	client := false
	for level := range strings.SplitSeq(path, "/") {
		p.take(folderMark(level), signalMarkFolder, level)
		m := protectedFolder(fold(level))
		if client && m.class == relais.PrivacySufficient {
			m.class = relais.PrivacyDoubtful // "Clients/CSE": whom one sells to
		}
		p.take(m, signalMarkFolder, level)
		switch fold(level) {
		case "clients", "client", "prospects", "comptes", "customers", "accounts":
			client = true
		}
	}
}

// label looks at a label, which may have levels. Gmail's own "CATEGORY_PERSONAL" only
// says that a machine took the mail for a person's.
func (p *privacyFinder) label(name string) {
	if strings.HasPrefix(strings.ToUpper(name), "CATEGORY_") || strings.HasPrefix(name, `\`) || strings.HasPrefix(name, "$") {
		return
	}
	for level := range strings.SplitSeq(name, "/") {
		p.take(folderMark(level), signalMarkLabel, level)
		p.take(protectedFolder(fold(level)), signalMarkLabel, level)
	}
}

// fileStem gives a file's name without its extension.
func fileStem(name string) string {
	if i := strings.LastIndexByte(name, '.'); i > 0 && len(name)-i <= 6 {
		return name[:i]
	}
	return name
}
