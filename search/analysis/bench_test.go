package analysis

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mailText gives French text as mails hold it: from the corpus where it is present,
// else a sample repeated.
func mailText() string {
	path := filepath.Join(corpusPath(), "relevance", "piaf-fr", "corpus.jsonl")
	if b, err := os.ReadFile(path); err == nil {
		return string(b)
	}
	return strings.Repeat("Bonjour Jean, voici l'offre REF-2023/145 à 12 450,00 € HT pour les pompes de relevage.\n"+
		"Merci de me confirmer la livraison à l'atelier avant le 15/03/2021.\n", 4000)
}

func BenchmarkAll(b *testing.B) {
	text := mailText()
	a := New()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for range a.All(text) {
			n++
		}
	}
}

func BenchmarkTokens(b *testing.B) {
	text := mailText()
	a := New()
	var tokens []Token
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		tokens = a.Tokens(tokens[:0], text)
	}
}

// BenchmarkCold measures words never met: no cache helps.
func BenchmarkCold(b *testing.B) {
	text := mailText()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		New().Terms(nil, text)
	}
}
