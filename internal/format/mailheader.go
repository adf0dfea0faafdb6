package format

import (
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// messageIDMost is the longest Message-ID that is kept: a longer one identifies nothing.
const messageIDMost = 998

// finishHeader reads the fields of the header, now that the body has told which
// charset their raw bytes are in.
func (w *walker) finishHeader() {
	w.decodeRaw()
	m := &w.mail
	m.Subject = cleanLine(decodeWords(m.Header.Get("Subject"), w.charset, &w.warn))
	w.readDate()
	w.readIDs()
	w.checkUnique()
	w.readAddresses()
}

// decodeRaw turns raw 8-bit values into UTF-8 (RFC 6532), and drops controls.
func (w *walker) decodeRaw() {
	for i := range w.mail.Header {
		f := &w.mail.Header[i]
		if plain(f.Value) {
			continue
		}
		if !isASCII([]byte(f.Value)) || stateful("", []byte(f.Value)) {
			f.Value = string(decodeText([]byte(f.Value), "utf-8", w.charset, &w.warn))
		}
		f.Value = cleanValue(f.Value)
	}
}

// checkUnique notes fields that occur twice although there may be only one (RFC 5322,
// 3.6).
func (w *walker) checkUnique() {
	var from, date, subject, id int64
	for _, f := range w.mail.Header {
		switch strings.ToLower(f.Name) {
		case "from":
			from++
		case "date":
			date++
		case "subject":
			subject++
		case "message-id":
			id++
		}
	}
	for _, n := range []int64{from, date, subject, id} {
		w.warn.add(warnAmbiguousHeader, n-1)
	}
}

// readAddresses reads the address fields. To, Cc and Bcc may be given more than
// once, as some gateways do; all of them count.
func (w *walker) readAddresses() {
	m := &w.mail
	a := addressReader{room: w.lim.Addresses, fallback: w.charset, warn: &w.warn}
	one := func(name string) []relais.Address {
		a.list = nil
		a.read(m.Header.Get(name))
		return a.list
	}
	all := func(name string) []relais.Address {
		a.list = nil
		for _, f := range m.Header {
			if strings.EqualFold(f.Name, name) {
				a.read(f.Value)
			}
		}
		return a.list
	}
	m.From, m.Sender, m.ReplyTo = one("From"), one("Sender"), one("Reply-To")
	m.To, m.Cc, m.Bcc = all("To"), all("Cc"), all("Bcc")
	w.warn.add(warnAddressLimit, a.left)
}

// readDate takes the Date, or else that of the earliest Received: the hop nearest to
// the sender, wherever it stands.
func (w *walker) readDate() {
	m := &w.mail
	var received time.Time
	for _, f := range m.Header {
		switch {
		case m.DateSource == "" && strings.EqualFold(f.Name, "Date"):
			t, ok := parseDate(f.Value)
			if ok {
				m.Date, m.DateSource = t, "header"
			} else if strings.TrimSpace(f.Value) != "" {
				w.warn.add(warnDate, 1)
			}
		case strings.EqualFold(f.Name, "Received"):
			if t, ok := receivedDate(f.Value); ok && (received.IsZero() || t.Before(received)) {
				received = t
			}
		}
	}
	if m.DateSource == "" && !received.IsZero() {
		m.Date, m.DateSource = received, "received"
	}
}

// readIDs reads what threads are made from (RFC 5322, section 3.6.4).
func (w *walker) readIDs() {
	m := &w.mail
	m.MessageID = w.firstID("Message-ID")
	m.InReplyTo = w.limitIDs(messageIDs(m.Header.Get("In-Reply-To")))
	m.References = w.limitIDs(messageIDs(m.Header.Get("References")))
}

// firstID gives the id of a field; without brackets, all of the field is the id.
func (w *walker) firstID(name string) string {
	value := w.mail.Header.Get(name)
	id := ""
	if ids := messageIDs(value); len(ids) > 0 {
		id = ids[0]
	} else {
		id = strings.Trim(cleanID(value), "<>")
	}
	if len(id) > messageIDMost {
		w.warn.add(warnMessageID, 1)
		return ""
	}
	return id
}

// limitIDs keeps the first id, which names the thread, and the last ones, which
// name the parents.
func (w *walker) limitIDs(ids []string) []string {
	if over := len(ids) - w.lim.References; over > 0 && w.lim.References > 0 {
		w.warn.add(warnReferenceLimit, int64(over))
		return append(ids[:1:1], ids[over+1:]...)
	}
	return ids
}
