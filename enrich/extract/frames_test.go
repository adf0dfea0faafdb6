package extract

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

func frames(t *testing.T, headers ...any) *bytes.Buffer {
	t.Helper()
	var buf bytes.Buffer
	w := bufio.NewWriter(&buf)
	for _, h := range headers {
		if s, ok := h.(string); ok {
			_, _ = w.WriteString(s) // a buffer takes all
			continue
		}
		if err := writeFrame(w, h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return &buf
}

func TestFrames(t *testing.T) {
	want := request{Name: "prix é.xlsx", MediaType: typeXlsx, Size: 5, Depth: 2, Bytes: 1 << 30, Entries: 9, Retry: true}
	buf := frames(t, want, "bytes", request{})
	whole := buf.String()
	r := bufio.NewReader(buf)
	var got request
	if err := readFrame(r, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := r.Discard(5); err != nil {
		t.Fatal(err)
	}
	if err := readFrame(r, &got); err != nil {
		t.Fatal(err)
	}
	if err := readFrame(r, &got); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	for n := 1; n < 60; n++ { // cut within the first frame
		if err := readFrame(bufio.NewReader(strings.NewReader(whole[:n])), &got); err == nil || err == io.EOF { //nolint:errorlint // the bare error is a clean end
			t.Errorf("cut at %d: %v", n, err)
		}
	}
}

func TestFrameLimits(t *testing.T) {
	var got request
	if err := readFrame(bufio.NewReader(strings.NewReader("\xff\xff\xff\xff")), &got); err == nil {
		t.Error("a header of four gigabytes is read")
	}
	if err := readFrame(bufio.NewReader(strings.NewReader("\x00\x00\x00\x02{x")), &got); err == nil {
		t.Error("what is no JSON is read")
	}
}

// TestWorkerAlone speaks with a worker in this process. MemoryLimit stays unset: it
// would bound the test.
func TestWorkerAlone(t *testing.T) {
	rtf := `{\rtf1 prix}`
	in := frames(t, hello{Limits: format.DefaultLimits()}, request{Size: int64(len(rtf)), Bytes: 9, Entries: 8}, rtf, request{Size: 5, Name: "x.txt"}, "hello")
	var out bytes.Buffer
	if err := serveAll(context.Background(), in, &out, formats); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(&out)
	for _, want := range []answer{
		{MediaType: typeRTF, Outcome: relais.ExtractionComplete, Extractor: "rtf/1", Size: 4, Bytes: 9, Entries: 8},
		{MediaType: typeText, Outcome: relais.ExtractionComplete, Extractor: "text/1", Size: 5},
	} {
		var got answer
		if err := readFrame(r, &got); err != nil {
			t.Fatal(err)
		}
		got.Memory, got.CPU = 0, 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if _, err := r.Discard(int(got.Size)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWorkerRefusesNonsense(t *testing.T) {
	lim := format.DefaultLimits()
	for name, in := range map[string]io.Reader{
		"nothing":      strings.NewReader(""),
		"no hello":     strings.NewReader("garbage that is no frame"),
		"huge":         frames(t, hello{Limits: lim}, request{Size: lim.MessageBytes + 1}),
		"negative":     frames(t, hello{Limits: lim}, request{Size: -1}),
		"cut document": frames(t, hello{Limits: lim}, request{Size: 100}, "short"),
	} {
		if err := serveAll(context.Background(), in, io.Discard, formats); relais.KindOf(err) != relais.KindInternal {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := frames(t, hello{Limits: lim}, request{Size: 2}, "ab", request{Size: 2}, "ab")
	if err := serveAll(context.Background(), broken, brokenPipe{}, formats); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("broken pipe: %v", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestFormats keeps the list's promises: names carry a version, each media type has
// one reader, and only what our own code reads from plain text is not risky.
func TestFormats(t *testing.T) {
	seen := map[string]string{}
	for _, f := range formats(&engines{}) {
		if _, version, ok := strings.Cut(f.Name, "/"); !ok || version == "" || f.Read == nil {
			t.Errorf("format %q", f.Name)
		}
		for _, m := range f.MediaTypes {
			if seen[m] != "" {
				t.Errorf("%s is read by %s and %s", m, seen[m], f.Name)
			}
			if m != strings.ToLower(m) {
				t.Errorf("%s: media types are in lower case", m)
			}
			seen[m] = f.Name
		}
		byLibrary := f.MediaTypes[0] == typeCalendar || f.MediaTypes[0] == typeCard
		safe := strings.HasPrefix(f.MediaTypes[0], "text/") && !byLibrary || f.MediaTypes[0] == typeMail
		if f.Risky == safe {
			t.Errorf("%s: risky %t", f.Name, f.Risky)
		}
	}
}

func TestComplete(t *testing.T) {
	r := newReader(format.DefaultLimits(), nil)
	warn := func(codes ...string) (w warnings) {
		for _, c := range codes {
			w.add(c, "")
		}
		return w
	}
	for name, c := range map[string]struct {
		in   Result
		want relais.Extraction
	}{
		"text":            {Result{Text: "x"}, relais.ExtractionComplete},
		"guessed charset": {Result{Text: "x", Warnings: warn("charset_guessed")}, relais.ExtractionComplete},
		"loss":            {Result{Text: "x", Warnings: warn("text_limit")}, relais.ExtractionPartial},
		"nothing":         {Result{Text: " \n"}, relais.ExtractionNone},
		"nothing, loss":   {Result{Warnings: warn("locked")}, relais.ExtractionFailed},
		"decided":         {Result{Outcome: relais.ExtractionNone, Warnings: warn("no_text")}, relais.ExtractionNone},
	} {
		got := r.complete(c.in, typeDocx, Format{Name: "docx/1"})
		if got.Outcome != c.want || got.MediaType != typeDocx || got.Extractor != "docx/1" {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Outcome != relais.ExtractionComplete && len(got.Warnings) == 0 {
			t.Errorf("%s: no warning", name)
		}
	}
}

func TestWarningsOnce(t *testing.T) {
	var w warnings
	w.add("a", "1")
	w.add("a", "2")
	w.addLosses([]relais.Warning{{Code: "empty"}, {Code: "locked"}, {Code: "a"}, {Code: "image_no_text"}})
	if diff := cmp.Diff(warnings{{Code: "a", Detail: "1"}, {Code: "locked"}}, w); diff != "" {
		t.Error(diff)
	}
}
