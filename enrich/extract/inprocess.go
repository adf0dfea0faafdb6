package extract

import (
	"context"

	"github.com/relais-archive/relais/internal/format"
)

// NewInProcess gives an Extractor that reads everything in this process: for tests,
// and for input one trusts. A hostile document can hang or exhaust it.
func NewInProcess(lim format.Limits) Extractor {
	e := &engines{}
	return &inProcess{reader: newReader(lim, formats(e)), engines: e}
}

type inProcess struct {
	reader  *reader
	engines *engines
}

// Extract reads the document in this goroutine.
func (p *inProcess) Extract(ctx context.Context, in Input) (Result, error) {
	return counted(in, p.reader.lim, func(in Input) (Result, error) { return p.reader.read(ctx, in) })
}

// Close gives the memory of pdfium back.
func (p *inProcess) Close() error {
	p.engines.close()
	return nil
}
