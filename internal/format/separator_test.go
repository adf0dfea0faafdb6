package format

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// TestSeparatorForms: separators that one program writes are of one form, those of two
// programs are not.
func TestSeparatorForms(t *testing.T) {
	for line, want := range map[string]string{
		"zoe@x.example Fri Mar  1 10:00:00 2024":       "@aa0:y",
		"zoe@x.example Fri Mar 15 09:59:59 2024":       "@aa0:y",
		"zoe Fri Mar  1 10:00:00 2024":                 "aa0:y",
		"zoe@x.example Fri Mar  1 10:00:00 +0100 2024": "@aa0:+y",
		"zoe@x.example Fri Mar  1 10:00:00 -0100 2024": "@aa0:+y",
		"zoe@x.example Fri, 1 Mar 24 10:00:00":         "@a0a0:",
		"???@??? Fri Mar 01 10:00:00 2024":             "???@???aa0:y",
		"- Fri Mar 01 10:00:00 2024":                   "-",
		"":                                             "-",
		"zoe":                                          "",
		"123@xxx":                                      "@",
	} {
		sep := parseSeparator([]byte("From " + line + "\n"))
		if sep.form != want {
			t.Errorf("%q: form %q, want %q", line, sep.form, want)
		}
		boxed := strings.HasPrefix(line, "-") || strings.HasPrefix(line, "???") || line == ""
		if sep.boxed() != boxed || !sep.ok || sep.length != len("From ")+len(line)+1 {
			t.Errorf("%q: boxed %t, %+v", line, sep.boxed(), sep)
		}
	}
	if sep := parseSeparator([]byte("From zoe\nX-Mozilla-Status: 1\n")); !sep.boxed() || !sep.moz || !sep.bare {
		t.Errorf("Thunderbird's own field: %+v", sep)
	}
}

// TestSeparatorLine: what it says, and how long it may be.
func TestSeparatorLine(t *testing.T) {
	for _, c := range []struct {
		line, sender string
		dated        bool
	}{
		{"From zoe@x Fri Mar  1 10:00:00 2024", "zoe@x", true},
		{"From   zoe@x Fri Mar  1 10:00:00 2024", "zoe@x", true},
		{"From zoe@x\tFri Mar  1 10:00:00 2024\r", "zoe@x", true},
		{"From zoe@x Fri Mar 1 2024", "zoe@x", false},
		{"From zoe@x at 10:00 " + strings.Repeat(" ", 200), "zoe@x", false},
		{"From zoe@x Thu Jan  1 00:00:00 1970", "zoe@x", true},
		{"From zoe@x Thu Jan  1 00:00:01 1970", "zoe@x", true},
	} {
		sep := parseSeparator([]byte(c.line + "\nSubject: x\n"))
		if !sep.ok || sep.sender != c.sender || sep.dated != c.dated || !sep.header {
			t.Errorf("%.50q: %+v", c.line, sep)
		}
		if last := parseSeparator([]byte(c.line)); !last.ok || last.sender != c.sender || last.length != len(c.line) || last.header {
			t.Errorf("%.50q at the end of a file: %+v", c.line, last)
		}
	}
	for length, ok := range map[int]bool{separatorMost: true, separatorMost + 1: false, 2 * separatorMost: false} {
		line := "From z " + strings.Repeat("x", length-8) + "\n"
		if sep := parseSeparator([]byte(line + "Subject: x\n")); sep.ok != ok {
			t.Errorf("a line of %d bytes: %+v", len(line), sep)
		}
	}
	for _, line := range []string{"from zoe", "From:", "From", "", ">From zoe", " From zoe"} {
		if sep := parseSeparator([]byte(line + "\nSubject: x\n")); sep.ok {
			t.Errorf("%q separates: %+v", line, sep)
		}
	}
}

// TestHeaderBehindSeparator tells a header from a text, and a whole one, with From, Date and
// Message-ID, from a part of one.
func TestHeaderBehindSeparator(t *testing.T) {
	for text, want := range map[string]string{
		headA: "known whole",
		"Date: d\nFrom: a@b\nMessage-Id : <1@x>\n\n":      "known whole",
		"Date: d\nFrom: a@b\n\nMessage-ID: <1@x>\n":       "known",
		"Date: d\nFrom: a@b\n\r\nMessage-ID: <1@x>\n":     "known",
		"Date: d\nMessage-ID: <1@x>\n\n":                  "known",
		"From: a@b\nMessage-ID: <1@x>\n\n":                "known",
		"Subject: x\n":                                    "known",
		"Subject: x":                                      "known",
		">From zoe\nmore":                                 "known",
		"Autocrypt: x\nSubject: y\n\n":                    "",
		"Autocrypt: x\n" + headA:                          "known whole",
		"no field\n" + headA:                              "",
		"":                                                "",
		"Subject: x\n" + strings.Repeat("y", mboxAhead):   "known whole",
		"Subject: x\n\n" + strings.Repeat("y", mboxAhead): "known",
		"Subject: x\n" + strings.Repeat("y", mboxAhead-separatorMost-len("Subject: x\n")-1): "known",
		"Autocrypt: x\n" + strings.Repeat("y", mboxAhead):                                   "",
		strings.Repeat("a", 79) + ":\n" + headA:                                             "known whole",
		strings.Repeat("a", 80) + ":\n" + headA:                                             "",
	} {
		known, whole := headerFollows([]byte(text))
		var got []string
		if known {
			got = append(got, "known")
		}
		if whole {
			got = append(got, "whole")
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%.60q: %q, want %q", text, s, want)
		}
	}
}

// TestOpensMbox: a file that begins with a separator is a mailbox if more than a line of
// text says so.
func TestOpensMbox(t *testing.T) {
	for text, want := range map[string]bool{
		sepA + headA:                           true,
		sepA + "Subject: x\n":                  true,
		sepA + "text\n":                        false,
		"From zoe\n" + headA:                   true,
		"From zoe\nSubject: x\n":               false,
		"From zoe@x\nSubject: x\n":             true,
		"From zoe@x about\nSubject: x\n":       false,
		"From \nSubject: x\n":                  true,
		"From zoe\nX-Mozilla-Status: 1\n":      true,
		"From here: " + strings.Repeat("x", 9): false,
		"":                                     false,
	} {
		sep := parseSeparator([]byte(text))
		if got := sep.opens(false); got != want {
			t.Errorf("%.40q: opens %t, want %t", text, got, want)
		}
		if got := sep.opens(true); got != (sep.ok && sep.header) {
			t.Errorf("%.40q: of a file named mbox: %t", text, got)
		}
	}
}

// TestMboxAnnounces: each message says whether only a mailbox has its separator, what was
// guessed, and where to resume.
func TestMboxAnnounces(t *testing.T) {
	const moz, eudora = "From - Fri Mar 01 10:00:00 2024\n", "From ???@??? Fri Mar 01 10:00:00 2024\n"
	box := "lost\n\n" + sepA + headA + "one\n\n" + moz + headA + "two\n\n" + eudora + headA + "three\n"
	m := NewMbox(strings.NewReader(box), 0, MboxRD)
	type told struct {
		offset int64
		boxed  bool
		codes  string
	}
	var got []told
	for msg, err := m.Next(); err != io.EOF; msg, err = m.Next() {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, msg.Body); err != nil {
			t.Fatal(err)
		}
		got = append(got, told{msg.Offset, msg.Boxed, strings.Join(msg.Warnings(), " ")})
	}
	at := func(sep string) int64 { return int64(strings.Index(box, sep)) }
	want := []told{{0, false, warnMboxStart}, {at(sepA), false, ""}, {at(moz), true, warnMboxAmbiguous}, {at(eudora), true, warnMboxAmbiguous}}
	if !slices.Equal(got, want) || m.Offset() != int64(len(box)) || m.Separators() != 3 {
		t.Errorf("got %v, want %v; at %d, %d separators", got, want, m.Offset(), m.Separators())
	}
}

// TestMboxResumesInCR: that CR alone ends the lines of a file is known from its beginning,
// wherever reading resumes; the rest of a message is skipped if it is not read.
func TestMboxResumesInCR(t *testing.T) {
	first := inCR(sepA + headA + "one\n\n")
	box := first + inCR(sepA+headA+">From x\n")
	r := strings.NewReader(box)
	if _, err := r.Seek(int64(len(first)), io.SeekStart); err != nil {
		t.Fatal(err)
	}
	m := NewMbox(r, int64(len(first)), MboxRD)
	msg, err := m.Next()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(msg.Body); err != nil || string(b) != inCR(headA+"From x\n") || m.Offset() != int64(len(box)) {
		t.Errorf("%q, at %d (%v)", b, m.Offset(), err)
	}
	m = NewMbox(strings.NewReader(box), 0, MboxRD)
	for range 2 {
		if msg, err = m.Next(); err != nil || msg.Missing {
			t.Errorf("%+v (%v)", msg, err)
		}
	}
	if _, err = m.Next(); err != io.EOF {
		t.Errorf("after the last one: %v", err)
	}
}

// TestMboxSourceFails: the source's error is told, by Next or by the body, and is no end.
func TestMboxSourceFails(t *testing.T) {
	fails := func(text string) *Mbox {
		return NewMbox(io.MultiReader(strings.NewReader(text), iotest.ErrReader(io.ErrClosedPipe)), 0, MboxRD)
	}
	if _, err := fails("").Next(); err != io.ErrClosedPipe {
		t.Errorf("at once: %v", err)
	}
	m := fails(sepA + headA + "one\n")
	if _, err := m.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Next(); err != io.ErrClosedPipe {
		t.Errorf("in a body that nobody reads: %v", err)
	}
}

// TestMboxContentLength: the length counts if it leads to a separator or to the end, and
// only then.
func TestMboxContentLength(t *testing.T) {
	inner := "one\n\n" + sepA + headA + "forwarded\n"
	message := func(name string, length int, body string) string {
		return fmt.Sprintf("From: a@b\nDate: d\nMessage-ID: <1@x>\n%s%d\n\n%s", name, length, body)
	}
	next := sepA + headA + "two\n"
	for name, c := range map[string]struct {
		variant MboxVariant
		text    string
		whole   bool
	}{
		"right":                 {MboxRD, message("Content-Length: ", len(inner), inner) + next, true},
		"right, to a blank one": {MboxRD, message("Content-Length: ", len(inner), inner) + "\n\n" + next, true},
		"any case, no space":    {MboxRD, message("CONTENT-LENGTH:", len(inner), inner) + next, true},
		"to the end":            {MboxRD, message("Content-Length: ", len(inner), inner), true},
		"of another variant":    {MboxO, message("Content-Length: ", len(inner), inner) + next, false},
		"too short":             {MboxRD, message("Content-Length: ", len(inner)-3, inner) + next, false},
		"too long":              {MboxRD, message("Content-Length: ", len(inner)+3, inner) + next, false},
		"longer than the file":  {MboxRD, message("Content-Length: ", 1<<30, inner) + next, false},
		"behind the end":        {MboxRD, message("Content-Length: ", 1<<41, inner) + next, false},
		"negative":              {MboxRD, message("Content-Length: ", -3, inner) + next, false},
		"none":                  {MboxRD, message("Content-Length: ", 0, inner) + next, false},
		"of another field":      {MboxRD, message("X-Content-Length: ", len(inner), inner) + next, false},
		"in the body":           {MboxRD, "From: a@b\nDate: d\nMessage-ID: <1@x>\n\nContent-Length: 64\n" + inner + next, false},
	} {
		for kind, r := range map[string]func(string) io.Reader{
			"file":   func(s string) io.Reader { return strings.NewReader(s) },
			"stream": func(s string) io.Reader { return struct{ io.Reader }{strings.NewReader(s)} },
		} {
			m := NewMbox(r(sepA+c.text), 0, c.variant)
			msg, err := m.Next()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(msg.Body)
			if got := strings.Contains(string(b), "forwarded"); err != nil || got != c.whole {
				t.Errorf("%s, %s: whole %t (%v): %q", name, kind, got, err, b)
			}
		}
	}
}

// TestMboxDate: the separator's date is the message's, if it has one.
func TestMboxDate(t *testing.T) {
	for line, want := range map[string]time.Time{
		"From a@b Fri Mar  1 10:00:00 2024":       time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC),
		"From a@b Fri Mar  1 10:00:00 +0200 2024": time.Date(2024, 3, 1, 8, 0, 0, 0, time.UTC),
		"From a@b": {},
	} {
		msg, err := NewMbox(strings.NewReader(line+"\n"+headA), 0, MboxRD).Next()
		if err != nil || !msg.Date.Equal(want) || msg.Sender != "a@b" || msg.Missing || msg.Ambiguous {
			t.Errorf("%s: %+v (%v)", line, msg, err)
		}
	}
}

// TestMaildirFlags reads the info behind the last "2,", and keeps the name's own letters
// out of it.
func TestMaildirFlags(t *testing.T) {
	for name, want := range map[string]string{
		"1.HOSTS:2,F":     "1.HOSTS|flagged",
		"1.host:2,":       "1.host|",
		"1.host:2,SRFDTP": "1.host|answered deleted draft flagged forwarded seen",
		"1.host:2,SS":     "1.host|seen",
		"1.host:2,aS":     "1.host|seen",
		"1.host:2,S,W=12": "1.host|seen",
		"1.host:2,S1":     "1.host:2,S1|",
		"1.host;2,S":      "1.host|seen",
		"1.host!2,S":      "1.host|seen",
		"1.host_2,S":      "1.host|seen",
		"1.host-2,S":      "1.host|seen",
		"1.host2,S":       "1.host2,S|",
		"2,S":             "2,S|",
		":2,S":            "|seen",
		"1.host:":         "1.host|",
		"1.2,3:2,S":       "1.2,3|seen",
	} {
		unique, flags := ParseMaildirName(name)
		if got := unique + "|" + strings.Join(flags, " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestMboxLengthDoubt: a message whose length skips what another program would have taken
// for a separator is doubtful; a line that few would have taken for one is not.
func TestMboxLengthDoubt(t *testing.T) {
	for inner, doubtful := range map[string]bool{
		"one\n\n" + sepA + headA + "two\n":                 true,
		"one\n\nFrom - Fri Mar  1 10:00:00 2024\n" + headA: true,
		"one\n\nFrom marc\n" + headA + "two\n":             false,
		"one\n" + sepA + headA + "two\n":                   false,
		"one\n\n" + sepA + "Subject: x\n\ntwo\n":           false,
		"one\n\n" + sepA + "text\n":                        false,
		"one\n\nFrom - \nX-Mozilla-Status: 1\n" + headA:    true,
	} {
		text := fmt.Sprintf("%sFrom: a@b\nDate: d\nMessage-ID: <1@x>\nContent-Length: %d\n\n%s", sepA, len(inner), inner)
		msg, err := NewMbox(strings.NewReader(text), 0, MboxRD).Next()
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(msg.Body); err != nil || !strings.HasSuffix(string(b), inner) || msg.Ambiguous != doubtful {
			t.Errorf("%q: doubtful %t, %q (%v)", inner, msg.Ambiguous, b, err)
		}
	}
}

// TestMboxAcrossWindows finds separators and quoting wherever a window ends.
func TestMboxAcrossWindows(t *testing.T) {
	first := strings.Repeat("x", 99) + "\n"
	for _, fill := range []int{0, 1, 2, 3, 4, 5, 6, 7} {
		body := strings.Repeat(first, windowMost/100) + strings.Repeat("y", fill+30) + "\n\n"
		box := sepA + headA + body + sepA + headA + ">From z\n" + body + sepA + headA
		got := boxed(t, struct{ io.Reader }{strings.NewReader(box)}, MboxRD)
		if want := []string{headA + body, headA + "From z\n" + body, headA}; !slices.Equal(got, want) {
			t.Errorf("filled by %d: %d messages", fill, len(got))
		}
		got = boxed(t, iotest.OneByteReader(strings.NewReader(box)), MboxRD)
		if want := []string{headA + body, headA + "From z\n" + body, headA}; !slices.Equal(got, want) {
			t.Errorf("filled by %d, byte by byte: %d messages", fill, len(got))
		}
	}
}
