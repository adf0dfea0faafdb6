package extract

import (
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// decodedAs writes a text in another charset.
func decodedAs(charset, text string) []byte {
	b, err := charsetByName(charset).NewEncoder().Bytes([]byte(text))
	if err != nil {
		panic(err)
	}
	return b
}

func cardOf(version string, lines ...string) string {
	return "BEGIN:VCARD\r\nVERSION:" + version + "\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCARD\r\n"
}

func TestCard(t *testing.T) {
	photo := strings.Repeat(" /9j/4AAQSkZJRgABAQEASABIAAD\r\n", 2000)
	for name, c := range map[string]struct{ card, want string }{
		"2.1, as Outlook writes it": {cardOf("2.1", "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:B=C3=A9n=C3=A9dicte;Am=C3=A9lie",
			"FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Am=C3=A9lie B=C3=A9n=C3=A9dicte", "ORG;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Soci=C3=A9t=C3=A9 Ch=C3=A2teaubr=\r\niant;Achats",
			"TEL;WORK;VOICE:+33 4 78 00 00 00", "EMAIL;PREF;INTERNET:amelie@client.example", "ADR;WORK;ENCODING=QUOTED-PRINTABLE:;;12 rue de la =\r\nGare;Lyon;;69003;France",
			"PHOTO;ENCODING=BASE64;TYPE=JPEG:\r\n"+photo, "REV:20250101T000000Z"),
			"Amélie Bénédicte\nSociété Châteaubriant, Achats\nEmail: amelie@client.example\nTel: +33 4 78 00 00 00\nAddress: 12 rue de la Gare, Lyon, 69003, France"},
		"2.1, an old charset": {cardOf("2.1", "FN;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:Am=E9lie", "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=windows-1252:prix =80=0D=0Aarr=EAt=E9"), "Amélie\nprix €\narrêté"},
		"2.1, folded":         {cardOf("2.1", "FN:Amélie", "NOTE:deux\r\n mots"), "Amélie\ndeux mots"},
		"2.1, no charset":     {string(decodedAs("windows-1252", cardOf("2.1", "FN:Amélie Bénédicte", "NOTE:prix arrêté à l'été"))), "Amélie Bénédicte\nprix arrêté à l'été"},
		"3.0, as Apple does": {cardOf("3.0", "N:Durand;Ève;Marie;Mme;", "FN:Ève Durand", "item1.EMAIL;type=INTERNET;type=pref:eve@client.example", "item1.X-ABLabel:_$!<Work>!$_",
			"ORG:Durand\\, Fils \\; Cie;", "TITLE:Directrice\\nachats", "TEL;type=CELL:06 12 34 56 78", "NOTE:vue au salon\\, à rap\r\n peler", "PHOTO;ENCODING=b;TYPE=JPEG:"+strings.TrimSpace(photo)),
			"Ève Durand\nMme Ève Marie Durand\nDirectrice\nachats\nDurand, Fils ; Cie\nEmail: eve@client.example\nTel: 06 12 34 56 78\nvue au salon, à rappeler"},
		"4.0":              {cardOf("4.0", "FN;PREF=1:Ève Durand", "TEL;VALUE=uri;TYPE=\"voice,home\":tel:+33-6-12", "EMAIL:eve@client.example", "ADR;LABEL=\"12 rue\":;;12 rue de la Gare;Lyon;;69003;France"), "Ève Durand\nEmail: eve@client.example\nTel: +33-6-12\nAddress: 12 rue de la Gare, Lyon, 69003, France"},
		"a name alone":     {cardOf("3.0", "N:Durand;Ève"), "Ève Durand"},
		"several":          {cardOf("3.0", "FN:Un") + cardOf("2.1", "FN:Deux"), "Un\n\nDeux"},
		"an agent's":       {"BEGIN:VCARD\nVERSION:2.1\nFN:Un\nAGENT:\nBEGIN:VCARD\nFN:Deux\nEND:VCARD\nTITLE:perdu\nEND:VCARD\n", "Un\n\nDeux"},
		"cut":              {"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ève\r\nTITLE:Direc", "Ève\nDirec"},
		"bad lines":        {cardOf("3.0", "FN:Ève", "ni ceci", ";;:", "TEL;TYPE=\"x:1", "EMAIL:eve@client.example"), "Ève\nEmail: eve@client.example"},
		"backslashes":      {cardOf("3.0", "FN:Ève", "NOTE:C:\\\\temp \\; fin\\\\\\; vraie"), "Ève\nC:\\temp ; fin\\; vraie"},
		"nothing in it":    {cardOf("3.0", "UID:1"), "BEGIN:VCARD\nVERSION:3.0\nUID:1\nEND:VCARD"}, // as text
		"after something":  {"X-Junk: yes\n" + cardOf("3.0", "FN:Ève"), "Ève"},
		"endless nestings": {cardOf("3.0", "FN:Ève") + strings.Repeat("BEGIN:VCARD\n", 10_000), "Ève"},
	} {
		res := extractBytes(t, inProcessExtractor(t), "x.vcf", []byte(c.card))
		if res.Text != c.want {
			t.Errorf("%s: %q\nnot %q (%s %v)", name, res.Text, c.want, res.Extractor, res.Warnings)
		}
		if whole := name != "cut" && name != "endless nestings"; whole != (res.Outcome == relais.ExtractionComplete) {
			t.Errorf("%s: %s %v", name, res.Outcome, res.Warnings)
		}
	}
}
