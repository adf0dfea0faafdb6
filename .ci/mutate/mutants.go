package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mutant is one change of one file: the bytes from start to end become with.
type mutant struct {
	file          string // path
	line, column  int
	start, end    int
	with          string
	kind          string
	before, after string // the line, for people
}

// apply gives the file with its change.
func (m mutant) apply(src []byte) []byte {
	return slices.Concat(src[:m.start], []byte(m.with), src[m.end:])
}

// draw takes n of the mutants at random, all of them when n is 0, in their order.
func draw(all []mutant, n int, seed uint64) []mutant {
	if n <= 0 || n >= len(all) {
		return all
	}
	picked := rand.New(rand.NewPCG(seed, 0)).Perm(len(all))[:n]
	slices.Sort(picked)
	out := make([]mutant, n)
	for i, at := range picked {
		out[i] = all[at]
	}
	return out
}

// find lists the mutants of a file, in order of place.
func find(path string, src []byte) ([]mutant, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := &finder{file: set.File(file.FileStart), path: path, src: src}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Body != nil {
				f.walk(d.Body, d.Type)
			}
		case *ast.GenDecl:
			if d.Tok == token.CONST || d.Tok == token.VAR {
				f.walk(d, nil)
			}
		}
	}
	slices.SortStableFunc(f.found, func(a, b mutant) int { return a.start - b.start })
	return f.found, nil
}

// finder collects the mutants of one file.
type finder struct {
	file  *token.File
	path  string
	src   []byte
	sig   *ast.FuncType // of the function at hand, nil outside of one
	found []mutant
}

func (f *finder) text(n ast.Node) string {
	return string(f.src[f.file.Offset(n.Pos()):f.file.Offset(n.End())])
}

// add notes a change of the bytes between two places.
func (f *finder) add(kind string, from, to token.Pos, with string) {
	m := mutant{file: f.path, start: f.file.Offset(from), end: f.file.Offset(to), with: with, kind: kind}
	at := f.file.Position(from)
	m.line, m.column = at.Line, at.Column
	first := m.start - (m.column - 1)
	last := m.end + len(lineOf(f.src[m.end:]))
	m.before = strings.TrimSpace(lineOf(f.src[first:]))
	m.after = strings.TrimSpace(lineOf([]byte(string(f.src[first:m.start]) + with + string(f.src[m.end:last]))))
	f.found = append(f.found, m)
}

func lineOf(b []byte) string {
	line, _, _ := strings.Cut(string(b), "\n")
	return line
}

func (f *finder) replace(kind string, n ast.Node, with string) { f.add(kind, n.Pos(), n.End(), with) }

// walk looks for mutants below a node of a function of type sig, nil outside of one.
func (f *finder) walk(root ast.Node, sig *ast.FuncType) {
	defer func(outer *ast.FuncType) { f.sig = outer }(f.sig)
	f.sig = sig
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			f.walk(n.Body, n.Type)
			return false
		case *ast.ArrayType:
			return false // its length is a type
		case *ast.CallExpr:
			if room := n.Args; f.text(n.Fun) == "make" && len(room) == 3 {
				f.walk(room[1], sig) // its room is a hint, that nobody can see
				return false
			}
			return !isLogging(n)
		case *ast.BinaryExpr:
			f.binary(n)
			return !isUnit(n)
		case *ast.UnaryExpr:
			if n.Op == token.NOT {
				f.add("negated", n.OpPos, n.X.Pos(), "")
			}
		case *ast.BasicLit:
			f.literal(n)
		case *ast.Ident:
			f.truth(n)
		case *ast.IncDecStmt:
			f.add("arithmetic", n.TokPos, n.TokPos+2, map[token.Token]string{token.INC: "--", token.DEC: "++"}[n.Tok])
		case *ast.IfStmt:
			f.condition(n.Cond)
		case *ast.ForStmt:
			f.condition(n.Cond)
		case *ast.ReturnStmt:
			f.returned(n)
		case *ast.BlockStmt:
			f.statements(n.List)
		case *ast.CaseClause:
			f.statements(n.Body)
		case *ast.CommClause:
			f.statements(n.Body)
		}
		return true
	})
}

// opposites are the operators that stand for another one each, by kind of change.
func opposites() map[string]map[token.Token]token.Token {
	return map[string]map[token.Token]token.Token{
		"boundary": {token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR},
		"negated": {
			token.LSS: token.GEQ, token.LEQ: token.GTR, token.GTR: token.LEQ, token.GEQ: token.LSS,
			token.EQL: token.NEQ, token.NEQ: token.EQL,
		},
		"arithmetic": {
			token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL,
			token.REM: token.MUL, token.AND: token.OR, token.OR: token.AND,
		},
	}
}

func (f *finder) binary(n *ast.BinaryExpr) {
	switch n.Op {
	case token.LAND:
		f.replace("left out", n.X, "(true || ("+f.text(n.X)+"))")
		f.replace("left out", n.Y, "(true || ("+f.text(n.Y)+"))")
		return
	case token.LOR:
		f.replace("left out", n.X, "(false && ("+f.text(n.X)+"))")
		f.replace("left out", n.Y, "(false && ("+f.text(n.Y)+"))")
		return
	}
	if isText(n.X) || isText(n.Y) || isUnit(n) {
		if n.Op == token.ADD || isUnit(n) {
			return
		}
	}
	for _, kind := range []string{"boundary", "negated", "arithmetic"} {
		if op, ok := opposites()[kind][n.Op]; ok {
			f.add(kind, n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), op.String())
		}
	}
}

// isUnit tells whether an expression is an amount with its unit: so many
// milliseconds, so many kilobytes. One more or less of them is no bug.
func isUnit(n *ast.BinaryExpr) bool {
	if n.Op == token.SHL || n.Op == token.SHR {
		return true
	}
	sel, ok := n.Y.(*ast.SelectorExpr)
	if !ok || n.Op != token.MUL {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "time"
}

func isText(e ast.Expr) bool {
	if b, ok := e.(*ast.BinaryExpr); ok {
		return b.Op == token.ADD && (isText(b.X) || isText(b.Y))
	}
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING
}

// literal makes a whole number one larger.
func (f *finder) literal(n *ast.BasicLit) {
	if n.Kind != token.INT {
		return
	}
	if v, err := strconv.ParseInt(n.Value, 0, 63); err == nil {
		f.replace("constant", n, strconv.FormatInt(v+1, 10))
	}
}

func (f *finder) truth(n *ast.Ident) {
	switch n.Name {
	case "true":
		f.replace("constant", n, "false")
	case "false":
		f.replace("constant", n, "true")
	}
}

// condition negates what is no comparison: those are turned where they stand.
func (f *finder) condition(e ast.Expr) {
	switch e := e.(type) {
	case *ast.Ident:
		if e.Name != "true" && e.Name != "false" { // see truth
			f.replace("negated", e, "!"+e.Name)
		}
	case *ast.CallExpr, *ast.SelectorExpr, *ast.IndexExpr:
		f.replace("negated", e, "!("+f.text(e)+")")
	}
}

// returned gives no error where one is returned, and the other truth.
func (f *finder) returned(n *ast.ReturnStmt) {
	sig := f.sig
	if sig == nil || sig.Results == nil || len(n.Results) != sig.Results.NumFields() {
		return
	}
	value := n.Results[len(n.Results)-1]
	switch f.text(sig.Results.List[len(sig.Results.List)-1].Type) {
	case "error":
		if f.text(value) != "nil" {
			f.replace("error lost", value, "func() error { _ = "+f.text(value)+"; return nil }()")
		}
	case "bool":
		f.condition(value)
	}
}

// statements leaves out each statement that can be left out.
func (f *finder) statements(list []ast.Stmt) {
	for _, s := range list {
		if f.removable(s) {
			f.replace("removed", s, "if false { "+f.text(s)+" }")
		}
	}
}

func (f *finder) removable(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		return !ok || !isLogging(call) && !isRelease(call) && f.text(call.Fun) != "panic"
	case *ast.DeferStmt:
		return !isRelease(s.Call)
	case *ast.SendStmt:
		return true
	case *ast.BranchStmt:
		return s.Tok == token.CONTINUE || s.Tok == token.BREAK
	case *ast.AssignStmt:
		return s.Tok != token.DEFINE && f.text(s.Lhs[0]) != "_"
	}
	return false
}

// isRelease tells whether a call only gives back what the runtime would find of
// itself: no test can see it.
func isRelease(call *ast.CallExpr) bool {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		return fun.Name == "cancel"
	case *ast.SelectorExpr:
		return fun.Sel.Name == "Stop"
	}
	return false
}

// isLogging tells whether a call writes a line to a log: words for people, which no
// test should hold.
func isLogging(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && logVerb().MatchString(sel.Sel.Name) && logName().MatchString(lastName(sel.X))
}

func logVerb() *regexp.Regexp {
	return regexp.MustCompile(`^(Log|Debug|Info|Warn|Error)(Attrs|Context)?$`)
}
func logName() *regexp.Regexp { return regexp.MustCompile(`(?i)^s?log(ger)?$`) }

// lastName gives the last name of x, a.b.x or f().
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.CallExpr:
		return lastName(e.Fun)
	}
	return ""
}
