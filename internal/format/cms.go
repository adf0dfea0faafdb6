package format

import (
	"bytes"
	"compress/zlib"
	"encoding/pem"
	"io"
)

// CMSKind is what a CMS message (RFC 5652) does to its content.
type CMSKind string

// The kinds of CMS messages that mail has.
const (
	CMSSigned     CMSKind = "signed"
	CMSCompressed CMSKind = "compressed" // RFC 3274
	CMSEncrypted  CMSKind = "encrypted"  // by any of the types that need a key
	CMSOther      CMSKind = ""           // none of these, or no CMS at all
)

const (
	cmsBytes = 32 << 20 // a larger message is not opened
	berDepth = 32       // of nested values: CMS has some ten
)

// OpenCMS gives the content of a CMS message that can be read without a key: in DER, BER
// or PEM, even if its end is missing, in which case whole is false. Content is nil where
// there is none: in a detached signature, certificates, an encrypted message. Signatures
// are not checked: mail is read as it came. max bounds what compressed content expands to.
func OpenCMS(b []byte, max int64) (kind CMSKind, content []byte, whole bool) {
	if block, _ := pem.Decode(b); block != nil {
		b = block.Bytes
	}
	m := ber{whole: true}
	info := m.inside(b, berSequence)
	oid, rest := m.next(info)
	if oid.tag != berOID {
		return CMSOther, nil, false
	}
	kind = cmsKind(oid.body)
	if kind != CMSSigned && kind != CMSCompressed {
		return kind, nil, true
	}
	fields := m.inside(m.inside(rest, berExplicit), berSequence)
	_, fields = m.next(fields) // version
	_, fields = m.next(fields) // digest or compression algorithms
	_, held := m.next(m.inside(fields, berSequence))
	explicit, _ := m.next(held)
	if explicit.tag != berExplicit {
		return kind, nil, m.whole
	}
	value, _ := m.next(explicit.body)
	content = m.octets(nil, value, 0)
	if kind == CMSCompressed {
		return kind, inflated(content, max, &m.whole), m.whole
	}
	return kind, content, m.whole
}

// cmsKind names a content type by its object identifier.
func cmsKind(oid []byte) CMSKind {
	pkcs7, smime := []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x07"), []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01")
	if last, ok := bytes.CutPrefix(oid, pkcs7); ok && len(last) == 1 {
		switch last[0] {
		case 2:
			return CMSSigned
		case 3, 4, 6:
			return CMSEncrypted
		}
	}
	if last, ok := bytes.CutPrefix(oid, smime); ok && len(last) == 1 {
		switch last[0] {
		case 9:
			return CMSCompressed
		case 23:
			return CMSEncrypted
		}
	}
	return CMSOther
}

// inflated undoes the compression of RFC 3274, up to a size.
func inflated(b []byte, max int64, whole *bool) []byte {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		*whole = false
		return nil
	}
	out, err := io.ReadAll(io.LimitReader(z, max+1))
	if err != nil || int64(len(out)) > max {
		*whole = false
	}
	return out[:min(int64(len(out)), max)]
}

// Tags of BER (X.690), with the bit of what is constructed.
const (
	berOctets   = 0x04
	berOID      = 0x06
	berSequence = 0x30
	berExplicit = 0xa0 // [0]
	berMade     = 0x20 // constructed
)

// ber reads BER, of which mail programs write every form: indefinite lengths, strings in
// pieces, lengths with leading zeros. Libraries read DER, or descend into nested values
// without a limit, so that a message of nothing but nesting ends the process.
type ber struct{ whole bool }

type berValue struct {
	tag  byte
	body []byte
}

// inside gives the body of the next value, or nil when that has another tag.
func (m *ber) inside(b []byte, tag byte) []byte {
	v, _ := m.next(b)
	if v.tag != tag {
		return nil
	}
	return v.body
}

// next reads the next value, and gives what follows it. If the bytes end too early, the
// value has those there are.
func (m *ber) next(b []byte) (berValue, []byte) {
	head, size, ok := berHead(b)
	if !ok {
		m.whole = m.whole && len(b) == 0
		return berValue{}, nil
	}
	rest := b[head:]
	if size < 0 {
		end := m.end(rest, 0)
		return berValue{b[0], rest[:end]}, rest[min(end+2, len(rest)):]
	}
	if size > len(rest) {
		m.whole, size = false, len(rest)
	}
	return berValue{b[0], rest[:size]}, rest[size:]
}

// end finds the end of a value that does not tell its length: two zeros after whole
// values.
func (m *ber) end(b []byte, depth int) int {
	for at := 0; ; {
		if at+2 > len(b) || depth > berDepth {
			m.whole = false
			return len(b)
		}
		if b[at] == 0 && b[at+1] == 0 {
			return at
		}
		head, size, ok := berHead(b[at:])
		if !ok {
			m.whole = false
			return len(b)
		}
		at += head
		if size < 0 {
			at += m.end(b[at:], depth+1) + 2
		} else if size > len(b)-at {
			m.whole = false
			return len(b)
		} else {
			at += size
		}
	}
}

// berHead reads tag and length: the bytes they take, and the length, -1 for none told.
// Tags of more than one byte do not occur on the way to the content; they are skipped with
// the rest.
func berHead(b []byte) (head, size int, ok bool) {
	head = 1
	if len(b) > 1 && b[0]&0x1f == 0x1f {
		for head < len(b) && b[head]&0x80 != 0 {
			head++
		}
		head++
	}
	if head >= len(b) {
		return 0, 0, false
	}
	n := int(b[head])
	head++
	switch {
	case n < 0x80:
		return head, n, true
	case n == 0x80:
		return head, -1, b[0]&berMade != 0
	}
	n -= 0x80
	if head+n > len(b) {
		return 0, 0, false
	}
	for _, c := range b[head : head+n] {
		if size > 1<<40 {
			return 0, 0, false
		}
		size = size<<8 | int(c)
	}
	return head + n, size, true
}

// octets appends the bytes of an octet string, whole or in pieces. What PKCS #7 has
// instead is taken as it is.
func (m *ber) octets(out []byte, v berValue, depth int) []byte {
	if v.tag != berOctets|berMade || depth > berDepth {
		return append(out, v.body...)
	}
	for rest := v.body; len(rest) > 0; {
		var piece berValue
		piece, rest = m.next(rest)
		out = m.octets(out, piece, depth+1)
	}
	return out
}
