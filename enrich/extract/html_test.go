package extract

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
)

func TestHTMLText(t *testing.T) {
	lim := format.DefaultLimits()
	for name, c := range map[string]struct{ in, want string }{
		"blocks":      {"<p>Bonjour,</p><p>Merci <b>bien</b>.</p>", "Bonjour,\n\nMerci bien."},
		"divs":        {"<div>one</div><div>two<br>three</div>", "one\ntwo\nthree"},
		"breaks":      {"a<br><br>b", "a\n\nb"},
		"cells":       {"<table><tr><td>Prix</td><td>12 €</td></tr><tr><td>TVA</td><td>20 %</td></tr></table>", "Prix\t12 €\nTVA\t20 %"},
		"list":        {"<ul><li>un</li><li>deux</li></ul>", "- un\n- deux"},
		"entities":    {"caf&eacute; &amp; th&#233; &#x20AC;5&nbsp;000", "café & thé €5\u00a0000"},
		"inline":      {"pre<b>fix</b>ed wo<span>rd</span>", "prefixed word"},
		"white space": {"  a \n\t b  <i> c</i> ", "a b c"},
		"script":      {"a<script>var x = '<p>no</p>';</script>b<style>p{}</style>c<!-- no -->d", "abcd"},
		"title":       {"<html><head><title>no</title></head><body>yes", "yes"},
		"pre":         {"<pre>x\n  y\n</pre>z", "x\n  y\nz"},
		"rule":        {"a<hr>b", "a\n" + ruleLine + "\nb"},
		"alt":         {`<img alt="Acme logo" src="x"><img alt="spacer.gif">`, "Acme logo"},
		"quote":       {"Oui.<blockquote>Est-ce bon ?<blockquote>Prix ?</blockquote></blockquote>Bien", "Oui.\n> Est-ce bon ?\n> > Prix ?\nBien"},
		"gmail":       {`<div>Yes</div><div class="gmail_quote">Le lun. a écrit :<br><blockquote><div>un<br><br>deux</div></blockquote></div>`, "Yes\nLe lun. a écrit :\n> un\n>\n> deux"},
		"unclosed":    {"<blockquote><p>a<p>b<table><td>c", "> a\n> b\n> c"},
		"bad tags":    {"a < b <3 </ p> <> <p", "a < b <3 <>"},
		"empty":       {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, warn := HTMLText(c.in, lim)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if len(warn) > 0 {
				t.Errorf("warnings %v", warn)
			}
		})
	}
}

func TestHTMLTextIsCutAtTheLimit(t *testing.T) {
	lim := format.DefaultLimits()
	lim.TextBytes = 101
	got, warn := HTMLText(strings.Repeat("é", 200), lim)
	if want := strings.Repeat("é", 50); got != want {
		t.Errorf("got %d bytes", len(got))
	}
	if len(warn) != 1 || warn[0].Code != "text_limit" {
		t.Errorf("warnings %v", warn)
	}
}

// TestHTMLIsLinear feeds what makes careless tokenizers quadratic: doubling it must
// not cost much more than double.
func TestHTMLIsLinear(t *testing.T) {
	lim := format.DefaultLimits()
	for name, s := range map[string]string{
		"open tags": "<a ", "comments": "<!--", "nested quotes": "<blockquote>x", "scripts": "<script>", "entities": "&amp",
		"end tags": "</", "cdata": "<![CDATA[", "attributes": "<a b='", "titles": "<title>", "textareas": "<textarea>", "nulls": "\x00",
	} {
		small, large := strings.Repeat(s, 20_000), strings.Repeat(s, 160_000)
		if quick, slow, ok := grows(func() { HTMLText(small, lim) }, func() { HTMLText(large, lim) }); !ok {
			t.Errorf("%s: %v for 1, %v for 8", name, quick, slow)
		}
	}
}

// grows times what should take eight times as long as another, again and again until it
// is seen to take no more than 40 times as long, as the quickest of all runs go: a busy
// machine slows some of them, and only what is quadratic is slow in each.
func grows(one, eight func()) (quick, slow time.Duration, ok bool) {
	quick, slow = time.Hour, time.Hour
	for range 50 {
		quick, slow = min(quick, timed(one)), min(slow, timed(eight))
		if slow <= 40*quick+50*time.Millisecond {
			return quick, slow, true
		}
	}
	return quick, slow, false
}

func timed(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

func BenchmarkHTMLText(b *testing.B) {
	doc := strings.Repeat(`<table width="100%" cellpadding="0"><tr><td style="font-family:Arial,sans-serif;font-size:13px">`+
		`<p class="MsoNormal"><span lang="FR">Bonjour Madame, vous trouverez ci-joint notre offre r&eacute;vis&eacute;e pour les pompes.</span></p>`+
		`</td></tr></table><div>Cordialement,<br>Jean</div>`, 400)
	lim := format.DefaultLimits()
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		HTMLText(doc, lim)
	}
}

func FuzzHTMLText(f *testing.F) {
	for _, s := range []string{"<p>a<b>c", "<blockquote><pre>\n x", "<script>", "<!--", "&#xffffffff;", "<td>\x00"} {
		f.Add(s)
	}
	lim := format.DefaultLimits()
	lim.TextBytes = 1 << 16
	f.Fuzz(func(t *testing.T, s string) {
		text, _ := HTMLText(s, lim)
		checkText(t, text, lim)
	})
}
