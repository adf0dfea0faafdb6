package extract

import (
	"context"
	"strings"

	"github.com/relais-archive/relais/internal/format"
)

// readPptx gives the text of a PresentationML package (ECMA-376 part 1, 19): slides
// in the order they are shown, each with its notes, then comments, diagrams, charts
// and embedded documents.
func readPptx(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	p, bad := openPackage(in, lim)
	if p == nil {
		return bad, nil
	}
	l := p.link("ppt/presentation.xml")
	for _, name := range p.slides(l) {
		p.walk(p.a.member(name), p.drawing())
		for _, r := range p.relations(name) {
			if r.kind == "notesSlide" {
				p.walk(p.a.member(r.target), p.drawing())
			}
		}
	}
	for _, g := range [...][2]string{{"comments", "ppt/comments/"}, {"diagramData", "ppt/diagrams/data"}, {"chart", "ppt/charts/chart"},
		{"chartEx", "ppt/charts/chartEx"}, {"handoutMaster", "ppt/handoutMasters/handout"}} {
		for _, m := range p.group(l, g[0], g[1]) {
			p.walk(m, p.comment())
		}
	}
	for _, g := range [...][2]string{{"slideMaster", "ppt/slideMasters/slideMaster"}, {"slideLayout", "ppt/slideLayouts/slideLayout"}} {
		for _, m := range p.group(l, g[0], g[1]) {
			p.walk(m, p.master())
		}
	}
	p.objects(ctx, lim, l, "ppt/embeddings/")
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return p.result(), nil
}

// slides gives the names of the slide parts as the presentation orders them; those
// that it does not name follow.
func (p *packageText) slides(l linked) []string {
	var names []string
	seen := map[string]bool{}
	targets := map[string]string{}
	for _, r := range p.relations(l.main) {
		targets[r.id] = r.target
	}
	p.walk(p.a.member(l.main), func(s *xmlScanner, k xmlKind) {
		if k != xmlStart || string(s.name) != "sldId" {
			return
		}
		if t := targets[s.relationID()]; t != "" && !seen[partKey(t)] {
			seen[partKey(t)] = true
			names = append(names, t)
		}
	})
	for _, m := range p.group(l, "slide", "ppt/slides/slide") {
		if !seen[partKey(m.Name)] {
			names = append(names, m.Name)
		}
	}
	return names
}

// relationID gives r:id, which stands beside an id without prefix.
func (s *xmlScanner) relationID() string {
	for _, q := range []string{`r:id="`, `r:id='`} {
		if _, after, ok := strings.Cut(string(s.attrs), q); ok {
			id, _, _ := strings.Cut(after, q[len(q)-1:])
			return id
		}
	}
	return ""
}

// comment visits a part of DrawingML in which p:text holds characters too.
func (p *packageText) comment() func(s *xmlScanner, k xmlKind) {
	inner, take := p.drawing(), false
	return func(s *xmlScanner, k xmlKind) {
		if k != xmlText && string(s.name) == "text" {
			take = k == xmlStart
			p.out.line()
		}
		if k == xmlText && take {
			p.out.b = s.appendText(p.out.b)
		}
		inner(s, k)
	}
}

// master visits a slide master or layout: its own shapes show on slides, its
// placeholders only say what to fill in.
func (p *packageText) master() func(s *xmlScanner, k xmlKind) {
	inner, mark, placeholder := p.drawing(), 0, false
	return func(s *xmlScanner, k xmlKind) {
		switch {
		case k == xmlStart && string(s.name) == "sp":
			mark, placeholder = len(p.out.b), false
		case k == xmlStart && string(s.name) == "ph":
			placeholder = true
		}
		inner(s, k)
		if k == xmlEnd && string(s.name) == "sp" && placeholder {
			p.out.b = p.out.b[:min(mark, len(p.out.b))]
		}
	}
}
