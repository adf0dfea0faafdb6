package format

import (
	"bytes"
	"strconv"
	"strings"
)

// rawPart is where a part without parts of its own stands in a message's bytes, and by
// what number RFC 3501 (section 6.4.5) names it: "1", "2.1".
type rawPart struct {
	number           string
	head, body, past int // offsets of its header, of its body, and past its end
	name             string
}

// rawParts finds the parts of a message without decoding any.
type rawParts struct {
	msg   []byte
	lim   Limits
	parts []rawPart
	last  int    // offset of the outermost multipart's last delimiter, or the end
	bound string // its boundary, "" of a message that is no multipart
}

// findParts lists the parts of a message.
func findParts(msg []byte, lim Limits) *rawParts {
	r := &rawParts{msg: msg, lim: lim, last: len(msg)}
	r.entity(0, len(msg), "", 0)
	return r
}

// entity goes through what has a header: a part, or a message. The one part of a
// message that is no multipart has the number 1.
func (r *rawParts) entity(from, to int, number string, depth int) {
	body := headerEnd(r.msg[from:to]) + from
	var warn warnings
	kind := parseParams(rawField(r.msg[from:body], "content-type"), r.lim, &warn)
	boundary, _ := kind.get("boundary")
	switch {
	case strings.HasPrefix(kind.value, "multipart/") && boundary.value != "" && depth < r.lim.MIMEDepth:
		r.multipart(body, to, number, boundary.value, depth)
	case kind.value == "message/rfc822" && depth < r.lim.MIMEDepth && len(bytes.TrimSpace(r.msg[body:to])) > 0:
		r.entity(body, to, number+".", depth+1)
	case len(r.parts) < r.lim.Parts:
		if number == "" || strings.HasSuffix(number, ".") {
			number += "1"
		}
		place := parseParams(rawField(r.msg[from:body], "content-disposition"), r.lim, &warn)
		name, ok := place.get("filename")
		if !ok {
			name, _ = kind.get("name")
		}
		r.parts = append(r.parts, rawPart{number: number, head: from, body: body, past: to, name: DecodeWords(name.value)})
	}
}

// multipart goes through the parts between delimiters.
func (r *rawParts) multipart(from, to int, number, boundary string, depth int) {
	if depth == 0 {
		r.bound = boundary
	}
	if number != "" && !strings.HasSuffix(number, ".") {
		number += "."
	}
	start, n := -1, 0
	for at := from; at < to && n <= r.lim.Parts; {
		end := at + lineLength(r.msg[at:to])
		line, ok := bytes.CutPrefix(r.msg[at:end], []byte("--"+boundary))
		line = bytes.TrimRight(line, " \t\r\n")
		if last := string(line) == "--"; ok && (last || len(line) == 0) {
			if start >= 0 {
				r.entity(start, at, number+strconv.Itoa(n), depth+1)
			}
			if start, n = end, n+1; last {
				start = -1
			}
			if last && depth == 0 {
				r.last = at
			}
			if last {
				return
			}
		}
		at = end
	}
	if start >= 0 {
		r.entity(start, to, number+strconv.Itoa(n), depth+1)
	}
}

// lineLength gives the length of the first line, with its end.
func lineLength(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	return len(b)
}

// headerEnd gives the offset past the blank line that ends a header.
func headerEnd(b []byte) int {
	for at := 0; at < len(b); {
		n := lineLength(b[at:])
		blank := len(trimEOL(b[at:at+n])) == 0
		if at += n; blank {
			return at
		}
	}
	return len(b)
}

// rawField gives the first field of a name, in lower case, unfolded.
func rawField(header []byte, name string) string {
	var value []string
	for at := 0; at < len(header); {
		n := lineLength(header[at:])
		line := trimEOL(header[at : at+n])
		at += n
		switch fold := len(line) > 0 && (line[0] == ' ' || line[0] == '\t'); {
		case fold && value != nil:
			value = append(value, string(line))
		case value != nil:
			return strings.TrimSpace(strings.Join(value, " "))
		case !fold && startsFold(line, name+":"):
			value = []string{string(line[len(name)+1:])}
		}
	}
	return strings.TrimSpace(strings.Join(value, " "))
}
