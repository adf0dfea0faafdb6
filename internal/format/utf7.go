package format

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

// decodeUTF7 reads UTF-7 (RFC 2152), or the modified UTF-7 of mailbox names (RFC 3501,
// section 5.1.3). An invalid shifted sequence is kept as it is, and ok is false.
func decodeUTF7(s string, modified bool) (text string, ok bool) {
	shift := byte('+')
	if modified {
		shift = '&'
	}
	var out strings.Builder
	ok = true
	for {
		i := strings.IndexByte(s, shift)
		if i < 0 {
			out.WriteString(s)
			return out.String(), ok
		}
		out.WriteString(s[:i])
		s = s[i+1:]
		n := shiftedLength(s, modified)
		rest := s[n:]
		closed := strings.HasPrefix(rest, "-")
		if closed {
			rest = rest[1:]
		}
		decoded, good := decodeShifted(s[:n], modified)
		switch {
		case n == 0 && (closed || !modified):
			out.WriteByte(shift)
		case good && n > 0 && (closed || !modified):
			out.WriteString(decoded)
		default:
			ok = false
			out.WriteByte(shift)
			rest = s
		}
		s = rest
	}
}

// shiftedLength gives how many characters of base64 s begins with.
func shiftedLength(s string, modified bool) int {
	for i := range len(s) {
		c := s[i]
		if modified && c == ',' || base64Value[c] < 64 && !(modified && c == '/') {
			continue
		}
		return i
	}
	return len(s)
}

// decodeShifted reads base64 without padding of UTF-16, big-endian.
func decodeShifted(s string, modified bool) (string, bool) {
	if modified {
		s = strings.ReplaceAll(s, ",", "/")
	}
	encoding := base64.RawStdEncoding
	if modified { // else a name such as "R&DEV-1" would be one in another script
		encoding = encoding.Strict()
	}
	b, err := encoding.DecodeString(s)
	if err != nil || len(b) < 2 {
		return "", false
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
	}
	return string(utf16.Decode(units)), len(b)%2 == 0 || b[len(b)-1] == 0
}

// ShiftMailboxName writes a character as modified UTF-7 does (RFC 3501, section
// 5.1.3) where it may not stand as it is: [DecodeMailboxName] undoes it.
func ShiftMailboxName(r rune) string {
	units := utf16.AppendRune(nil, r)
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = append(b, byte(u>>8), byte(u))
	}
	return "&" + strings.ReplaceAll(base64.RawStdEncoding.EncodeToString(b), "/", ",") + "-"
}
