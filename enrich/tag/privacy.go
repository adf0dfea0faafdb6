package tag

import (
	"cmp"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// privacyEnricher tells whether an item is marked personal, from what stands outside
// its text: subject, folder, labels, Sensitivity, file names.
//
// The rule is that of French case law: what an employee marks as personal may not be
// read, all the rest is presumed professional. Marked means that the word stands as a
// mark: alone, first and set off, or in brackets; "Réunion du personnel" is a meeting
// of the staff. What might be meant as a mark, or plainly speaks of private life, is
// doubtful: a person looks before anyone reads. Exchanges with staff representatives,
// unions, occupational health and lawyers are protected alike, where a folder or an
// explicit mark says so. The words are those of privacy.json.
//
// A mark is judged on what its container says once that is undone: encodings, the
// endings of saved folders, the prefixes of replies and gateways.
type privacyEnricher struct{ lex *privateWords }

func (privacyEnricher) Name() string { return "privacy" }

// The signals of privacy, as they stand in evidence: the place of the mark. The detail
// is its word, which is not for everyone who may know the place.
const (
	signalMarkSubject     = "subject"
	signalMarkFolder      = "folder"
	signalMarkLabel       = "label"
	signalMarkSensitivity = "sensitivity"
	signalMarkFile        = "file_name"
	signalMarkAttachment  = "attachment"
	signalMarkAddress     = "address"
	signalMarkPerson      = "correspondent" // whom the company named
	signalMarkInner       = "attached_message"
	signalMarkForwarded   = "forwarded_message"
	signalMarkAppointment = "appointment"
	signalProtected       = "protected_" // before any of them
)

func (e privacyEnricher) Enrich(in *Input, out *Findings) {
	p := privacyFinder{lex: e.lex}
	p.source(in.Source)
	p.folder(in.Folder)
	p.labels(in.Labels)
	if in.Mail != nil {
		p.message(in)
	}
	if in.Kind == relais.KindFile {
		p.takeAll(p.lex.judge(p.lex.fileSubject(in.Name), inSubject), signalMarkFile)
	}
	if in.SavedAs != "" {
		p.takeAll(p.lex.judge(p.lex.fileSubject(in.SavedAs), inSubject), signalMarkFile)
	}
	for _, name := range in.Attachments {
		p.attachment(name)
	}
	p.evidence = append(p.evidence, in.Inner...)
	out.Privacy = relais.Privacy{Class: p.class(), Evidence: UniteEvidence(p.evidence, nil)}
	if len(out.Privacy.Evidence) == 0 {
		out.Privacy.Evidence = nil
	}
}

// Weights of evidence, by class.
const (
	weightSufficient = 950
	WeightDoubtful   = 400
)

type privacyFinder struct {
	lex      *privateWords
	evidence []relais.Evidence
}

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

// take adds a mark by its place.
func (p *privacyFinder) take(m mark, signal string) {
	weight := WeightDoubtful
	if m.class == relais.PrivacySufficient {
		weight = weightSufficient
	}
	if m.protected {
		signal = signalProtected + signal
	}
	p.evidence = append(p.evidence, relais.Evidence{Signal: signal, Detail: cutAt(m.word, maxDetail), Weight: weight})
}

func (p *privacyFinder) takeAll(marks []mark, signal string) {
	for _, m := range marks {
		p.take(m, signal)
	}
}

// atMost adds marks that, whatever they say, are no surer than a class.
func (p *privacyFinder) atMost(class relais.PrivacyClass, marks []mark, signal string) {
	for _, m := range marks {
		if m.class == relais.PrivacySufficient {
			m.class = class
		}
		p.take(m, signal)
	}
}

// attachment looks at the name of a file beside others, which is no mark of all.
func (p *privacyFinder) attachment(name string) {
	p.atMost(relais.PrivacyDoubtful, p.lex.judge(p.lex.fileSubject(format.DecodeWords(name)), inSubject), signalMarkAttachment)
}

// adopt takes what was found within a part, no surer than a class and under a signal
// of its own.
func (p *privacyFinder) adopt(found privacyFinder, most relais.PrivacyClass, signal string) {
	for _, e := range found.evidence {
		m := mark{class: relais.PrivacyDoubtful, protected: strings.HasPrefix(e.Signal, signalProtected), word: e.Detail}
		if e.Weight == weightSufficient {
			m.class = most
		}
		p.take(m, signal)
	}
}

// header looks at a message's header. Of fields given more than once all count.
func (p *privacyFinder) header(m *format.Mail) {
	p.subject(m.Subject)
	for _, f := range m.Header {
		switch strings.ToLower(f.Name) {
		case "subject":
			if s := format.DecodeWords(f.Value); s != m.Subject {
				p.subject(s)
			}
		case "sensitivity", "x-sensitivity":
			p.sensitivity(f.Value)
		}
	}
	p.labelFields(m)
}

// message looks at a message: its header, its correspondents, and the messages that it
// quotes as a whole.
func (p *privacyFinder) message(in *Input) {
	p.header(in.Mail)
	p.forwarded(in.head())
	for i, a := range slices.Concat(in.Mail.From, in.Mail.To, in.Mail.Cc) {
		if i == maxPeople {
			break
		}
		p.address(strings.ToLower(a.Address))
	}
}

// subject looks at a subject without what others put before it. What it quotes is the
// subject of another message, which may be what this one is about.
func (p *privacyFinder) subject(s string) {
	own := p.lex.ownSubject(format.DecodeWords(s))
	p.takeAll(p.lex.judge(own, inSubject), signalMarkSubject)
	for _, q := range quoted(own) {
		if p.lex.marksSurely(q, inSubject) && len(strings.Fields(q)) > 1 {
			p.atMost(relais.PrivacyDoubtful, p.lex.judge(q, inSubject), signalMarkSubject)
		}
	}
}

// sensitivity reads RFC 2156 section 5.3.4, with the comments that a structured field
// may have, and the numbers of MAPI's PidTagSensitivity. "Company-Confidential" is
// business.
func (p *privacyFinder) sensitivity(value string) {
	word, _, _ := strings.Cut(fold.String(withoutComments(format.DecodeWords(value))), " ")
	switch word {
	case "personal", "private", "1", "2":
		p.take(mark{class: relais.PrivacySufficient, word: word}, signalMarkSensitivity)
	}
}

// withoutComments drops what stands in brackets (RFC 5322 section 3.2.2).
func withoutComments(s string) string {
	depth := 0
	return strings.Map(func(r rune) rune {
		switch {
		case r == '(':
			depth++
		case r == ')' && depth > 0:
			depth--
		case depth == 0:
			return r
		}
		return ' '
	}, s)
}

// address looks at the correspondents: bodies whose exchanges are protected, and people
// that the company named.
func (p *privacyFinder) address(address string) {
	if class, known := p.lex.personOf(address); known {
		p.take(mark{class: class, word: address}, signalMarkPerson)
	}
	local, host, _ := strings.Cut(address, "@")
	if w := cmp.Or(partOf(local, p.lex.addresses.local), partOf(host, p.lex.addresses.host)); w != "" {
		p.take(mark{class: relais.PrivacyDoubtful, protected: true, word: w}, signalMarkAddress)
	}
}

// partOf gives the first part of an address that is in a set, or "".
func partOf(s string, set map[string]bool) string {
	for part := range strings.FieldsFuncSeq(s, isAddressMark) {
		if set[part] {
			return part
		}
	}
	return ""
}

func isAddressMark(r rune) bool { return r == '.' || r == '-' || r == '_' || r == '+' }

// folder looks at each level of a folder's path. Below a folder of clients, bodies that
// are protected elsewhere are customers.
func (p *privacyFinder) folder(path string) {
	client := false
	for _, level := range folderLevels(path) {
		for _, m := range p.lex.judge(level, inFolder) {
			if client && m.protected {
				if m.class == relais.PrivacyDoubtful {
					continue
				}
				m.class = relais.PrivacyDoubtful
			}
			p.take(m, signalMarkFolder)
		}
		client = client || p.lex.clients[fold.String(level)]
	}
}

// source looks at what was captured as a whole, where that is a folder or file: the
// label of a mailbox names a user and a server.
func (p *privacyFinder) source(label string) {
	if !strings.ContainsAny(label, "@:") {
		p.folder(label)
	}
}

// fileSubject gives what a file's name says. Programs name the file of a message after
// its subject, with "_" where no ":" may stand.
func (l *privateWords) fileSubject(name string) string {
	return l.ownSubject(strings.ReplaceAll(fileStem(name), "_ ", ": "))
}

// fileStem gives a file's name without its extension.
func fileStem(name string) string {
	if i := strings.LastIndexByte(name, '.'); i > 0 && len(name)-i <= 6 {
		return name[:i]
	}
	return name
}

// PersonalRule gives the first signal that marks an item personal for sure.
func PersonalRule(p relais.Privacy) string {
	if p.Class != relais.PrivacySufficient {
		return ""
	}
	rule := "personal"
	for _, e := range p.Evidence {
		if s := "personal_" + e.Signal; rule == "personal" || s < rule {
			rule = s
		}
	}
	return rule
}
