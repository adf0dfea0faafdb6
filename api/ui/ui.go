// Package ui answers one question: what do people see? It turns answers of the
// interface into pages: HTML templates, one style sheet, and the words of both
// languages. It has no script and knows neither HTTP nor the archive.
//
// Whatever a page shows was written by strangers. Templates escape it for its place
// (html/template), and what a template gives is then cleared of the characters that
// change the direction of text or control a device: see [Neutral].
package ui

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io"
	"time"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed style.css
var style []byte

//go:embed icon.svg
var icon []byte

// View is what one page shows: one of the types of this package with that name.
type View interface{ template() string }

// Pages renders views. It is safe for concurrent use.
type Pages struct {
	words map[Lang]words
	sets  map[Lang]*template.Template
}

// New reads the templates. Dates are shown in the location.
func New(location *time.Location) *Pages {
	p := &Pages{words: map[Lang]words{}, sets: map[Lang]*template.Template{}}
	for _, lang := range Languages() {
		w := words{lang: lang, location: location, messages: messages()}
		p.words[lang] = w
		p.sets[lang] = template.Must(template.New("").Funcs(w.functions()).ParseFS(templates, "templates/*.html"))
	}
	return p
}

// Render writes a view's page in a language. Nothing is written when it fails.
func (p *Pages) Render(w io.Writer, lang Lang, v View) error {
	var page bytes.Buffer
	if err := p.sets[lang].ExecuteTemplate(&page, v.template(), v); err != nil {
		return err
	}
	_, err := w.Write(Neutral(page.Bytes()))
	return err
}

// Asset gives a file that pages refer to, and its media type.
func Asset(name string) (body []byte, mediaType string, ok bool) {
	switch name {
	case "style.css":
		return style, "text/css; charset=utf-8", true
	case "icon.svg":
		return icon, "image/svg+xml", true
	}
	return nil, "", false
}

// assetPath names an asset with a hash of it, so that it may be kept for ever.
func assetPath(name string) string {
	body, _, _ := Asset(name)
	sum := sha256.Sum256(body)
	return "/assets/" + name + "?v=" + hex.EncodeToString(sum[:6])
}

// Name gives a stable word of a vocabulary (topic, kind, type, language) as people
// say it; one that has no translation stays as it is.
func (p *Pages) Name(lang Lang, vocabulary, word string) string {
	return p.words[lang].name(vocabulary, word)
}
