package format

import "bytes"

// qpDecoder reads quoted-printable; an invalid escape is kept as it is.
type qpDecoder struct{ damaged int64 }

// decode goes line by line, since white space at the end of a line is only recognised
// there.
func (d *qpDecoder) decode(dst, src []byte, last bool) (wrote, read int) {
	for read < len(src) && len(dst)-wrote > decodeAhead {
		rest := src[read:min(len(src), read+decodeAhead)]
		i := bytes.IndexByte(rest, '\n')
		switch {
		case i >= 0:
			wrote += d.line(dst[wrote:], rest[:i+1])
			read += i + 1
		case len(rest) == decodeAhead:
			n := qpPiece(rest)
			wrote += d.unescape(dst[wrote:], rest[:n])
			read += n
		case last:
			wrote += d.line(dst[wrote:], rest)
			read += len(rest)
		default:
			return wrote, read
		}
	}
	return wrote, read
}

// line decodes one line: white space at its end is of the transport (RFC 2045,
// section 6.7, rule 3), and "=" there joins it to the next.
func (d *qpDecoder) line(dst, line []byte) int {
	text := trimEOL(line)
	end := line[len(text):]
	text = bytes.TrimRight(text, " \t")
	if n := len(text); n > 0 && text[n-1] == '=' {
		return d.unescape(dst, text[:n-1])
	}
	n := d.unescape(dst, text)
	return n + copy(dst[n:], end)
}

// qpPiece gives how much of a piece of an endless line can be decoded before more
// of it is seen.
func qpPiece(piece []byte) int {
	n := len(bytes.TrimRight(piece, " \t\r"))
	if n == 0 {
		return len(piece)
	}
	if i := bytes.LastIndexByte(piece[max(0, n-3):n], '='); i >= 0 && max(0, n-3)+i > 0 {
		return max(0, n-3) + i
	}
	return n
}

// unescape undoes the escapes of one line; digits may be in lower case.
func (d *qpDecoder) unescape(dst, text []byte) int {
	n := 0
	for {
		i := bytes.IndexByte(text, '=')
		if i < 0 {
			return n + copy(dst[n:], text)
		}
		n += copy(dst[n:], text[:i])
		if c, ok := hexByte(text[i+1:]); ok {
			dst[n] = c
			text = text[i+3:]
		} else {
			d.damaged++
			dst[n] = '='
			text = text[i+1:]
		}
		n++
	}
}

func (d *qpDecoder) report(w *warnings) { w.add(warnQuotedPrintable, d.damaged) }

// hexByte reads two hexadecimal digits.
func hexByte[T []byte | string](s T) (byte, bool) {
	if len(s) < 2 {
		return 0, false
	}
	hi, lo := hexDigit(s[0]), hexDigit(s[1])
	return hi<<4 | lo, hi < 16 && lo < 16
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}
