package crm

// isLegalForm tells whether a folded word is a company's legal form: people leave it
// out of its name.
func isLegalForm(w string) bool {
	switch w {
	case "sa", "sas", "sasu", "sarl", "eurl", "sci", "snc", "scop", "scp", "selarl", "gie", "ei", "earl", "spa", "srl", "sprl", "bvba", "bv", "nv", "ag", "gmbh", "kg",
		"ohg", "ug", "ltd", "limited", "llc", "llp", "lp", "inc", "incorporated", "corp", "corporation", "plc", "pty", "sl", "slu", "lda", "ltda", "ab", "as", "oy", "aps", "sro", "kft", "zrt":
		return true
	}
	return false
}

// isGeneric tells whether a folded word is one that many companies' names share, or
// that texts of business use for other things. A name of nothing else is no evidence
// by itself.
func isGeneric(w string) bool {
	switch w {
	case // what companies call themselves
		"societe", "groupe", "group", "compagnie", "company", "entreprise", "entreprises", "etablissements", "ets", "holding", "international",
		"france", "francaise", "francais", "europe", "european", "global", "world", "national", "general", "generale", "generales", "centre", "center", "central", "maison",
		"cie", "co", "fils", "freres", "associes", "partners", "partenaires", "agence", "agency", "cabinet", "bureau", "office", "atelier", "ateliers", "union",
		"service", "services", "solution", "solutions", "conseil", "consulting", "systems", "systemes", "systeme", "system", "technologies", "technologie", "technology",
		"technique", "techniques", "industrie", "industries", "industriel", "industrielle", "industrial", "engineering", "ingenierie", "distribution", "logistique",
		"logistics", "transport", "transports", "energie", "energies", "energy", "eau", "eaux", "water", "environnement", "environment", "chimie", "pharma", "batiment",
		"construction", "travaux", "beton", "mecanique", "electrique", "electricite", "electronique", "agro", "alimentaire", "laiteries", "laiterie", "papeteries", "papeterie",
		"fonderie", "fonderies", "garage", "hotel", "restaurant", "pharmacie", "clinique", "hopital", "hospital", "mairie", "ville", "commune", "region", "departement",
		"universite", "university", "ecole", "college", "lycee", "institut", "institute", "banque", "bank", "assurance", "assurances", "insurance", "immobilier", "immobiliere",
		"gestion", "management", "finance", "capital", "invest", "investissement", "formation", "media", "communication", "informatique", "digital", "data", "design", "marketing",
		"commerce", "commercial", "vente", "ventes", "sales", "trading", "import", "export", "power", "oil", "gas", "electric", "marine", "auto", "automobile", "sante", "health", "care":
		return true
	case // words of business mail that are names as well
		"client", "clients", "customer", "contact", "contacts", "direct", "express", "premier", "premiere", "total", "orange", "free", "action", "projet", "project", "test", "divers",
		"inconnu", "unknown", "prospect", "autre", "autres", "other", "interne", "internal", "nord", "sud", "est", "ouest", "north", "south", "east", "west", "atlantique",
		"mediterranee", "ocean", "alliance", "contrat", "devis", "facture", "commande", "livraison", "support", "team", "equipe", "plus", "one", "first", "next", "new", "leader":
		return true
	case // cities and countries
		"paris", "lyon", "marseille", "lille", "nantes", "toulouse", "bordeaux", "strasbourg", "rennes", "grenoble", "rouen", "metz", "dijon", "angers", "brest", "tours", "nice",
		"montpellier", "reims", "toulon", "nancy", "limoges", "amiens", "caen", "orleans", "mulhouse", "perpignan", "besancon", "avignon", "poitiers", "pau", "annecy", "valence",
		"london", "londres", "manchester", "birmingham", "geneve", "geneva", "lausanne", "zurich", "bruxelles", "brussels", "liege", "anvers", "luxembourg", "madrid", "barcelona",
		"barcelone", "milano", "milan", "roma", "rome", "torino", "berlin", "munich", "hamburg", "frankfurt", "amsterdam", "rotterdam", "lisboa", "lisbonne", "porto", "houston",
		"york", "boston", "chicago", "dallas", "austin", "montreal", "quebec", "toronto", "suisse", "belgique", "allemagne", "espagne", "italie", "germany", "spain", "italy", "america",
		"american", "canada", "usa", "uk":
		return true
	}
	return false
}

// isPersonName tells whether a folded word is one of the most common family and first
// names: a company called by nothing else is no evidence by itself either.
func isPersonName(w string) bool {
	switch w {
	case
		"martin", "bernard", "dubois", "thomas", "robert", "richard", "petit", "durand", "leroy", "moreau", "simon", "laurent", "lefebvre", "michel", "garcia", "bertrand",
		"roux", "vincent", "fournier", "morel", "girard", "andre", "mercier", "dupont", "lambert", "bonnet", "francois", "martinez", "legrand", "garnier", "faure", "rousseau", "blanc",
		"guerin", "muller", "henry", "nicolas", "perrin", "morin", "mathieu", "clement", "gauthier", "dumont", "lopez", "fontaine", "chevalier", "robin", "masson", "david", "paul",
		"pierre", "jean", "marie", "smith", "johnson", "taylor", "brown", "wilson", "jones", "williams", "miller", "davis", "koch", "muster", "schmidt", "weber", "meyer":
		return true
	}
	return false
}
