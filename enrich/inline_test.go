package enrich

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

func TestFilesThatSomebodySent(t *testing.T) {
	part := func(name, mediaType, disposition, contentID string) format.MailPart {
		return format.MailPart{Name: name, MediaType: mediaType, Disposition: disposition, ContentID: contentID, SHA256: relais.DigestOf([]byte(name))}
	}
	m := &format.Mail{
		HTML: `<img src="CID:Logo%40x">< img src='cid:two'> <a style="background:url(cid:three)"> cid:`,
		Attachments: []format.MailPart{
			part("logo", "image/png", "attachment", "logo@x"), part("two", "image/png", "inline", "Two"), part("three", "image/gif", "", "three"),
			part("photo", "image/jpeg", "inline", ""), part("unused", "image/png", "inline", "four"), part("report", "application/pdf", "attachment", ""),
			part("invite", "text/calendar", "", ""), part("event.ics", "text/calendar", "attachment", ""), part("smime.p7s", "application/pkcs7-signature", "attachment", ""),
			part("status", "message/delivery-status", "", ""), part("forwarded", "message/rfc822", "", ""),
		},
	}
	inline := inlineParts(m)
	var sent []string
	for _, a := range m.Attachments {
		if !inline[a.SHA256] {
			sent = append(sent, a.Name)
		}
	}
	if diff := cmp.Diff([]string{"photo", "unused", "report", "event.ics", "forwarded"}, sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	slices.Reverse(m.Attachments)
	if diff := cmp.Diff(inline, inlineParts(m)); diff != "" {
		t.Errorf("the order tells (-want +got):\n%s", diff)
	}
	if n := len(contentIDs(strings.Repeat("cid:", 1<<20))); n > maxContentIDs {
		t.Errorf("%d ids", n)
	}
}
