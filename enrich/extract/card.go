package extract

import (
	"context"
	"strings"

	"github.com/emersion/go-vcard"

	"github.com/relais-archive/relais/internal/format"
)

// readCard gives what cards say (vCard 2.1, 3.0 and 4.0, RFC 6350): whom, where they
// work, how they are reached, and what was noted of them.
func readCard(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	b, cut, err := readBody(in, lim)
	if err != nil {
		return Result{}, err
	}
	c := &cardText{out: newTextBuf(lim.TextBytes)}
	contentLines(b, in.Charset, func(l contentLine) bool {
		c.line(l)
		return !c.out.full && ctx.Err() == nil
	})
	if c.open {
		c.warn.add("calendar_truncated", "")
		c.end()
	}
	return linesRead(ctx, in, lim, c.out, c.warn, cut)
}

// cardText hands cards over to the library one by one.
type cardText struct {
	out   *textBuf
	warn  warnings
	open  bool
	chunk strings.Builder // lines of the card, for the library
}

// line takes one line. A card that begins within another, as an agent's does, is one
// after it.
func (c *cardText) line(l contentLine) {
	isCard := strings.EqualFold(strings.TrimSpace(l.value), "VCARD")
	switch {
	case l.name == "BEGIN" && isCard:
		c.end()
		c.open = true
	case l.name == "END" && isCard:
		c.end()
	case !c.open || c.chunk.Len() > maxComponent:
	case l.name == "ADR" || l.name == "N" || l.name == "ORG": // parts, which are parted after the library has read them
		c.property(l.name, strings.ReplaceAll(l.value, `\\`, `\\\\`))
	case cardField(l.name):
		c.property(l.name, escaped(unescaped(l.value)))
	}
}

func (c *cardText) property(name, value string) {
	c.chunk.WriteString(name + ":" + strings.ReplaceAll(value, "\n", " ") + "\n")
}

// cardField tells the properties of one value that are text to a reader.
func cardField(name string) bool {
	switch name {
	case "FN", "NICKNAME", "TITLE", "ROLE", "EMAIL", "TEL", "IMPP", "URL", "LABEL", "CATEGORIES", "NOTE":
		return true
	}
	return false
}

// end writes the card that is open, if one is.
func (c *cardText) end() {
	if !c.open {
		return
	}
	text := "BEGIN:VCARD\n" + c.chunk.String() + "END:VCARD\n"
	c.open = false
	c.chunk.Reset()
	card, err := vcard.NewDecoder(strings.NewReader(text)).Decode()
	if err != nil {
		c.warn.add("part_damaged", "vcf")
		return
	}
	c.card(card)
}

// card writes one card: the name and what it does not say of it, then the rest.
func (c *cardText) card(card vcard.Card) {
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
	full := plainValue(card.Value("FN"))
	write("", full)
	if name := fullName(card.Value("N")); !holdsWords(full, name) {
		write("", name)
	}
	for _, field := range [...]struct{ name, label string }{
		{"NICKNAME", ""}, {"TITLE", ""}, {"ROLE", ""}, {"ORG", ""}, {"EMAIL", "Email: "}, {"TEL", "Tel: "}, {"IMPP", ""},
		{"ADR", "Address: "}, {"LABEL", "Address: "}, {"URL", ""}, {"CATEGORIES", ""}, {"NOTE", ""},
	} {
		for _, value := range card.Values(field.name) {
			if field.name == "ADR" || field.name == "ORG" {
				value = strings.Join(filled(components(value)), ", ")
			}
			value = plainValue(value)
			if field.name == "TEL" {
				value = strings.TrimPrefix(value, "tel:") // vCard 4.0 writes URIs
			}
			write(field.label, value)
		}
	}
}

// plainValue undoes the escape that the library leaves.
func plainValue(s string) string { return strings.ReplaceAll(s, `\;`, ";") }

// fullName puts the parts of a name in the order in which it is spoken: family, given,
// additional, before, after (RFC 6350, 6.2.2).
func fullName(n string) string {
	parts := append(components(n), "", "", "", "", "")
	return strings.Join(filled([]string{parts[3], parts[1], parts[2], parts[0], parts[4]}), " ")
}

// components parts a value at the semicolons that are not escaped.
func components(s string) []string {
	var list []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ';':
			list = append(list, unescaped(s[from:i]))
			from = i + 1
		}
	}
	return append(list, unescaped(s[from:]))
}

// filled gives the parts that hold something.
func filled(parts []string) []string {
	var list []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			list = append(list, p)
		}
	}
	return list
}

// holdsWords tells whether all words of one text stand in another.
func holdsWords(text, words string) bool {
	have := map[string]bool{}
	for _, w := range strings.Fields(text) {
		have[strings.Trim(w, ",")] = true
	}
	for _, w := range strings.Fields(words) {
		if !have[w] {
			return false
		}
	}
	return true
}
