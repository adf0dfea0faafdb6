package format

import (
	"bytes"
	"strings"
)

// fieldName gives the length of the field name a line begins with, 0 when it is no field.
// White space before the colon is obsolete but occurs.
func fieldName(line []byte) int {
	for i, c := range line {
		switch {
		case c == ':':
			return i
		case c == ' ' || c == '\t':
			rest := bytes.TrimLeft(line[i:], " \t")
			if i > 0 && len(rest) > 0 && rest[0] == ':' {
				return len(line) - len(rest)
			}
			return 0
		case c < '!' || c > '~':
			return 0
		}
	}
	return 0
}

// knownLine tells whether text begins with a field that is common in mail.
func knownLine(text []byte) bool {
	n := fieldName(text[:min(len(text), 80)])
	return n > 0 && knownField(string(bytes.TrimRight(text[:n], " \t")))
}

// knownField tells whether a field name is one that occurs in real header blocks.
func knownField(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "from", "to", "cc", "bcc", "subject", "date", "sender", "reply-to", "received", "message-id",
		"in-reply-to", "references", "mime-version", "return-path", "delivered-to", "comments", "keywords",
		"status", "lines", "importance", "priority", "precedence", "organization", "user-agent", "mailer",
		"dkim-signature", "authentication-results", "errors-to", "newsgroups", "path", "envelope-to":
		return true
	}
	for _, p := range []string{"content-", "x-", "list-", "resent-", "arc-", "received-", "thread-"} {
		if strings.HasPrefix(name, p) && len(name) > len(p) {
			return true
		}
	}
	return false
}
