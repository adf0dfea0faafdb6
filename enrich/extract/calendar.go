package extract

import (
	"context"
	"slices"
	"strings"

	"github.com/emersion/go-ical"

	"github.com/relais-archive/relais/internal/format"
)

const (
	maxCalendarDepth = 10 // components within components
	maxComponent     = 4 << 20
)

// readCalendar gives what the appointments and tasks of a calendar say (RFC 5545), each
// with its time, place and guests. What recurs stands there once; what ends too soon is
// read as far as it goes.
func readCalendar(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	b, cut, err := readBody(in, lim)
	if err != nil {
		return Result{}, err
	}
	c := &calendarText{out: newTextBuf(lim.TextBytes), lim: lim}
	contentLines(b, in.Charset, func(l contentLine) bool {
		c.line(l)
		return !c.out.full && ctx.Err() == nil
	})
	if len(c.open) > 0 {
		c.warn.add("calendar_truncated", "")
	}
	for len(c.open) > 0 {
		c.end(c.open[len(c.open)-1])
	}
	return linesRead(ctx, in, lim, c.out, c.warn, cut)
}

// linesRead gives what was read of content lines; where that is nothing, the bytes as
// text, whatever they are.
func linesRead(ctx context.Context, in Input, lim format.Limits, out *textBuf, warn warnings, cut bool) (Result, error) {
	if cut || out.full {
		warn.add("text_limit", "")
	}
	if len(out.b) == 0 {
		return readText(ctx, in, lim)
	}
	return Result{Text: string(out.b), Warnings: warn}, ctx.Err()
}

// calendarText hands a calendar over to the library component by component, so that no
// more of it is held than an appointment.
type calendarText struct {
	out   *textBuf
	lim   format.Limits
	warn  warnings
	open  []string        // components, the calendar among them
	chunk strings.Builder // lines of the component within the calendar, for the library
}

// line takes one line. What is in no calendar is in one that lacks its beginning.
func (c *calendarText) line(l contentLine) {
	name := strings.ToUpper(strings.TrimSpace(l.value))
	switch {
	case l.name == "BEGIN" && len(c.open) < maxCalendarDepth:
		c.begin(name)
	case l.name == "END":
		for slices.Contains(c.open, name) && !c.end(name) {
		}
	case len(c.open) == 1 && (l.name == "X-WR-CALNAME" || l.name == "X-WR-CALDESC" || l.name == "NAME"):
		c.out.line()
		c.out.writeString(unescaped(l.value) + "\n")
	case l.name == "BEGIN", len(c.open) < 2, c.chunk.Len() > maxComponent:
	default:
		c.property(l)
	}
}

func (c *calendarText) begin(name string) {
	if len(c.open) == 0 && name != ical.CompCalendar {
		c.open = append(c.open, ical.CompCalendar)
	}
	if name == ical.CompCalendar { // one within another is one after it
		for len(c.open) > 0 {
			c.end(c.open[len(c.open)-1])
		}
	}
	if c.open = append(c.open, name); len(c.open) > 1 {
		c.chunk.WriteString("BEGIN:" + name + "\n")
	}
}

// end closes the innermost component, and tells whether it was the one of the name.
func (c *calendarText) end(name string) bool {
	last := c.open[len(c.open)-1]
	if c.open = c.open[:len(c.open)-1]; len(c.open) > 0 {
		c.chunk.WriteString("END:" + last + "\n")
	}
	if len(c.open) == 1 {
		c.component()
	}
	return last == name
}

// property writes a line as the library reads it, with the parameters that are looked at.
func (c *calendarText) property(l contentLine) {
	switch l.name {
	case "ATTACH":
		return // a file, or the way to one
	case "SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "CONTACT", "CATEGORIES", "RESOURCES":
		l.value = escaped(unescaped(l.value))
	}
	c.chunk.WriteString(l.name)
	for _, p := range l.params {
		switch p.name {
		case "CN", "CUTYPE", "PARTSTAT", "EMAIL", "TZID", "VALUE", "FMTTYPE":
			c.chunk.WriteString(";" + p.name + `="` + p.value + `"`)
		}
	}
	c.chunk.WriteString(":" + strings.ReplaceAll(l.value, "\n", " ") + "\n")
}

// escaped writes a text value as the grammar wants it.
func escaped(s string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(s)
}

// component writes the text of the component just closed.
func (c *calendarText) component() {
	text := "BEGIN:VCALENDAR\n" + c.chunk.String() + "END:VCALENDAR\n"
	c.chunk.Reset()
	cal, err := ical.NewDecoder(strings.NewReader(text)).Decode()
	if err != nil {
		c.warn.add("part_damaged", "ics")
		return
	}
	for _, comp := range cal.Children {
		switch comp.Name {
		case ical.CompEvent, ical.CompToDo, ical.CompJournal, ical.CompFreeBusy:
			c.event(comp)
		}
	}
}

// event writes an appointment or task as a person would: what, when, where, with whom,
// and what else is said of it. What its reminders say is what it says.
func (c *calendarText) event(e *ical.Component) {
	if len(c.out.b) > 0 {
		c.out.line()
		c.out.writeByte('\n')
	}
	write := func(label, text string) {
		if text = strings.TrimSpace(text); text != "" {
			c.out.line()
			c.out.writeString(label + text + "\n")
		}
	}
	write("", c.text(e, "SUMMARY"))
	if e.Props.Get("STATUS") != nil && strings.EqualFold(e.Props.Get("STATUS").Value, "CANCELLED") {
		write("Status: ", "cancelled")
	}
	write("When: ", when(e))
	write("Repeats: ", repeats(e))
	write("Where: ", c.text(e, "LOCATION"))
	write("Organizer: ", people(e, "ORGANIZER"))
	write("Guests: ", people(e, "ATTENDEE"))
	description := c.text(e, "DESCRIPTION")
	if html := e.Props.Get("X-ALT-DESC"); html != nil && strings.TrimSpace(description) == "" {
		description, _ = HTMLText(unescaped(html.Value), c.lim)
	}
	write("", description)
	for _, name := range [...]string{"COMMENT", "CONTACT", "CATEGORIES", "RESOURCES"} {
		write("", c.text(e, name))
	}
	if link := e.Props.Get("URL"); link != nil {
		write("", link.Value)
	}
}

// text gives the values of a text property.
func (c *calendarText) text(e *ical.Component, name string) string {
	var list []string
	for _, p := range e.Props.Values(name) {
		p.Params.Del(ical.ParamValue) // some call a text otherwise
		if parts, err := p.TextList(); err == nil {
			list = append(list, strings.Join(parts, ","))
		}
	}
	return strings.Join(list, "\n")
}

// people names calendar users (RFC 5545, 3.3.3), rooms among them, with their answers.
func people(e *ical.Component, name string) string {
	var list []string
	for _, p := range e.Props.Values(name) {
		address := strings.TrimSpace(p.Value)
		if scheme, rest, ok := strings.Cut(address, ":"); ok && strings.EqualFold(scheme, "mailto") {
			address = rest
		} else if email := p.Params.Get("EMAIL"); email != "" { // RFC 7986, 6.2
			address = email
		}
		who := strings.NewReplacer("^^", "^", "^'", `"`, "^n", " ").Replace(p.Params.Get("CN")) // RFC 6868
		switch {
		case who == "" || strings.EqualFold(who, address):
			who = address
		case strings.Contains(address, "@"):
			who += " <" + address + ">"
		}
		switch status := strings.ToLower(p.Params.Get("PARTSTAT")); status {
		case "accepted", "declined", "tentative", "delegated":
			who += " (" + status + ")"
		}
		if who != "" {
			list = append(list, who)
		}
	}
	return strings.Join(list, ", ")
}
