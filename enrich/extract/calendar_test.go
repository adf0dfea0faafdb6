package extract

import (
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// calendarOf wraps lines in a calendar.
func calendarOf(lines ...string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCALENDAR\r\n"
}

func eventOf(lines ...string) string {
	return calendarOf("BEGIN:VEVENT\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT")
}

func TestCalendar(t *testing.T) {
	windows := func(s string) string { return string(decodedAs("windows-1252", s)) }
	full := eventOf("UID:1", "DTSTART;TZID=\"Romance Standard Time\":20250311T090000", "DTEND;TZID=\"Romance Standard Time\":20250311T103000",
		"SUMMARY;LANGUAGE=fr:Point projet", "LOCATION:Salle Mistral\\, Lyon", "ORGANIZER;CN=\"Petit, Luc\":mailto:luc@client.example",
		"ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=Zo\xc3\r\n \xa9:MAILTO:zoe@client.example", "ATTENDEE;CN=eve@client.example:mailto:eve@client.example",
		"ATTENDEE;CN=Paul ^'le grand^';EMAIL=paul@client.example:/o=org/cn=paul",
		"DESCRIPTION:arrêter le prix et la négo\r\n ciation du contrat\\, puis la date.\\nPrévoir le calorifugea\r\n\tge.", "RRULE:FREQ=WEEKLY;UNTIL=20250630T000000Z;BYDAY=TU",
		"BEGIN:VALARM", "DESCRIPTION:Reminder", "TRIGGER:-PT15M", "END:VALARM")
	const said = "Point projet\nWhen: 2025-03-11 09:00 – 10:30 Europe/Paris\nRepeats: weekly until 2025-06-30\nWhere: Salle Mistral, Lyon\nOrganizer: Petit, Luc <luc@client.example>\n" +
		"Guests: Zoé <zoe@client.example> (accepted), eve@client.example, Paul \"le grand\" <paul@client.example>\narrêter le prix et la négociation du contrat, puis la date.\nPrévoir le calorifugeage."
	for name, c := range map[string]struct{ calendar, want string }{
		"all of it":           {full, said},
		"line feeds":          {strings.ReplaceAll(full, "\r\n", "\n"), said},
		"carriage returns":    {strings.ReplaceAll(full, "\r\n", "\r"), said},
		"blank lines":         {strings.ReplaceAll(full, "\r\nATTENDEE", "\r\n\r\nATTENDEE"), said},
		"small letters":       {"begin:vcalendar\nbegin:vevent\nsummary:petit\nend:vevent\nend:vcalendar\n", "petit"},
		"lines that are none": {strings.Replace(full, "UID:1", "UID:1\r\nni ceci\r\n: ni cela\r\nX Y:z\r\nATTENDEE;CN=\"ouvert:mailto:x@y.example\r\n;;;\r\nDTSTART", 1), said},
		"cut":                 {full[:strings.Index(full, "RRULE")], strings.Replace(said, "Repeats: weekly until 2025-06-30\n", "", 1)},
		"cut in an alarm":     {full[:strings.Index(full, "TRIGGER")], said},
		"ends of others":      {strings.Replace(full, "END:VALARM", "END:VTODO\r\nEND:VALARM\r\nEND:VALARM", 1), said},
		"no calendar around":  {"BEGIN:VEVENT\nSUMMARY:seul\nEND:VEVENT\n", ""}, // as text: below
		"a day":               {eventOf("SUMMARY:Salon", "DTSTART;VALUE=DATE:20250311", "DTEND;VALUE=DATE:20250312"), "Salon\nWhen: 2025-03-11"},
		"days":                {eventOf("SUMMARY:Salon", "DTSTART;VALUE=DATE:20250311", "DTEND;VALUE=DATE:20250314"), "Salon\nWhen: 2025-03-11 – 2025-03-13"},
		"duration":            {eventOf("SUMMARY:Point", "DTSTART:20250311T090000Z", "DURATION:PT1H30M"), "Point\nWhen: 2025-03-11 09:00 – 10:30 UTC"},
		"over midnight":       {eventOf("SUMMARY:Nuit", "DTSTART:20250311T220000", "DTEND:20250312T020000"), "Nuit\nWhen: 2025-03-11 22:00 – 2025-03-12 02:00"},
		"two zones":           {eventOf("SUMMARY:Vol", "DTSTART;TZID=Europe/Paris:20250311T100000", "DTEND;TZID=America/New_York:20250311T120000"), "Vol\nWhen: 2025-03-11 10:00 Europe/Paris – 2025-03-11 12:00 America/New_York"},
		"zone in a path":      {eventOf("SUMMARY:Point", "DTSTART;TZID=/freeassociation.sourceforge.net/Tzfile/Europe/Paris:20250311T100000"), "Point\nWhen: 2025-03-11 10:00 Europe/Paris"},
		"zone of its own":     {eventOf("SUMMARY:Point", "DTSTART;TZID=Fuseau maison:20250311T100000"), "Point\nWhen: 2025-03-11 10:00 Fuseau maison"},
		"no time":             {eventOf("SUMMARY:Point", "DTSTART:demain matin"), "Point\nWhen: demain matin"},
		"a task":              {calendarOf("BEGIN:VTODO\r\nSUMMARY:Relancer\r\nDUE:20250311T160000Z\r\nEND:VTODO"), "Relancer\nWhen: until 2025-03-11 16:00 UTC"},
		"cancelled":           {eventOf("SUMMARY:Point", "STATUS:CANCELLED"), "Point\nStatus: cancelled"},
		"bare commas":         {eventOf("SUMMARY:Vannes, pompes; joints", "DESCRIPTION:à voir \\: ceci\\; et \"cela\" C:\\temp\\"), "Vannes, pompes; joints\nà voir : ceci; et \"cela\" C:\\temp\\"},
		"formatted alone":     {eventOf("SUMMARY:Point", "X-ALT-DESC;FMTTYPE=text/html:<html><body><p>Ordre <b>du</b> jour\\, suite</p></body></html>"), "Point\nOrdre du jour, suite"},
		"a zone, two events":  {calendarOf("X-WR-CALNAME:Tournée", "BEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nCOMMENT:rien\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nSUMMARY:Un\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Deux\r\nEND:VEVENT"), "Tournée\n\nUn\n\nDeux"},
		"two calendars":       {eventOf("SUMMARY:Un") + eventOf("SUMMARY:Deux"), "Un\n\nDeux"},
		"one in another":      {strings.Replace(eventOf("SUMMARY:Un"), "END:VEVENT", eventOf("SUMMARY:Deux"), 1), "Un\n\nDeux"},
		"an attached file":    {eventOf("SUMMARY:Point", "ATTACH;ENCODING=BASE64;VALUE=BINARY:"+strings.Repeat("QUJD", 5000)), "Point"},
		"old, by mail's code": {"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:R=C3=A9union=\r\n des vannes\r\nDESCRIPTION;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:prix arr=EAt=E9=0D=0Aet dat=E9\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", "Réunion des vannes\nprix arrêté\net daté"},
		"in windows-1252":     {windows(eventOf("SUMMARY:Réunion à décider", "DESCRIPTION:échéance révisée, côté vannes")), "Réunion à décider\néchéance révisée, côté vannes"},
		"in UTF-16":           {string(decodedAs("utf-16le", eventOf("SUMMARY:Réunion"))), "Réunion"},
		"a mark first":        {"\xef\xbb\xbf" + eventOf("SUMMARY:Réunion"), "Réunion"},
	} {
		if c.want == "" {
			c.want = c.calendar
		}
		res := extractBytes(t, inProcessExtractor(t), "x.ics", []byte(c.calendar))
		if res.Text != c.want {
			t.Errorf("%s: %q\nnot %q (%s %v)", name, res.Text, c.want, res.Extractor, res.Warnings)
		}
		if truncated := strings.HasPrefix(name, "cut"); truncated != (res.Outcome == relais.ExtractionPartial) {
			t.Errorf("%s: %s %v", name, res.Outcome, res.Warnings)
		}
	}
}

// TestHostileCalendars: no depth, length or number costs more than it may.
func TestHostileCalendars(t *testing.T) {
	event := "BEGIN:VEVENT\nSUMMARY:oui\nEND:VEVENT\n"
	for name, text := range map[string]string{
		"nested":          "BEGIN:VCALENDAR\n" + event + strings.Repeat("BEGIN:VEVENT\n", 100_000),
		"a long fold":     "BEGIN:VCALENDAR\n" + event + "BEGIN:VEVENT\nSUMMARY:a" + strings.Repeat("\n b", 3_000_000) + "\n",
		"soft breaks":     "BEGIN:VCALENDAR\n" + event + "BEGIN:VEVENT\nSUMMARY;ENCODING=QUOTED-PRINTABLE:a" + strings.Repeat("b=\n", 3_000_000) + "\n",
		"parameters":      "BEGIN:VCALENDAR\n" + event + "BEGIN:VEVENT\nATTENDEE" + strings.Repeat(";CN=x", 100_000) + ":mailto:a@b.example\n",
		"a long one":      "BEGIN:VCALENDAR\n" + event + "BEGIN:VEVENT\nATTENDEE;CN=" + strings.Repeat("x", 1<<20) + ":mailto:a@b.example\n",
		"empty values":    "BEGIN:VCALENDAR\n" + event + "BEGIN:VEVENT\nSUMMARY:\nDTSTART;TZID=:\nATTENDEE;CN=:\nRRULE:\nDURATION:P\nEND:VEVENT\n",
		"a large event":   "BEGIN:VCALENDAR\n" + event + "BEGIN:VEVENT\n" + strings.Repeat("COMMENT:"+strings.Repeat("x", 1000)+"\n", 10_000),
		"ends alone":      "BEGIN:VCALENDAR\n" + event + strings.Repeat("END:VEVENT\n", 1000) + "END:VCALENDAR\nEND:VCALENDAR\n",
		"rule of nothing": "BEGIN:VCALENDAR\n" + event + "BEGIN:VEVENT\nRRULE:FREQ=SECONDLY;COUNT=99999999999;UNTIL=\nDTSTART:20250101T000000\nDURATION:P99999999W\nEND:VEVENT\n",
	} {
		res := extractBytes(t, inProcessExtractor(t), "", []byte(text))
		if !strings.HasPrefix(res.Text, "oui") || res.Extractor != "calendar/1" {
			t.Errorf("%s: %.40q by %s", name, res.Text, res.Extractor)
		}
	}
}

func TestZoneName(t *testing.T) {
	for id, want := range map[string]string{
		"Romance Standard Time": "Europe/Paris", "W. Europe Standard Time": "Europe/Berlin", "GMT Standard Time": "Europe/London", "Eastern Standard Time": "America/New_York",
		"Europe/Paris": "Europe/Paris", "/mozilla.org/20070129_1/America/New_York": "America/New_York", "tzone://Microsoft/Utc": "UTC", "Perso": "Perso", "": "",
	} {
		if got := zoneName(id); got != want {
			t.Errorf("%q: %q, not %q", id, got, want)
		}
	}
}
