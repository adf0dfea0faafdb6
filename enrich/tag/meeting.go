package tag

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// The roles of people that only an invitation names.
const (
	roleOrganizer = "organizer"
	roleGuest     = "guest"
)

// Bounds on what is read of invitations.
const (
	maxCalendars     = 8
	maxCalendarBytes = 256 << 10
)

// Guests gives the people invited to the meetings in a message's calendar parts, each
// once. parts are the bytes of the attachments; an error is of
// reading them.
func Guests(list []format.MailPart, parts []io.ReaderAt) ([]relais.Person, error) {
	var found []relais.Person
	read := 0
	for _, i := range ByDigest(list) {
		if !isCalendar(list[i]) || read == maxCalendars {
			continue
		}
		read++
		body := make([]byte, min(list[i].Size, maxCalendarBytes))
		n, err := parts[i].ReadAt(body, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, relais.E(relais.KindUnavailable, "read invitation", err)
		}
		found = append(found, guestsOf(string(body[:n]))...)
	}
	return oncePerAddress(found), nil
}

// ByDigest gives the order of attachments by digest, then by place in the message: copies
// of one message may name their parts differently, never their bytes.
func ByDigest(list []format.MailPart) []int {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return bytes.Compare(list[x].SHA256[:], list[y].SHA256[:]) })
	return order
}

func isCalendar(p format.MailPart) bool {
	return p.MediaType == "text/calendar" || p.MediaType == "application/ics" || strings.EqualFold(path.Ext(p.Name), ".ics")
}

func oncePerAddress(list []relais.Person) []relais.Person {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(p relais.Person) bool {
		again := seen[p.Address]
		seen[p.Address] = true
		return again
	})
}

// guestsOf gives the organizers and attendees of an iCalendar object (RFC 5545 sections
// 3.8.4.1 and 3.8.4.3): of its events and tasks, not of the alarms within them.
func guestsOf(calendar string) (list []relais.Person) {
	var within []string               // the components that are open
	in := strings.NewReader(calendar) // which never fails
	for line := range unfolded(in) {
		name, params, value := contentLine(line)
		switch name {
		case "BEGIN":
			if within = append(within, strings.ToUpper(value)); len(within) > 10 {
				return list
			}
		case "END":
			within = within[:max(len(within)-1, 0)]
		case "ATTENDEE", "ORGANIZER":
			if len(within) == 0 || within[len(within)-1] != "VEVENT" && within[len(within)-1] != "VTODO" || len(list) == maxPeople {
				continue
			}
			if p, ok := guest(name, params, value); ok {
				list = append(list, p)
			}
		}
	}
	return list
}

// maxCalendarLine is how many bytes of an unfolded line are looked at.
const maxCalendarLine = 16 << 10

// unfolded gives the content lines of a calendar, the end of one that is too long left
// out: a line that begins with a blank goes on the one before (RFC 5545 section 3.1), be
// it in the middle of a character. An error, of reading, comes last.
func unfolded(body io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		in := bufio.NewReaderSize(body, 8<<10)
		var line strings.Builder
		for start := true; ; { // of a line of the file
			piece, err := in.ReadSlice('\n')
			text := strings.TrimRight(string(piece), "\r\n")
			switch {
			case !start || text == "":
			case text[0] == ' ' || text[0] == '\t':
				text = text[1:]
			case !yield(line.String(), nil):
				return
			default:
				line.Reset()
			}
			line.WriteString(text[:min(len(text), max(0, maxCalendarLine-line.Len()))])
			start = len(piece) > 0 && piece[len(piece)-1] == '\n'
			switch {
			case errors.Is(err, io.EOF):
				yield(line.String(), nil)
				return
			case err != nil && !errors.Is(err, bufio.ErrBufferFull):
				yield("", err)
				return
			}
		}
	}
}

// contentLine cuts a line into its name, parameters and value. A quoted parameter may
// hold what else would end it.
func contentLine(line string) (name string, params []string, value string) {
	quoted, from := false, 0
	for i := range len(line) {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case quoted || c != ';' && c != ':':
		default:
			if name == "" {
				name = strings.ToUpper(line[:i])
			} else {
				params = append(params, line[from:i])
			}
			if from = i + 1; c == ':' {
				return name, params, strings.TrimSpace(line[from:])
			}
		}
	}
	return "", nil, ""
}

// guest makes a person of a calendar user. Rooms and resources are not
// people, and somebody without a mail address cannot be told from others.
func guest(property string, params []string, value string) (relais.Person, bool) {
	if kind := strings.ToUpper(param(params, "CUTYPE")); kind == "ROOM" || kind == "RESOURCE" {
		return relais.Person{}, false
	}
	p := relais.Person{Role: roleGuest, Name: calendarName(param(params, "CN"))}
	if property == "ORGANIZER" {
		p.Role = roleOrganizer
	}
	const mailto = "mailto:"
	if len(value) > len(mailto) && strings.EqualFold(value[:len(mailto)], mailto) {
		p.Address = value[len(mailto):]
	} else {
		p.Address = param(params, "EMAIL") // RFC 7986 section 6.2
	}
	p.Address = strings.ToLower(strings.TrimSpace(p.Address))
	if strings.EqualFold(p.Name, p.Address) {
		p.Name = ""
	}
	start, end := nextAddress(p.Address, 0)
	return p, start == 0 && end == len(p.Address)
}

// param gives the value of a parameter without its quotes, "" when there is none.
func param(params []string, name string) string {
	for _, p := range params {
		if n, v, _ := strings.Cut(p, "="); strings.EqualFold(n, name) {
			return strings.Trim(v, `"`)
		}
	}
	return ""
}

// calendarName undoes the escapes of RFC 6868; a name in another charset than the
// standard's is left out.
func calendarName(s string) string {
	if !utf8.ValidString(s) {
		return ""
	}
	s = strings.NewReplacer("^^", "^", "^'", `"`, "^n", " ").Replace(s)
	return cutAt(norm.NFC.String(strings.Join(strings.Fields(s), " ")), maxDetail)
}
