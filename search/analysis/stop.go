package analysis

// IsStop tells whether a folded surface is a word of French or English grammar, in
// nearly every text: articles, pronouns, prepositions, words that ask, and all forms of
// the verbs that help others (être and avoir as Snowball lists them; pouvoir, devoir,
// falloir and faire, as can and do; but not eu and es, which are places). Such words are indexed,
// so that phrases match; a query that has other words may leave them out.
func IsStop(surface string) bool {
	switch surface {
	case "a", "au", "aux", "avec", "ce", "ces", "cet", "cette", "dans", "de", "des", "du",
		"elle", "elles", "en", "est", "et", "eux", "il", "ils", "je", "la", "le", "les", "leur",
		"leurs", "lui", "ma", "mais", "me", "mes", "moi", "mon", "ne", "nos", "notre", "nous",
		"on", "ou", "par", "pas", "pour", "qu", "que", "qui", "sa", "se", "ses", "son", "sont",
		"sur", "ta", "te", "tes", "toi", "ton", "tu", "un", "une", "vos", "votre", "vous", "y",
		"ont", "ete", "etre", "avoir", "ai", "as", "ait", "quel", "quelle", "quels", "quelles",
		"comment", "combien", "pourquoi", "quoi", "quand", "dont", "si", "donc", "comme", "cela",
		"ca", "ici", "plus", "aussi", "lors", "etait", "etaient", "fut", "furent", "sera",
		"avait", "tout", "tous", "toute", "toutes", "meme", "ceci", "soi":
		return true
	case "suis", "etes", "etant", "etee", "etees", "serai", "seras", "serons", "serez", "seront",
		"serais", "serait", "serions", "seriez", "seraient", "etais", "etions", "etiez", "fus", "fumes", "futes",
		"sois", "soit", "soyons", "soyez", "soient", "ayant", "eue", "eues", "eus", "avons", "avez",
		"aurai", "auras", "aura", "aurons", "aurez", "auront", "aurais", "aurait", "aurions", "auriez", "auraient",
		"avais", "avions", "aviez", "avaient", "eut", "eumes", "eutes", "eurent", "aie", "aies", "ayons", "ayez", "aient":
		return true
	case "peux", "peut", "puis", "pouvons", "pouvez", "peuvent", "dois", "doit", "devons", "devez", "doivent", "faut",
		"faire", "fais", "fait", "font":
		return true
	case "an", "and", "are", "at", "be", "been", "but", "by", "can", "could", "did", "do",
		"does", "for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in",
		"into", "is", "it", "its", "my", "no", "not", "of", "or", "our", "she", "so",
		"that", "the", "their", "them", "then", "there", "these", "they", "this", "to", "was",
		"we", "were", "what", "when", "where", "which", "who", "will", "with", "would", "you",
		"your":
		return true
	}
	return false
}
