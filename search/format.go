package search

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Format writes a query that Parse reads back as the same tree, given the same
// location of days. A tree that Parse never makes (a Bytes of two bounds, Days that
// do not begin with a day, Nothing) is written as near as the language comes.
func Format(n Node) string {
	var f formatter
	if and, ok := n.(And); ok {
		f.and(and)
	} else {
		f.node(n)
	}
	return f.String()
}

// formatter writes a query. depth counts the parentheses open.
type formatter struct {
	strings.Builder
	depth int
}

func (f *formatter) node(n Node) {
	switch n := n.(type) {
	case nil:
	case And:
		f.group(func() { f.and(n) })
	case Or:
		f.or(n)
	case Not:
		f.not(n)
	case Text:
		f.text(n)
	case Value:
		f.value(n)
	case Days:
		f.WriteString(formatDays(n))
	case Undated:
		f.WriteString("date:" + NoDate)
	case Bytes:
		f.WriteString(formatBytes(n))
	default:
		f.WriteString("()")
	}
}

// group writes parentheses around what write writes.
func (f *formatter) group(write func()) {
	f.WriteByte('(')
	f.depth++
	write()
	f.depth--
	f.WriteByte(')')
}

// and writes what is all wanted. Words that would be read as going on the words
// before stand in parentheses; so do alternatives, for the reader: OR binds tighter
// without them, so that the deepest can do without.
func (f *formatter) and(all And) {
	for i, n := range all {
		if i > 0 {
			f.WriteByte(' ')
		}
		_, or := n.(Or)
		if or && f.depth < MaxDepth || i > 0 && bare(n) && bare(all[i-1]) {
			f.group(func() { f.node(n) })
		} else {
			f.node(n)
		}
	}
}

// bare tells the words that are joined when they stand side by side.
func bare(n Node) bool {
	t, ok := n.(Text)
	return ok && t.In == InAll && !t.Phrase && !t.Prefix
}

func (f *formatter) or(any Or) {
	if len(any) == 0 {
		f.WriteString("()")
	}
	for i, n := range any {
		if i > 0 {
			f.WriteString(" OR ")
		}
		f.operand(n)
	}
}

func (f *formatter) not(n Not) {
	f.WriteByte('-')
	f.operand(n.Of)
}

// operand writes a node that OR or a hyphen touches: several words need parentheses,
// and so does what begins with a hyphen, or a sign that a hyphen cannot touch.
func (f *formatter) operand(n Node) {
	switch t := n.(type) {
	case Or, Not:
		f.group(func() { f.node(n) })
		return
	case Text:
		if bare(n) && (strings.Contains(t.Words, " ") || !negatable(t.Words)) {
			f.group(func() { f.node(n) })
			return
		}
	}
	f.node(n)
}

// text writes words as they were typed: with the operator of their field, and in
// parentheses where one value of it would end too soon.
func (f *formatter) text(t Text) {
	words := t.Words
	if t.Prefix {
		words += "*"
	}
	together := true // as one value of an operator
	if in := lookup(string(t.In)); in != nil {
		f.WriteString(in.name + ":")
		together = !strings.Contains(words, " ") && !(in.list && strings.Contains(words, ","))
	}
	switch {
	case t.Phrase:
		f.WriteString(inQuotes(words))
	case !together:
		f.group(func() { f.WriteString(words) })
	default:
		f.WriteString(words)
	}
}

// value writes a value, in quotes where it holds more than words of names do.
func (f *formatter) value(v Value) {
	if v.Field == ByAttachment && v.Value == "yes" {
		f.WriteString("has:attachment")
		return
	}
	f.WriteString(string(v.Field) + ":")
	if strings.ContainsFunc(v.Value, special) || v.Value == "" {
		f.WriteString(inQuotes(v.Value))
		return
	}
	f.WriteString(v.Value)
}

// special tells the characters that do not stand in a value without quotes.
func special(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("-_.@/+&:=$!~%#", r)
}

// inQuotes puts words in quotation marks that they do not hold.
func inQuotes(words string) string {
	switch {
	case !strings.Contains(words, `"`):
		return `"` + words + `"`
	case !strings.Contains(words, "»"):
		return "«" + words + "»"
	}
	return "“" + words + "”"
}

// formatDays writes days in their own location; the bound after is one day later than
// the last one meant.
func formatDays(d Days) string {
	const day = time.DateOnly
	switch {
	case d.From.IsZero() && d.Until.IsZero():
		return "" // all days
	case d.Until.IsZero():
		return "after:" + d.From.Format(day)
	case d.From.IsZero():
		return "before:" + d.Until.Format(day)
	}
	return "date:" + d.From.Format(day) + ".." + d.Until.AddDate(0, 0, -1).Format(day)
}

func formatBytes(b Bytes) string {
	switch {
	case b.Under == 0:
		return "larger:" + formatSize(b.Over)
	case b.Over == 0:
		return "smaller:" + formatSize(b.Under)
	}
	return fmt.Sprintf("(larger:%s smaller:%s)", formatSize(b.Over), formatSize(b.Under))
}

// formatSize writes a size in the largest unit that tells it exactly.
func formatSize(n int64) string {
	unit := ""
	for _, u := range [...]string{"K", "M", "G"} {
		if n == 0 || n%1024 != 0 {
			break
		}
		n, unit = n/1024, u
	}
	return strconv.FormatInt(n, 10) + unit
}
