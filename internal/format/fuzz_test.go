package format

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func FuzzReadMail(f *testing.F) {
	for _, c := range hardMails() {
		f.Add([]byte(c.input))
	}
	f.Add(alternative5K())
	f.Add([]byte(cmsMail("application/pkcs7-mime", cmsFile(f, "streamed.ber"))))
	f.Add([]byte(cmsMail("application/ms-tnef", sampleTNEF())))
	lim := DefaultLimits()
	lim.Parts, lim.MIMEDepth, lim.HeaderFields, lim.TextBytes = 50, 5, 100, 1<<20
	f.Fuzz(func(t *testing.T, raw []byte) {
		total := int64(0)
		m, err := ReadMail(bytes.NewReader(raw), lim, nil)
		if err != nil {
			t.Fatal(err)
		}
		for what, s := range map[string]string{"text": m.Text, "HTML": m.HTML, "subject": m.Subject, "id": m.MessageID} {
			checkText(t, what, s)
		}
		for _, a := range m.Attachments {
			if a.Within == "" {
				total += a.Size
			}
			checkText(t, "name", a.Name)
			if strings.Contains(a.Name, "\n") || len(a.Name) > nameMost {
				t.Errorf("name %q", a.Name)
			}
			if _, body, err := OpenPart(bytes.NewReader(raw), lim, a.Path); err != nil {
				t.Errorf("part %q: %v", a.Path, err)
			} else if n, err := io.Copy(io.Discard, body); n != a.Size || err != nil {
				t.Errorf("part %q: %d bytes, want %d (%v)", a.Path, n, a.Size, err)
			}
		}
		if total > 45*int64(len(raw)) { // a uuencoded line that lost its blanks stands for 45 bytes
			t.Errorf("%d bytes of attachments from %d", total, len(raw))
		}
		if len(raw) < 20_000 {
			if a, b := summary(t, bytes.NewReader(raw)), summary(t, iotest.OneByteReader(bytes.NewReader(raw))); a != b {
				t.Errorf("read by the byte it differs:\n%s\n%s", a, b)
			}
		}
	})
}

func FuzzMbox(f *testing.F) {
	f.Add([]byte(sepA + headA + "one\n\n" + sepA + headA + ">From x\n"))
	f.Add([]byte("garbage\n\nFrom x Mon Jan  1 10:00:00 2024\nSubject: y\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, v := range []MboxVariant{MboxRD, MboxO, MboxCL2} {
			a, b := boxed(t, bytes.NewReader(raw), v), boxed(t, iotest.OneByteReader(bytes.NewReader(raw)), v)
			if strings.Join(a, "\x00") != strings.Join(b, "\x00") {
				t.Errorf("read by the byte it differs:\n%q\n%q", a, b)
			}
			n := 0
			for _, m := range a {
				n += len(m)
			}
			if n > len(raw)+2*len(a) {
				t.Errorf("%d bytes of messages from %d", n, len(raw))
			}
		}
	})
}

// FuzzText reads one text as everything that a header may hold.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		`"Dupont, Jean" <j@b.c>, x:y;`, "=?utf-8?Q?=C3=A9?= =?x?B?/?=", "Fri, 1 Mar 2024 10:00:00 +0100", "&U,BTFw-", "+AOk-",
		"text/plain; name*0*=utf-8''a; name*1=b", "<a@b> <c@d>", "1.2.host:2,FS", "begin 644 x\n#0V%T\n`\nend\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var warn warnings
		for _, a := range readAddresses(s) {
			checkText(t, "name", a.Name)
			checkText(t, "address", a.Address)
		}
		checkText(t, "words", cleanLine(decodeWords(s, "", &warn)))
		checkText(t, "mailbox", DecodeMailboxName(s))
		if d, ok := parseDate(s); ok && (d.Year() < firstYear-1 || d.Year() > lastYear+1) {
			t.Errorf("date %v", d)
		}
		parseParams(s, DefaultLimits(), &warn)
		for _, id := range messageIDs(s) {
			checkText(t, "id", id)
		}
		ParseMaildirName(s)
		MaildirFolder(s)
		Sniff([]byte(s), "")
		PeekDate([]byte(s), DefaultLimits())
	})
}

func FuzzZip(f *testing.F) {
	f.Add(overlapping(3))
	f.Fuzz(func(t *testing.T, raw []byte) {
		lim := DefaultLimits()
		lim.ArchiveBytes, lim.ArchiveEntries = 1<<20, 100
		a := NewArchive(lim)
		list, _ := readZip(t, a, raw)
		if len(list) > 100 || a.out > 2<<20 {
			t.Errorf("%d members, %d bytes", len(list), a.out)
		}
	})
}
