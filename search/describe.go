package search

import (
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// Describe says a query in words, in French for "fr", else in English: for a person
// who wants to know how it was understood.
func Describe(n Node, lang string) string {
	d := describer{french: lang == "fr"}
	if and, ok := n.(And); (ok && len(and) == 0) || n == nil {
		return d.say("everything", "tout")
	}
	return d.node(n, false)
}

// describer says nodes in one of two languages. Sentences are put together from whole
// pieces, never from grammar: what cannot be said so is said shorter.
type describer struct{ french bool }

// say chooses between the two wordings of one piece.
func (d describer) say(english, french string) string {
	if d.french {
		return french
	}
	return english
}

// node describes a node; inner ones of several parts stand in parentheses.
func (d describer) node(n Node, inner bool) string {
	switch n := n.(type) {
	case And:
		return d.several(n, d.say(" and ", " et "), inner)
	case Or:
		return d.several(n, d.say(" or ", " ou "), inner)
	case Not:
		return d.say("not ", "sauf ") + d.node(n.Of, true)
	case Text:
		return d.text(n)
	case Value:
		return d.value(n)
	case Days:
		return d.days(n)
	case Undated:
		return d.say("without a date", "sans date")
	case Bytes:
		return d.bytes(n)
	}
	return d.say("nothing", "rien")
}

// several joins the parts of And and Or, in parentheses within another node.
func (d describer) several(all []Node, between string, inner bool) string {
	parts := make([]string, len(all))
	for i, n := range all {
		parts[i] = d.node(n, true)
	}
	s := strings.Join(parts, between)
	if inner && len(all) > 1 {
		return "(" + s + ")"
	}
	return s
}

// text describes words, and where they are looked for.
func (d describer) text(t Text) string {
	var s string
	switch {
	case t.Phrase:
		s = d.say("the phrase ", "l'expression ") + inQuotes(t.Words)
	case strings.Contains(t.Words, " "):
		s = d.say("the words ", "les mots ") + inQuotes(t.Words)
	default:
		s = d.say("the word ", "le mot ") + inQuotes(t.Words)
	}
	if t.Prefix {
		s += d.say(", and what goes on from it,", ", et ce qui le prolonge,")
	}
	return s + d.where(t.In)
}

func (d describer) where(f TextField) string {
	switch f {
	case InSubject:
		return d.say(" in the subject", " dans l'objet")
	case InFrom:
		return d.say(" as sender", " comme expéditeur")
	case InTo:
		return d.say(" as recipient", " comme destinataire")
	case InCc:
		return d.say(" in copy", " en copie")
	case InWith:
		return d.say(" among the correspondents", " parmi les correspondants")
	case InFilename:
		return d.say(" in a file name", " dans un nom de fichier")
	}
	return ""
}

func (d describer) value(v Value) string {
	switch {
	case v.Field == ByAttachment && v.Value == "yes":
		return d.say("with an attachment", "avec une pièce jointe")
	case v.Field == ByAttachment:
		return d.say("without attachment", "sans pièce jointe")
	case v.Field == ByState && v.Value == StateUncertain:
		return d.say("of a client that is uncertain", "d'un client incertain")
	case v.Field == ByState && v.Value == string(relais.Unreadable):
		return d.say("whose text could not be read", "dont le texte n'a pas pu être lu")
	case v.Field == ByState:
		return d.say("read in part", "lu en partie")
	}
	return d.name(v.Field) + " " + inQuotes(v.Value)
}

// name gives a field as people call it; those of one name in both languages keep it.
func (d describer) name(f ValueField) string {
	switch f {
	case ByTopic:
		return d.say("topic", "sujet")
	case ByOwner:
		return d.say("owner", "propriétaire")
	case ByCase:
		return d.say("case", "départ")
	case ByFolder:
		return d.say("folder", "dossier")
	case ByThread:
		return d.say("thread", "fil")
	case ByKind:
		return d.say("kind", "genre")
	case ByLanguage:
		return d.say("language", "langue")
	}
	return string(f)
}

// days describes dates by their first and last day, both within.
func (d describer) days(n Days) string {
	last := n.Until.AddDate(0, 0, -1)
	switch {
	case n.From.IsZero() && n.Until.IsZero():
		return d.say("of any date", "de toute date")
	case n.Until.IsZero():
		return d.say("from ", "à partir du ") + d.day(n.From)
	case n.From.IsZero():
		return d.say("until ", "jusqu'au ") + d.day(last)
	case d.day(n.From) == d.day(last):
		return d.say("on ", "le ") + d.day(last)
	}
	return d.say("from ", "du ") + d.day(n.From) + d.say(" to ", " au ") + d.day(last)
}

func (d describer) day(t time.Time) string { return t.Format(d.say("2006-01-02", "02/01/2006")) }

func (d describer) bytes(n Bytes) string {
	larger := d.say("larger than ", "de plus de ") + formatSize(n.Over)
	smaller := d.say("smaller than ", "de moins de ") + formatSize(n.Under)
	switch {
	case n.Under == 0:
		return larger
	case n.Over == 0:
		return smaller
	}
	return larger + d.say(" and ", " et ") + smaller
}
