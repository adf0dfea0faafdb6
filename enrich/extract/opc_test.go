package extract

import (
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestDocxParts: parts are found by relationships, whatever they are called and however
// the relationships are written.
func TestDocxParts(t *testing.T) {
	const (
		strict = `http://purl.oclc.org/ooxml/officeDocument/relationships`
		types  = `<Types><Default Extension="xml" ContentType="` + typeDocx + `.main+xml"/></Types>`
	)
	par := func(s string) string {
		return `<w:d xmlns:w="w"><w:body><w:p><w:r><w:t>` + s + `</w:t></w:r></w:p></w:body></w:d>`
	}
	rels := func(list ...string) string { return relsOpen + strings.Join(list, "") + "</Relationships>" }
	all := []string{"texte", "note de bas", "note de fin", "Léa: à revoir", "en-tête", "pied", "morceau"}
	comment := `<w:comments xmlns:w="w"><w:comment w:author="Léa"><w:p><w:r><w:t>à revoir</w:t></w:r></w:p></w:comment></w:comments>`
	// package of parts in a folder, with relationships written as link does.
	made := func(link func(kind, target string) string, main, dir, relsDir string) []byte {
		return zipOf(t, "[Content_Types].xml", types, "_rels/.rels", rels(link("officeDocument", main)),
			dir+"corps.xml", par("texte"), dir+"a.xml", par("note de bas"), dir+"b.xml", par("note de fin"), dir+"c.xml", comment,
			dir+"e.xml", par("en-tête"), dir+"f.xml", par("pied"), dir+"g.bin", "<html><p>morceau</p></html>",
			relsDir+"corps.xml.rels", rels(link("footnotes", "a.xml"), link("endnotes", "b.xml"), link("comments", "c.xml"),
				link("header", "e.xml"), link("footer", "f.xml"), link("aFChunk", "g.bin")))
	}
	plain := func(kind, target string) string { return relationshipTo(kind, kind, target) }
	for name, b := range map[string][]byte{
		"other names": made(plain, "contenu/corps.xml", "contenu/", "contenu/_rels/"),
		"in the root": made(plain, "corps.xml", "", "_rels/"),
		"absolute targets": made(func(kind, target string) string {
			if kind != "officeDocument" {
				target = "contenu/" + target
			}
			return relationshipTo(kind, kind, "/"+target)
		}, "contenu/corps.xml", "contenu/", "contenu/_rels/"),
		"roundabout targets": made(func(kind, target string) string {
			return relationshipTo(kind, kind, "../contenu/./"+strings.TrimPrefix(target, "contenu/"))
		}, "contenu/corps.xml", "contenu/", "contenu/_rels/"),
		"strict": made(func(kind, target string) string {
			return `<Relationship Id="` + kind + `" Type="` + strict + "/" + kind + `" Target="` + target + `"/>`
		}, "contenu/corps.xml", "contenu/", "contenu/_rels/"),
		"backslashes":            made(plain, `contenu\corps.xml`, `contenu\`, `contenu\_rels\`),
		"backslashes in targets": made(plain, `contenu\corps.xml`, `contenu/`, `contenu/_rels/`),
		"a slash first":          made(plain, `contenu/corps.xml`, `/contenu/`, `/contenu/_rels/`),
		"other case":             made(plain, `CONTENU/Corps.XML`, `Contenu/`, `contenu/_RELS/`),
		"escapes":                made(plain, `mon%20contenu/corps.xml`, `mon contenu/`, `mon contenu/_rels/`),
	} {
		res := extractBytes(t, inProcessExtractor(t), "x.docx", b)
		if got := strings.Split(res.Text, "\n"); strings.Join(got, "|") != strings.Join(all, "|") || res.MediaType != typeDocx {
			t.Errorf("%s: %s %q", name, res.MediaType, got)
		}
	}
}

// TestDocxOddities: what else is, and what is not, a document's text.
func TestDocxOddities(t *testing.T) {
	const types = `<Types><Override PartName="/w/d.xml" ContentType="` + typeDocx + `.main+xml"/></Types>`
	body := func(s string) string {
		return `<w:document xmlns:w="w" xmlns:mc="mc"><w:body>` + s + `</w:body></w:document>`
	}
	root := relsOpen + relationshipTo("1", "officeDocument", "w/d.xml") + "</Relationships>"
	for name, c := range map[string]struct {
		parts []string
		want  string
	}{
		"deleted as plain runs": {[]string{"w/d.xml", body(`<w:p><w:r><w:t>prix </w:t></w:r><w:del><w:r><w:t>90</w:t></w:r></w:del><w:ins><w:r><w:t>95</w:t></w:r></w:ins></w:p>`)}, "prix 95"},
		"a deleted mark":        {[]string{"w/d.xml", body(`<w:p><w:pPr><w:rPr><w:del w:id="1"/></w:rPr></w:pPr><w:r><w:t>reste</w:t></w:r></w:p>`)}, "reste"},
		"breaks and tabs":       {[]string{"w/d.xml", body(`<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:cr/><w:t>d</w:t><w:noBreakHyphen/><w:t>e</w:t></w:r></w:p>`)}, "a\tb\nc\nd-e"},
		"a control's text":      {[]string{"w/d.xml", body(`<w:sdt><w:sdtContent><w:p><w:r><w:t>contrôle</w:t></w:r></w:p></w:sdtContent></w:sdt>`)}, "contrôle"},
		"an old main part":      {[]string{"word/document.xml", body(`<w:p><w:r><w:t>ancien</w:t></w:r></w:p>`), "w/d.xml", body(`<w:p><w:r><w:t>actuel</w:t></w:r></w:p>`)}, "actuel"},
		"building blocks": {[]string{"w/d.xml", body(`<w:p><w:r><w:t>texte</w:t></w:r></w:p>`), "w/_rels/d.xml.rels", relsOpen + relationshipTo("1", "glossaryDocument", "g/d.xml") + "</Relationships>",
			"w/g/d.xml", body(`<w:p><w:r><w:t>modèle</w:t></w:r></w:p>`), "w/g/_rels/d.xml.rels", relsOpen + relationshipTo("1", "header", "h.xml") + "</Relationships>",
			"w/g/h.xml", body(`<w:p><w:r><w:t>modèle</w:t></w:r></w:p>`)}, "texte"},
		"a circle": {[]string{"w/d.xml", body(`<w:p><w:r><w:t>texte</w:t></w:r></w:p>`), "w/_rels/d.xml.rels", relsOpen + relationshipTo("1", "header", "h.xml") + relationshipTo("2", "header", "h.xml") + "</Relationships>",
			"w/h.xml", body(`<w:p><w:r><w:t>en-tête</w:t></w:r></w:p>`), "w/_rels/h.xml.rels", relsOpen + relationshipTo("1", "officeDocument", "d.xml") + relationshipTo("2", "header", "h.xml") + "</Relationships>"}, "texte\nen-tête"},
		"outside":     {[]string{"w/d.xml", body(`<w:p><w:r><w:t>texte</w:t></w:r></w:p>`), "w/_rels/d.xml.rels", relsOpen + `<Relationship Id="1" Type="x/header" Target="../../../etc/passwd"/><Relationship Id="2" Type="x/header" Target="http://x/" TargetMode="External"/></Relationships>`}, "texte"},
		"damaged rel": {[]string{"w/d.xml", body(`<w:p><w:r><w:t>texte</w:t></w:r></w:p>`), "w/_rels/d.xml.rels", `<Relationships><Relationship Id="1" Type="x/header" Tar`, "word/header1.xml", body(`<w:p><w:r><w:t>en-tête</w:t></w:r></w:p>`)}, "texte\nen-tête"},
	} {
		parts := append([]string{"[Content_Types].xml", types, "_rels/.rels", root}, c.parts...)
		res := extractBytes(t, inProcessExtractor(t), "", zipOf(t, parts...))
		if res.Text != c.want || res.Outcome != relais.ExtractionComplete {
			t.Errorf("%s: %q, not %q (%s %v)", name, res.Text, c.want, res.Outcome, res.Warnings)
		}
	}
}

// TestPptxElsewhere: so are slides and their notes.
func TestPptxElsewhere(t *testing.T) {
	say := func(s string) string { return `<p:x xmlns:p="p" xmlns:a="a"><a:p><a:t>` + s + `</a:t></a:p></p:x>` }
	b := zipOf(t, "[Content_Types].xml", `<Types><Override PartName="/p/main.xml" ContentType="`+typePptx+`.main+xml"/></Types>`,
		"_rels/.rels", relsOpen+relationshipTo("1", "officeDocument", "/p/main.xml")+"</Relationships>",
		"p/main.xml", `<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="2" r:id="b"/><p:sldId id="1" r:id="a"/></p:sldIdLst></p:presentation>`,
		"p/_rels/main.xml.rels", relsOpen+relationshipTo("a", "slide", "un.xml")+relationshipTo("b", "slide", `\p\deux.xml`)+"</Relationships>",
		"p/un.xml", say("un"), "p/deux.xml", say("deux"), "p/_rels/deux.xml.rels", relsOpen+relationshipTo("n", "notesSlide", "n.xml")+"</Relationships>", "p/n.xml", say("note"))
	if res := extractBytes(t, inProcessExtractor(t), "", b); res.Text != "deux\nnote\nun" {
		t.Errorf("%q %v", res.Text, res.Warnings)
	}
}
