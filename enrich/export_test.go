package enrich

import (
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// Identify makes a stage know messages by something else than Identity: as earlier or
// later rules would.
func (s *Stage) Identify(by func(*format.Mail) relais.ContentID) { s.reader.identity = by }

// Watched gives the handler of a worker, with its record of what it reads.
func (s *Stage) Watched(worker string) stream.Handler { return newVigil(s, worker).handle }
