// Command layers checks which package of this module imports which: layers FILE DIR.
//
// A line of FILE reads "search: internal/relais internal/stream": the packages at and
// below search may import those two. The nearest line above a package rules it; one
// that no line names is an error, and so is a line about a folder without Go files; a
// name that ends in /... allows what lies below.
// Tests are left out: they may use what they test with.
package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: layers FILE DIR")
		os.Exit(2)
	}
	broken, err := check(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "layers:", err)
		os.Exit(1)
	}
	for _, b := range broken {
		fmt.Println(b)
	}
	if len(broken) > 0 {
		os.Exit(1)
	}
}

// check gives each import that the rules of file do not allow in the tree at dir.
func check(file, dir string) ([]string, error) {
	rules, err := readRules(file)
	if err != nil {
		return nil, err
	}
	module, err := moduleOf(dir)
	if err != nil {
		return nil, err
	}
	imports, err := readImports(dir, module)
	if err != nil {
		return nil, err
	}
	broken := idle(rules, imports)
	for pkg, list := range imports {
		allowed, ok := ruleOf(rules, pkg)
		if !ok {
			broken = append(broken, pkg+": no rule names its place")
			continue
		}
		for _, to := range list {
			if !permits(allowed, to) {
				broken = append(broken, pkg+" -> "+to)
			}
		}
	}
	slices.Sort(broken)
	return slices.Compact(broken), nil
}

// idle gives the rules, and the names they allow, that stand for no package: a file
// that still speaks of rooms which are gone tells nobody how the house is built.
func idle(rules map[string][]string, imports map[string][]string) []string {
	var out []string
	for pkg, allowed := range rules {
		if !holdsPackage(imports, pkg) {
			out = append(out, pkg+": a rule, and no such package")
		}
		for _, to := range allowed {
			if !holdsPackage(imports, strings.TrimSuffix(to, "/...")) {
				out = append(out, pkg+" may import "+to+", which is not there")
			}
		}
	}
	return out
}

// holdsPackage tells whether dir, or a folder below it, is a package.
func holdsPackage(imports map[string][]string, dir string) bool {
	for pkg := range imports {
		if pkg == dir || strings.HasPrefix(pkg, dir+"/") {
			return true
		}
	}
	return false
}

func readRules(file string) (map[string][]string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	rules := map[string][]string{}
	for line := range strings.Lines(string(b)) {
		line, _, _ = strings.Cut(line, "#")
		if from, to, ok := strings.Cut(line, ":"); ok {
			rules[strings.TrimSpace(from)] = strings.Fields(to)
		}
	}
	return rules, nil
}

func moduleOf(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(strings.TrimPrefix(first, "module")), nil
}

// readImports gives, by package folder, the folders of the module it imports.
func readImports(dir, module string) (map[string][]string, error) {
	imports := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); rel != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "vendor") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		return addImports(imports, filepath.ToSlash(filepath.Dir(rel)), path, module)
	})
	return imports, err
}

func addImports(imports map[string][]string, pkg, path, module string) error {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	list := imports[pkg]
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if to, ok := strings.CutPrefix(name, module+"/"); ok {
			list = append(list, to)
		}
	}
	imports[pkg] = list
	return nil
}

func ruleOf(rules map[string][]string, pkg string) ([]string, bool) {
	for {
		if allowed, ok := rules[pkg]; ok {
			return allowed, true
		}
		i := strings.LastIndexByte(pkg, '/')
		if i < 0 {
			return nil, false
		}
		pkg = pkg[:i]
	}
}

func permits(allowed []string, to string) bool {
	for _, a := range allowed {
		if up, ok := strings.CutSuffix(a, "/..."); ok && (to == up || strings.HasPrefix(to, up+"/")) || to == a {
			return true
		}
	}
	return false
}
