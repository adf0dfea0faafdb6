package format

import (
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// Charset gives the encoding of a charset by any name that mail has for it: those of the
// WHATWG, of IANA, of Python, and a code page's number with or without prefix. ISO-8859-1
// is windows-1252, as the WHATWG has it. It is nil for an unknown name, for UTF-8 and
// US-ASCII, which need none, and for UTF-7, which is not such an encoding.
func Charset(name string) encoding.Encoding { return charsetByName(charsetName(name)) }

// charsetName gives the name by which the rest of this package knows a charset; an
// unknown one is given in lower case, without what mailers put around it.
func charsetName(name string) string {
	name = strings.ToLower(strings.Trim(name, " \t\"'=;,"))
	if i := strings.IndexAny(name, "*;(\"', \t"); i > 0 { // an RFC 2231 language, a comment
		name = name[:i]
	}
	key := squash(name)
	if known := aliasOf(key); known != "" {
		return known
	}
	if known := isoName(key); known != "" {
		return known
	}
	if known := codePage(key); known != "" {
		return known
	}
	return name
}

// squash keeps only the letters and digits of a name: no two charsets differ in anything
// else.
func squash(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, name)
}

// isoName reads the names of ISO 8859, written as iso8859_1, 8859-1 or
// iso_8859-1:1987, and of ISO 2022.
func isoName(key string) string {
	if strings.HasPrefix(strings.TrimPrefix(key, "cs"), "iso2022jp") {
		return "iso-2022-jp"
	}
	part, ok := strings.CutPrefix(strings.TrimPrefix(key, "iso"), "8859")
	if !ok {
		return ""
	}
	if n := len(part); n > 4 && (part[n-4:n-2] == "19" || part[n-4:n-2] == "20") {
		part = part[:n-4]
	}
	switch part {
	case "", "1":
		return "windows-1252"
	case "11":
		return "windows-874"
	case "12", "i", "e":
		return ""
	}
	return "iso-8859-" + strings.TrimRight(part, "ie") + suffixOf(part)
}

// suffixOf gives the direction of Hebrew and Arabic: "-i" or "-e" (RFC 1556).
func suffixOf(part string) string {
	if n := len(part); n > 1 && (part[n-1] == 'i' || part[n-1] == 'e') {
		return "-" + part[n-1:]
	}
	return ""
}

// codePage reads a code page's number, as Windows, DOS, IBM and Python write it.
func codePage(key string) string {
	number := key
	for _, p := range []string{"x", "cs", "windows", "win", "ibm", "cp", "ms", "dos", "codepage", "oem", "pc"} {
		number = strings.TrimPrefix(number, p)
	}
	if number == "" || strings.Trim(number, "0123456789") != "" {
		return ""
	}
	if known := codePageOf(number); known != "" {
		return known
	}
	if len(number) == 4 && number[:3] == "125" && number[3] <= '8' {
		return "windows-" + number
	}
	const iso8859 = 28590 // from here on Windows counts the parts of ISO 8859
	if n, err := strconv.Atoi(number); err == nil && n > iso8859 && n <= iso8859+16 {
		return isoName("iso8859" + strconv.Itoa(n-iso8859))
	}
	return "cp" + number
}

// codePageOf names the code pages that are known by another name.
func codePageOf(number string) string {
	switch number {
	case "367", "20127", "646":
		return "us-ascii"
	case "819", "1252":
		return "windows-1252"
	case "866":
		return "ibm866"
	case "874", "1162":
		return "windows-874"
	case "878", "20866":
		return "koi8-r"
	case "21866":
		return "koi8-u"
	case "912":
		return "iso-8859-2"
	case "915":
		return "iso-8859-5"
	case "920":
		return "windows-1254"
	case "923":
		return "iso-8859-15"
	case "932", "942", "943", "31j", "10001":
		return "shift_jis"
	case "936", "51936", "10008":
		return "gbk"
	case "949", "970", "51949", "1363", "10003":
		return "euc-kr"
	case "950", "951", "10002":
		return "big5"
	case "1051":
		return "hp-roman8"
	case "1200":
		return "utf-16le"
	case "1201":
		return "utf-16be"
	case "10000":
		return "macintosh"
	case "10006":
		return "x-mac-greek"
	case "10007", "10017":
		return "x-mac-cyrillic"
	case "10029":
		return "x-mac-ce"
	case "10079":
		return "x-mac-icelandic"
	case "10081":
		return "x-mac-turkish"
	case "12000":
		return "utf-32le"
	case "12001":
		return "utf-32be"
	case "50220", "50221", "50222":
		return "iso-2022-jp"
	case "50225":
		return "iso-2022-kr"
	case "51932", "20932":
		return "euc-jp"
	case "52936":
		return "hz-gb-2312"
	case "54936":
		return "gb18030"
	case "65000":
		return "utf-7"
	case "65001":
		return "utf-8"
	}
	return ""
}

// charsetByName gives the encoding of a charset that charsetName named, or nil.
func charsetByName(name string) encoding.Encoding {
	switch name {
	case "", "us-ascii", "utf-8", "unknown-8bit", "x-unknown", "unknown", "default", "x-user-defined", "binary":
		return nil
	case "ansi_x3.110-1983":
		return charmap.ISO8859_1
	case "utf-16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case "utf-32":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case "iso-2022-kr", "iso-2022-cn":
		return shiftedEncoding{}
	}
	if e := tableEncoding(name); e != nil {
		return e
	}
	for _, n := range []string{name, strings.ReplaceAll(name, "_", "-"), strings.ReplaceAll(name, "-", "_")} {
		if e, err := htmlindex.Get(n); err == nil && e != encoding.Replacement {
			return e
		}
		if e, err := ianaindex.IANA.Encoding(n); err == nil && e != nil {
			return e
		}
	}
	return nil
}
