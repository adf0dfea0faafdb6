package format

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestMonthNames reads the months of a year as programs of Europe write them, whole and
// short.
func TestMonthNames(t *testing.T) {
	for language, names := range map[string]string{
		"English":        "January February March April May June July August September October November December",
		"English, short": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
		"French":         "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
		"French, short":  "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
		"no accents":     "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
		"German":         "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
		"Austrian":       "Jän Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
		"Dutch":          "januari februari maart april mei juni juli augustus september oktober november december",
		"Spanish":        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
		"Spanish, short": "ene feb mar abr may jun jul ago sep oct nov dic",
		"Italian":        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
		"Italian, short": "gen feb mar apr mag giu lug ago set ott nov dic",
		"Portuguese":     "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
		"Polish":         "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
		"Russian":        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
		"Greek, short":   "Ιαν Φεβ Μαρ Απρ Μαϊ Ιουν Ιουλ Αυγ Σεπ Οκτ Νοε Δεκ",
	} {
		for i, name := range strings.Fields(names) {
			got, ok := parseDate("2 " + name + " 2024 10:00")
			if want := time.Date(2024, time.Month(i+1), 2, 10, 0, 0, 0, time.UTC); !ok || !got.Equal(want) {
				t.Errorf("%s, %s: %v", language, name, got)
			}
		}
	}
}

// TestWeekdayNames: a year below 100 is one of this century only on the day of the week
// that is named. The 5th of January 2025 was a Sunday.
func TestWeekdayNames(t *testing.T) {
	for language, names := range map[string]string{
		"English":         "Sunday Monday Tuesday Wednesday Thursday Friday Saturday",
		"English, short":  "Sun Mon Tue Wed Thu Fri Sat",
		"English, longer": "Sun Mon Tues Wed Thur Fri Sat",
		"English, four":   "Sun Mon Tues Wed Thurs Fri Sat",
		"French":          "dimanche lundi mardi mercredi jeudi vendredi samedi",
		"French, short":   "dim. lun. mar. mer. jeu. ven. sam.",
		"German":          "Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag",
		"German, short":   "So Mo Di Mi Do Fr Sa",
	} {
		for i, name := range strings.Fields(names) {
			got, ok := parseDate(fmt.Sprintf("%s, %d Jan 0025 10:00", name, 5+i))
			if want := time.Date(2025, 1, 5+i, 10, 0, 0, 0, time.UTC); !ok || !got.Equal(want) {
				t.Errorf("%s, %s: %v", language, name, got)
			}
			if got, ok := parseDate(fmt.Sprintf("%s, %d Jan 0025 10:00", name, 6+i)); ok {
				t.Errorf("%s, %s is the day before: %v", language, name, got)
			}
		}
	}
}

// TestZoneNames: RFC 5322, section 4.3, and the zones of Europe, Japan and Korea. A name
// that is not known is none: the time is taken as UTC.
func TestZoneNames(t *testing.T) {
	for zone, east := range map[string]int{
		"UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "MET": 1, "MEZ": 1, "BST": 1, "CEST": 2, "MEST": 2, "MESZ": 2,
		"EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7,
		"PST": -8, "A": 0, "XYZ": 0,
	} {
		got, ok := parseDate("1 Mar 2024 10:00:00 " + zone)
		if want := time.Date(2024, 3, 1, 10-east, 0, 0, 0, time.UTC); !ok || !got.Equal(want) {
			t.Errorf("%s: %v, want %v", zone, got, want)
		}
	}
}

// TestCodePages names code pages by their numbers (Microsoft's Code Page Identifiers,
// IBM's CCSIDs), with the prefixes that programs write.
func TestCodePages(t *testing.T) {
	for number, want := range map[string]string{
		"367": "us-ascii", "20127": "us-ascii", "646": "us-ascii", "819": "windows-1252", "1252": "windows-1252", "1250": "windows-1250",
		"1258": "windows-1258", "866": "ibm866", "874": "windows-874", "1162": "windows-874", "878": "koi8-r", "20866": "koi8-r",
		"21866": "koi8-u", "912": "iso-8859-2", "915": "iso-8859-5", "920": "windows-1254", "923": "iso-8859-15", "932": "shift_jis",
		"942": "shift_jis", "943": "shift_jis", "10001": "shift_jis", "936": "gbk", "51936": "gbk", "10008": "gbk", "949": "euc-kr",
		"970": "euc-kr", "51949": "euc-kr", "1363": "euc-kr", "10003": "euc-kr", "950": "big5", "951": "big5", "10002": "big5",
		"1051": "hp-roman8", "1200": "utf-16le", "1201": "utf-16be", "10000": "macintosh", "10006": "x-mac-greek",
		"10007": "x-mac-cyrillic", "10017": "x-mac-cyrillic", "10029": "x-mac-ce", "10079": "x-mac-icelandic", "10081": "x-mac-turkish",
		"12000": "utf-32le", "12001": "utf-32be", "50220": "iso-2022-jp", "50221": "iso-2022-jp", "50222": "iso-2022-jp",
		"50225": "iso-2022-kr", "51932": "euc-jp", "20932": "euc-jp", "52936": "hz-gb-2312", "54936": "gb18030", "65000": "utf-7",
		"65001": "utf-8", "28591": "windows-1252", "28592": "iso-8859-2", "28599": "iso-8859-9", "28600": "iso-8859-10", "28601": "windows-874", "28606": "iso-8859-16", "28590": "cp28590", "28607": "cp28607",
		"28605": "iso-8859-15",
		"28603": "iso-8859-13", "1259": "cp1259", "12501": "cp12501", "28": "cp28", "2850": "cp2850", "850": "cp850",
	} {
		for _, prefix := range []string{"cp", "CP-", "windows-", "ibm", "x-cp", "ms", "dos-", "codepage", "oem", "pc", ""} {
			if got := charsetName(prefix + number); got != want {
				t.Errorf("%s%s: %q, want %q", prefix, number, got, want)
			}
		}
	}
}

// TestISONames reads ISO 8859 as it is written in mail, with a year, and with the
// direction of Hebrew and Arabic (RFC 1556). There is no part 12.
func TestISONames(t *testing.T) {
	for label, want := range map[string]string{
		"iso-8859": "windows-1252", "iso8859": "windows-1252", "8859-1": "windows-1252", "iso-8859-1": "windows-1252",
		"iso-8859-2": "iso-8859-2", "ISO_8859-2:1987": "iso-8859-2", "ISO_8859-16:2001": "iso-8859-16", "iso-8859-11": "windows-874",
		"iso8859_12": "iso8859_12", "iso-8859-8-e": "iso-8859-8-e", "iso-8859-8-i": "iso-8859-8-i", "iso-8859-i": "iso-8859-i",
		"iso-8859-e": "iso-8859-e", "csISO2022JP2": "iso-2022-jp", "iso2022jp": "iso-2022-jp",
		"ISO_8859-8:1988": "iso-8859-8", "visual": "iso-8859-8", "logical": "iso-8859-8-i",
	} {
		if got := charsetName(label); got != want {
			t.Errorf("%q: %q, want %q", label, got, want)
		}
	}
}

// TestHeaderValues: names of fields are alike whatever their case, and what occurs twice
// stays in its order.
func TestHeaderValues(t *testing.T) {
	h := Header{{"Subject", "one"}, {"Received", "first"}, {"SUBJECT", "two"}, {"received", "second"}}
	if got := h.Get("subject"); got != "one" {
		t.Errorf("subject %q", got)
	}
	if got := h.Get("Date"); got != "" {
		t.Errorf("a field that is not there: %q", got)
	}
	if got := strings.Join(h.Values("RECEIVED"), "|"); got != "first|second" {
		t.Errorf("received %q", got)
	}
	if got := h.Values("Date"); got != nil {
		t.Errorf("a field that is not there: %q", got)
	}
}

// TestDatesAtTheLimits: what is no date, one word away from one.
func TestDatesAtTheLimits(t *testing.T) {
	for input, want := range map[string]string{
		"1 Jan 1900 00:00:00":        "1900-01-01T00:00:00Z",
		"31 Dec 1899 23:59:59":       "",
		"31 Dec 2099 23:59:59":       "2099-12-31T23:59:59Z",
		"1 Jan 2100 00:00:00":        "",
		"1 Jan 2024 23:59:59":        "2024-01-01T23:59:59Z",
		"1 Jan 2024 23:60:00":        "",
		"1 Jan 2024 23:59:61":        "",
		"1 Jan 2024 24:01:00":        "",
		"0 Jan 2024 10:00:00":        "",
		"1 Jan 49 10:00":             "2049-01-01T10:00:00Z",
		"1 Jan 50 10:00":             "1950-01-01T10:00:00Z",
		"1 Jan 099 10:00":            "1999-01-01T10:00:00Z",
		"1 Jan 999 10:00":            "",
		"1 Jan 1000 10:00":           "",
		"1 Jan 02024 10:00":          "",
		"1 Jan 2024 10:00 +1400":     "2023-12-31T20:00:00Z",
		"1 Jan 2024 10:00 +1500":     "",
		"1 Jan 2024 10:00 +0059":     "2024-01-01T09:01:00Z",
		"1 Jan 2024 10:00 +0060":     "",
		"1 Jan 2024 10:00 +01:30":    "2024-01-01T08:30:00Z",
		"1 Jan 2024 10:00 +01":       "2024-01-01T09:00:00Z",
		"1 Jan 2024 10:00 +130":      "2024-01-01T08:30:00Z",
		"1 Jan 2024 10:00 -0330":     "2024-01-01T13:30:00Z",
		"1 Jan 2024 10:00 +1":        "",
		"1 Jan 2024 10:00 +01000":    "",
		"1 Jan 2024 10:00 +0100 EST": "2024-01-01T09:00:00Z",
		"1 Jan 2024 10:00 EST GMT":   "2024-01-01T15:00:00Z",
		"1 Jan 2024 11:59 PM":        "2024-01-01T23:59:00Z",
		"1 Jan 2024 12:00 PM":        "2024-01-01T12:00:00Z",
		"1 Jan 2024 12:00 AM":        "2024-01-01T00:00:00Z",
		"1 Jan 2024 11:00 AM":        "2024-01-01T11:00:00Z",
		"1 Jan 2024 10:00pm":         "2024-01-01T22:00:00Z",
		"1 Jan 2024 10:00:00:00":     "",
		"1 Jan 2024 10:00 11:00":     "2024-01-01T10:00:00Z",
		"1 Jan 2024 100:00":          "",
		"1 Jan 2024 10:0x":           "2024-01-01T10:00:00Z",
		"1 Jan 2024 1h5":             "2024-01-01T01:05:00Z",
		"1 Jan 2024 h15":             "2024-01-01T00:00:00Z",
		"1 Jan 2024 10h":             "2024-01-01T00:00:00Z",
		"13/12/2023 10:00":           "2023-12-13T10:00:00Z",
		"12/13/2023 10:00":           "2023-12-13T10:00:00Z",
		"12/12/2023 10:00":           "2023-12-12T10:00:00Z",
		"12/11/2023 10:00":           "",
		"13/13/2023 10:00":           "",
		"1-Jan-2024 10:00":           "2024-01-01T10:00:00Z",
		"1-2-3-4 10:00":              "",
		"2024-13-01 10:00":           "",
		"2024-02-29 10:00":           "2024-02-29T10:00:00Z",
		"2023-02-29 10:00":           "",
		"1.2.24 10:00":               "2024-02-01T10:00:00Z",
		"1.2.2 10:00":                "",
		"1.2.3.4 10:00":              "",
		"1 Jan 2024 1.2.3.4":         "",
		"2024-03-01T10:00":           "2024-03-01T10:00:00Z",
		"20240301T100000Z":           "2024-03-01T10:00:00Z",
		"20240301T101542Z":           "2024-03-01T10:15:42Z",
		"20240301-100000":            "",
		"20240301T1000":              "",
		"Jan 5 10:00:00 2024":        "2024-01-05T10:00:00Z",
		"mar. 5 janv. 2024 10:00":    "2024-01-05T10:00:00Z",
		"5 mars 2024 10:00":          "2024-03-05T10:00:00Z",
		"1 Jan 0001 00:00:00":        "",
		"Mon, 1 Jan 0001 00:00:00":   "",
		"Mon, 1 Jan 0001 00:00:01":   "2001-01-01T00:00:01Z",
		"Mon, 1 Jan 0001 00:01:00":   "2001-01-01T00:01:00Z",
		"Mon, 1 Jan 0001 01:00:00":   "2001-01-01T01:00:00Z",
		"Tue, 2 Jan 0001 00:00:00":   "2001-01-02T00:00:00Z",
		"Thu, 1 Feb 0001 00:00:00":   "2001-02-01T00:00:00Z",
		"Tue, 1 Jan 0002 00:00:00":   "2002-01-01T00:00:00Z",
		"1 Jan 2024 10:00" + strings.Repeat(" ", 200) + "x": "2024-01-01T10:00:00Z",
		strings.Repeat(" ", 190) + "1 Jan 2024 10:00":       "2024-01-01T00:00:00Z",
		"1 Jan 1970 00:00:01":                               "1970-01-01T00:00:01Z",
		"1 Jan 1970 01:00:00 +0100":                         "",
		"1 (a (b) c) Jan 2024 10:00":                        "2024-01-01T10:00:00Z",
		"1) Jan 2024 10:00":                                 "",
	} {
		got := ""
		if d, ok := parseDate(input); ok {
			got = d.Format("2006-01-02T15:04:05Z07:00")
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", input, got, want)
		}
	}
}

// TestReceivedDate takes what stands behind the last semicolon, and no time of before
// there was SMTP.
func TestReceivedDate(t *testing.T) {
	for field, want := range map[string]string{
		"from a by b; Fri, 1 Mar 2024 10:00:00 +0100":            "2024-03-01 09",
		"from a (x; y) by b; for c; Fri, 1 Mar 2024 10:00 +0000": "2024-03-01 10",
		"from a by b Fri, 1 Mar 2024 10:00:00 +0100":             "",
		";Sat, 2 Jan 1982 10:00":                                 "1982-01-02 10",
		"from a by b; Thu, 31 Dec 1981 10:00":                    "",
		"from a by b; yesterday":                                 "",
		"":                                                       "",
	} {
		got := ""
		if d, ok := receivedDate(field); ok {
			got = d.Format("2006-01-02 15")
		}
		if got != want {
			t.Errorf("%q: %q, want %q", field, got, want)
		}
	}
}
