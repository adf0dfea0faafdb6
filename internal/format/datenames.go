package format

import "strings"

// monthOf gives the month that a lower-case word names in a language of Europe, whole
// or as programs shorten it, or 0.
func monthOf(w string) int {
	switch strings.TrimRight(w, ".") {
	case "jan", "january", "janv", "janvier", "januar", "januari", "jän", "jänner", "ene", "enero", "gen", "gennaio", "janeiro",
		"sty", "stycznia", "янв", "января", "ιαν":
		return 1
	case "feb", "february", "fev", "fév", "fevr", "févr", "février", "fevrier", "februar", "februari", "febrero", "febbraio", "fevereiro",
		"lut", "lutego", "фев", "февр", "февраля", "φεβ":
		return 2
	case "mar", "march", "mars", "märz", "mär", "mrz", "maerz", "mrt", "maart", "marzo", "março", "marts", "marca", "мар", "марта", "μαρ":
		return 3
	case "apr", "april", "avr", "avril", "abr", "abril", "aprile", "kwi", "kwietnia", "апр", "апреля", "απρ":
		return 4
	case "may", "mai", "mei", "mayo", "mag", "maggio", "maio", "maj", "maja", "май", "мая", "μαϊ", "μαι":
		return 5
	case "jun", "june", "juin", "juni", "junio", "giu", "giugno", "junho", "cze", "czerwca", "июн", "июня", "ιουν":
		return 6
	case "jul", "july", "juil", "juillet", "juli", "julio", "lug", "luglio", "julho", "lip", "lipca", "июл", "июля", "ιουλ":
		return 7
	case "aug", "august", "aout", "août", "augustus", "augusti", "ago", "agosto", "sie", "sierpnia", "авг", "августа", "αυγ":
		return 8
	case "sep", "sept", "september", "septembre", "septiembre", "set", "sett", "settembre", "setembro", "wrz", "września",
		"сен", "сент", "сентября", "σεπ":
		return 9
	case "oct", "october", "octobre", "okt", "oktober", "octubre", "ott", "ottobre", "out", "outubro", "paź", "października",
		"окт", "октября", "οκτ":
		return 10
	case "nov", "november", "novembre", "noviembre", "novembro", "lis", "listopada", "ноя", "нояб", "ноября", "νοε":
		return 11
	case "dec", "déc", "december", "decembre", "décembre", "dez", "dezember", "dic", "diciembre", "dicembre", "dezembro", "des",
		"desember", "gru", "grudnia", "дек", "декабря", "δεκ":
		return 12
	}
	return 0
}

// weekdayOf gives the day of the week that a lower-case word names in English, French
// or German, 0 for Sunday, or -1.
func weekdayOf(w string) int {
	switch strings.TrimRight(w, ".") {
	case "sun", "sunday", "dim", "dimanche", "so", "sonntag":
		return 0
	case "mon", "monday", "lun", "lundi", "mo", "montag":
		return 1
	case "tue", "tues", "tuesday", "mar", "mardi", "di", "dienstag":
		return 2
	case "wed", "wednesday", "mer", "mercredi", "mi", "mittwoch":
		return 3
	case "thu", "thur", "thurs", "thursday", "jeu", "jeudi", "do", "donnerstag":
		return 4
	case "fri", "friday", "ven", "vendredi", "fr", "freitag":
		return 5
	case "sat", "saturday", "sam", "samedi", "sa", "samstag":
		return 6
	}
	return -1
}

// zoneOf gives the hours east of a zone's name (RFC 5322, section 4.3, and those
// Europe uses). Unknown names and military letters say nothing.
func zoneOf(name string) (hours int, ok bool) {
	switch name {
	case "ut", "utc", "gmt", "z", "wet":
		return 0, true
	case "cet", "met", "mez", "bst", "west":
		return 1, true
	case "cest", "mest", "mesz", "eet":
		return 2, true
	case "eest", "msk":
		return 3, true
	case "jst", "kst":
		return 9, true
	case "edt":
		return -4, true
	case "est", "cdt":
		return -5, true
	case "cst", "mdt":
		return -6, true
	case "mst", "pdt":
		return -7, true
	case "pst":
		return -8, true
	}
	return 0, false
}
