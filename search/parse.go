package search

import (
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search/analysis"
)

// The limits of a query: what is over one is refused before it costs anything.
const (
	MaxQuery   = 4 << 10 // bytes
	MaxClauses = 64      // words, phrases and operators
	MaxDepth   = 8       // parentheses within parentheses
)

// ParseOptions is what a query means beyond its text.
type ParseOptions struct {
	Now      time.Time      // from which newer_than: and older_than: count
	Location *time.Location // whose days are meant; nil is UTC
	Lang     string         // of messages: "fr", else English
	Topics   []Choice       // what topic: takes; without any, it takes everything
}

// Choice is one value that an operator takes, under all the names people give it.
type Choice struct {
	ID    string
	Names []string
	Words []string // and phrases that go with it, though it is not called so
}

// Parse reads a query: words (all wanted), "phrases", -not, OR, ( ), prefix* and
// operators such as from:, with French aliases; fields lists them.
//
//	query = { item }             all wanted; AND or ET between changes nothing
//	item  = part { OR part }     OR or OU joins its two neighbours, as in Gmail
//	part  = [ "-" | NOT | NON | SAUF ] ( "(" query ")" | field ":" value | phrase | word )
//
// Words side by side become one Text, so that a number written with spaces stays
// one. What holds no letter and no digit is passed over. An empty query is an empty
// And: it finds everything.
//
// The error is of relais.KindInvalid and wraps a *SyntaxError; its hint is the whole
// query with the suggestion in place.
func Parse(query string, opt ParseOptions) (Node, error) {
	if opt.Location == nil {
		opt.Location = time.UTC
	}
	p := parser{query: query, opt: opt, analyzer: analysis.New()}
	n, err := p.parse()
	if err != nil {
		return nil, &relais.Error{Kind: relais.KindInvalid, Op: "parse query", Hint: p.hint(err), Err: err}
	}
	return n, nil
}

// parser reads a query from left to right, once.
type parser struct {
	query    string
	pos      int
	opt      ParseOptions
	analyzer *analysis.Analyzer
	tokens   []analysis.Token // buffer
	field    *field           // of the group being read, nil outside
	depth    int
	clauses  int
	found    bool // something to look for was met
}

func (p *parser) parse() (Node, error) {
	if len(p.query) > MaxQuery {
		return nil, p.fail(0, len(p.query), codeTooLong, "")
	}
	items, err := p.items(-1)
	if err != nil {
		return nil, err
	}
	if !p.found && strings.TrimFunc(p.query, isBlank) != "" {
		return nil, p.fail(0, len(p.query), codeNoWords, "")
	}
	return join(items), nil
}

// item is one part of a query; words side by side are joined.
type item struct {
	node Node // nil for what holds no word
	word bool
}

// items reads parts up to the end, or up to the parenthesis that closes the one at
// open, where open is not negative.
func (p *parser) items(open int) ([]item, error) {
	var items []item
	for {
		p.blanks()
		switch {
		case p.pos == len(p.query) && open >= 0:
			return nil, p.fail(open, open+1, codeOpen, "")
		case p.pos == len(p.query):
			return items, nil
		case p.query[p.pos] == ')' && open >= 0:
			return items, nil
		case p.query[p.pos] == ')':
			return nil, p.fail(p.pos, p.pos+1, codeClose, "")
		}
		var err error
		if items, err = p.next(items); err != nil {
			return nil, err
		}
	}
}

// next reads one more part, or the OR that joins one to the part before.
func (p *parser) next(items []item) ([]item, error) {
	start := p.pos
	switch {
	case p.keyword("OR", "OU"):
		return p.or(items, start)
	case len(items) > 0 && p.keyword("AND", "ET"):
		if !p.atEnd() {
			return items, nil
		}
		p.pos = start // a last AND is a word
	}
	it, err := p.part()
	if err != nil || it.node == nil {
		return items, err
	}
	return append(items, it), nil
}

// or reads what follows an OR that begins at start.
func (p *parser) or(items []item, start int) ([]item, error) {
	end := p.pos
	if len(items) == 0 || p.atEnd() || p.keyword("OR", "OU") {
		return nil, p.fail(start, end, codeOr, "")
	}
	right, err := p.part()
	if err != nil {
		return nil, err
	}
	if right.node == nil {
		return nil, p.fail(start, end, codeOr, "")
	}
	last := len(items) - 1
	items[last] = item{node: either(items[last].node, right.node)}
	return items, nil
}

// either is Or without nesting.
func either(a, b Node) Node {
	var or Or
	for _, n := range []Node{a, b} {
		if inner, ok := n.(Or); ok {
			or = append(or, inner...)
		} else {
			or = append(or, n)
		}
	}
	return or
}

// join makes one node of what is all wanted: words side by side are one Text, or one
// Value, and And is not nested.
func join(items []item) Node {
	var and And
	joined := false // the last of and is a word that may go on
	for _, it := range items {
		if inner, ok := it.node.(And); ok {
			and, joined = append(and, inner...), false
			continue
		}
		if last := len(and) - 1; it.word && joined {
			and[last] = sideBySide(and[last], it.node)
			continue
		}
		and, joined = append(and, it.node), it.word
	}
	if len(and) == 1 {
		return and[0]
	}
	return and
}

func sideBySide(a, b Node) Node {
	switch a := a.(type) {
	case Text:
		a.Words += " " + b.(Text).Words
		return a
	case Value:
		a.Value += " " + b.(Value).Value
		return a
	}
	return And{a, b}
}

// part reads one part, with what negates it.
func (p *parser) part() (item, error) {
	start := p.pos
	if !p.not() {
		return p.atom()
	}
	end := p.pos
	if p.atEnd() || p.not() {
		return item{}, p.fail(start, end, codeNot, "")
	}
	it, err := p.atom()
	if err != nil {
		return item{}, err
	}
	if it.node == nil {
		return item{}, p.fail(start, end, codeNot, "")
	}
	return item{node: Not{Of: it.node}}, nil
}

// not reads a "-" that touches what it negates, or NOT, NON or SAUF.
func (p *parser) not() bool {
	if rest := p.query[p.pos:]; len(rest) > 1 && rest[0] == '-' && negatable(rest[1:]) {
		p.pos++
		return true
	}
	if p.keyword("NOT", "NON", "SAUF") {
		p.blanks()
		return true
	}
	return false
}

// atom reads a group, an operator, a phrase or a word.
func (p *parser) atom() (item, error) {
	if p.query[p.pos] == '(' {
		return p.group()
	}
	if f, start, ok := p.operator(); ok {
		return p.operand(f, start)
	}
	if q, ok := quoteAt(p.query[p.pos:]); ok {
		n, err := p.phrase(q, p.field)
		return item{node: n}, err
	}
	return p.word(p.field)
}

// group reads what parentheses hold.
func (p *parser) group() (item, error) {
	open := p.pos
	if p.depth == MaxDepth {
		return item{}, p.fail(open, open+1, codeTooDeep, "")
	}
	p.depth++
	p.pos++
	items, err := p.items(open)
	if err != nil {
		return item{}, err
	}
	p.pos++ // the closing parenthesis
	p.depth--
	if len(items) == 0 {
		return item{}, p.fail(open, p.pos, codeEmptyGroup, "")
	}
	return item{node: join(items)}, nil
}

// clause counts one more thing looked for.
func (p *parser) clause(start int) error {
	p.clauses++
	p.found = true
	if p.clauses > MaxClauses {
		return p.fail(start, p.pos, codeTooMany, "")
	}
	return nil
}

// hasWords tells whether the analyzer makes anything of a text.
func (p *parser) hasWords(text string) bool {
	p.tokens = p.analyzer.Tokens(p.tokens[:0], text)
	return len(p.tokens) > 0
}
