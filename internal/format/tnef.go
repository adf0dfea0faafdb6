package format

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// TNEF is what Outlook packs into winmail.dat (MS-OXTNEF): a message's body and files.
type TNEF struct {
	Subject string
	Text    string // plain text body
	HTML    string
	RTF     string // decompressed (MS-OXRTFCP)
	Files   []TNEFFile
	Cut     bool // some of it is damaged, or over the limits
}

// TNEFFile is a file in a TNEF stream.
type TNEFFile struct {
	Name      string // as it was sent
	MediaType string // as declared, or ""
	ContentID string
	Body      []byte // of a message within the message, its TNEF stream
}

// MediaTNEF is the media type of a TNEF stream.
const MediaTNEF = "application/vnd.ms-tnef"

const (
	tnefSignature = 0x223e9f78
	tnefBytes     = 32 << 20 // a larger stream is not opened
)

// Attributes of TNEF (MS-OXTNEF, section 2.1.3.3): type and identifier.
const (
	attSubject      = 0x00018004
	attBody         = 0x0002800c
	attOemCodepage  = 0x00069007
	attMsgProps     = 0x00069003
	attRenddata     = 0x00069002 // begins a file
	attAttachTitle  = 0x00018010
	attAttachData   = 0x0006800f
	attAttachment   = 0x00069005
	attachmentLevel = 2
)

// ReadTNEF reads a TNEF stream as far as it is whole; ok is false when it is not TNEF.
func ReadTNEF(b []byte, lim Limits) (t *TNEF, ok bool) {
	r := tnefReader{TNEF: &TNEF{}, lim: lim, charset: "windows-1252"}
	if len(b) < 6 || binary.LittleEndian.Uint32(b) != tnefSignature {
		return nil, false
	}
	for b = b[6:]; len(b) > 0; {
		if b = r.attribute(b); r.Cut {
			break
		}
	}
	r.Text = cutText(r.Text, lim.TextBytes)
	r.HTML = cutText(r.HTML, lim.TextBytes)
	return r.TNEF, true
}

type tnefReader struct {
	*TNEF
	lim     Limits
	charset string // of strings that are no Unicode
	warn    warnings
	skipped bool // the file at hand is over the limit
}

// attribute reads the next attribute, and gives what follows it.
func (r *tnefReader) attribute(b []byte) []byte {
	const head, sum = 9, 2 // level, identifier and length; checksum
	if len(b) < head {
		r.Cut = len(b) > 2 // some programs pad
		return nil
	}
	level, id := b[0], binary.LittleEndian.Uint32(b[1:])
	size := int64(binary.LittleEndian.Uint32(b[5:]))
	rest := b[head:]
	if level != 1 && level != attachmentLevel {
		r.Cut = true
		return nil
	}
	if size > int64(len(rest)) {
		r.Cut, size = true, int64(len(rest))
	}
	data := rest[:size]
	if level == attachmentLevel {
		r.file(id, data)
	} else {
		r.message(id, data)
	}
	return rest[min(int64(len(rest)), size+sum):]
}

// message takes an attribute of the message.
func (r *tnefReader) message(id uint32, data []byte) {
	switch id {
	case attOemCodepage:
		if len(data) >= 4 {
			r.codePage(binary.LittleEndian.Uint32(data))
		}
	case attSubject:
		r.Subject = r.line(data)
	case attBody:
		r.Text = r.text(data)
	case attMsgProps:
		r.properties(data, r.property)
	}
}

// codePage notes the code page of strings, if it is a known one.
func (r *tnefReader) codePage(n uint32) {
	if name := "cp" + strconv.Itoa(int(n)); n == 65001 || Charset(name) != nil {
		r.charset = name
	}
}

// property takes a property of the message (MS-OXPROPS).
func (r *tnefReader) property(p mapiProperty) {
	switch p.id {
	case 0x0037: // subject
		r.Subject = r.named(p, r.Subject)
	case 0x1000: // body
		if s := r.content(p); s != "" {
			r.Text = s
		}
	case 0x1009: // compressed RTF
		if s, ok := decompressRTF(p.value, r.lim.TextBytes); ok {
			r.RTF = s
		} else {
			r.Cut = true
		}
	case 0x1013: // HTML, bytes or string
		r.HTML = r.content(p)
	}
}

// file takes an attribute of a file.
func (r *tnefReader) file(id uint32, data []byte) {
	if id == attRenddata || len(r.Files) == 0 && !r.skipped {
		if r.skipped = len(r.Files) >= r.lim.Parts; r.skipped {
			r.Cut = true
			return
		}
		r.Files = append(r.Files, TNEFFile{})
	}
	if r.skipped {
		return
	}
	f := &r.Files[len(r.Files)-1]
	switch id {
	case attAttachTitle:
		if f.Name == "" {
			f.Name = r.fileName(data)
		}
	case attAttachData:
		f.Body = data
	case attAttachment:
		r.properties(data, func(p mapiProperty) { r.fileProperty(f, p) })
	}
}

// fileProperty takes a property of a file.
func (r *tnefReader) fileProperty(f *TNEFFile, p mapiProperty) {
	switch p.id {
	case 0x3707: // long name
		f.Name = keptName(r.named(p, f.Name))
	case 0x3001, 0x3704: // display name, short name
		if f.Name == "" {
			f.Name = keptName(r.named(p, ""))
		}
	case 0x370e:
		f.MediaType = strings.ToLower(r.named(p, ""))
	case 0x3712:
		f.ContentID = cleanID(strings.Trim(r.named(p, ""), "<> "))
	case 0x3701: // a stream or an object, which begins with the identifier of its interface
		switch {
		case p.kind == mapiObject && len(p.value) > 16:
			f.Body = p.value[16:]
		case p.kind == mapiBinary && len(f.Body) == 0:
			f.Body = p.value
		}
	}
}

func (r *tnefReader) fileName(data []byte) string { return keptName(r.line(data)) }

// line decodes a short string.
func (r *tnefReader) line(data []byte) string { return cleanLine(r.text(data)) }

// text decodes a string of the stream's code page, to its first zero.
func (r *tnefReader) text(data []byte) string {
	s := string(data)
	if i := strings.IndexByte(s, 0); i >= 0 {
		s = s[:i]
	}
	return cleanText(decodeText([]byte(s), r.charset, "", &r.warn))
}

// named gives a short string property, or what there was when it is empty.
func (r *tnefReader) named(p mapiProperty, was string) string {
	if s := cleanLine(r.content(p)); s != "" {
		return s
	}
	return was
}

// content decodes a property that is text.
func (r *tnefReader) content(p mapiProperty) string {
	switch p.kind {
	case mapiUnicode:
		return cleanText([]byte(strings.TrimRight(utf16Text(p.value), "\x00")))
	case mapiString:
		return r.text(p.value)
	case mapiBinary:
		charset := metaCharset(p.value)
		if charset == "" {
			charset = r.charset
		}
		return cleanText(decodeText(p.value, charset, "", &r.warn))
	}
	return ""
}
