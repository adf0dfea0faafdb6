package extract

import (
	"archive/zip"
	"net/url"
	"path"
	"slices"
	"strings"
)

// The parts of an OOXML package are found by their relationships (ECMA-376 part 2, 9.3):
// their names are up to the program that wrote it. What programs usually call them finds
// those whose relationships were lost.

// relation is a link from one part to another.
type relation struct {
	id     string
	kind   string // the type's last word: the same in the transitional and the strict schema
	target string // the part's name, from the root of the package
}

// relations reads the relationships of a part, or of the package for "", in order. What
// lies outside the package is left out: nothing is fetched.
func (p *packageText) relations(name string) []relation {
	dir, base := path.Split(name)
	m := p.a.member(dir + "_rels/" + base + ".rels")
	if m == nil {
		return nil
	}
	b, err := p.a.read(m, maxPart)
	if err != nil {
		p.warn.add("part_damaged", path.Ext(m.Name))
		return nil
	}
	var list []relation
	s := newXMLScanner(b)
	for k := s.next(); k != xmlEOF && len(list) < maxParts; k = s.next() {
		if k != xmlStart || string(s.name) != "Relationship" || strings.EqualFold(s.attr("TargetMode"), "External") {
			continue
		}
		list = append(list, relation{s.attr("Id"), path.Base(s.attr("Type")), partTarget(dir, s.attr("Target"))})
	}
	return list
}

// partTarget resolves what a relationship points to, from the folder of its part.
func partTarget(dir, target string) string {
	target, _, _ = strings.Cut(strings.ReplaceAll(target, `\`, "/"), "#")
	if !strings.HasPrefix(target, "/") {
		target = "/" + path.Join(dir, target)
	}
	return strings.TrimPrefix(path.Clean(target), "/")
}

// partKey is a part's name as names compare: without case (ECMA-376 part 2, 9.1.1.2),
// without the escapes of a URI, and with the slashes that some programs write backwards.
func partKey(name string) string {
	name = strings.TrimLeft(strings.ReplaceAll(name, `\`, "/"), "/")
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return strings.ToLower(name)
}

// linked is the parts that a package's main part leads to, by the kind of the first
// relationship that does.
type linked struct {
	main   string // the main part's name
	byKind map[string][]*zip.File
	seen   map[string]bool // keys of all of them
}

// link finds the main part, by the package's relationships or under its usual name, and
// all that can be reached from it. It notes the dates of the package on its way.
func (p *packageText) link(usual string) linked {
	p.dates = p.coreDates()
	l := linked{main: usual, byKind: map[string][]*zip.File{}, seen: map[string]bool{}}
	for _, r := range p.relations("") {
		if r.kind == "officeDocument" && p.a.member(r.target) != nil {
			l.main = r.target
			break
		}
	}
	l.seen[partKey(l.main)] = true
	for queue := []string{l.main}; len(queue) > 0; queue = queue[1:] {
		for _, r := range p.relations(queue[0]) {
			m, key := p.a.member(r.target), partKey(r.target)
			if m == nil || l.seen[key] {
				continue
			}
			l.seen[key] = true
			l.byKind[r.kind] = append(l.byKind[r.kind], m)
			if r.kind != "image" && r.kind != "glossaryDocument" { // of the second nothing is shown
				queue = append(queue, r.target)
			}
		}
	}
	return l
}

// group gives the linked parts of a kind, and those that nothing leads to and whose names
// begin as such parts' usually do: a relationship that was lost loses no text. They come
// in the order of the numbers in their names.
func (p *packageText) group(l linked, kind, prefix string) []*zip.File {
	list := slices.Clone(l.byKind[kind])
	if prefix != "" {
		list = append(list, p.loose(l, p.parts(prefix))...)
	}
	slices.SortStableFunc(list, comparePartNumbers)
	return list
}

// loose gives those of some parts that nothing leads to.
func (p *packageText) loose(l linked, parts []*zip.File) []*zip.File {
	return slices.DeleteFunc(parts, func(m *zip.File) bool { return l.seen[partKey(m.Name)] })
}
