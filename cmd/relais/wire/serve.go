package wire

import (
	"context"
	"net/http"
	"time"

	"github.com/relais-archive/relais/api"
	"github.com/relais-archive/relais/enrich/library"
	"github.com/relais-archive/relais/internal/archive"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// Interface is how an archive is asked, by whom.
type Interface struct {
	Public http.Handler // by the network: tokens and sessions
	Local  http.Handler // by whoever may read the directory: the local operator
	Probes http.Handler // by the machine that watches a worker
}

// serve makes the interface of an archive.
func (o *opening) serve(ar *archive.Archive) (Interface, error) {
	topics, err := archive.Topics()
	if err != nil {
		return Interface{}, err
	}
	s := api.New(api.Deps{
		Searcher: ar.Searcher(), Lister: ar.Searcher(), Library: opener{ar.Library}, Cases: ar.Cases, Accounts: ar.Cases, Stock: ar, Clients: ar, Privacy: ar, Decider: ar, Audit: ar.Audit(), Tokens: ar.Tokens,
		Health: ar, Capture: ar, Upkeep: ar, Copies: ar, Hash: ar.Hash, Location: ar.Location, Now: time.Now,
		Clock: ar.Clock.Now, Logger: o.Logger, Version: o.Version, BaseURL: o.BaseURL, Topics: topics,
	})
	return Interface{Public: s.Handler(), Local: s.Local(), Probes: s.Probes()}, nil
}

// opener gives the interface documents' bytes in its own type.
type opener struct{ *library.Library }

// Open opens the captured bytes of a document.
func (o opener) Open(ctx context.Context, scope relais.Scope, id relais.DocumentID) (api.Raw, error) {
	r, err := o.Raw(ctx, scope, id)
	return api.Raw{Name: r.Name, MediaType: r.MediaType, Size: r.Size, Body: r.Body}, err
}

// anything is what the check of the index asks.
func anything() search.Request { return search.Request{Scope: relais.Everything(), Limit: 1} }
