package format

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

func readAddresses(s string) []relais.Address {
	var warn warnings
	a := addressReader{room: 100, warn: &warn}
	a.read(s)
	return a.list
}

func TestAddresses(t *testing.T) {
	for input, want := range map[string]string{
		"":                                        "",
		"a@b.c":                                   "a@b.c",
		"<a@b.c>":                                 "a@b.c",
		"Zoé <a@b.c>":                             "Zoé <a@b.c>",
		`"Dupont, Jean" <j@b.c>, <a@b.c>`:         "Dupont, Jean <j@b.c>|a@b.c",
		"Dupont, Jean <j@b.c>":                    "Dupont, Jean <j@b.c>",
		"paul, Jean <j@b.c>":                      "paul|Jean <j@b.c>",
		"a@b.c; d@e.f":                            "a@b.c|d@e.f",
		"a@b.c (Jean (le grand))":                 "Jean (le grand) <a@b.c>",
		"undisclosed-recipients:;":                "",
		"Ventes: a@b.c, Zoé <d@e.f>; g@h.i":       "a@b.c|Zoé <d@e.f>|g@h.i",
		"mailto:a@b.c":                            "a@b.c",
		"<mailto:a@b.c>":                          "a@b.c",
		"'a@b.c' <a@b.c>":                         "'a@b.c' <a@b.c>",
		"<'a@b.c'>":                               "a@b.c",
		"=?utf-8?Q?Dupont=2C_Jean?= <j@b.c>":      "Dupont, Jean <j@b.c>",
		"=?utf-8?Q?Jean_=3Cj=40b.c=3E?=":          "Jean <j@b.c>",
		`"=?utf-8?Q?=C3=A9?=" <j@b.c>`:            "é <j@b.c>",
		"<Bailey>,\"Susan\" </O=ENRON/CN=S>":      "Bailey, Susan </O=ENRON/CN=S>",
		"\"Susan\" </O=ENRON/OU=NA/CN=SB>":        "Susan </O=ENRON/OU=NA/CN=SB>",
		"Jean <j@b.c":                             "Jean <j@b.c>",
		"Jean <j@b.c, Zoé <z@b.c>":                "Jean <j@b.c>|Zoé <z@b.c>",
		"<<a@b.c>>":                               "a@b.c",
		`"Jean <j@b.c>`:                           "Jean <j@b.c>",
		"<@route,@other:a@b.c>":                   "a@b.c",
		"< a @ b.c >":                             "a@b.c",
		"a @ b.c":                                 "a@b.c",
		"Jean (j <j@b.c>":                         "Jean (j <j@b.c>",
		`"jean dupont"@b.c`:                       `"jean dupont"@b.c`,
		"root":                                    "root",
		"Jean Dupont":                             "Jean Dupont",
		",, ;a@b.c,":                              "a@b.c",
		"pete(his account)@silly.test":            "his account <pete@silly.test>",
		"Jean a@b.c":                              "Jean <a@b.c>",
		"\"a\\\"b\" <a@b.c>":                      "a\"b <a@b.c>",
		"a@b.c <a@b.c>":                           "a@b.c <a@b.c>",
		"Zoé\r\n <a@b.c>\x00":                     "Zoé <a@b.c>",
		"one@b.c two@b.c":                         "one@b.c|two@b.c",
		"Luc <l@b.c> Zoé <z@b.c>":                 "Luc <l@b.c>|Zoé <z@b.c>",
		"\"Luc\" <l@b.c> \"Zoé\" <z@b.c> <t@b.c>": "Luc <l@b.c>|Zoé <z@b.c>|t@b.c",
		"<l@b.c> <l@b.c>":                         "l@b.c",
		"Luc <l@b.c> via Docs":                    "Luc via Docs <l@b.c>",
		"Luc <l@b.c, z@b.c; t@b.c>":               "Luc <l@b.c>|z@b.c|t@b.c",
		"Luc Petit [mailto:l@b.c]":                "Luc Petit <l@b.c>",
		"Luc [SMTP:l@b.c]; Zoé [z@b.c]":           "Luc <l@b.c>|Zoé <z@b.c>",
		"Luc [ext] <l@b.c>":                       "Luc [ext] <l@b.c>",
		"l@b.c], z@b.c\"":                         "l@b.c|z@b.c",
		"luc @ b . c":                             "luc@b.c",
		"Luc P. Petit luc . p @ b . c":            "Luc P. Petit <luc.p@b.c>",
		"Dr. luc@b.c":                             "Dr. <luc@b.c>",
		"=?utf-8?Q?l=40b.c=2C_z=40b.c?=":          "l@b.c|z@b.c",
		"=?utf-8?Q?Luc_l=40b.c?=, z@b.c":          "Luc <l@b.c>|z@b.c",
		"\"Luc <l@b.c>\"":                         "Luc <l@b.c>",
		"SMTP:l@b.c":                              "l@b.c",
		"Jean : le chef <j@b.c>":                  "le chef <j@b.c>",
		"a@[127.0.0.1]":                           "a@[127.0.0.1]",
		"=?utf-8?Q?Zo=C3=A9?= <a@b.c>, x@y.z":     "Zoé <a@b.c>|x@y.z",
	} {
		var got []string
		for _, a := range readAddresses(input) {
			got = append(got, a.String())
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%q: got %q, want %q", input, s, want)
		}
	}
}

func TestMessageIDs(t *testing.T) {
	for input, want := range map[string]string{
		"<a@b> <c@d>":          "a@b c@d",
		"<a@b>\n\t<c@d>":       "a@b c@d",
		"a@b":                  "a@b",
		"Your message of Mon":  "",
		"\"x\" of Mon, <a@b>":  "a@b",
		"<a @b>":               "a@b",
		"<a@b":                 "a@b",
		"":                     "",
		"<>":                   "",
		"mail from z@b (Zoé)":  "z@b",
		"<a@b><c@d>,<e@f>;foo": "a@b c@d e@f",
	} {
		if got := strings.Join(messageIDs(input), " "); got != want {
			t.Errorf("%q: got %q, want %q", input, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	for input, want := range map[string]string{
		"Fri, 1 Mar 2024 10:00:00 +0100":        "2024-03-01T09:00:00Z",
		"1 Mar 2024 10:00 +0100":                "2024-03-01T09:00:00Z",
		"Fri,1 Mar 2024 10:00:00+0100":          "2024-03-01T09:00:00Z",
		"Fri, 01 Mar 24 10:00:00 GMT":           "2024-03-01T10:00:00Z",
		"Fri, 1 Mar 2024 10:00:00 EST (comment": "2024-03-01T15:00:00Z",
		"Fri, 1 Mar 2024 10:00:00 (x) +0000":    "2024-03-01T10:00:00Z",
		"Fri Mar  1 10:00:00 2024":              "2024-03-01T10:00:00Z",
		"Fri Mar  1 10:00:00 EST 2024":          "2024-03-01T15:00:00Z",
		"Friday, 01-Mar-24 10:00:00 GMT":        "2024-03-01T10:00:00Z",
		"2024-03-01T10:00:00Z":                  "2024-03-01T10:00:00Z",
		"2024-03-01T10:00:00.123+01:00":         "2024-03-01T09:00:00Z",
		"2024-03-01 10:00:00":                   "2024-03-01T10:00:00Z",
		"2024/03/01 10:00":                      "2024-03-01T10:00:00Z",
		"31/12/2023 10:00":                      "2023-12-31T10:00:00Z",
		"12/31/2023 10:00:00 PM":                "2023-12-31T22:00:00Z",
		"12/31/2023 12:05:00 AM":                "2023-12-31T00:05:00Z",
		"03/04/2023 10:00":                      "",
		"ven., 1 mars 2024 10:00:00 +0100":      "2024-03-01T09:00:00Z",
		"vendredi 1 août 2025 10:00":            "2025-08-01T10:00:00Z",
		"Fr, 1 Mär 2024 10:00:00 MEZ":           "2024-03-01T09:00:00Z",
		"Thu, 1 Jan 98 10:00:00 GMT":            "1998-01-01T10:00:00Z",
		"Sat, 1 Jan 100 10:00:00 GMT":           "2000-01-01T10:00:00Z",
		"Wed, 28 Dec 0001 08:45:27 -0800 (PST)": "",
		"Mon, 1 Jan 0001 00:00:00 +0000":        "",
		"Thu, 1 Jan 1970 00:00:00 +0000":        "",
		"Mon, 21 Aug 95 13:30:57 -600":          "1995-08-21T19:30:57Z",
		"Sat, 31 Dec 2016 23:59:60 +0000":       "2016-12-31T23:59:59Z",
		"Fri, 1 Mar 2024":                       "2024-03-01T00:00:00Z",
		"Fri, 1 Mar 2024 10:00:00 GMT+0200":     "2024-03-01T08:00:00Z",
		"Fri, 30 Feb 2024 10:00:00 +0000":       "",
		"Fri, 1 Mar 9999 10:00:00 +0000":        "",
		"Fri, 1 Mar 1024 10:00:00 +0000":        "",
		"Fri, 1 Mar 2024 25:00:00 +0000":        "",
		"Fri, 1 Mar 2024 10:00:00 +9999":        "",
		"Fri, 1 Mar 2024 10:00:00 +0175":        "",
		"Fri, 1 Mar 2024 10.00.00 +0100":        "2024-03-01T09:00:00Z",
		"Fri, 1 Mar 2024 10.05":                 "2024-03-01T10:05:00Z",
		"01.03.2024 10:00:00 +0100":             "2024-03-01T09:00:00Z",
		"Fr., 01.03.2024, 10.00 Uhr":            "2024-03-01T10:00:00Z",
		"ven. 1 mars 2024 à 10h15":              "2024-03-01T10:15:00Z",
		"mar., 6 févr. 2024 10:00:00 +0100":     "2024-02-06T09:00:00Z",
		"mar, 4 feb 2025 10:00:00 +0100":        "2025-02-04T09:00:00Z",
		"mer, 4 giu 2025 09:15:00 +0200":        "2025-06-04T07:15:00Z",
		"lun, 13 ene 2025 09:15:00 +0100":       "2025-01-13T08:15:00Z",
		"Thu, 5 dez 2024 09:15:00 -0300":        "2024-12-05T12:15:00Z",
		"Di, 4 März 2025 09:15:00 +0100":        "2025-03-04T08:15:00Z",
		"Вт, 4 мар 2025 09:15:00 +0300":         "2025-03-04T06:15:00Z",
		"Tue, 4 3月 2025 09:15:00 +0900":         "2025-03-04T00:15:00Z",
		"2025年3月4日 9:15:00":                     "2025-03-04T09:15:00Z",
		"20250304T091500Z":                      "2025-03-04T09:15:00Z",
		"20250304T091500+0100":                  "2025-03-04T08:15:00Z",
		"Tue, 4 Mar 2025 24:00:00 +0000":        "2025-03-05T00:00:00Z",
		"Tue, 4 Mar 2025 24:00:01 +0000":        "",
		"Mon, 31 Dec 2024 24:00 +0100":          "2024-12-31T23:00:00Z",
		"Tue, 4 Mar 0025 09:15:00 +0100":        "2025-03-04T08:15:00Z",
		"Wed, 4 Mar 0025 09:15:00 +0100":        "",
		"4 Mar 0025 09:15:00 +0100":             "",
		"Tue, 13 Apr 0099 09:15:00 +0000":       "1999-04-13T09:15:00Z",
		"Sun, 30 Nov 0002 00:00:00 -0800 (PST)": "",
		"Tue, 4 Mar 0125 09:15:00 +0100":        "",
		"Tue, 4 Mar 2025 09:15:00 \"GMT\"":      "2025-03-04T09:15:00Z",
		"Tue, 4 Mar 2025\u202f9:15:00\u202fPM":  "2025-03-04T21:15:00Z",
		"10:00:00":                              "",
		"":                                      "",
		"tomorrow":                              "",
		"-1 Mar 2024 10:00:00":                  "",
		strings.Repeat("(", 300):                "",
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

// TestDecodeWordsOfFields reads values that programs encoded twice, or cut.
func TestDecodeWordsOfFields(t *testing.T) {
	for value, want := range map[string]string{
		"plain": "plain", "a =?b": "a =?b", "=?UTF-8?Q?Priv=C3=A9?=": "Privé",
		"Pe =?UTF-8?Q?r?=\r\n =?UTF-8?Q?so?=":            "Pe rso",
		"=?UTF-8?Q?=3D=3FUTF-8=3FB=3FUGVyc28=3D=3F=3D?=": "Perso",
		"Inbox,=?UTF-8?Q?Priv=C3=A9":                     "Inbox,Privé",
		"=?UTF-8?B?UHJpdsOp?":                            "Privé",
	} {
		if got := DecodeWords(value); got != want {
			t.Errorf("%q is %q, not %q", value, got, want)
		}
	}
}

func TestDecodeWords(t *testing.T) {
	for input, want := range map[string]string{
		"plain":                                     "plain",
		"=?utf-8?Q?=C3=A9?=":                        "é",
		"=?UTF-8?b?w6k?=":                           "é",
		"=?utf-8?B?w6k=?= =?utf-8?B?w6k=?=":         "éé",
		"=?utf-8?B?w6k=?= and =?utf-8?B?w6k=?=":     "é and é",
		"=?utf-8?B?w6k=?==?utf-8?B?w6k=?=":          "éé",
		"=?iso-8859-1?Q?=E9?= =?utf-8?Q?=C3=A9?=":   "éé",
		"=?utf-8*fr?Q?=C3=A9?=":                     "é",
		"=??Q?abc?=":                                "=??Q?abc?=",
		"=?utf 8?Q?abc?=":                           "=?utf 8?Q?abc?=",
		"=?" + strings.Repeat("x", 61) + "?Q?abc?=": "=?" + strings.Repeat("x", 61) + "?Q?abc?=",
		"=?utf-8?Qabc?=":                            "=?utf-8?Qabc?=",
		"=?utf-8?Q":                                 "=?utf-8?Q",
		"=?utf-8?X?abc?=":                           "=?utf-8?X?abc?=",
		"=?utf-8?Q?abc":                             "=?utf-8?Q?abc",
		"=?utf-8?Q??=":                              "",
		"=?utf-8?Q?a=ZZ?=":                          "a=ZZ",
		"=?x-nothing?Q?=E9?=":                       "é",
		"=?utf-8?Q?Really??=":                       "Really?",
		"a =?b":                                     "a =?b",
		"=?utf-7?Q?+AOk-?=":                         "é",
		"=?gb2312?B?1tDOxA==?=":                     "中文",
		"=?utf-8?B?4pSCIMOp?= =?":                   "│ é =?",
	} {
		var warn warnings
		if got := cleanLine(decodeWords(input, "", &warn)); got != want {
			t.Errorf("%q: got %q, want %q", input, got, want)
		}
	}
}

func TestParams(t *testing.T) {
	for input, want := range map[string]string{
		"text/plain":                                             "text/plain",
		"Text/Plain; Charset=UTF-8":                              "text/plain charset=UTF-8",
		`text/plain; charset="utf-8`:                             "text/plain charset=utf-8",
		"text/plain;;charset=utf-8;":                             "text/plain charset=utf-8",
		"text/plain charset=utf-8":                               "text/plain charset=utf-8",
		"text/plain; charset = utf-8 ; format=flowed":            "text/plain charset=utf-8 format=flowed",
		`x/y; name="a\"b\\c\d"`:                                  `x/y name=a"b\c\d`,
		`x/y; name="a"b.pdf"; size=1`:                            `x/y name=a"b.pdf size=1`,
		"x/y; name=a b.pdf charset=z":                            "x/y name=a b.pdf charset=z",
		"x/y; (comment) name=a":                                  "x/y name=a",
		"x/y; noise; name=a":                                     "x/y name=a",
		"x/y; name*1=b; name*0=a":                                "x/y name=ab",
		"x/y; name*0*=utf-8'fr'%C3%A9; name*1=b%20; name*2*=%20": "x/y name=éb%20 ",
		"x/y; name=old; name*=utf-8''n%ZZw":                      "x/y name=n%ZZw name=old",
		"x/y; name*=nothing":                                     "x/y name=nothing",
		"; name=a":                                               " name=a",
		"":                                                       "",
	} {
		var warn warnings
		p := parseParams(input, DefaultLimits(), &warn)
		got := p.value
		for _, e := range p.list {
			got += " " + e.name + "=" + e.value
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", input, got, want)
		}
	}
}

func TestDecodeText(t *testing.T) {
	russian := "\xd0\xf3\xf1\xf1\xea\xe8\xe9 \xf2\xe5\xea\xf1\xf2 \xe4\xeb\xff \xef\xf0\xee\xe2\xe5\xf0\xea\xe8 \xea\xee\xe4\xe8\xf0\xee\xe2\xea\xe8"
	for _, c := range []struct{ raw, declared, fallback, want string }{
		{"abc", "", "", "abc"},
		{"\xe9t\xe9", "iso-8859-15", "", "été"},
		{"\xa4", "iso-8859-15", "", "€"},
		{"\x82t\x82", "cp850", "", "été"},
		{"\x82t\x82", "IBM437", "", "été"},
		{"\x8et\x8e", "macintosh", "", "été"},
		{"\xe9t\xe9", "cp1252", "", "été"},
		{"\xe9t\xe9", "latin1", "", "été"},
		{"\x83e\x83X\x83g", "Shift_JIS", "", "テスト"},
		{"\xc7\xd1", "ks_c_5601-1987", "", "한"},
		{russian, "", "", "Русский текст для проверки кодировки"},
		{"\xef\xf0", "", "windows-1251", "пр"},
		{"~{VPND~}", "hz-gb-2312", "", "中文"},
		{"1 +- 1 is 1 + 1", "utf-7", "", "1 + 1 is 1 + 1"},
		{"\x00\xe9", "utf-16be", "", "é"},
		{"a\x00b", "", "", "a b"},
		{"\xed\xa0\x80", "utf-8", "", "í\u00a0€"},
	} {
		var warn warnings
		if got := cleanText(decodeText([]byte(c.raw), c.declared, c.fallback, &warn)); got != c.want {
			t.Errorf("%q as %q: got %q, want %q", c.raw, c.declared, got, c.want)
		}
	}
}

func TestModifiedUTF7(t *testing.T) {
	for input, want := range map[string]string{
		"INBOX":              "INBOX",
		"Envoy&AOk-s":        "Envoyés",
		"A&-B":               "A&B",
		"&U,BTFw-":           "台北",
		"&AOk":               "&AOk",
		"&!-":                "&!-",
		"a&b":                "a&b",
		"Éléments":           "Éléments",
		"&ZeVnLIqe-&U,BTFw-": "日本語台北",
		"a\rb":               "a b",
	} {
		if got := DecodeMailboxName(input); got != want {
			t.Errorf("%q: got %q, want %q", input, got, want)
		}
	}
}

func TestMaildirNames(t *testing.T) {
	type parsed struct {
		Unique string
		Flags  []string
	}
	for input, want := range map[string]parsed{
		"1220863042.12663_1.host!2,S": {"1220863042.12663_1.host", []string{"seen"}},
		"1.2.host:2,FRSTDP":           {"1.2.host", []string{"answered", "deleted", "draft", "flagged", "forwarded", "seen"}},
		"1.2.host;2,":                 {"1.2.host", nil},
		"1.2.host":                    {"1.2.host", nil},
		"1.2.host:2,SSab":             {"1.2.host", []string{"seen"}},
		"1.2.host,S=12,W=13:2,S":      {"1.2.host,S=12,W=13", []string{"seen"}},
		"special!2,Sabc":              {"special", []string{"seen"}},
		"1.2.host:1,S":                {"1.2.host:1,S", nil},
		"2,":                          {"2,", nil},
		"a:2,S,extra":                 {"a", []string{"seen"}},
	} {
		u, f := ParseMaildirName(input)
		if d := cmp.Diff(want, parsed{u, f}); d != "" {
			t.Errorf("%q: want -, got +:\n%s", input, d)
		}
	}
	for input, want := range map[string]string{
		".Sent": "Sent", ".INBOX.Clients.&AMk-t&AOk-": "INBOX/Clients/Été", "cur": "", ".": "", "..": "", ".a..b": "a/b",
		".a/b": "a_b", ".&AC8-etc": "_etc",
	} {
		if got, ok := MaildirFolder(input); got != want || ok != (want != "") {
			t.Errorf("%q: got %q %v, want %q", input, got, ok, want)
		}
	}
}

func TestSniff(t *testing.T) {
	for _, c := range []struct {
		name, first string
		want        Kind
	}{
		{"a", "From: a@b\nSubject: s\n\nbody", KindMail},
		{"a", "From a@b Fri Mar  1 10:00:00 2024\nFrom: a@b\nSubject: s\n\n", KindMbox},
		{"a.mbox", "From a\nFrom: a@b\n", KindMbox},
		{"a.eml", "anything", KindMail},
		{"a.txt", "From: here\nto there", KindOther},
		{"a.txt", "plain text", KindOther},
		{"", "PK\x03\x04" + strings.Repeat("\x00", 26) + "a.txt", KindZip},
		{"", "PK\x03\x04" + strings.Repeat("\x00", 26) + "[Content_Types].xml", KindOther},
		{"a.docx", "PK\x03\x04", KindOther},
		{"a.ZIP", "PK\x03\x04", KindZip},
		{"a.pdf", "%PDF-1.7\n\x00", KindOther},
		{"Inbox", "From \r\nX-Mozilla-Status: 0001\r\nFrom: a@b\r\n", KindMbox},
		{"Inbox", "From - \nFrom: a@b\nSubject: s\n\n", KindMbox},
		{"all", "From 123@xxx\nFrom: a@b\n", KindMbox},
		{"a.mbx", "From a\nFrom: a@b\n", KindMbox},
		{"a", "\xef\xbb\xbf\r\n\r\nFrom a@b Fri Mar  1 10:00:00 2024\r\nFrom: a@b\r\n", KindMbox},
		{"a", "From a@b Fri Mar  1 10:00:00 2024\rFrom: a@b\rSubject: s\r\rbody\r", KindMbox},
		{"a", "From here on\nSubject: rain\n\n", KindOther},
		{"a.txt", "From Paris\nit rains\n", KindOther},
		{"a", "From: a@b\rSubject: s\rTo: c@d\r\rbody\r", KindMail},
		{"a", "\xff\xfeF\x00r\x00o\x00m\x00:\x00 \x00a\x00@\x00b\x00\n\x00T\x00o\x00:\x00 \x00c\x00\n\x00\n\x00", KindMail},
		{"a.txt", "From: Luc <luc@client.example>\nTo: rep@vendor.example\nSubject: Devis\nBonjour,\nvoici\n", KindMail},
		{"a.dat", "Received: from mx by mx; Fri, 1 Mar 2024\n\nbody", KindMail},
		{"a.csv", "MIME-Version: 1.0\nContent-Type: text/plain\nbody", KindMail},
		{"a.txt", "Subject: the pump of the year\n\nIt rains.\n", KindOther},
		{"a.csv", "Date: 2024\nTo: 2025\n1;2\n", KindOther},
		{"a.yaml", "subject: mail\nstatus: open\n- one\n", KindOther},
		{"101.emlx", "12\nSubject: x\n\n\n<?xml", KindEmlx},
		{"101", "33        \nFrom: a@b\nTo: c\n\n", KindEmlx},
		{"a.csv", "12\n13\n14\n", KindOther},
		{"empty.mbox", "", KindMbox},
		{"empty", "", KindOther},
	} {
		if got := Sniff([]byte(c.first), c.name); got != c.want {
			t.Errorf("%q, %.40q: got %s, want %s", c.name, c.first, got, c.want)
		}
	}
}

// checkText fails unless a text is what this package promises.
func checkText(t *testing.T, what, s string) {
	t.Helper()
	if !utf8.ValidString(s) || !norm.NFC.IsNormalString(s) {
		t.Errorf("%s is no UTF-8 in NFC: %q", what, s)
	}
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f {
			t.Errorf("%s holds a control character: %q", what, s)
			return
		}
	}
}
