package format

import "encoding/binary"

// rtfDictionary is what compressed RTF may refer to before its first byte (MS-OXRTFCP,
// section 2.1.2.1).
const rtfDictionary = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript " +
	"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// decompressRTF undoes the compression of RTF (MS-OXRTFCP), up to max bytes; what is
// damaged gives its beginning. ok is false when it is not compressed RTF.
func decompressRTF(b []byte, max int64) (text string, ok bool) {
	const header = 16
	if len(b) < header {
		return "", false
	}
	size := min(int64(binary.LittleEndian.Uint32(b[4:])), max)
	kind, data := string(b[8:12]), b[header:]
	switch kind {
	case "MELA":
		return string(data[:min(int64(len(data)), size)]), true
	case "LZFu":
		return string(lzfu(data, size)), true
	}
	return "", false
}

// lzfu decompresses: runs of eight items, each a byte or a reference of twelve bits
// into a window of 4 KiB and of four bits of length, less two.
func lzfu(data []byte, size int64) []byte {
	const mask = 4095
	var window [mask + 1]byte
	at := copy(window[:], rtfDictionary)
	var out []byte
	put := func(c byte) {
		window[at&mask] = c
		at++
		out = append(out, c)
	}
	for len(data) > 0 {
		flags := data[0]
		data = data[1:]
		for range 8 {
			if int64(len(out)) >= size || len(data) == 0 {
				return out
			}
			if flags&1 == 0 {
				put(data[0])
				data = data[1:]
			} else {
				if len(data) < 2 {
					return out
				}
				ref := binary.BigEndian.Uint16(data)
				data = data[2:]
				from := int(ref >> 4)
				if from == at&mask {
					return out // the end
				}
				for i := range int(ref&15) + 2 {
					put(window[(from+i)&mask])
				}
			}
			flags >>= 1
		}
	}
	return out
}
