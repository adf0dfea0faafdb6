package format

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

const appleList = `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict><key>flags</key>
<integer>%d</integer></dict></plist>
`

func TestEmlx(t *testing.T) {
	body := headA + "one\n"
	list := fmt.Sprintf(appleList, 1<<0|1<<2|1<<8|1<<33)
	for _, c := range []struct{ name, input, want, flags string }{
		{"right", fmt.Sprintf("%-10d\n", len(body)) + body + list, body, "answered forwarded seen"},
		{"CRLF after the count", fmt.Sprintf("%d\r\n", len(body)) + body + list, body, "answered forwarded seen"},
		{"a count too small", "40\n" + body + list, body, "answered forwarded seen"},
		{"a count too large", "4000\n" + body, body, ""},
		{"a binary list", fmt.Sprintf("%d\n", len(body)) + body + "bplist00\x01", body, ""},
		{"a bare list", fmt.Sprintf("%d\n", len(body)) + body + "<plist><key>flags</key><integer>1</integer>", body, "seen"},
		{"a list with its type", fmt.Sprintf("%d\n", len(body)) + body + "\n<!DOCTYPE plist><plist><key>flags</key><integer>2</integer>", body, "deleted"},
		{"no list", fmt.Sprintf("%d\n", len(body)) + body, body, ""},
		{"flags that are no number", fmt.Sprintf("%d\n", len(body)) + body + "<?xml?><key>flags</key><integer>99999999999999999999</integer>", body, ""},
	} {
		for kind, r := range map[string]io.Reader{"whole": strings.NewReader(c.input), "bytes": iotest.OneByteReader(strings.NewReader(c.input))} {
			e := NewEmlx(r)
			got, err := io.ReadAll(e)
			if err != nil || string(got) != c.want {
				t.Errorf("%s, %s: %v, got %q, want %q", c.name, kind, err, got, c.want)
			}
			if flags, err := e.Flags(); err != nil || !slices.Equal(flags, strings.Fields(c.flags)) {
				t.Errorf("%s, %s: flags %v, %v", c.name, kind, flags, err)
			}
		}
	}
}

func TestEmlxID(t *testing.T) {
	for name, want := range map[string]string{"101.emlx": "101 false", "x/103.partial.emlx": "103 true", "a.emlx": " false", "101.eml": " false", ".emlx": " false", ".partial.emlx": " false", "7.EMLX": "7 false", "7x.partial.emlx": " false"} {
		id, partial := EmlxID(name)
		if got := fmt.Sprint(id, " ", partial); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestEmlxFlagsOfASourceThatFails: its error is told, where the list was merely cut there are
// no flags.
func TestEmlxFlagsOfASourceThatFails(t *testing.T) {
	e := NewEmlx(io.MultiReader(strings.NewReader("1\nx"), iotest.ErrReader(io.ErrClosedPipe)))
	if _, err := io.ReadFull(e, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if flags, err := e.Flags(); flags != nil || err != io.ErrClosedPipe {
		t.Errorf("flags %v (%v)", flags, err)
	}
	e = NewEmlx(io.MultiReader(strings.NewReader("1\nx<?xml"), iotest.ErrReader(io.ErrUnexpectedEOF)))
	if _, err := io.ReadFull(e, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if flags, err := e.Flags(); flags != nil || err != nil {
		t.Errorf("flags of a list that was cut: %v (%v)", flags, err)
	}
}
