package extract

import (
	"context"
	"path"
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
	for _, name := range p.slides() {
		p.walk(p.a.member(name), p.drawing())
		for _, r := range p.relations(name) {
			if strings.Contains(r.target, "/notesSlides/") {
				p.walk(p.a.member(r.target), p.drawing())
			}
		}
	}
	for _, m := range p.parts("ppt/comments/", "ppt/diagrams/data", "ppt/charts/chart", "ppt/handoutMasters/handout") {
		p.walk(m, p.comment())
	}
	for _, m := range p.parts("ppt/slideMasters/slideMaster", "ppt/slideLayouts/slideLayout") {
		p.walk(m, p.master())
	}
	p.embedded(ctx, lim, "ppt/embeddings/")
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return p.result(), nil
}

// slides gives the names of the slide parts as the presentation orders them; those
// that it does not name follow.
func (p *packageText) slides() []string {
	const main = "ppt/presentation.xml"
	var names []string
	seen := map[string]bool{}
	targets := map[string]string{}
	for _, r := range p.relations(main) {
		targets[r.id] = r.target
	}
	p.walk(p.a.member(main), func(s *xmlScanner, k xmlKind) {
		if k != xmlStart || string(s.name) != "sldId" {
			return
		}
		if t := targets[s.relationID()]; t != "" && !seen[strings.ToLower(t)] {
			seen[strings.ToLower(t)] = true
			names = append(names, t)
		}
	})
	for _, m := range p.parts("ppt/slides/slide") {
		if !seen[strings.ToLower(m.Name)] {
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

// relation is a link from one part to another.
type relation struct{ id, target string }

// relations reads the relationships of a part (ECMA-376 part 2, 9.3), in order.
// What lies outside the package is left out: nothing is fetched.
func (p *packageText) relations(name string) []relation {
	dir, base := path.Split(name)
	var list []relation
	p.walk(p.a.member(dir+"_rels/"+base+".rels"), func(s *xmlScanner, k xmlKind) {
		if k != xmlStart || string(s.name) != "Relationship" || s.attr("TargetMode") == "External" {
			return
		}
		target := s.attr("Target")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		list = append(list, relation{s.attr("Id"), strings.TrimPrefix(target, "/")})
	})
	return list
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
