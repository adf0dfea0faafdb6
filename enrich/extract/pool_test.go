package extract

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// workerVerb makes the test binary a pool's child, as extract-worker makes relais.
const (
	workerVerb  = "extract-worker-of-tests"
	villainVerb = "extract-villain-of-tests"
)

func TestMain(m *testing.M) {
	if len(os.Args) != 2 {
		os.Exit(m.Run())
	}
	var err error
	switch os.Args[1] {
	case workerVerb:
		err = Worker(context.Background(), os.Stdin, os.Stdout)
	case villainVerb:
		err = serveAll(context.Background(), os.Stdin, os.Stdout, villains)
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		os.Exit(1)
	}
}

// cacheDir is shared by all tests of one run: compiling pdfium takes seconds.
func cacheDir(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "relais-extract-test-cache")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func testPool(t testing.TB, o PoolOptions) *Pool {
	t.Helper()
	return verbPool(t, workerVerb, o)
}

func verbPool(t testing.TB, verb string, o PoolOptions) *Pool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o.Command, o.CacheDir = []string{self, verb}, cacheDir(t)
	p := NewPool(o)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

func corpusInputs(t testing.TB) []Input {
	t.Helper()
	dir := corpus(t)
	var list []Input
	for _, e := range expectations(t, dir) {
		list = append(list, inputFile(t, filepath.Join(dir, filepath.FromSlash(e.ID))))
	}
	return list
}

// TestPoolIsDeterministic reads the corpus in one process and in children, several
// at once and in another order, and wants the same of both.
func TestPoolIsDeterministic(t *testing.T) {
	inputs := corpusInputs(t)
	x := inProcessExtractor(t)
	p := testPool(t, PoolOptions{Workers: 2})
	var wg sync.WaitGroup
	for half := range 2 {
		wg.Go(func() {
			for i := len(inputs) - 1 - half; i >= 0; i -= 2 {
				got, err := p.Extract(context.Background(), inputs[i])
				if err != nil {
					t.Errorf("%s: %v", inputs[i].Name, err)
					continue
				}
				want, _ := x.Extract(context.Background(), inputs[i])
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s: in process and in a child differ:\n%s", inputs[i].Name, diff)
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkPool reads what office mailboxes have attached, in one child.
func BenchmarkPool(b *testing.B) {
	inputs := slices.DeleteFunc(corpusInputs(b), func(in Input) bool {
		switch kindOf(in.Name) {
		case "pdf", "docx", "xlsx", "pptx", "odf", "rtf":
			return false
		}
		return true
	})
	p := testPool(b, PoolOptions{Workers: 1})
	n := 0
	began := time.Now()
	for b.Loop() {
		for _, in := range inputs {
			if _, err := p.Extract(context.Background(), in); err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(n)/time.Since(began).Seconds(), "docs/s")
}

// BenchmarkRoundTrip is what a child costs beyond reading.
func BenchmarkRoundTrip(b *testing.B) {
	p := testPool(b, PoolOptions{Workers: 1})
	in := Input{Body: readerAt(`{\rtf1 x}`), Size: 9}
	if _, err := p.Extract(context.Background(), in); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := p.Extract(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// TestTooLargeForAChild: what is over the limit is not read in part, which would cost
// its memory here and there; text that is read here is.
func TestTooLargeForAChild(t *testing.T) {
	lim := format.DefaultLimits()
	lim.MessageBytes = 1000
	local := NewInProcess(lim)
	defer local.Close()
	for _, x := range []Extractor{testPool(t, PoolOptions{Limits: lim}), local} {
		res, err := x.Extract(t.Context(), Input{Name: "a.zip", Size: 2000, Body: readerAt(append(zipOf(t, "note.txt", "alpha"), make([]byte, 2000)...))})
		if err != nil || res.Outcome != relais.ExtractionFailed || len(res.Warnings) != 1 || res.Warnings[0].Code != "size_limit" {
			t.Errorf("%+v, %v", res, err)
		}
		res, err = x.Extract(t.Context(), Input{Name: "a.txt", Size: 6000, Body: readerAt(strings.Repeat("alpha ", 1000))})
		if err != nil || res.Outcome != relais.ExtractionPartial || !strings.HasPrefix(res.Text, "alpha alpha") {
			t.Errorf("%+v, %v", res, err)
		}
	}
}
