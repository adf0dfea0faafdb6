package enrich

import (
	"net/url"
	"strings"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// inlineParts tells which attachments of a message are part of how it is made, and no
// file that somebody attached: a picture that the HTML shows by its Content-ID (RFC 2392),
// the calendar of an invitation (RFC 6047) and copies of it, a detached signature (RFC
// 8551, RFC 3156), what a server wrote of a delivery (RFC 3464). By digest: of two copies
// of one part, that which is inline speaks for both, in whatever order they are listed.
func inlineParts(m *format.Mail) map[relais.Digest]bool {
	shown, inline := contentIDs(m.HTML), map[relais.Digest]bool{}
	for _, a := range m.Attachments {
		if formal(a) || a.ContentID != "" && shown[strings.ToLower(a.ContentID)] {
			inline[a.SHA256] = true
		}
	}
	return inline
}

// formal tells parts that programs add and no person attaches.
func formal(a format.MailPart) bool {
	switch a.MediaType {
	case "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature", "application/pgp-encrypted",
		"message/delivery-status", "message/disposition-notification", "message/global-delivery-status", "message/feedback-report",
		"text/rfc822-headers", "message/global-headers":
		return true
	case "text/calendar":
		return a.Disposition != "attachment"
	}
	return false
}

// What is looked at of the Content-IDs in HTML: no line of a header is longer (RFC 5322
// section 2.1.1), no message has more parts (format.Limits).
const (
	maxContentID  = 998
	maxContentIDs = 1000
)

// contentIDs gives the Content-IDs that HTML refers to, in lower case.
func contentIDs(html string) map[string]bool {
	ids := map[string]bool{}
	for len(ids) < maxContentIDs {
		i := indexFold(html, "cid:")
		if i < 0 {
			return ids
		}
		html = html[i+len("cid:"):]
		id := html[:min(len(html), maxContentID)]
		if end := strings.IndexAny(id, "\"' \t\n<>)\\"); end >= 0 {
			id = id[:end]
		}
		if plain, err := url.PathUnescape(id); err == nil {
			id = plain
		}
		ids[strings.ToLower(strings.ReplaceAll(id, "&amp;", "&"))] = true
	}
	return ids
}

// indexFold is strings.Index for an ASCII word in lower case, whatever the case in s.
func indexFold(s, word string) int {
	for at := 0; ; {
		i := strings.IndexAny(s[at:], word[:1]+strings.ToUpper(word[:1]))
		if i < 0 || len(s)-at-i < len(word) {
			return -1
		}
		at += i
		if strings.EqualFold(s[at:at+len(word)], word) {
			return at
		}
		at++
	}
}
