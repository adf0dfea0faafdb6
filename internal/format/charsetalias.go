package format

// aliasOf names a charset by one of its other names, squashed; "" for one that is
// known by its own name, its number, or not at all.
func aliasOf(key string) string {
	for _, f := range []func(string) string{unicodeAlias, westernAlias, asianAlias, macAlias} {
		if name := f(key); name != "" {
			return name
		}
	}
	return ""
}

func unicodeAlias(key string) string {
	switch key {
	case "utf8", "u8", "utf", "utf8mb3", "utf8mb4", "utf8ucs2", "utf8ucs4", "unicode11utf8", "unicode20utf8", "xunicode20utf8",
		"xutf8", "utf8n", "utf8mac", "utf8sig", "utf8bom", "xutf8j", "utf8j", "al32utf8", "csutf8":
		return "utf-8"
	case "ascii", "usascii", "us", "iso646us", "iso646irv1991", "ansix341968", "ansix341986", "isoir6", "csascii", "7bit":
		return "us-ascii"
	case "utf7", "u7", "unicode11utf7", "unicode20utf7", "xunicode20utf7", "csutf7", "csunicode11utf7":
		return "utf-7"
	case "utf16", "u16", "unicode", "ucs2", "iso10646ucs2", "csunicode", "csutf16":
		return "utf-16"
	case "utf16le", "unicodelittleunmarked", "unicodelittle", "unicodefeff", "ucs2le", "csutf16le":
		return "utf-16le"
	case "utf16be", "unicodebigunmarked", "unicodebig", "unicodefffe", "ucs2be", "csutf16be":
		return "utf-16be"
	case "utf32", "u32", "ucs4", "iso10646ucs4", "csucs4", "csutf32":
		return "utf-32"
	case "utf32le", "ucs4le", "csutf32le":
		return "utf-32le"
	case "utf32be", "ucs4be", "csutf32be":
		return "utf-32be"
	}
	return ""
}

func westernAlias(key string) string {
	switch key {
	case "latin1", "latin", "l1", "isoir100", "csisolatin1", "ansi", "mbcs", "dbcs", "western":
		return "windows-1252"
	case "latin2", "l2":
		return "iso-8859-2"
	case "latin3", "l3":
		return "iso-8859-3"
	case "latin4", "l4":
		return "iso-8859-4"
	case "latin5", "l5":
		return "windows-1254"
	case "latin6", "l6":
		return "iso-8859-10"
	case "latin7", "l7", "isoir179":
		return "iso-8859-13"
	case "latin8", "l8", "isoceltic", "isoir199":
		return "iso-8859-14"
	case "latin9", "l9", "latin0", "l0":
		return "iso-8859-15"
	case "latin10", "l10", "isoir226":
		return "iso-8859-16"
	case "greek8":
		return "iso-8859-7"
	case "logical", "csiso88598i", "dos862":
		return "iso-8859-8-i"
	case "visual", "csiso88598e":
		return "iso-8859-8"
	case "cspc8codepage437":
		return "cp437"
	case "cspc775baltic":
		return "cp775"
	case "cspc850multilingual":
		return "cp850"
	case "cspc862latinhebrew":
		return "cp862"
	case "cspcp852":
		return "cp852"
	case "pcmultilingual850euro":
		return "cp858"
	case "cpis":
		return "cp861"
	case "cpgr":
		return "cp869"
	case "cp866u", "ruscii":
		return "cp1125"
	case "ebcdiccpca", "ebcdiccpnl", "ebcdiccpus", "ebcdiccpwt", "ibm039":
		return "cp037"
	case "ebcdiccpbe", "ebcdiccpch":
		return "cp500"
	case "ebcdiccphe":
		return "cp424"
	case "hproman8", "roman8", "r8", "cshproman8":
		return "hp-roman8"
	case "koi", "koi8", "koi8r", "cskoi8r":
		return "koi8-r"
	case "koi8u", "koi8ru":
		return "koi8-u"
	case "kz1048", "rk1048", "strk10482002", "cskz1048":
		return "kz-1048"
	case "ptcp154", "csptcp154", "pt154", "cp154", "cyrillicasian":
		return "ptcp154"
	}
	return ""
}

func asianAlias(key string) string {
	switch key {
	case "shiftjis", "sjis", "csshiftjis", "mskanji", "xsjis", "windows31j", "cswindows31j", "xwindows31j", "sjiswin", "sjis2004",
		"shiftjis2004", "shiftjisx0213", "sjisx0213", "pck":
		return "shift_jis"
	case "eucjp", "ujis", "xeucjp", "cseucpkdfmtjapanese", "eucjis2004", "jisx0213", "eucjisx0213", "eucjpms", "eucjpwin":
		return "euc-jp"
	case "jis", "jis7", "junet":
		return "iso-2022-jp"
	case "euckr", "xeuckr", "korean", "ksc5601", "ksc56011987", "ksc56011989", "csksc56011987", "ksx1001", "uhc", "cseuckr", "isoir149":
		return "euc-kr"
	case "iso2022kr", "csiso2022kr":
		return "iso-2022-kr"
	case "iso2022cn", "iso2022cnext":
		return "iso-2022-cn"
	case "gb2312", "chinese", "csiso58gb231280", "csgb2312", "euccn", "xeuccn", "eucgb2312cn", "gb23121980", "gb231280", "isoir58", "gbk", "xgbk":
		return "gbk"
	case "gb18030", "gb180302000":
		return "gb18030"
	case "hz", "hzgb", "hzgb2312":
		return "hz-gb-2312"
	case "big5", "big5tw", "csbig5", "xxbig5", "cnbig5", "big5eten", "big5hkscs", "hkscs":
		return "big5"
	case "tis620", "tis6200", "tis62025290", "tis62025291", "thai", "isoir166":
		return "windows-874"
	}
	return ""
}

// macAlias reads the names of the charsets of Mac OS, with and without "x-".
func macAlias(key string) string {
	if len(key) > 1 && key[0] == 'x' {
		key = key[1:]
	}
	switch key {
	case "mac", "macroman", "macintosh", "csmacintosh":
		return "macintosh"
	case "maccyrillic", "macukrainian":
		return "x-mac-cyrillic"
	case "macce", "maclatin2", "maccenteuro", "maccentraleurope", "maccentraleurroman":
		return "x-mac-ce"
	case "macgreek":
		return "x-mac-greek"
	case "macturkish":
		return "x-mac-turkish"
	case "maciceland", "macicelandic":
		return "x-mac-icelandic"
	case "maccroatian":
		return "x-mac-croatian"
	case "macromania", "macromanian":
		return "x-mac-romanian"
	case "macjapanese":
		return "shift_jis"
	case "mackorean":
		return "euc-kr"
	case "macsimpchinese", "macchinesesimp":
		return "gbk"
	case "mactradchinese", "macchinesetrad":
		return "big5"
	}
	return ""
}
