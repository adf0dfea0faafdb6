package crm

// column is what a column of a CSV file holds.
type column uint8

const (
	columnNone column = iota
	columnID
	columnName
	columnDomain
	columnSite
	columnAlias
	columnCity
	columnSector
	columnSIREN
	columnVAT
	columnOwner
	columnStage
	columnEmail
	columnPhone
	columnTitle
	columnFirst
	columnLast
)

// clientColumn tells what a column of accounts holds by its folded header: the
// archive's own names, then those of HubSpot ("Record ID", "Company Domain Name"), of
// Salesforce ("Account ID", "Billing City") and of people, in both languages.
func clientColumn(header string) column {
	switch header {
	case "account id", "accountid", "id", "record id", "company id", "hs object id", "account id 18", "18 digit account id", "client id", "id client", "id compte", "id du compte",
		"identifiant", "identifiant client", "identifiant du compte", "id de l enregistrement", "id de fiche d informations", "id entreprise", "code client", "numero client", "numero de compte",
		"n client", "no client", "n compte", "account number", "customer id", "customer number", "code":
		return columnID
	case "name", "account name", "company name", "company", "client", "client name", "customer", "customer name", "organization", "organisation", "nom", "nom du compte", "nom de l entreprise",
		"nom de la societe", "raison sociale", "societe", "entreprise", "nom client", "nom du client", "compte", "denomination", "libelle":
		return columnName
	case "domains", "domain", "company domain name", "email domain", "additional domains", "additional domain names", "domaine", "domaines", "nom de domaine", "noms de domaine",
		"nom de domaine de l entreprise", "domaine email", "domaines mail":
		return columnDomain
	case "website", "website url", "web site", "site", "site web", "site internet", "url", "url du site web", "adresse web", "web":
		return columnSite
	case "aliases", "alias", "also known as", "other names", "trade name", "dba", "autres noms", "autre nom", "nom commercial", "enseigne", "sigle", "account site name", "ancien nom", "former name":
		return columnAlias
	case "city", "billing city", "shipping city", "town", "ville", "ville de facturation", "commune", "localite":
		return columnCity
	case "sector", "industry", "secteur", "secteur d activite", "activite", "branche", "industrie":
		return columnSector
	case "siren", "siret", "numero siren", "n siren", "numero siret", "n siret", "siret siege", "company registration number":
		return columnSIREN
	case "vat", "vat number", "vat id", "tva", "tva intracommunautaire", "numero de tva", "n tva", "n tva intracommunautaire", "numero de tva intracommunautaire":
		return columnVAT
	case "owner", "account owner", "company owner", "hubspot owner id", "account manager", "sales rep", "proprietaire", "proprietaire du compte", "proprietaire de l entreprise", "commercial", "responsable", "charge de compte":
		return columnOwner
	case "stage", "lifecycle stage", "status", "account status", "type", "account type", "etape", "phase", "phase du cycle de vie", "statut", "etat", "type de compte":
		return columnStage
	}
	return columnNone
}

// contactColumn tells the same of contacts.
func contactColumn(header string) column {
	switch header {
	case "account id", "accountid", "associated company id", "associated company ids", "associated company ids primary", "associated company id primary", "primary associated company id", "company id", "client id",
		"id client", "id compte", "id du compte", "id entreprise", "id de l entreprise associee", "id d entreprise associee", "code client", "numero client", "n client", "customer id", "account id 18":
		return columnID
	case "name", "full name", "contact name", "contact", "nom complet", "nom et prenom", "prenom et nom", "nom du contact":
		return columnName
	case "first name", "firstname", "given name", "prenom":
		return columnFirst
	case "last name", "lastname", "surname", "family name", "nom", "nom de famille":
		return columnLast
	case "email", "e mail", "mail", "email address", "e mail address", "adresse e mail", "adresse email", "adresse mail", "courriel", "additional email addresses", "autres adresses e mail", "email 2", "work email":
		return columnEmail
	case "phone", "phone number", "mobile", "mobile phone", "mobile phone number", "business phone", "telephone", "telephone portable", "telephone mobile", "portable", "numero de telephone", "numero de telephone mobile",
		"tel", "tel fixe", "gsm", "direct line", "ligne directe":
		return columnPhone
	case "title", "job title", "position", "role", "fonction", "poste", "intitule du poste", "titre":
		return columnTitle
	}
	return columnNone
}
