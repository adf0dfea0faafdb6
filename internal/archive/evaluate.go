package archive

import (
	"context"
	"io"

	"github.com/relais-archive/relais/enrich/evaluate"
	"github.com/relais-archive/relais/internal/relais"
)

// Evaluate scores the archive's tags against a truth file.
func (ar *Archive) Evaluate(ctx context.Context, truth io.Reader, emit func(relais.Event)) error {
	report, err := evaluate.Run(truth, func(fn func(relais.Document) error) error {
		return ar.Library.Each(ctx, relais.Everything(), fn)
	})
	if err == nil {
		emit(relais.Event{Type: "evaluated", Result: report})
	}
	return err
}
