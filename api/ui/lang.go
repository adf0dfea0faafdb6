package ui

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Lang is a language of the pages.
type Lang string

// The languages.
const (
	English Lang = "en"
	French  Lang = "fr"
)

// Languages lists them; the first is for who asks for none.
func Languages() []Lang { return []Lang{English, French} }

// Known tells whether pages speak a language; a region does not count.
func Known(name string) (Lang, bool) {
	name, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(name)), "-")
	for _, l := range Languages() {
		if string(l) == name {
			return l, true
		}
	}
	return Languages()[0], false
}

// Preferred reads Accept-Language (RFC 9110, section 12.5.4): the known language of
// the highest weight, the first of several.
func Preferred(header string) Lang {
	best, most := Languages()[0], 0.0
	for i, part := range strings.SplitN(header, ",", 33) {
		name, params, _ := strings.Cut(part, ";")
		lang, ok := Known(name)
		if !ok || i == 32 {
			continue
		}
		weight := 1.0
		if q, found := strings.CutPrefix(strings.TrimSpace(params), "q="); found {
			weight, _ = strconv.ParseFloat(q, 64) // what is no number is 0
		}
		if weight > most {
			best, most = lang, weight
		}
	}
	return best
}

//go:embed messages.json
var messagesFile []byte

// messages are the words of the pages: by key, then by language. Those that count
// something have a key for one and a key for several ("_one", "_other").
func messages() map[string]map[Lang]string {
	var m map[string]map[Lang]string
	if err := json.Unmarshal(messagesFile, &m); err != nil {
		panic(fmt.Sprintf("ui: messages.json: %v", err)) // a fault of the build, like a template that does not parse
	}
	return m
}
