package ui

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// words says things in one language: the functions of its templates.
type words struct {
	lang     Lang
	location *time.Location
	messages map[string]map[Lang]string
}

func (w words) functions() template.FuncMap {
	return template.FuncMap{
		"t": w.say, "n": w.count, "num": w.number, "day": w.day, "moment": w.moment, "iso": iso, "period": w.period, "zone": w.location.String,
		"size": w.size, "percent": w.percent, "name": w.name, "mark": mark, "asset": assetPath, "lang": func() Lang { return w.lang },
		"other": w.other, "title": w.title, "sender": sender, "addresses": addresses, "document": isDocument, "choice": w.choice, "foldable": foldable, "unsure": unsure,
	}
}

// say gives a message, its arguments in the place of {0}, {1}, …
func (w words) say(key string, args ...any) string {
	text, ok := w.messages[key][w.lang]
	if !ok {
		return key
	}
	for i, a := range args {
		text = strings.ReplaceAll(text, "{"+strconv.Itoa(i)+"}", fmt.Sprint(a))
	}
	return text
}

// count gives a message that counts n things; in French, none is singular.
func (w words) count(key string, n any) string {
	i := toInt(n)
	form := "_other"
	if i == 1 || i == 0 && w.lang == French {
		form = "_one"
	}
	return w.say(key+form, w.number(i))
}

func toInt(n any) int64 {
	switch n := n.(type) {
	case int:
		return int64(n)
	case int64:
		return n
	}
	return 0
}

// number groups digits by three, as the language does.
func (w words) number(n any) string {
	sep := ","
	if w.lang == French {
		sep = "\u202f" // narrow, not broken
	}
	s := strconv.FormatInt(toInt(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + sep + s[i:]
	}
	return s
}

func (w words) month(m time.Month) string { return w.say("month." + strconv.Itoa(int(m))) }

// day gives a date in words.
func (w words) day(t time.Time) string {
	if t.IsZero() {
		return w.say("no_date")
	}
	t = t.In(w.location)
	day := strconv.Itoa(t.Day())
	if w.lang == French && t.Day() == 1 {
		day = "1er"
	}
	return day + " " + w.month(t.Month()) + " " + strconv.Itoa(t.Year())
}

// moment gives a date and time in words.
func (w words) moment(t time.Time) string {
	if t.IsZero() {
		return w.say("no_date")
	}
	return w.say("moment", w.day(t), t.In(w.location).Format("15:04"))
}

// iso gives a time to machines.
func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// period gives a month (2021-03) or a year in words.
func (w words) period(s string) string {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return s
	}
	return w.month(t.Month()) + " " + strconv.Itoa(t.Year())
}

// size gives bytes in thousands, with one decimal where it tells something.
func (w words) size(n int64) string {
	if n < 1000 {
		return w.count("unit.b", n)
	}
	unit, v := "unit.kb", float64(n)/1000
	for _, u := range []string{"unit.mb", "unit.gb"} {
		if v < 1000 {
			break
		}
		unit, v = u, v/1000
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	if v < 10 {
		digits = strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	}
	if w.lang == French {
		digits = strings.Replace(digits, ".", ",", 1)
	}
	return w.say(unit, digits)
}

// percent gives thousandths.
func (w words) percent(n int) string { return w.say("percent", (n+5)/10) }

// name gives a stable word of a vocabulary (a topic, a signal, a kind) as people say
// it; one that has no translation stays as it is.
func (w words) name(vocabulary, word any) string {
	text, ok := w.messages[fmt.Sprint(vocabulary)+"."+fmt.Sprint(word)]
	if !ok {
		return fmt.Sprint(word)
	}
	return text[w.lang]
}

// other is the language to change to.
func (w words) other() Lang {
	if w.lang == French {
		return English
	}
	return French
}

// title names a document: files by their name, messages by their subject.
func (w words) title(kind relais.DocKind, subject, name string) string {
	if kind != relais.KindMessage && name != "" {
		return name
	}
	if strings.TrimSpace(subject) == "" {
		return w.say("no_subject")
	}
	return subject
}

// sender gives the name of an address, or the address.
func sender(a *relais.Address) string {
	switch {
	case a == nil:
		return ""
	case a.Name != "":
		return a.Name
	}
	return a.Address
}

// maxAddresses is how many addresses a header shows at once.
const maxAddresses = 30

// addresses gives the first of many addresses.
func addresses(list []relais.Address) []relais.Address { return list[:min(len(list), maxAddresses)] }

// shown is a choice with what it is called.
type shown struct {
	Choice
	Shown string
}

// choice names a facet's value: what it is labelled, what its field's vocabulary
// calls it, or itself.
func (w words) choice(field string, c Choice) shown {
	if c.Label != "" {
		return shown{c, c.Label}
	}
	return shown{c, w.name(field, c.Value)}
}

// unsure tells a tag that does not make a document part of a client's history.
func unsure(confidence int) bool { return confidence < relais.ShownConfidence }

// foldable escapes an address and lets its line end before the "@".
func foldable(s string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(s), "@", "<wbr>@")) // escaped first
}

// isDocument tells evidence that points to another document.
func isDocument(signal string) bool { return signal == "message" || signal == "thread" }

// mark escapes a snippet and marks the words found in it.
func mark(snippet string) template.HTML {
	var b strings.Builder
	open := false
	for len(snippet) > 0 {
		i := strings.IndexAny(snippet, relais.HighlightStart+relais.HighlightEnd)
		if i < 0 {
			break
		}
		b.WriteString(template.HTMLEscapeString(snippet[:i]))
		starts := strings.HasPrefix(snippet[i:], relais.HighlightStart)
		if starts != open {
			b.WriteString(map[bool]string{true: "<mark>", false: "</mark>"}[starts])
			open = starts
		}
		snippet = snippet[i+len(relais.HighlightStart):]
	}
	b.WriteString(template.HTMLEscapeString(snippet))
	if open {
		b.WriteString("</mark>")
	}
	return template.HTML(b.String()) // every piece was escaped above
}
