package analysis

// stem gives the term of a folded word of ASCII letters, by taking off the endings
// of French and English inflection. It is one stemmer for both, because the language
// of a query is not known, and a light one: it joins the forms of a word and few
// words of one family, for in an archive a match nobody understands costs more than
// a form missed.
//
// The endings of the two languages seldom collide. Final s and e serve both; -ed and
// -ing are English alone; -aux, -ez and -ait French. Where they do collide (-er:
// "livrer" and "number"; -y and -ie: "company" and "copie") the ending goes from
// both: the term of an English word is then an odd one, but still its own. Adverbs
// (-ment, -ly) and agents (-eur) are left alone: measured, they gain nothing.
//
// The steps are taken in order, each at most once. b has four letters or more, and
// may be changed.
func stem(b []byte) []byte {
	b = plural(b)
	b = english(b)
	for len(b) > 3 && b[len(b)-1] == 'e' { // folded: -e, -é, -ée
		b = b[:len(b)-1]
	}
	b = verb(b)
	b = noun(b)
	return final(b)
}

// suffixed tells whether b ends with an ending and keeps at least left letters, one
// of them a vowel, without it.
func suffixed(b []byte, ending string, left int) bool {
	n := len(b) - len(ending)
	return n >= left && string(b[n:]) == ending && hasVowel(b[:n])
}

func hasVowel(b []byte) bool {
	for _, c := range b {
		switch c {
		case 'a', 'e', 'i', 'o', 'u', 'y':
			return true
		}
	}
	return false
}

// plural takes off -s and -x, and makes -aux -al: clients, travaux, bureaux, jeux.
func plural(b []byte) []byte {
	n := len(b)
	switch last := b[n-1]; {
	case last == 's' && b[n-2] != 's':
		return b[:n-1]
	case last != 'x' || b[n-2] != 'u':
		return b
	case b[n-3] == 'e', b[n-3] == 'o', string(b[n-4:]) == "eaux", string(b[n-4:]) == "yaux":
		return b[:n-1]
	case b[n-3] == 'a' && n > 4:
		return append(b[:n-2], 'l')
	}
	return b
}

// english takes off -ing and -ed, but of need and speed.
func english(b []byte) []byte {
	n := len(b)
	switch {
	case suffixed(b, "ing", 3):
		return b[:n-3]
	case suffixed(b, "ed", 3) && b[n-3] != 'e':
		return b[:n-2]
	}
	return b
}

// verb takes off the endings of French verbs that few nouns have.
func verb(b []byte) []byte {
	n := len(b)
	switch {
	case suffixed(b, "er", 4), suffixed(b, "ez", 3):
		return b[:n-2]
	case suffixed(b, "erait", 3), suffixed(b, "eront", 3):
		return b[:n-5]
	case suffixed(b, "aient", 3):
		return b[:n-5]
	case suffixed(b, "ait", 5), suffixed(b, "era", 4):
		return b[:n-3]
	}
	return b
}

// noun joins the nouns of action to their verbs where enough is left to tell them
// (facturation, but not formation), and the forms of adjectives.
func noun(b []byte) []byte {
	n := len(b)
	switch {
	case suffixed(b, "ation", 5):
		return b[:n-5]
	case suffixed(b, "iqu", 3): // technique, technical: technic
		return append(b[:n-2], 'c')
	case suffixed(b, "ical", 3):
		return b[:n-2]
	case suffixed(b, "eus", 3): // nombreuse, nombreux
		return b[:n-1]
	}
	return b
}

// final evens out the last letter: one for two, i for y, f for v (active, actif).
func final(b []byte) []byte {
	if n := len(b); n > 4 && b[n-1] == b[n-2] {
		b = b[:n-1]
	}
	switch n := len(b); {
	case b[n-1] == 'y':
		b[n-1] = 'i'
	case b[n-1] == 'v':
		b[n-1] = 'f'
	}
	return b
}
