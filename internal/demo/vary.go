package demo

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// product is a machine or a part of the catalogue.
type product struct {
	ref, name  string
	price      int // euros
	flow, head int // m³/h and metres of a machine
}

func machines() []product {
	return []product{
		{"AQ-4080", "pompe centrifuge Aquila 40/80", 4450, 42, 55},
		{"AQS-2550", "pompe sanitaire Aquila S 25/50", 3480, 18, 32},
		{"BX-3P", "station de surpression Borea BX", 13900, 60, 48},
		{"CY-25-PVDF", "pompe doseuse Cyra 25", 2520, 1, 100},
		{"TS-150", "pompe submersible Talos TS-150", 7480, 90, 18},
		{"TS-80", "pompe auto-amorçante Talos TS-80", 4390, 30, 12},
	}
}

func parts() []product {
	return []product{
		{ref: "GM-214", name: "garniture mécanique carbure", price: 248}, {ref: "KJ-88", name: "jeu de joints EPDM", price: 64},
		{ref: "RB-310", name: "roue en bronze", price: 412}, {ref: "CH-45", name: "chemise d'arbre inox", price: 96},
		{ref: "CP-12", name: "clapet de pied DN 80", price: 138}, {ref: "RL-6309", name: "roulement arrière", price: 57},
		{ref: "AC-28", name: "accouplement élastique", price: 83}, {ref: "DR-2", name: "détecteur de rupture de membrane", price: 265},
	}
}

func letterSubjects() []string {
	return []string{"l'énergie dans le pompage", "la réutilisation des eaux usées", "les garnitures sans fuite", "la maintenance prédictive",
		"les moteurs IE5", "le nettoyage en place", "la directive machines", "les effluents industriels", "le génie des procédés",
		"la sobriété en eau", "les réseaux intelligents", "le dosage de précision"}
}

// values are what "{name}" may stand for.
type values struct {
	at      time.Time // of the message
	lang    string
	named   map[string]string
	choose  *rand.Rand // nil in a story: brackets stand for themselves
	contact *person
	same    map[string]int // what was chosen under each label, in the thread so far
}

// seeded gives a source of chance of its own to each thread: to change one moves
// no other.
func seeded(name string, round int) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s/%d", name, round)       // a hash never fails
	return rand.New(rand.NewPCG(h.Sum64(), 20261030)) // #nosec G404 -- a story, not a secret
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// machinesOf are those that a client owns; anybody's where it is not said.
func machinesOf(client string) (list []product) {
	refs := map[string]string{
		"C01": "AQ-4080 AQS-2550 BX-3P", "C02": "AQ-4080 AQS-2550", "C04": "TS-150 AQ-4080", "C05": "CY-25-PVDF AQ-4080",
		"C06": "BX-3P", "C07": "TS-150 AQS-2550 BX-3P", "C08": "TS-80", "C09": "BX-3P TS-80", "C10": "TS-150 TS-80",
	}[client]
	for _, m := range machines() {
		if refs == "" || slices.Contains(strings.Fields(refs), m.ref) {
			list = append(list, m)
		}
	}
	return list
}

// drawValues draws what a routine thread speaks of.
func drawValues(r *rand.Rand, c *cast, client string, at time.Time) map[string]string {
	m, p := pick(r, machinesOf(client)), pick(r, parts())
	price := m.price * (80 + r.IntN(12)) / 100
	qty := 2 + r.IntN(9)
	number := strconv.Itoa(10000 + r.IntN(89999))
	other := c.accounts[pick(r, c.order)].name
	v := map[string]string{
		"ref": m.ref, "prodname": m.name, "price": strconv.Itoa(price), "prix": strings.TrimSuffix(euros(float64(price)), ",00"),
		"flow": strconv.Itoa(m.flow), "head": strconv.Itoa(m.head),
		"part": p.ref, "partname": p.name, "partprice": strconv.Itoa(p.price * (82 + r.IntN(15)) / 100),
		"qty": strconv.Itoa(qty), "qty2": strconv.Itoa(qty + 1 + r.IntN(5)), "order": number, "num": strconv.Itoa(100 + r.IntN(8900)),
		"invoice": fmt.Sprintf("F-%s-%04d", at.Format("06"), r.IntN(9000)+500),
		"devis":   fmt.Sprintf("D-%d-%04d", at.Year(), 500+r.IntN(480)),
		"amount":  euros(float64(qty*p.price) * 1.2), "family": pick(r, []string{"Aquila", "Borea", "Cyra", "Talos"}),
		"sujetlettre": pick(r, letterSubjects()), "sujetlettre2": pick(r, letterSubjects()), "client": other, "client2": c.accounts[pick(r, c.order)].name,
	}
	if a := c.accounts[client]; a != nil {
		v["client"] = a.name
	}
	return v
}

// expand replaces choices, then names. What it does not know stands as it is.
func (v values) expand(s string) string {
	if v.choose != nil {
		s = v.choices(s)
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			b.WriteString("{" + rest)
			return b.String()
		}
		b.WriteString(v.value(name))
		s = after
	}
}

func (v values) choices(s string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "[")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		inside, after, _ := strings.Cut(rest, "]")
		b.WriteString(v.choice(inside))
		s = after
	}
}

// choice chooses among alternatives; those of one thread that begin with the same
// "1:" go together.
func (v values) choice(inside string) string {
	label, rest, ok := strings.Cut(inside, ":")
	if !ok || len(label) != 1 || label[0] < '0' || label[0] > '9' {
		return pick(v.choose, strings.Split(inside, "|"))
	}
	list := strings.Split(rest, "|")
	n, chosen := v.same[label]
	if !chosen {
		n = v.choose.IntN(len(list))
		v.same[label] = n
	}
	return list[n%len(list)]
}

func (v values) value(name string) string {
	switch {
	case name == "y":
		return strconv.Itoa(v.at.Year())
	case name == "mois":
		return monthFR(v.at.Month())
	case name == "week":
		_, week := v.at.AddDate(0, 0, 28).ISOWeek()
		return strconv.Itoa(week)
	case name == "prenom":
		return v.contact.first()
	case strings.HasPrefix(name, "d:"):
		n, err := strconv.Atoi(name[2:])
		if err == nil {
			return v.day(daysBefore(n, true))
		}
	case strings.HasPrefix(name, "j+"), strings.HasPrefix(name, "j-"):
		n, err := strconv.Atoi(name[1:])
		if err == nil {
			return v.day(workday(v.at.AddDate(0, 0, n)))
		}
	}
	if value, ok := v.named[name]; ok {
		return value
	}
	return "{" + name + "}"
}

// day is a date as people write it: without the year where it goes without saying.
func (v values) day(t time.Time) string {
	date := longDate(t, v.lang)
	if between := t.Sub(v.at).Abs(); between < 150*24*time.Hour {
		date = date[:len(date)-len(" 2006")]
	}
	return date
}
