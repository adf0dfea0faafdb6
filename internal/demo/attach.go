package demo

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strconv"
	"strings"

	"math/rand/v2"
)

// The media types of what is attached.
const (
	mediaPDF  = "application/pdf"
	mediaDOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	mediaXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	mediaPNG  = "image/png"
	mediaZIP  = "application/zip"
)

// make makes the file that a script names.
func (s *stage) make(a attachment, v values, l *letter) (f file, err error) {
	f.name = v.expand(a.name)
	lines := make([]string, len(a.lines))
	for i, line := range a.lines {
		lines[i] = v.expand(line)
	}
	switch a.kind {
	case "quote":
		number := f.name
		f.name, f.media = "Devis "+number+".pdf", mediaPDF
		f.data, err = makeQuote(number, lines, l)
	case "pdf":
		f.media = mediaPDF
		f.data, err = makePDF(lines[0], letterhead(lines, l))
	case "docx":
		f.media = mediaDOCX
		f.data, err = makeDOCX(lines)
	case "xlsx":
		f.media = mediaXLSX
		f.data, err = makeXLSX(lines)
	case "png":
		f.media = mediaPNG
		f.data, err = makePNG(f.name)
	case "zip":
		f.media = mediaZIP
		f.data, err = makeArchive(lines)
	default:
		err = fmt.Errorf("no attachment of kind %q", a.kind)
	}
	return f, err
}

// letterhead sets a page: who and when, the first line as title, the others below.
func letterhead(lines []string, l *letter) []pdfLine {
	var out []pdfLine
	if l != nil {
		out = append(out, pdfLine{9, false, []string{orElse(l.from.company, l.from.name) + " - " + longDate(l.date, l.lang)}})
	}
	out = append(out, pdfLine{17, true, lines[:1]}, pdfLine{11, false, []string{""}})
	for _, line := range lines[1:] {
		out = append(out, pdfLine{11, false, []string{line}})
	}
	return out
}

// makeQuote sets a quotation from lines "reference | what | quantity | unit price".
func makeQuote(number string, lines []string, l *letter) ([]byte, error) {
	to := l.to[0]
	words := map[string][]string{
		"fr": {"Devis " + number, "Réf.", "Désignation", "Qté", "P.U. HT", "Total HT", "Total HT : %s €", "Offre valable jusqu'au " + validUntil(l.date) + ". Paiement à 30 jours fin de mois."},
		"en": {"Quotation " + number, "Ref.", "Description", "Qty", "Unit EUR", "Total EUR", "Total EUR %s", "Prices net, excluding VAT. Payment as agreed."},
	}[l.lang]
	out := []pdfLine{
		{9, false, []string{company + " - 12 quai des Turbines, 00120 Port-Verdanne - SIREN 900 100 015"}},
		{17, true, []string{words[0]}}, {11, false, []string{longDate(l.date, l.lang)}},
		{11, false, []string{orElse(to.company, to.name) + ", " + to.name}}, {11, false, []string{""}},
		{10, true, words[1:6]},
	}
	total := 0
	for _, line := range lines {
		cells := strings.Split(line, " | ")
		if len(cells) != 4 {
			return nil, fmt.Errorf("quotation line %q", line)
		}
		quantity, err1 := strconv.Atoi(cells[2])
		price, err2 := strconv.Atoi(cells[3])
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		total += quantity * price
		out = append(out, pdfLine{9, false, []string{cells[0], cells[1], cells[2], euros(float64(price)), euros(float64(quantity * price))}})
	}
	out = append(out, pdfLine{11, false, []string{""}}, pdfLine{12, true, []string{fmt.Sprintf(words[6], euros(float64(total)))}},
		pdfLine{10, false, words[7:8]})
	return makePDF(words[0], out)
}

// makePNG paints a blurred "photograph": no reader of text finds anything in it.
func makePNG(name string) ([]byte, error) {
	r := seeded(name, 0)
	const w, h = 240, 160
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	cx, cy := 60+r.IntN(120), 40+r.IntN(80)
	for y := range h {
		for x := range w {
			img.Set(x, y, pixel(r, x-cx, y-cy, y))
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}

func pixel(r *rand.Rand, dx, dy, y int) color.Color {
	light := 90 + y/3 + r.IntN(12)
	if dx*dx+dy*dy < 900 {
		light = 200 - (dx*dx+dy*dy)/12
	}
	return color.RGBA{uint8(light), uint8(light * 9 / 10), uint8(light * 4 / 5), 255} // #nosec G115 -- below 256
}

// makeArchive zips one PDF a line "name | title | lines".
func makeArchive(lines []string) ([]byte, error) {
	members := make([]member, 0, len(lines))
	for _, line := range lines {
		cells := strings.Split(line, " | ")
		data, err := makePDF(cells[1], letterhead(cells[1:], nil))
		if err != nil {
			return nil, err
		}
		members = append(members, member{cells[0], data})
	}
	return makeZip(members)
}

func sortMembers(m []member) {
	// Readers that sniff want the table of types first, as Word and Excel write it.
	slices.SortFunc(m, func(a, b member) int {
		first := func(m member) int {
			if m.name == "[Content_Types].xml" {
				return 0
			}
			return 1
		}
		return cmp.Or(first(a)-first(b), strings.Compare(a.name, b.name))
	})
}
