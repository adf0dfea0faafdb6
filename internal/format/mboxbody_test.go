package format

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// TestMboxLinesOfABody: a line that begins with "From " is a line of the message unless
// all that makes a separator of it is there, and what it says is left as it is.
func TestMboxLinesOfABody(t *testing.T) {
	const dated = "From x Mon Jan  1 10:00:00 2024\n"
	a := sepA + headA
	long := func(body string) (whole, message string) {
		message = fmt.Sprintf("From: a@b\nDate: d\nMessage-ID: <1@x>\nContent-Length: %d\n\n", len(body)) + body
		return sepA + message, message
	}
	whole := func(name string, variant MboxVariant, input, want string) mboxCase {
		return mboxCase{name, variant, input, []string{want}}
	}
	kept := func(name, body string) mboxCase { return whole(name, MboxRD, a+body, headA+body) }
	cases := []mboxCase{
		kept("no blank line, no date, a field", "one\nFrom marc\nSubject: x\n"),
		kept("no blank line, a date, no field", "one\n"+dated+"just text\n"),
		kept("no blank line, a field of Thunderbird's under another's line", "one\nFrom zoe\nX-Mozilla-Status: 0001\n"),
		kept("a blank line, no date, no field", "one\n\nFrom marc\njust text\n"),
		kept("a blank line before the line before", "one\n\ntwo\nFrom marc\nSubject: x\n"),
		kept("no space after", "one\n\nFrom:\nSubject: x\n"),
		kept("in a line", "one\n\nx"+dated+"Subject: x\n"),
		{"a blank line, a date, no field", MboxRD, a + "one\n\n" + dated + "just text\n", []string{headA + "one\n\n", "!just text\n"}},
		{"no blank line, a date and a field", MboxRD, a + "one\n" + dated + "Subject: x\n\ntwo\n", []string{headA + "one\n", "!Subject: x\n\ntwo\n"}},
		{"quoting of two marks, twice", MboxRD, a + ">>From x\n\n>>From y\n", []string{headA + ">From x\n\n>From y\n"}},
		{"marks in a line are no quoting", MboxRD, a + "x >From y\n> >From z\n>from w\n>Fromage\n", []string{headA + "x >From y\n> >From z\n>from w\n>Fromage\n"}},
	}
	// A program that gives the length leaves lines that begin with "From " as they are:
	// where one stands, what begins with ">From " was written so by its author.
	in, out := long("one\n\n" + dated + "and\n>From y\n")
	cases = append(cases, whole("quoting where nothing is quoted", MboxRD, in, out))
	in, out = long("one\n>From y\n")
	cases = append(cases, whole("quoting before anything tells", MboxRD, in, strings.Replace(out, ">From", "From", 1)))
	in, out = long("one\n>From y\n")
	cases = append(cases, whole("a length, quoting of no kind", MboxCL2, in, out))
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for kind, r := range map[string]io.Reader{
				"whole": strings.NewReader(c.input), "bytes": iotest.OneByteReader(strings.NewReader(c.input)),
			} {
				if got := boxed(t, r, c.variant); !slices.Equal(got, c.want) {
					t.Errorf("%s:\n got %q\nwant %q", kind, got, c.want)
				}
			}
		})
	}
}

type mboxCase struct {
	name    string
	variant MboxVariant
	input   string
	want    []string
}
