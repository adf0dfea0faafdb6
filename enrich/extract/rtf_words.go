package extract

import (
	"strconv"

	"golang.org/x/text/encoding"
)

// word acts on a control word. star tells that \* stood before it: a destination
// that readers may skip when they do not know it.
func (r *rtf) word(w string, n int, has, star bool) {
	switch {
	case r.layout(w):
	case r.charset(w, n, has):
	case r.destination(w, star):
	}
}

// layout handles words that stand for white space or a sign.
func (r *rtf) layout(w string) bool {
	switch w {
	case "par", "line", "sect", "page", "row", "nestrow", "softline", "column":
		r.sign("\n")
	case "tab", "cell", "nestcell":
		r.sign("\t")
	case "emdash":
		r.sign("—")
	case "endash":
		r.sign("–")
	case "bullet":
		r.sign("•")
	case "lquote":
		r.sign("‘")
	case "rquote":
		r.sign("’")
	case "ldblquote":
		r.sign("“")
	case "rdblquote":
		r.sign("”")
	case "emspace", "enspace", "qmspace":
		r.sign(" ")
	default:
		return false
	}
	return true
}

// charset handles words that choose how characters are read.
func (r *rtf) charset(w string, n int, has bool) bool {
	switch w {
	case "u":
		r.flush()
		r.rune(rune(uint16(n)))
		r.ignore = r.state.skipN
	case "uc":
		r.state.skipN = min(max(n, 0), 16)
	case "ansicpg":
		r.setANSI(n)
	case "ansi":
		r.setANSI(1252)
	case "mac":
		r.setANSI(10000)
	case "pc":
		r.setANSI(437)
	case "pca":
		r.setANSI(850)
	case "deff", "f", "af":
		r.useFont(w, n)
	case "fcharset":
		r.declareFont(fontCodepage(n, r.ansi))
	case "cpg":
		r.declareFont(n)
	case "plain":
		r.flush()
		r.state.deleted = false
	case "deleted":
		r.flush()
		r.state.deleted = !has || n != 0
	case "htmlrtf":
		r.flush()
		r.state.htmlrtf = !has || n != 0
	case "bin": // so many bytes follow that are no RTF
		r.pos = min(r.pos+max(n, 0), len(r.in))
	default:
		return false
	}
	return true
}

// setANSI chooses the code page of the document.
func (r *rtf) setANSI(cp int) {
	r.flush()
	r.ansi, r.state.codepage = cp, cp
}

// useFont chooses a font, or names the one being declared. The fonts of right-to-left
// and East Asian runs (\af) do not change how bytes are read.
func (r *rtf) useFont(w string, n int) {
	if r.state.dest == rtfFontTable {
		r.font = n
		return
	}
	if cp, ok := r.fonts[n]; ok && w == "f" && cp != r.state.codepage {
		r.flush()
		r.state.codepage = cp
	}
}

// declareFont notes the code page of the font being declared.
func (r *rtf) declareFont(cp int) {
	if r.state.dest == rtfFontTable && len(r.fonts) < maxRTFFonts {
		r.fonts[r.font] = cp
	}
}

// destination handles words that begin a group of another kind. Those not named
// here are properties of text, unless \* says that they are none.
func (r *rtf) destination(w string, star bool) bool {
	switch w {
	case "fonttbl":
		r.state.dest = rtfFontTable
	case "objdata":
		r.state.dest = rtfObject
	case "colortbl", "stylesheet", "info", "pict", "objclass", "objname", "themedata", "colorschememapping",
		"datastore", "latentstyles", "listtable", "listoverridetable", "rsidtbl", "generator", "xmlnstbl",
		"filetbl", "revtbl", "fldinst", "nonshppict", "bkmkstart", "bkmkend", "datafield", "private",
		"sn", "sv", "wgrffmtfilter", "mmathPr", "pnseclvl", "upr", "blipuid", "picprop", "fldtype",
		"atnid", "atnref", "atndate", "atrfstart", "atrfend", "passwordhash", "template", "operator", "author":
		r.state.dest = rtfNowhere
	case "ud": // the Unicode twin within \upr
		r.state.dest = rtfBody
	case "shpinst", "shptxt", "footnote", "annotation", "atnauthor", "fldrslt", "header", "footer", "shprslt",
		"headerl", "headerr", "headerf", "footerl", "footerr", "footerf", "nesttableprops", "shppict", "listtext":
	default:
		if star {
			r.state.dest = rtfNowhere
		}
	}
	return true
}

// fontCodepage gives the code page of a Windows character set (RTF 1.9.1, font
// table).
func fontCodepage(charset, ansi int) int {
	switch charset {
	case 0:
		return 1252
	case 77:
		return 10000
	case 128:
		return 932
	case 129:
		return 949
	case 134:
		return 936
	case 136:
		return 950
	case 161:
		return 1253
	case 162:
		return 1254
	case 163:
		return 1258
	case 177:
		return 1255
	case 178:
		return 1256
	case 186:
		return 1257
	case 204:
		return 1251
	case 222:
		return 874
	case 238:
		return 1250
	case 254:
		return 437
	case 255:
		return 850
	}
	return ansi
}

// codepage gives the decoder of a Windows or DOS code page, nil for an unknown one.
func codepage(n int) encoding.Encoding {
	switch n {
	case 932:
		return charsetByName("shift_jis")
	case 936:
		return charsetByName("gbk")
	case 949:
		return charsetByName("euc-kr")
	case 950:
		return charsetByName("big5")
	case 10000:
		return charsetByName("macintosh")
	case 65001:
		return charsetByName("utf-8")
	}
	if enc := charsetByName("windows-" + strconv.Itoa(n)); enc != nil {
		return enc
	}
	if enc := charsetByName("ibm" + strconv.Itoa(n)); enc != nil {
		return enc
	}
	return charsetByName("windows-1252")
}
