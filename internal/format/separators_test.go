package format

import (
	"strings"
	"testing"
)

func TestCountSeparators(t *testing.T) {
	a := sepA + headA
	for _, c := range []struct {
		name, text string
		want       int64
	}{
		{"empty", "", 0},
		{"a note", "From memory, it rained.\n\nFrom Paris\nto Lyon\n", 0},
		{"a message", headA + "one\n", 0},
		{"a message with its separator", a + "one\n", 0},
		{"a forwarded line", headA + "See:\n\nFrom x Mon Jan  1 10:00:00 2024\nnothing\n", 0},
		{"the first separator is lost", headA + "one\n\n" + a + "two\n", 1},
		{"an attached message", "Subject: x\nContent-Type: multipart/mixed;\n boundary=B\n\n--B\nContent-Type: message/rfc822\n\n" + a + "one\n--B--\n", 0},
		{"text before", "notes\n\n" + a + "one\n\n" + a + "two\n", 2},
		{"one is doubtful", a + "one\n\nFrom x Mon Jan  1 10:00:00 2024\nSubject: y\n\nz\n", 2},
		{"CR", inCR(headA + "one\n\n" + a + "two\n\n" + a + "three\n"), 2},
		{"UTF-16", "\xff\xfe" + strings.Join(strings.SplitAfter(a+"one\n\n"+a+"two\n", ""), "\x00") + "\x00", 2},
		{"a NUL first", "\x00\n\n" + a + "one\n\n" + a + "two\n", 0},
		{"a program", "\x7fELF\x00\x00\n\n" + a + "\n\n" + a, 0},
	} {
		if got, err := CountSeparators(strings.NewReader(c.text)); err != nil || got != c.want {
			t.Errorf("%s: %d, %v; want %d", c.name, got, err, c.want)
		}
		if c.want > 0 && !MayHoldSeparators([]byte(c.text)) {
			t.Errorf("%s: nothing to count", c.name)
		}
	}
}
