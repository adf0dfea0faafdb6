package format

import "strings"

// monthOf gives the month that a lower-case word names in English, French or
// German, or 0.
func monthOf(w string) int {
	switch strings.TrimRight(w, ".") {
	case "jan", "january", "janv", "janvier", "januar":
		return 1
	case "feb", "february", "fev", "fév", "fevr", "févr", "février", "fevrier", "februar":
		return 2
	case "mar", "march", "mars", "märz", "mär", "mrz":
		return 3
	case "apr", "april", "avr", "avril":
		return 4
	case "may", "mai":
		return 5
	case "jun", "june", "juin", "juni":
		return 6
	case "jul", "july", "juil", "juillet", "juli":
		return 7
	case "aug", "august", "aout", "août":
		return 8
	case "sep", "sept", "september", "septembre":
		return 9
	case "oct", "october", "octobre", "okt", "oktober":
		return 10
	case "nov", "november", "novembre":
		return 11
	case "dec", "déc", "december", "decembre", "décembre", "dez", "dezember":
		return 12
	}
	return 0
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
