package extract

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// xmlKind is what xmlScanner.next found.
type xmlKind int

const (
	xmlEOF xmlKind = iota
	xmlStart
	xmlEnd
	xmlText
)

// maxXMLDepth bounds the nesting of elements: honest documents stay far below.
const maxXMLDepth = 512

// xmlScanner reads the elements and text of an XML document held in memory, in one
// pass and without allocating: office documents are mostly markup, and encoding/xml
// would cost most of a reader's time. It is lenient (a truncated document gives
// what stands before the cut), it opens nothing, and it knows no entity but the five
// of XML 1.0 section 4.6 and character references.
type xmlScanner struct {
	data []byte
	pos  int

	name  []byte // local name of the element, without prefix
	raw   []byte // xmlText: characters as written; see appendText
	cdata bool   // raw is a CDATA section
	attrs []byte // xmlStart: what follows the name
	empty bool   // xmlStart of <name/>: its xmlEnd comes next
	depth int    // elements open, the one just started included
	deep  bool   // stopped at maxXMLDepth

	pending bool // an xmlEnd is owed for an empty element
}

// newXMLScanner reads a document in any encoding that it declares or shows.
func newXMLScanner(data []byte) *xmlScanner { return &xmlScanner{data: utf8XML(data)} }

// next moves to the next element or text.
func (s *xmlScanner) next() xmlKind {
	if s.pending {
		s.pending, s.empty = false, false
		s.depth--
		return xmlEnd
	}
	for s.pos < len(s.data) && !s.deep {
		if s.data[s.pos] != '<' {
			return s.text()
		}
		rest := s.data[s.pos:]
		switch {
		case len(rest) < 2:
			s.pos = len(s.data)
		case rest[1] == '/':
			return s.end()
		case rest[1] == '?':
			s.skipPast("?>")
		case rest[1] == '!':
			if bytes.HasPrefix(rest, []byte("<![CDATA[")) {
				return s.cdataSection()
			}
			s.declaration()
		default:
			if k := s.start(); k != xmlEOF {
				return k
			}
		}
	}
	return xmlEOF
}

// text takes everything up to the next tag.
func (s *xmlScanner) text() xmlKind {
	end := bytes.IndexByte(s.data[s.pos:], '<')
	if end < 0 {
		end = len(s.data) - s.pos
	}
	s.raw, s.cdata = s.data[s.pos:s.pos+end], false
	s.pos += end
	return xmlText
}

// cdataSection takes a CDATA section; one that does not end lasts to the end.
func (s *xmlScanner) cdataSection() xmlKind {
	from := s.pos + len("<![CDATA[")
	end := bytes.Index(s.data[from:], []byte("]]>"))
	if end < 0 {
		s.raw, s.pos = s.data[from:], len(s.data)
	} else {
		s.raw, s.pos = s.data[from:from+end], from+end+3
	}
	s.cdata = true
	return xmlText
}

// declaration skips a comment, or a DOCTYPE with its internal subset: what it
// declares is not used.
func (s *xmlScanner) declaration() {
	if bytes.HasPrefix(s.data[s.pos:], []byte("<!--")) {
		s.skipPast("-->")
		return
	}
	nested := 0
	for ; s.pos < len(s.data); s.pos++ {
		switch s.data[s.pos] {
		case '[', '<':
			nested++
		case ']':
			nested--
		case '>':
			if nested--; nested <= 0 {
				s.pos++
				return
			}
		}
	}
}

// skipPast moves behind a mark, or to the end where there is none.
func (s *xmlScanner) skipPast(mark string) {
	if end := bytes.Index(s.data[s.pos:], []byte(mark)); end >= 0 {
		s.pos += end + len(mark)
		return
	}
	s.pos = len(s.data)
}

// end reads an end tag. Whether it matches the start is not asked: depth counts.
func (s *xmlScanner) end() xmlKind {
	from := s.pos + 2
	end := bytes.IndexByte(s.data[from:], '>')
	if end < 0 {
		end = len(s.data) - from
	}
	s.name = localName(bytes.TrimSpace(s.data[from : from+end]))
	s.pos = min(from+end+1, len(s.data))
	s.depth--
	return xmlEnd
}

// start reads a start tag; a ">" within a quoted attribute does not end it.
func (s *xmlScanner) start() xmlKind {
	from, quote := s.pos+1, byte(0)
	i := from
	for ; i < len(s.data); i++ {
		c := s.data[i]
		if quote != 0 {
			if c == quote {
				quote = 0
			}
		} else if c == '"' || c == '\'' {
			quote = c
		} else if c == '>' {
			break
		}
	}
	tag := s.data[from:i]
	s.pos = min(i+1, len(s.data))
	s.empty = len(tag) > 0 && tag[len(tag)-1] == '/'
	if s.empty {
		tag = tag[:len(tag)-1]
	}
	cut := bytes.IndexAny(tag, " \t\r\n")
	if cut < 0 {
		cut = len(tag)
	}
	s.name, s.attrs = localName(tag[:cut]), tag[cut:]
	if s.depth++; s.depth > maxXMLDepth {
		s.deep = true
		return xmlEOF
	}
	s.pending = s.empty
	return xmlStart
}

// localName drops the prefix: which namespace it stands for never matters here.
func localName(b []byte) []byte {
	if i := bytes.LastIndexByte(b, ':'); i >= 0 {
		return b[i+1:]
	}
	return b
}

// attr gives an attribute of the element just started by its local name, decoded.
func (s *xmlScanner) attr(name string) string {
	a := s.attrs
	for {
		eq := bytes.IndexByte(a, '=')
		if eq < 0 {
			return ""
		}
		key := localName(bytes.TrimSpace(a[:eq]))
		a = bytes.TrimLeft(a[eq+1:], " \t\r\n")
		if len(a) == 0 {
			return ""
		}
		end := bytes.IndexByte(a[1:], a[0])
		if end < 0 {
			return ""
		}
		if string(key) == name {
			return string(appendXMLText(nil, a[1:1+end]))
		}
		a = a[end+2:]
	}
}

// appendText appends the characters of the xmlText just found.
func (s *xmlScanner) appendText(dst []byte) []byte {
	if s.cdata {
		return append(dst, s.raw...)
	}
	return appendXMLText(dst, s.raw)
}

// skip moves past the element just started and all it holds.
func (s *xmlScanner) skip() {
	for open := s.depth; s.depth >= open; {
		if s.next() == xmlEOF {
			return
		}
	}
}

// appendXMLText resolves the references in raw characters; an ampersand that begins
// none is itself.
func appendXMLText(dst, raw []byte) []byte {
	for len(raw) > 0 {
		i := bytes.IndexByte(raw, '&')
		if i < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:i]...)
		raw = raw[i+1:]
		semi := bytes.IndexByte(raw[:min(len(raw), 12)], ';')
		if semi < 0 {
			dst = append(dst, '&')
			continue
		}
		dst = appendEntity(dst, string(raw[:semi]))
		raw = raw[semi+1:]
	}
	return dst
}

// appendEntity resolves a predefined entity or a character reference; an entity
// that a DTD declares stands for nothing here.
func appendEntity(dst []byte, name string) []byte {
	switch name {
	case "amp":
		return append(dst, '&')
	case "lt":
		return append(dst, '<')
	case "gt":
		return append(dst, '>')
	case "quot":
		return append(dst, '"')
	case "apos":
		return append(dst, '\'')
	}
	if len(name) < 2 || name[0] != '#' {
		return dst
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune {
		return dst
	}
	return utf8.AppendRune(dst, rune(n))
}
