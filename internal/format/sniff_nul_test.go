package format

import "testing"

// TestSniffNUL: a NUL in a header makes no file of a mail.
func TestSniffNUL(t *testing.T) {
	mail := []byte("From: a@x.example\r\nSubject: p\x00ix\r\nTo: b@x.example\r\n\r\nBonjour\r\n")
	for name, want := range map[string]Kind{"a.eml": KindMail, "a": KindMail} {
		if got := Sniff(mail, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := Sniff([]byte("\x7fELF\x02\x01\x01\x00\x00\x00"), "a"); got != KindOther {
		t.Errorf("a program is %s", got)
	}
}
