package format

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// mapi is one property: its type and identifier, then its bytes.
func mapi(id, kind uint16, value string) string {
	return string(binary.LittleEndian.AppendUint32(nil, uint32(id)<<16|uint32(kind))) + value
}

// counted is a value that tells its length, one of one, filled up to four bytes.
func counted(s string) string {
	b := binary.LittleEndian.AppendUint32([]byte{1, 0, 0, 0}, uint32(len(s)))
	return string(b) + s + strings.Repeat("\x00", -len(s)&3)
}

func mapiList(list ...string) string {
	return string(binary.LittleEndian.AppendUint32(nil, uint32(len(list)))) + strings.Join(list, "")
}

// TestTNEFProperties finds a subject behind a property of each type: a reader that misjudges
// the size of one loses all that follows (MS-OXTNEF, section 2.1.3.4).
func TestTNEFProperties(t *testing.T) {
	const other = 0x1234
	subject := mapi(0x0037, mapiString, counted("Devis\x00"))
	for name, before := range map[string]string{
		"nothing":                   "",
		"16 bits":                   mapi(other, 0x0002, "\x01\x00\x00\x00"),
		"32 bits":                   mapi(other, 0x0003, "\x01\x00\x00\x00"),
		"a truth":                   mapi(other, 0x000b, "\x01\x00\x00\x00"),
		"a real number":             mapi(other, 0x0004, "1234"),
		"a double":                  mapi(other, 0x0005, "12345678"),
		"currency":                  mapi(other, 0x0006, "12345678"),
		"application time":          mapi(other, 0x0007, "12345678"),
		"64 bits":                   mapi(other, 0x0014, "12345678"),
		"system time":               mapi(other, 0x0040, "12345678"),
		"an identifier":             mapi(other, 0x0048, "1234567812345678"),
		"a string":                  mapi(other, mapiString, counted("Paul\x00")),
		"a string of four":          mapi(other, mapiString, counted("abc\x00")),
		"Unicode":                   mapi(other, mapiUnicode, counted(utf16LE("Zoé"))),
		"bytes":                     mapi(other, mapiBinary, counted("1")),
		"an object":                 mapi(other, mapiObject, counted("12345678123456789")),
		"three numbers":             mapi(other, 0x1003, "\x03\x00\x00\x00"+"123412341234"),
		"two times":                 mapi(other, 0x1040, "\x02\x00\x00\x00"+"1234567812345678"),
		"two strings":               mapi(other, 0x101e, "\x02\x00\x00\x00\x02\x00\x00\x00a\x00\x00\x00\x05\x00\x00\x00abcd\x00\x00\x00\x00"),
		"no strings":                mapi(other, 0x101e, "\x00\x00\x00\x00"),
		"named by a number":         mapi(0x8000, 0x0003, "1234567812345678\x00\x00\x00\x00\x05\x80\x00\x00"+"1234"),
		"named by a string":         mapi(0x8001, 0x0003, "1234567812345678\x01\x00\x00\x00\x06\x00\x00\x00a\x00b\x00c\x00\x00\x00"+"1234"),
		"named, a string":           mapi(0x8001, mapiString, "1234567812345678\x00\x00\x00\x00\x05\x80\x00\x00"+counted("Non\x00")),
		"named, with our subject's": mapi(0xffff, mapiString, "1234567812345678\x00\x00\x00\x00\x37\x00\x00\x00"+counted("Non\x00")),
		"the last that is not one":  mapi(0x7fff, 0x0003, "1234"),
	} {
		list := mapiList(subject)
		if before != "" {
			list = mapiList(before, subject)
		}
		got, ok := ReadTNEF(tnefStream(tnefAttribute(1, attMsgProps, list)), DefaultLimits())
		if !ok || got.Cut || got.Subject != "Devis" {
			t.Errorf("behind %s: %+v", name, got)
		}
		for cut := range len(list) - 4 {
			got, ok := ReadTNEF(tnefStream(tnefAttribute(1, attMsgProps, list[:len(list)-cut-1])), DefaultLimits())
			if lost := cut > 1; !ok || lost && got.Subject == "Devis" {
				t.Errorf("behind %s, %d bytes missing: %+v", name, cut+1, got)
			}
		}
	}
	two := mapiList(subject, mapi(0x0037, mapiString, counted("Suite\x00")))
	if got, _ := ReadTNEF(tnefStream(tnefAttribute(1, attMsgProps, strings.Replace(two, "\x02", "\x01", 1))), DefaultLimits()); got.Subject != "Devis" {
		t.Errorf("more than are counted: %+v", got)
	}
	if got, _ := ReadTNEF(tnefStream(tnefAttribute(1, attMsgProps, mapiList(mapi(other, 0x0048, "12345678")))), DefaultLimits()); !got.Cut {
		t.Errorf("a value cut short: %+v", got)
	}
}

// TestTNEFBody takes body, HTML, RTF and subject from the message's properties, in their
// types, and what was damaged for cut.
func TestTNEFBody(t *testing.T) {
	rtf := func(kind, text string) string {
		b := binary.LittleEndian.AppendUint32(nil, uint32(len(text)+12))
		return string(binary.LittleEndian.AppendUint32(b, uint32(len(text)))) + kind + "crc?" + text
	}
	for name, c := range map[string]struct {
		properties string
		want       TNEF
	}{
		"a body":             {mapiList(mapi(0x1000, mapiString, counted("Prix : 5 \x80\x00rest"))), TNEF{Text: "Prix : 5 €"}},
		"a body in Unicode":  {mapiList(mapi(0x1000, mapiUnicode, counted(utf16LE("Prix : 5 €")))), TNEF{Text: "Prix : 5 €"}},
		"an empty body":      {mapiList(mapi(0x1000, mapiString, counted("\x00"))), TNEF{Text: "avant"}},
		"HTML":               {mapiList(mapi(0x1013, mapiUnicode, counted(utf16LE("<p>€")))), TNEF{Text: "avant", HTML: "<p>€"}},
		"HTML of a charset":  {mapiList(mapi(0x1013, mapiBinary, counted("<meta charset=koi8-r>\xf0"))), TNEF{Text: "avant", HTML: "<meta charset=koi8-r>П"}},
		"HTML of no type":    {mapiList(mapi(0x1013, 0x0003, "1234")), TNEF{Text: "avant"}},
		"RTF, not packed":    {mapiList(mapi(0x1009, mapiBinary, counted(rtf("MELA", "{\\rtf1}")))), TNEF{Text: "avant", RTF: "{\\rtf1}"}},
		"RTF, damaged":       {mapiList(mapi(0x1009, mapiBinary, counted(rtf("????", "{\\rtf1}")))), TNEF{Text: "avant", Cut: true}},
		"RTF, too short":     {mapiList(mapi(0x1009, mapiBinary, counted("123456789012345"))), TNEF{Text: "avant", Cut: true}},
		"a subject":          {mapiList(mapi(0x0037, mapiUnicode, counted(utf16LE("Été")))), TNEF{Text: "avant", Subject: "Été"}},
		"a subject, of none": {mapiList(mapi(0x0037, mapiUnicode, counted(""))), TNEF{Text: "avant"}},
	} {
		got, ok := ReadTNEF(tnefStream(tnefAttribute(1, attBody, "avant\x00"), tnefAttribute(1, attMsgProps, c.properties)), DefaultLimits())
		if want := fmt.Sprintf("%+v", c.want); !ok || fmt.Sprintf("%+v", *got) != want {
			t.Errorf("%s: got %+v, want %s", name, got, want)
		}
	}
	lim := DefaultLimits()
	lim.TextBytes = 3
	got, _ := ReadTNEF(tnefStream(tnefAttribute(1, attBody, "avant\x00"), tnefAttribute(1, attMsgProps, mapiList(mapi(0x1013, mapiString, counted("<p>x\x00")),
		mapi(0x1009, mapiBinary, counted(rtf("MELA", "{\\rtf1}")))))), lim)
	if got.Text != "ava" || got.HTML != "<p>" || got.RTF != "{\\r" {
		t.Errorf("within the limit: %+v", got)
	}
}

// TestTNEFFiles takes what a file is named, is and holds from wherever it stands, the long
// name before the short one.
func TestTNEFFiles(t *testing.T) {
	render := tnefAttribute(2, attRenddata, strings.Repeat("\x00", 14))
	file := func(properties ...string) string {
		return render + tnefAttribute(2, attAttachment, mapiList(properties...))
	}
	name := func(id uint16, s string) string { return mapi(id, mapiString, counted(s+"\x00")) }
	body := mapi(0x3701, mapiBinary, counted("kosipo"))
	for what, c := range map[string]struct{ stream, want string }{
		"long before short":     {file(name(0x3707, "devis.txt"), name(0x3704, "DEVIS~1.TXT")), "devis.txt||"},
		"short, then long":      {file(name(0x3704, "DEVIS~1.TXT"), name(0x3707, "devis.txt")), "devis.txt||"},
		"short":                 {file(name(0x3704, "DEVIS~1.TXT")), "DEVIS~1.TXT||"},
		"displayed":             {file(name(0x3001, "Le devis"), name(0x3704, "DEVIS~1.TXT")), "Le devis||"},
		"no long name":          {file(name(0x3704, "DEVIS~1.TXT"), name(0x3707, "")), "DEVIS~1.TXT||"},
		"a title, then more":    {render + tnefAttribute(2, attAttachTitle, "a.txt\x00") + tnefAttribute(2, attAttachTitle, "b.txt\x00"), "a.txt||"},
		"type and id":           {file(name(0x370e, "Text/Plain"), name(0x3712, "<1@x>")), "|text/plain|1@x"},
		"content":               {file(name(0x3707, "a"), body), "a||=kosipo"},
		"content twice":         {render + tnefAttribute(2, attAttachData, "first") + tnefAttribute(2, attAttachment, mapiList(body)), "||=first"},
		"an object":             {file(mapi(0x3701, mapiObject, counted("1234567812345678x"))), "||=x"},
		"an empty object":       {file(mapi(0x3701, mapiObject, counted("1234567812345678"))), "||"},
		"content of no type":    {file(mapi(0x3701, mapiString, counted("kosipo"))), "||"},
		"without its beginning": {tnefAttribute(2, attAttachTitle, "a.txt\x00"), "a.txt||"},
		"two":                   {file(name(0x3707, "a")) + file(name(0x3707, "b")), "a|| b||"},
	} {
		got, ok := ReadTNEF(tnefStream(c.stream), DefaultLimits())
		var list []string
		for _, f := range got.Files {
			s := f.Name + "|" + f.MediaType + "|" + f.ContentID
			if len(f.Body) > 0 {
				s += "=" + string(f.Body)
			}
			list = append(list, s)
		}
		if s := strings.Join(list, " "); !ok || got.Cut || s != c.want {
			t.Errorf("%s: %q, want %q (cut %t)", what, s, c.want, got.Cut)
		}
	}
}

// TestTNEFDamage reads as far as a stream is whole, and tells padding from damage.
func TestTNEFDamage(t *testing.T) {
	subject := tnefAttribute(1, attSubject, "Devis\x00")
	for name, c := range map[string]struct {
		stream  []byte
		ok, cut bool
	}{
		"whole":              {tnefStream(subject), true, false},
		"padded":             {append(tnefStream(subject), 0, 0), true, false},
		"more than padding":  {append(tnefStream(subject), 0, 0, 0), true, true},
		"no checksum":        {tnefStream(subject[:len(subject)-2]), true, false},
		"a byte is missing":  {tnefStream(subject[:len(subject)-3]), true, true},
		"level 3":            {tnefStream(subject, tnefAttribute(3, attBody, "x")), true, true},
		"nothing in it":      {tnefStream(), true, false},
		"no room for a key":  {tnefStream()[:5], false, false},
		"another signature":  {append([]byte("\x78\x9f\x3e\x21\x01\x00"), subject...), false, false},
		"an unknown subject": {tnefStream(subject, tnefAttribute(1, 0x12345678, "x")), true, false},
	} {
		got, ok := ReadTNEF(c.stream, DefaultLimits())
		if ok != c.ok || ok && (got.Cut != c.cut || len(c.stream) > 8 && got.Subject != "Devis") {
			t.Errorf("%s: %t, %+v", name, ok, got)
		}
	}
	for page, want := range map[string]string{"\xe4\x04\x00\x00": "é", "\xe9\xfd\x00\x00": "é", "\x52\x03\x00\x00": "Ú", "\xff\xff\x00\x00": "é", "\x52\x03": "é"} {
		text := "\xe9"
		if page == "\xe9\xfd\x00\x00" {
			text = "é"
		}
		got, _ := ReadTNEF(tnefStream(tnefAttribute(1, attOemCodepage, page), tnefAttribute(1, attBody, text)), DefaultLimits())
		if got.Text != want {
			t.Errorf("code page %q: %q, want %q", page, got.Text, want)
		}
	}
}

// TestRTFWindow: references reach into the dictionary and into what was written, round the
// window's end; one to the place of writing ends the text (MS-OXRTFCP, section 2.2).
func TestRTFWindow(t *testing.T) {
	packed := func(size uint32, data string) []byte {
		b := binary.LittleEndian.AppendUint32(nil, uint32(len(data)+12))
		return append(append(binary.LittleEndian.AppendUint32(b, size), "LZFucrc?"...), data...)
	}
	ref := func(from, length int) string {
		return string(binary.BigEndian.AppendUint16(nil, uint16(from<<4|length-2)))
	}
	start := len(rtfDictionary)
	if start != 207 {
		t.Errorf("the dictionary has %d bytes, not 207", start)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"bytes":                  {packed(3, "\x00abc"), "abc"},
		"of the dictionary":      {packed(6, "\x01"+ref(0, 6)), "{\\rtf1"},
		"of what was written":    {packed(5, "\x04ab"+ref(start, 3)), "ababa"},
		"the end":                {packed(9, "\x02a"+ref(start+1, 2)+"zzz"), "a"},
		"half a reference":       {packed(9, "\x02a\x00"), "a"},
		"less than is declared":  {packed(9, "\x00abc"), "abc"},
		"more than is declared":  {packed(2, "\x00abc"), "ab"},
		"a second run":           {packed(10, "\x00abcdefgh\x00ij"), "abcdefghij"},
		"nothing":                {packed(9, ""), ""},
		"the longest reference":  {packed(17, "\x01"+ref(0, 17)), rtfDictionary[:17]},
		"zeros before the start": {packed(2, "\x01"+ref(4000, 2)), "\x00\x00"},
		"round the end":          {packed(3, "\x01"+ref(4095, 3)), "\x00{\\"},
	} {
		if got, ok := decompressRTF(c.data, 1000); !ok || got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	long := strings.Repeat("\x00abcdefgh", 600)
	want := strings.Repeat("abcdefgh", 600) + "abcdefgh"
	if got, _ := decompressRTF(packed(uint32(len(want)), long+"\x01"+ref((start+4096)%4096, 8)), 1<<20); got != want {
		t.Errorf("longer than the window: %d bytes, %q", len(got), got[max(0, len(got)-20):])
	}
}

// TestWhichIsTNEF: by its type, or by Outlook's name where the type says nothing.
func TestWhichIsTNEF(t *testing.T) {
	packed := base64.StdEncoding.EncodeToString(sampleTNEF())
	for head, opened := range map[string]bool{
		"Content-Type: application/ms-tnef":                                              true,
		"Content-Type: application/vnd.ms-tnef":                                          true,
		"Content-Type: application/octet-stream; name=WinMail.dat":                       true,
		"Content-Type: application/octet-stream; name=other.dat":                         false,
		"Content-Type: application/x-other; name=winmail.dat":                            false,
		"Content-Disposition: attachment; filename=winmail.dat\nContent-Type: image/png": false,
	} {
		raw := head + "\nContent-Transfer-Encoding: base64\n\n" + packed
		m, err := ReadMail(strings.NewReader(raw), DefaultLimits(), nil)
		if err != nil || m.Attachments[0].Opened != opened || strings.Contains(m.Text, "88") != opened || len(m.Attachments) != map[bool]int{true: 3, false: 1}[opened] {
			t.Errorf("%s: %q, %+v (%v)", head, m.Text, m.Attachments, err)
		}
	}
	raw := "Content-Type: application/ms-tnef; name=winmail.dat\n\nno TNEF"
	m, err := ReadMail(strings.NewReader(raw), DefaultLimits(), nil)
	if err != nil || m.Attachments[0].Opened || timesOf(m.Warnings)[warnTNEF] != "1" {
		t.Errorf("no TNEF: %+v, %v (%v)", m.Attachments, m.Warnings, err)
	}
	cut := sampleTNEF()[:180]
	m, err = ReadMail(strings.NewReader("Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n"+base64.StdEncoding.EncodeToString(cut)), DefaultLimits(), nil)
	if err != nil || !m.Attachments[0].Opened || timesOf(m.Warnings)[warnTNEF] != "1" {
		t.Errorf("cut: %+v, %v (%v)", m.Attachments, m.Warnings, err)
	}
	lim := DefaultLimits()
	lim.Parts = 1
	m, err = ReadMail(strings.NewReader("Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n"+packed), lim, nil)
	if err != nil || len(m.Attachments) != 2 || timesOf(m.Warnings)[warnTNEF] != "1" || m.Attachments[1].MediaType != "text/plain" || m.Attachments[1].Disposition != "attachment" {
		t.Errorf("over the limit: %+v, %v (%v)", m.Attachments, m.Warnings, err)
	}
}
