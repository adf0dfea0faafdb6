package answer

import (
	"slices"
	"strings"
	"unicode"

	"github.com/relais-archive/relais/search/analysis"
)

// mostForms bounds the ways in which one reference is written.
const mostForms = 24

// readForms lets references be joined or parted, amounts be without their cents, and the
// words of a phrase stand apart.
func (q Question) readForms(list []unit) []unit {
	list = besides(list)
	for i, u := range list {
		if strings.Contains(u.phrase, " ") {
			list[i].options = append(list[i].options, option{
				text: u.phrase, code: codeForm, cost: costForm, label: q.say("without quotation marks", "sans guillemets"),
			})
		}
		if !u.word || len(u.options) > 0 {
			continue
		}
		for _, text := range append(whole(u), otherForms(u.text)...) {
			list[i].options = append(list[i].options, option{
				text: text, code: codeForm, cost: costForm, label: q.say("written ", "écrit ") + q.quoted(strings.Trim(text, `"`)),
			})
		}
	}
	return list
}

// quoted puts text in the quotation marks of the language, which keep to it.
func (q Question) quoted(text string) string {
	return q.say("“", "«\u00a0") + text + q.say("”", "\u00a0»")
}

// besides makes one unit of a few letters and a number that stand side by side: "AQ 4080",
// "48 h".
func besides(list []unit) []unit {
	var out []unit
	for i := 0; i < len(list); i++ {
		if i+1 < len(list) && pair(list[i], list[i+1]) {
			out = append(out, merged(list[i:i+2]))
			i++
			continue
		}
		out = append(out, list[i])
	}
	return out
}

func pair(a, b unit) bool {
	if len(a.options) > 0 || len(b.options) > 0 {
		return false
	}
	x, y := a.single(), b.single()
	return letters(x, 4) && digits(y) && !analysis.IsStop(x) || digits(x) && letters(y, 3) && !analysis.IsStop(y)
}

// letters tells a folded word of at most so many letters, all of ASCII.
func letters(s string, most int) bool {
	return s != "" && len(s) <= most && strings.IndexFunc(s, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

func digits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsDigit(r) }) < 0
}

// whole gives an amount of no cents without them: 3 480,00 as 3 480.
func whole(u unit) []string {
	n := len(u.tokens)
	if n != 2 || !digits(u.tokens[0].Surface) || u.tokens[1].Surface != "00" && u.tokens[1].Surface != "0" {
		return nil
	}
	return []string{u.text[:u.tokens[0].End]}
}

// otherForms gives the ways to write a reference or measure that holds letters and digits:
// its parts joined or parted, and one long number in two, as years and days are.
func otherForms(text string) []string {
	parts, between := runs(text)
	if len(parts) > 4 || len(parts) < 2 || !slices.ContainsFunc(parts, digits) {
		return nil
	}
	var forms []string
	add := func(form string) {
		if len(forms) < mostForms && form != text && !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	for _, form := range seams(parts, between) {
		add(form)
	}
	for i, p := range parts {
		if !digits(p) || len(p) < 6 {
			continue
		}
		for _, cut := range cuts(len(p)) {
			parted := slices.Concat(parts[:i], []string{p[:cut], p[cut:]}, parts[i+1:])
			for _, form := range seams(parted, slices.Insert(slices.Clone(between), i, "-")) {
				add(form)
			}
		}
	}
	return forms
}

// cuts gives where a number of so many digits is cut in two, after a year first.
func cuts(n int) []int {
	list := []int{4}
	for i := 2; i <= n-2; i++ {
		if i != 4 {
			list = append(list, i)
		}
	}
	return list
}

// seams writes parts joined or parted at each of their seams, all parted first. What is
// parted by a space is a phrase.
func seams(parts, between []string) []string {
	forms := []string{parts[0]}
	for i, p := range parts[1:] {
		var next []string
		for _, sep := range [2]string{between[i], ""} {
			for _, f := range forms {
				next = append(next, f+sep+p)
			}
		}
		forms = next
	}
	for i, f := range forms {
		if strings.Contains(f, " ") {
			forms[i] = `"` + f + `"`
		}
	}
	return forms
}

// runs cuts text into runs of letters and runs of digits, and tells what parts each from
// the next: what does in the text, or a space before a unit of measure, or else a hyphen.
func runs(text string) (parts, between []string) {
	kind, sep := 0, "" // of the run that goes on: letters 1, digits 2
	for _, r := range text {
		k := kindOf(r)
		switch {
		case k == 0:
			sep += string(r)
		case k == kind && sep == "":
			parts[len(parts)-1] += string(r)
			continue
		default:
			if len(parts) > 0 {
				between = append(between, strings.TrimSpace(sep))
			}
			parts, sep = append(parts, string(r)), ""
		}
		kind = k
	}
	for i, sep := range between {
		if last := i == len(parts)-2; sep == "" && last && digits(parts[i]) && len(parts[i+1]) <= 3 {
			between[i] = " "
		} else if sep == "" {
			between[i] = "-"
		}
	}
	return parts, between
}

// kindOf tells letters, 1, from digits, 2, and from what parts them, 0.
func kindOf(r rune) int {
	switch {
	case unicode.IsLetter(r):
		return 1
	case unicode.IsDigit(r):
		return 2
	}
	return 0
}
