package elastic

import (
	"context"
	"encoding/json"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

var _ search.Lister = (*Index)(nil)

// List lists all that a query finds, as of the call: see [search.Lister]. Hits come in the
// order in which the server holds them, in which it finds the next page without a look at
// those before (https://www.elastic.co/docs/reference/elasticsearch/rest-apis/paginate-search-results).
func (x *Index) List(ctx context.Context, seen relais.Scope, query search.Node, fn func([]relais.DocumentID) error) error {
	req, err := search.Request{Query: query, Scope: seen}.Checked()
	if err != nil {
		return err
	}
	body, err := x.body(req, nil)
	if err != nil {
		return err
	}
	point, err := x.openPoint(ctx)
	if err != nil {
		return err
	}
	defer x.closePoint(ctx, point)
	for after := []json.RawMessage(nil); ; {
		page, err := x.page(ctx, listing{point: point, query: body["query"], order: "_shard_doc", field: "id"}, after)
		if err != nil || len(page) == 0 {
			return err
		}
		ids := make([]relais.DocumentID, len(page))
		for i, h := range page {
			if len(h.Fields.ID) != 1 {
				return relais.Errorf(relais.KindUnavailable, "list index", "a document without id")
			}
			ids[i] = h.Fields.ID[0]
		}
		if err := fn(ids); err != nil {
			return err
		}
		after = page[len(page)-1].Sort
	}
}
