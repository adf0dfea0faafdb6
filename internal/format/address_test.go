package format

import (
	"cmp"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// timesOf gives how often each code was warned of.
func timesOf(list []relais.Warning) map[string]string {
	times := codesOf(list)
	for code, n := range times {
		times[code] = cmp.Or(n, "1")
	}
	return times
}

// TestAddressOrName: a word alone is an address, as on the machine of one's own; more than
// one is a name.
func TestAddressOrName(t *testing.T) {
	for input, want := range map[string][]relais.Address{
		"root":                        {{Address: "root"}},
		"Jean Dupont":                 {{Name: "Jean Dupont"}},
		"=?utf-8?Q?Jean?=":            {{Name: "Jean"}},
		"\"a@b.c":                     {{Address: "a@b.c"}},
		"Jean <>":                     {{Name: "Jean"}},
		"\"jean dupont\"@b.c":         {{Address: "\"jean dupont\"@b.c"}},
		"Dupont (chef), Paul <p@b.c>": {{Name: "chef", Address: "Dupont"}, {Name: "Paul", Address: "p@b.c"}},
		"<jean>":                      {{Address: "jean"}},
		"\"Jean\"":                    {{Address: "Jean"}},
		"<l@b.c,z@b.c>":               {{Address: "l@b.c"}, {Address: "z@b.c"}},
		"<l@b.c z@b.c>":               {{Address: "l@b.c"}, {Address: "z@b.c"}},
		"<l@b.c;z@b.c>":               {{Address: "l@b.c"}, {Address: "z@b.c"}},
		"<l@b.c, l@b.c>":              {{Address: "l@b.c"}},
		"Luc <l@b.c> <L@B.C>":         {{Name: "Luc", Address: "L@B.C"}},
		"Luc <l@b.c> Petit <>":        {{Name: "Luc Petit", Address: "l@b.c"}},
		"Luc a@b.c b@c.d Petit":       {{Name: "Luc Petit", Address: "a@b.c"}, {Address: "b@c.d"}},
		"Luc a@b.c d@e.f b@c":         {{Name: "Luc b@c", Address: "a@b.c"}, {Address: "d@e.f"}},
		"Luc a@b.c b@c":               {{Name: "Luc b@c", Address: "a@b.c"}},
		"<a@b.c> d@e.f":               {{Name: "d@e.f", Address: "a@b.c"}},
		"a.@b.c":                      {{Address: "a.@b.c"}},
		"a@b. c":                      {{Address: "a@b.c"}},
		"a@b.c. d":                    {{Name: "d", Address: "a@b.c."}},
		"Luc (chez lui) <l@b.c>":      {{Name: "Luc", Address: "l@b.c"}},
		"(Luc \\) P) <l@b.c>":         {{Name: "Luc \\) P", Address: "l@b.c"}},
		"Dupont, Paul Petit":          {{Address: "Dupont"}, {Name: "Paul Petit"}},
		"Dupont, <p@b.c>":             {{Address: "Dupont"}, {Address: "p@b.c"}},
		"\"Dupont\", Paul <p@b>":      {{Address: "Dupont"}, {Name: "Paul", Address: "p@b"}},
		"Dupont; Paul <p@b.c>":        {{Address: "Dupont"}, {Name: "Paul", Address: "p@b.c"}},
		"A@b, Paul <p@b.c>":           {{Address: "A@b"}, {Name: "Paul", Address: "p@b.c"}},
		"O/b, Paul <p@b.c>":           {{Address: "O/b"}, {Name: "Paul", Address: "p@b.c"}},
		"Petit [l@b.c":                {{Name: "Petit", Address: "[l@b.c"}},
		"Petit [l@b,c@d] <e@f.g>":     {{Name: "Petit", Address: "[l@b"}, {Name: "c@d]", Address: "e@f.g"}},
		"\"a\\":                       {{Address: "a\\"}},
		"smtp:":                       nil,
		"<smtp:>":                     {{Address: "smtp:"}},
		"<SMTP:mailto:a@b.c>":         {{Address: "mailto:a@b.c"}},
		"<'>":                         {{Address: "'"}},
		"<@a@b.c>":                    {{Address: "@a@b.c"}},
		"<a@b.c>)":                    {{Name: ")", Address: "a@b.c"}},
		"<a@b.c)>":                    {{Address: "a@b.c"}},
		"<a@[1.2.3.4]>":               {{Address: "a@[1.2.3.4]"}},
		"<\"a b\"@c.d>":               {{Address: "\"a b\"@c.d"}},
		"<a:b>":                       {{Address: "a:b"}},
		"x@y: z":                      {{Name: "z", Address: "x@y"}},
	} {
		if d := diff.Diff(want, readAddresses(input)); d != "" {
			t.Errorf("%q: want -, got +:\n%s", input, d)
		}
	}
}

// TestAddressRepairs counts what it repaired, and nothing of lists that are right.
func TestAddressRepairs(t *testing.T) {
	for input, want := range map[string]string{
		"Luc <l@b.c>, \"Petit, Zoé\" <z@b.c>; (x) t@b.c": "",
		"root": "", "Groupe: a@b.c;": "", "<'a@b.c'>": "",
		"\"Luc <l@b.c>":           "1",
		"Luc <l@b.c":              "1",
		"Luc <l@b.c <z@b.c>":      "2",
		"Luc <l@b.c> Zoé <z@b.c>": "1",
		"Petit, Luc <l@b.c>":      "1",
		"l@b.c z@b.c":             "1",
	} {
		var warn warnings
		a := addressReader{room: 100, warn: &warn}
		a.read(input)
		if got := timesOf(warn.sorted())[warnAddressRepaired]; got != want {
			t.Errorf("%q: repaired %q times, want %q", input, got, want)
		}
	}
}

// TestAddressQuoteOpen: that no quote closes is said once, however many are left.
func TestAddressQuoteOpen(t *testing.T) {
	var warn warnings
	a := addressReader{room: 100, warn: &warn}
	a.read(`"Luc \"le grand\" <l@b.c>`)
	if got := timesOf(warn.sorted())[warnAddressRepaired]; got != "1" || len(a.list) != 1 || a.list[0].Address != "l@b.c" {
		t.Errorf("%v, repaired %s times", a.list, got)
	}
}

// TestAddressLimit counts the addresses for which there is no room, wherever they stand.
func TestAddressLimit(t *testing.T) {
	var warn warnings
	a := addressReader{room: 2, warn: &warn}
	a.read("a@b.c, d@e.f, g@h.i")
	a.list = nil
	a.read("=?utf-8?Q?l=40b.c=2C_z=40b.c?=, Dupont, Paul <p@b.c>")
	if len(a.list) != 0 || a.left != 1+2+1+1 {
		t.Errorf("%v, %d left out", a.list, a.left)
	}
	m, err := ReadMail(strings.NewReader("To: a@b.c, d@e.f\nTo: g@h.i\nCc: j@k.l\n\n"), Limits{Addresses: 2, HeaderFields: 9, HeaderBytes: 999, HeaderLine: 99, MessageBytes: 999, Params: 9}, nil)
	if err != nil || len(m.To) != 2 || len(m.Cc) != 0 || timesOf(m.Warnings)[warnAddressLimit] != "2" {
		t.Errorf("%v, %v, %v (%v)", m.To, m.Cc, m.Warnings, err)
	}
}

// TestReferenceLimit keeps the first id, which names the thread, and the last ones, which
// name the parents; an endless Message-ID identifies nothing.
func TestReferenceLimit(t *testing.T) {
	lim := DefaultLimits()
	lim.References = 3
	read := func(header string) *Mail {
		t.Helper()
		m, err := ReadMail(strings.NewReader(header+"\n\nx"), lim, nil)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for header, want := range map[string]struct{ ids, over string }{
		"References: <1@x> <2@x> <3@x>":             {"1@x 2@x 3@x", ""},
		"References: <1@x> <2@x> <3@x> <4@x>":       {"1@x 3@x 4@x", "1"},
		"References: <1@x> <2@x> <3@x> <4@x> <5@x>": {"1@x 4@x 5@x", "2"},
	} {
		m := read(header)
		if got := strings.Join(m.References, " "); got != want.ids || timesOf(m.Warnings)[warnReferenceLimit] != want.over {
			t.Errorf("%s: %q, %v", header, got, m.Warnings)
		}
	}
	if m := read("In-Reply-To: <1@x> <2@x> <3@x> <4@x>"); strings.Join(m.InReplyTo, " ") != "1@x 3@x 4@x" {
		t.Errorf("in reply to %v", m.InReplyTo)
	}
	for length, kept := range map[int]bool{messageIDMost: true, messageIDMost + 1: false} {
		id := strings.Repeat("i", length-2) + "@x"
		m := read("Message-ID: <" + id + ">")
		if _, warned := codesOf(m.Warnings)[warnMessageID]; m.MessageID == id != kept || m.MessageID == "" == kept || warned == kept {
			t.Errorf("an id of %d characters: %.20q, %v", length, m.MessageID, m.Warnings)
		}
	}
	for value, want := range map[string]string{"<1@x> <2@x>": "1@x", "no brackets": "nobrackets", "<": "", "": "", "1@x": "1@x"} {
		if m := read("Message-ID: " + value); m.MessageID != want {
			t.Errorf("Message-ID %q: %q, want %q", value, m.MessageID, want)
		}
	}
}

// TestDateOfMail takes the first Date that can be read, else the earliest Received, and
// counts those that cannot be.
func TestDateOfMail(t *testing.T) {
	const at9, at10 = "Received: x; Fri, 1 Mar 2024 09:00:00 +0000\n", "Received: x; Fri, 1 Mar 2024 10:00:00 +0000\n"
	for header, want := range map[string]string{
		"Date: Fri, 1 Mar 2024 08:00:00 +0000\n" + at9: "08 header ",
		at10 + at9:                       "09 received ",
		at9 + at10:                       "09 received ",
		at9 + "Date: yesterday\n" + at10: "09 received 1",
		at9 + "Date: \n" + at10:          "09 received ",
		"Date: yesterday\nDate: Fri, 1 Mar 2024 08:00:00 +0000\n" + at9:                "08 header 1",
		"Date: Fri, 1 Mar 2024 08:00:00 +0000\nDate: Fri, 1 Mar 2024 07:00:00 +0000\n": "08 header ",
		"Received: x\n": "00  ",
	} {
		m, err := ReadMail(strings.NewReader(header+"\nx"), DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Date.Format("15 ") + m.DateSource + " " + timesOf(m.Warnings)[warnDate]; got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

// TestFieldsTwice counts those fields that may occur once alone (RFC 5322, section 3.6).
func TestFieldsTwice(t *testing.T) {
	for header, want := range map[string]string{
		"From: a@b\nDate: d\nSubject: s\nMessage-ID: <1@x>\nTo: a@b\nTo: c@d\nReceived: x\nReceived: y\n": "",
		"From: a@b\nFROM: c@d\n":                     "1",
		"Date: d\nDate: e\nDate: f\n":                "2",
		"Subject: s\nsubject: t\n":                   "1",
		"Message-ID: <1@x>\nMessage-Id: <2@x>\n":     "1",
		"Subject: s\nSubject: t\nDate: d\nDate: e\n": "2",
	} {
		m, err := ReadMail(strings.NewReader(header+"\nx"), DefaultLimits(), nil)
		if err != nil || timesOf(m.Warnings)[warnAmbiguousHeader] != want {
			t.Errorf("%q: %v (%v)", header, m.Warnings, err)
		}
	}
}
