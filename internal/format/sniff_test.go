package format

import (
	"strings"
	"testing"
)

// TestSniffKinds tells files by their first bytes; their names decide where those could be
// either.
func TestSniffKinds(t *testing.T) {
	const zipHead = "PK\x03\x04" + "00000000000000000000000000"
	wide := func(s string) string { return "\xff\xfe" + strings.Join(strings.SplitAfter(s, ""), "\x00") + "\x00" }
	for _, c := range []struct {
		first, name string
		want        Kind
	}{
		{headA + "one\n", "a", KindMail},
		{headA + "one\n", "a.txt", KindMail},
		{sepA + headA, "a", KindMbox},
		{sepA + "text", "a", KindOther},
		{sepA + "text", "a.mbox", KindOther},
		{"From zoe\nSubject: s\n", "a", KindOther},
		{"From zoe\nSubject: s\n", "a.mbx", KindMbox},
		{"From zoe\nSubject: s\n", "dir/mbox", KindMbox},
		{"From zoe\nSubject: s\n", "a.MBOX", KindMbox},
		{"", "a.mbox", KindMbox},
		{"", "a.mbx", KindOther},
		{"", "a", KindOther},
		{"", "a.eml", KindMail},
		{"just text", "a.eml", KindMail},
		{"just text", "a.EML", KindMail},
		{"just text", "a.txt", KindOther},
		{"\x00\x01", "a.eml", KindMail},
		{"\x00\x01", "a", KindOther},
		{"\xef\xbb\xbf\n" + headA, "a", KindMail},
		{wide(headA), "a", KindMail},
		{wide(sepA + headA), "a", KindMail},
		{inCR(headA), "a", KindMail},
		{inCR(sepA + headA), "a", KindMbox},
		{zipHead + "a.txt", "a.zip", KindZip},
		{zipHead + "a.txt", "a.ZIP", KindZip},
		{zipHead + "a.txt", "a", KindZip},
		{zipHead + "a.txt", "a.docx", KindOther},
		{zipHead + "[Content_Types].xml", "a", KindOther},
		{zipHead + "mimetype", "a", KindOther},
		{zipHead + "word/", "a", KindOther},
		{zipHead + "word/", "a.zip", KindZip},
		{"PK\x05\x06", "a.zip", KindZip},
		{"PK\x05\x06", "a", KindZip},
		{"PK\x01\x02", "a.zip", KindOther},
		{"40\n" + headA, "a", KindEmlx},
		{"40\ntext", "a.emlx", KindEmlx},
		{"40\ntext", "a", KindOther},
	} {
		if got := Sniff([]byte(c.first), c.name); got != c.want {
			t.Errorf("%.40q, %s: %s, want %s", c.first, c.name, got, c.want)
		}
	}
	for first, want := range map[string]bool{"From zoe": true, "": true, "\n \nFrom zoe": true, "\xef\xbb\xbfFrom zoe": true, "From": false, "Subject: s": false, " From zoe": false} {
		if got := MayBeMbox([]byte(first)); got != want {
			t.Errorf("%q may be an mbox: %t", first, got)
		}
	}
	for first, want := range map[string]bool{"40\nSubject: s": true, "40 \r\nx": true, "\nx": false, "4o\nx": false, "40": false, " \nx": false,
		strings.Repeat("1", 31) + "\n": false, "1" + strings.Repeat(" ", 30) + "\n": true, "1" + strings.Repeat(" ", 31) + "\n": false} {
		if got := MayBeEmlx([]byte(first)); got != want {
			t.Errorf("%q may be of Apple Mail: %t", first, got)
		}
	}
}

// TestLooksLikeMail: two fields of mail make a message; one alone, or two without a blank
// line behind them, must show that a program wrote it or name an address.
func TestLooksLikeMail(t *testing.T) {
	for text, want := range map[string]bool{
		"From: zoe\nTo: luc\n\n":                     true,
		"From: zoe\nTo: luc\n":                       true,
		"From: zoe\nTo: luc\ntext without a colon\n": false,
		"From: a@b\nTo: luc\ntext without a colon\n": true,
		"Subject: s\n\n":                             false,
		"From: zoe\n\n":                              false,
		"From: a@b\n\n":                              true,
		"Cc: a@b\n\n":                                true,
		"Bcc: a@b\n\n":                               true,
		"Reply-To: a@b\n\n":                          true,
		"Subject: a@b\n\n":                           false,
		"From:@\n\n":                                 false,
		"Received: x\n\n":                            true,
		"Message-ID : x\n\n":                         true,
		"Received: x\ntext\n":                        false,
		"Received: x\nSubject: s\ntext\n":            true,
		"Subject: s\nDate: d\nFrom: zoe\ntext\n":     true,
		"Subject: s\nDate: d\ntext\n":                false,
		"Received: x\n folded\n\tmore\n\n":           true,
		"Other: x\nReceived: y\n\n":                  true,
		"Other: x\nAnother: y\n\n":                   false,
		"From zoe\nReceived: y\n\n":                  true,
		">From zoe\nReceived: y\n\n":                 true,
		"Received: y\nFrom zoe\n\n":                  false,
		"\nReceived: y\n\n":                          false,
		"\nReceived: y":                              false,
		"Received: y":                                true,
		"Status: x\nLines: y":                        true,
		"Status: x\r\nLines: y\r\n\r\n":              true,
		"":                                           false,
		"text":                                       false,
	} {
		if got := looksLikeMail([]byte(text)); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}

// TestLineEnds tells lines that end in CR from those that end in LF or CRLF, and what may
// stand before the first one.
func TestLineEnds(t *testing.T) {
	for text, want := range map[string]bool{"a\rb\r": true, "a\r": false, "a\r\nb\r\nc\r\n": false, "a\rb\rc\rd\n": true, "a\rb\rc\n": false, "a\rb\rc\rd\re\nf\n": false, "": false} {
		if got := endsInCR([]byte(text)); got != want {
			t.Errorf("%q ends in CR: %t", text, got)
		}
	}
	for text, want := range map[string]int{"a": 0, " a": 0, "\n a": 1, " \t\na": 3, "\r\na": 2, "\xef\xbb\xbfa": 3, "\xef\xbb\xbf \na": 5, "\n\n": 2, "\n ": 1, "": 0} {
		if got := beforeText([]byte(text)); got != want {
			t.Errorf("before %q: %d, want %d", text, got, want)
		}
	}
	for line, want := range map[string]string{"a\n": "a", "a\r\n": "a", "a\r\r\n": "a", "a": "a", "a\r": "a", "\n": "", "": "", "a\n\n": "a\n", "\r": ""} {
		if got := string(trimEOL([]byte(line))); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	for text, want := range map[string]int{"\r": 1, "\r\n": 2, "\r\r\n": 3, "\r\r": 1, "\rx\n": 1, "\r\n\n": 2} {
		if got := lineEnd([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// TestFieldNames: RFC 5322, section 2.2, with the white space of section 4.5.
func TestFieldNames(t *testing.T) {
	for line, want := range map[string]int{"A: x": 1, "A : x": 2, "A \t: x": 3, "A x: y": 0, ": x": 0, " A: x": 0, "A": 0, "A ": 0, "é: x": 0, "A\x7f: x": 0, "A\x00: x": 0, "!~: x": 2, "": 0} {
		if got := fieldName([]byte(line)); got != want {
			t.Errorf("%q: %d, want %d", line, got, want)
		}
	}
	for name, want := range map[string]bool{"From": true, "X-": false, "X-Y": true, "Content-": false, "content-x": true, "Thread-Topic": true, "List-Id": true, "Other": false, "": false} {
		if got := knownField(name); got != want {
			t.Errorf("%q is known: %t", name, got)
		}
	}
}

// TestMarkup gives the text of the two formats of 1992 and 1996.
func TestMarkup(t *testing.T) {
	for _, c := range []struct{ kind, raw, want string }{
		{"text/enriched", "<bold>a</bold> b", "a b"},
		{"text/enriched", "a << b >> c", "a < b >> c"},
		{"text/enriched", "<color><param>red</param>a</color>", "a"},
		{"text/enriched", "<param>a<param>b</param>c</param>d", "d"},
		{"text/enriched", "</param>a", "a"},
		{"text/enriched", "a<", "a<"},
		{"text/enriched", "a<>b", "a<>b"},
		{"text/enriched", "a <b@c.d> e", "a <b@c.d> e"},
		{"text/enriched", "a <not a tag> e", "a <not a tag> e"},
		{"text/enriched", "a<" + strings.Repeat("b", 61) + ">c", "ac"},
		{"text/enriched", "a<" + strings.Repeat("b", 63) + ">c", "a<" + strings.Repeat("b", 63) + ">c"},
		{"text/richtext", "a << b", "a << b"},
		{"text/richtext", "a<nl>b<NP>c<paragraph>d</paragraph>e<lt>f", "a\nb\ncd\ne<f"},
		{"text/richtext", "a<comment>b<nl></comment>c", "a\nc"},
		{"text/markdown", "<b>a</b>", "<b>a</b>"},
	} {
		if got := string(unmarked(c.kind, []byte(c.raw))); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.kind, c.raw, got, c.want)
		}
	}
}

// TestUUBegin reads the line that begins uuencoded data (POSIX uuencode), and tells it and
// the first line of data from text.
func TestUUBegin(t *testing.T) {
	for line, want := range map[string]string{
		"begin 644 a.txt": "a.txt", "begin 0644 a b": "a b", "begin 100644 a": "a", "begin-base64 644 a": "a", "begin 644 ": "", "begin 64 a": "", "begin 1000644 a": "",
		"begin 648 a": "", "begin": "", "begin  644 a": "", "beginning 644 a": "", " begin 644 a": "", "begin-base64x 644 a": "", "begin 644": "",
	} {
		head, ok := uuBegin([]byte(line))
		if ok != (want != "") || ok && (head.name != want || head.base64 != strings.Contains(line, "base64")) {
			t.Errorf("%q: %+v, %t", line, head, ok)
		}
	}
	for line, want := range map[string]bool{
		"#0V%T": true, "#0V%T0": true, "#0V%T00": true, "#0V%T000": false, "#0V%": false, "M": true, "M0": true, "`": true, " ": true, "": false, "#0v%T": false, "a": false,
		"\x1f": false, "#0V%\x1f": false, "!00  ": true, "#": false,
	} {
		if got := uuFirst([]byte(line)); got != want {
			t.Errorf("%q may be data: %t", line, got)
		}
	}
	for line, want := range map[string]bool{"Q2F0": true, " Q2F0 ": true, "====": true, "": false, " ": false, "no base64!": false, "Q2F": false} {
		if got := (uuHead{base64: true}).first([]byte(line)); got != want {
			t.Errorf("%q may be data in base64: %t", line, got)
		}
	}
}

// TestUUFiles takes each file out of a text, and leaves what only looks like one.
func TestUUFiles(t *testing.T) {
	for raw, want := range map[string]string{
		"begin 644 a\n#0V%T\n`\nend\n":                          "|1.u1 a=Cat",
		"x\nbegin 644 a\n#0V%T\n`\nend\ny\n":                    "x\ny\n|1.u1 a=Cat",
		"begin 644 a\n#0V%T\n`\nend\nbegin 644 b\n#0V%T\nend\n": "|1.u1 a=Cat|1.u2 b=Cat",
		"begin-base64 644 a\nQ2F0\n====\ny\n":                   "y\n|1.u1 a=Cat",
		"begin 644 a\n#0V%T":                                    "|1.u1 a=Cat",
		"begin 644 a\nnot data, but text\n":                     "begin 644 a\nnot data, but text\n",
		"xbegin 644 a\n#0V%T\nend\n":                            "xbegin 644 a\n#0V%T\nend\n",
		"begin 644 a":                                           "begin 644 a",
		"I begin\nto begin 644\n":                               "I begin\nto begin 644\n",
	} {
		m, files := readBy(t, "Subject: s\n\n"+raw, DefaultLimits())
		got := m.Text
		for _, f := range files {
			got += "|" + strings.Replace(f, " application/octet-stream attachment", "", 1)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

// TestShiftedNames: RFC 2152 and RFC 3501, section 5.1.3. What is no valid shift stands as it
// is.
func TestShiftedNames(t *testing.T) {
	for input, want := range map[string]string{
		"+AOk-": "é", "+AOk": "é", "a+-b": "a+b", "+AOk.": "é.", "+AOkA6Q-": "éé", "+A-": "+A-", "+AO-x": "+AO-x", "+": "+", "+ x": "+ x", "+2D3eAA-": "😀",
	} {
		if got, ok := decodeUTF7(input, false); got != want || ok == strings.Contains(want, "+A") {
			t.Errorf("%q: %q, %t, want %q", input, got, ok, want)
		}
	}
	for r, want := range map[rune]string{'é': "&AOk-", '台': "&U,A-", '😀': "&2D3eAA-", '&': "&ACY-", 'ÿ': "&AP8-"} {
		if got := ShiftMailboxName(r); got != want {
			t.Errorf("%c: %q, want %q", r, got, want)
		}
		if got := DecodeMailboxName(want); got != string(r) {
			t.Errorf("%q: %q, want %c", want, got, r)
		}
	}
	for dir, want := range map[string]string{
		".INBOX.Clients": "INBOX/Clients", ".a": "a", ".a..b": "a/b", ".a/b": "a_b", ".&AMk-t&AOk-": "Été", ".": "!", "..": "!", "a": "!", "": "!",
	} {
		name, ok := MaildirFolder(dir)
		if !ok {
			name = "!"
		}
		if name != want {
			t.Errorf("%q: %q, want %q", dir, name, want)
		}
	}
}
