package extract

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/relais-archive/relais/internal/format"
)

// pdfiumPages is the memory pdfium may have, in WebAssembly pages of 64 KiB.
// A document is copied into it; what recurses without end runs out of it first.
const pdfiumPages = (256 << 20) / (64 << 10)

// dropAbove is how many bytes a process may hold before pdfium starts anew.
const dropAbove = 256 << 20

// engines are the readers that cost time to start: each starts when it is first
// needed. The zero value works, without a compile cache. It is not for concurrent
// use but for its lock: a child reads one document at a time.
type engines struct {
	cacheDir string // compiled code rests there; empty compiles anew in each process

	mu       sync.Mutex
	pool     pdfium.Pool
	instance pdfium.Pdfium
}

// pdfium reads a PDF with pdfium, compiled to WebAssembly: it sees the document's
// bytes and nothing else, no file and no clock to speak of.
func (e *engines) pdfium(ctx context.Context, b []byte, lim format.Limits) (pdfText, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.start(); err != nil {
		return pdfText{}, err
	}
	t, err := pdfiumText(ctx, e.instance, b, lim)
	// What a damaged document left behind must not change the next one's text; and
	// the memory of an instance grows but never shrinks.
	if err != nil && !errors.Is(err, errLocked) || heldMemory() > dropAbove {
		e.dropInstance()
		debug.FreeOSMemory()
	}
	return t, err
}

// start makes an instance. Exception handling must be named among the core
// features, or pdfium's module does not compile; a file system must be named, or
// go-pdfium mounts the whole of ours.
func (e *engines) start() error {
	if e.instance != nil {
		return nil
	}
	if e.pool == nil {
		ctx := context.Background() // the engine outlives the document that starts it
		rt := wazero.NewRuntimeConfig().WithMemoryLimitPages(pdfiumPages).
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling)
		if e.cacheDir != "" {
			if cache, err := wazero.NewCompilationCacheWithDir(e.cacheDir); err == nil {
				rt = rt.WithCompilationCache(cache)
			}
		}
		pool, err := webassembly.Init(webassembly.Config{
			Context: ctx, MaxIdle: 1, MaxTotal: 1, RuntimeConfig: rt, FSConfig: wazero.NewFSConfig(),
			Stdout: io.Discard, Stderr: io.Discard, RandomSource: zeros{},
		})
		if err != nil {
			return err
		}
		e.pool = pool
	}
	var err error
	e.instance, err = e.pool.GetInstanceWithContext(context.Background())
	return err
}

// dropInstance throws the instance away; start makes another in some 2 ms.
func (e *engines) dropInstance() {
	if e.instance != nil {
		_ = e.instance.Close() // it is thrown away
		e.instance = nil
	}
}

// close ends the engines.
func (e *engines) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dropInstance()
	if e.pool != nil {
		_ = e.pool.Close()
		e.pool = nil
	}
}

// zeros is the randomness that pdfium gets: none, so that nothing depends on it.
type zeros struct{}

// Read fills p with zeros and never fails.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// pdfiumText reads every page's text.
func pdfiumText(ctx context.Context, pf pdfium.Pdfium, b []byte, lim format.Limits) (pdfText, error) {
	doc, err := pf.OpenDocument(&requests.OpenDocument{File: &b})
	if err != nil {
		if errors.Is(err, pdfiumerrors.ErrPassword) || errors.Is(err, pdfiumerrors.ErrSecurity) {
			return pdfText{}, errLocked
		}
		return pdfText{}, err
	}
	defer func() {
		_, _ = pf.FPDF_CloseDocument(&requests.FPDF_CloseDocument{Document: doc.Document}) // nothing was changed
	}()
	count, err := pf.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil {
		return pdfText{}, err
	}
	t := pdfText{whole: true, dates: pdfiumDates(pf, doc.Document)}
	out := newTextBuf(lim.TextBytes)
	for i := range min(count.PageCount, maxPDFPages) {
		if ctx.Err() != nil {
			return t, ctx.Err()
		}
		ref := requests.Page{ByIndex: &requests.PageByIndex{Document: doc.Document, Index: i}}
		text, err := pdfiumPage(pf, ref)
		if err != nil {
			t.warn.add("pdf_page_damaged", "")
			continue
		}
		out.writeString(text)
		out.line()
	}
	if count.PageCount > maxPDFPages {
		t.warn.add("pdf_limit", "")
	}
	if out.full {
		t.warn.add("text_limit", "")
	}
	t.text, t.files = out.b, pdfiumFiles(pf, doc.Document)
	return t, nil
}

// pdfiumDates reads the dates in a document's Info.
func pdfiumDates(pf pdfium.Pdfium, doc references.FPDF_DOCUMENT) Dates {
	date := func(tag string) time.Time {
		v, err := pf.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: doc, Tag: tag})
		if err != nil {
			return time.Time{}
		}
		return pdfDate(v.Value)
	}
	return Dates{Created: date("CreationDate"), Modified: date("ModDate")}
}

// pdfiumPage gives one page's text in one call, not one a character.
func pdfiumPage(pf pdfium.Pdfium, page requests.Page) (string, error) {
	tp, err := pf.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: page})
	if err != nil {
		return "", err
	}
	defer func() {
		_, _ = pf.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: tp.TextPage}) // nothing was changed
	}()
	n, err := pf.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: tp.TextPage})
	if err != nil || n.Count == 0 {
		return "", err
	}
	text, err := pf.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: tp.TextPage, Count: n.Count})
	if err != nil {
		return "", err
	}
	// U+FFFE stands for a hyphen that only breaks a word at a line's end.
	plain := withAccents(pf, tp.TextPage, n.Count, text.Text)
	return strings.NewReplacer("\ufffe\r\n", "", "\ufffe", "", "\x00", "").Replace(plain), nil
}
