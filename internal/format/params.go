package format

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// params is a structured field (RFC 2045, section 5.1; RFC 2183): a value and its
// parameters, with those of RFC 2231 put together.
type params struct {
	value string // lower case
	list  []param
}

// param is one parameter: a lower-case name, and a value not yet decoded.
type param struct {
	name, value string
	charset     string // of an RFC 2231 value whose octets are in value
	extended    bool
}

// parseParams reads a field such as Content-Type as mailers write it: without
// semicolons, with spaces, quotes that do not close, names given twice.
func parseParams(field string, lim Limits, warn *warnings) params {
	head, rest := cutAny(field, "; \t")
	p := params{value: strings.ToLower(strings.Trim(head, " \t\"'"))}
	var pieces []param
	for n := 0; ; n++ {
		rest = strings.TrimLeft(rest, "; \t")
		if rest == "" {
			break
		}
		if n == lim.Params {
			warn.add(warnParamLimit, int64(1+strings.Count(rest, ";")))
			break
		}
		var one param
		one, rest = nextParam(rest)
		if one.name != "" {
			pieces = append(pieces, one)
		}
	}
	p.list = joinPieces(pieces)
	return p
}

// get gives the first parameter of a name.
func (p *params) get(name string) (param, bool) {
	for _, e := range p.list {
		if e.name == name {
			return e, true
		}
	}
	return param{}, false
}

// token gives a parameter that is a word, such as a charset: without comment.
func (p *params) token(name string) string {
	e, _ := p.get(name)
	word, _ := cutAny(strings.TrimSpace(e.value), " \t(;")
	return strings.Trim(word, "\"'")
}

// cutAny cuts s before the first of some characters, which stays with what follows.
func cutAny(s, chars string) (before, after string) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// nextParam reads "name=value"; a comment or a word without "=" has no name.
func nextParam(s string) (p param, rest string) {
	if s[0] == '(' {
		if i := strings.IndexByte(s, ')'); i >= 0 {
			return p, s[i+1:]
		}
	}
	i := strings.IndexAny(s, "=;")
	if i < 0 || s[i] == ';' {
		_, rest = cutAny(s, ";")
		return p, rest
	}
	p.name = strings.ToLower(strings.TrimSpace(s[:i]))
	if j := strings.LastIndexAny(p.name, " \t"); j >= 0 {
		p.name = p.name[j+1:] // stray words before the name
	}
	s = strings.TrimLeft(s[i+1:], " \t")
	if strings.HasPrefix(s, `"`) {
		p.value, rest = quoted(s)
		return p, rest
	}
	p.value, rest = cutAny(s, ";")
	if j := nextAssignment(p.value); j > 0 {
		p.value, rest = p.value[:j], s[j:]
	}
	p.value = strings.TrimSpace(p.value)
	return p, rest
}

// nextAssignment finds a known parameter that follows an unquoted value without
// semicolon; 0 when there is none.
func nextAssignment(s string) int {
	for _, name := range []string{"name", "filename", "charset", "boundary", "format", "type"} {
		if i := strings.Index(strings.ToLower(s), " "+name+"="); i > 0 {
			return i
		}
	}
	return 0
}

// quoted reads a quoted string. Only \" and \\ are escapes, since file names hold other
// backslashes as they are; a quote that is not followed by the end of the parameter is
// part of the value.
func quoted(s string) (value, rest string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case s[i] == '"' && paramEnd(s[i+1:]):
			return b.String(), s[i+1:]
		default:
			b.WriteByte(s[i])
		}
	}
	// It never closes: the value ends with the parameter.
	value, rest = cutAny(s[1:], ";")
	return strings.TrimRight(value, " \t\""), rest
}

// paramEnd tells whether what follows a quote ends the parameter.
func paramEnd(rest string) bool {
	rest = strings.TrimLeft(rest, " \t")
	if rest == "" || rest[0] == ';' || rest[0] == '(' {
		return true
	}
	name, after := cutAny(rest, "=; \t\"")
	return name != "" && strings.HasPrefix(strings.TrimLeft(after, " \t"), "=")
}

// joinPieces puts the continuations of RFC 2231 together (name*0, name*1*) and
// undoes its percent encoding.
func joinPieces(pieces []param) []param {
	type piece struct {
		param
		index int
	}
	var out []param
	parts := map[string][]piece{}
	var order []string
	for _, p := range pieces {
		name, index, extended := continuation(p.name)
		if index < 0 && !extended {
			out = append(out, p)
			continue
		}
		p.name, p.extended = name, extended
		if parts[name] == nil {
			order = append(order, name)
		}
		parts[name] = append(parts[name], piece{p, max(index, 0)})
	}
	for _, name := range order {
		list := parts[name]
		slices.SortStableFunc(list, func(a, b piece) int { return cmp.Compare(a.index, b.index) })
		whole := param{name: name}
		var b strings.Builder
		for i, p := range list {
			if i > 0 && p.index == list[i-1].index {
				continue // given twice: the first counts
			}
			v := p.value
			if p.extended {
				if i == 0 {
					whole.charset, v = charsetTag(v)
				}
				v = unpercent(v)
				whole.extended = true
			}
			b.WriteString(v)
		}
		whole.value = b.String()
		// The extended form is preferred where both are given (RFC 6266, 4.3).
		out = append([]param{whole}, out...)
	}
	return out
}

// continuation splits "name*1*" into its name, its index and whether it is
// extended; the index is -1 when there is none.
func continuation(name string) (base string, index int, extended bool) {
	base, extended = strings.CutSuffix(name, "*")
	i := strings.LastIndexByte(base, '*')
	if i < 0 {
		return base, -1, extended
	}
	n, err := strconv.Atoi(base[i+1:])
	if err != nil || n < 0 {
		return base, -1, extended
	}
	return base[:i], n, extended
}

// charsetTag cuts charset'language' from an extended value.
func charsetTag(v string) (charset, rest string) {
	charset, after, ok := strings.Cut(v, "'")
	if !ok {
		return "", v
	}
	_, rest, ok = strings.Cut(after, "'")
	if !ok {
		return "", v
	}
	return charset, rest
}

// unpercent undoes percent encoding; an invalid escape is kept as it is.
func unpercent(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			if c, ok := hexByte(s[i+1:]); ok {
				b = append(b, c)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
