// Command mutate asks which bugs the tests of a package would miss: it changes one
// small thing at a time (a condition, a constant, a statement left out, an error
// that is not returned), runs the package's own tests on the change, and lists the
// changes that no test noticed.
//
//	mutate [-tags T] [-sample N] [-seed S] [-at REGEXP] [-run REGEXP] [-least PERCENT] PACKAGE...
//
// The tree is never touched: changes go to the compiler as an overlay. The same seed
// draws the same sample from the same source. It exits with 1 when fewer than -least
// percent of a package's changes were noticed.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"
)

// options are what the command line says.
type options struct {
	tags   string
	tests  string         // the names of those to run, as go test has it; "" for all
	sample int            // mutants tried in a package; 0 for all
	seed   uint64         // draws the sample
	at     *regexp.Regexp // of the places to change: file:line:column
	least  float64
	rooms  []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	opt, err := parse(os.Args[1:])
	if err != nil {
		os.Exit(2)
	}
	good, err := run(ctx, opt, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
	}
	if err != nil || !good {
		stop()
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var opt options
	set := flag.NewFlagSet("mutate", flag.ContinueOnError)
	set.StringVar(&opt.tests, "run", "", "only the tests whose name this `regexp` matches: quicker, and the rate no higher")
	set.StringVar(&opt.tags, "tags", "", "build `tags`")
	set.IntVar(&opt.sample, "sample", 0, "changes to try in each package, 0 for all")
	set.Uint64Var(&opt.seed, "seed", 1, "what draws the sample")
	set.Float64Var(&opt.least, "least", 0, "`percent` of changes that must be noticed")
	set.Func("at", "only what stands where this `regexp` matches file:line:column", func(s string) (err error) {
		opt.at, err = regexp.Compile(s)
		return err
	})
	err := set.Parse(args)
	opt.rooms = set.Args()
	return opt, err
}

// tally counts the mutants of one package by what became of them.
type tally map[outcome]int

// rate is the percentage of viable mutants that a test noticed; 100 when there are
// none.
func (t tally) rate() float64 {
	noticed := t[killed] + t[timedOut]
	all := noticed + t[survived] + t[uncovered]
	if all == 0 {
		return 100
	}
	return 100 * float64(noticed) / float64(all)
}

// run tries each package, and tells whether all reach the rate asked for.
func run(ctx context.Context, opt options, out io.Writer) (bool, error) {
	good := true
	for _, name := range opt.rooms {
		began := time.Now()
		t, err := tryPackage(ctx, opt, name, out)
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(out, "%s: %d killed (%d by time), %d survived, %d uncovered, %d not viable: %.1f %% in %s\n", name,
			t[killed]+t[timedOut], t[timedOut], t[survived], t[uncovered], t[notViable], t.rate(), time.Since(began).Round(time.Second))
		good = good && t.rate() >= opt.least
	}
	return good, nil
}

// tryPackage tries the mutants of one package and prints those that live.
func tryPackage(ctx context.Context, opt options, name string, out io.Writer) (tally, error) {
	room, err := open(ctx, opt, name)
	if err != nil {
		return nil, err
	}
	defer room.close()
	mutants, err := room.mutants(opt.at)
	if err != nil {
		return nil, err
	}
	count := tally{}
	for _, m := range draw(mutants, opt.sample, opt.seed) {
		what, err := room.try(ctx, m)
		if err != nil {
			return nil, err
		}
		count[what]++
		if what == survived || what == uncovered {
			fmt.Fprintf(out, "%s %s/%s:%d:%d [%s]\n\t- %s\n\t+ %s\n", what, name, filepath.Base(m.file), m.line, m.column, m.kind, m.before, m.after)
		}
	}
	return count, nil
}
