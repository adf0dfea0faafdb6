package enrich

import (
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// Identify makes a stage know messages by something else than Identity: as earlier or
// later rules would.
func (s *Stage) Identify(by func(*format.Mail) relais.ContentID) { s.reader.identity = by }
