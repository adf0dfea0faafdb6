package elastic

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// indexFormat is the format number of the index: of its fields and of what they hold.
// It stands in the template as well, and a test holds the two together.
const indexFormat = 3

// template is the settings and the mapping of every index of a namespace, as operators may
// read them. The server refreshes every ten seconds: each second, as it would by itself,
// makes many small segments of a large ingest, to be merged again. Callers that wait for
// an ingest do not wait for that, since its end asks for a refresh.
//
//go:embed template.json
var template string

const reindexHint = "make it again: relais reindex"

// prepare makes the index when it is fresh, and refuses one that this program would
// misread.
func (x *Index) prepare(ctx context.Context, fresh bool) error {
	if err := x.version(ctx); err != nil {
		return err
	}
	found, err := x.compatible(ctx)
	if err != nil || found {
		return err
	}
	if !fresh {
		return relais.WithHint(relais.Errorf(relais.KindDamaged, "open index", "there is no index %s", x.name), reindexHint)
	}
	if err := x.create(ctx); err != nil {
		return err
	}
	if found, err = x.compatible(ctx); err == nil && !found {
		err = relais.Errorf(relais.KindDamaged, "make index", "the alias %s names no index", x.name)
	}
	return err
}

// version refuses servers other than Elasticsearch 8. The nodes are asked: in an
// upgrade there are several.
func (x *Index) version(ctx context.Context) error {
	const op = "open index"
	r, err := x.callFor(ctx, greetTime, op, func() esapi.Request { return esapi.NodesInfoRequest{FilterPath: []string{"nodes.*.version"}} })
	if err != nil {
		return err
	}
	var info struct {
		Nodes map[string]struct{ Version string }
	}
	if err := r.decode(op, &info); err != nil {
		return err
	}
	for _, node := range info.Nodes {
		if !strings.HasPrefix(node.Version, "8.") {
			return relais.WithHint(relais.Errorf(relais.KindInvalid, op, "the server is Elasticsearch %.20s", node.Version), "use Elasticsearch 8")
		}
	}
	return nil
}

// compatible tells whether the index is there, and refuses one of another format.
func (x *Index) compatible(ctx context.Context) (bool, error) {
	const op = "open index"
	r, err := x.call(ctx, op, func() esapi.Request { return esapi.IndicesGetMappingRequest{Index: []string{x.name}} })
	if err != nil || r.status == 404 {
		return false, err
	}
	var indices map[string]struct {
		Mappings struct {
			Meta struct {
				Format   int `json:"relais_format"`
				Analysis int `json:"relais_analysis"`
			} `json:"_meta"`
		}
	}
	if err := r.decode(op, &indices); err != nil {
		return false, err
	}
	if len(indices) != 1 {
		return false, relais.Errorf(relais.KindDamaged, op, "%s names %d indices", x.name, len(indices))
	}
	for _, index := range indices {
		if m := index.Mappings.Meta; m.Format != indexFormat || m.Analysis != analysis.Version {
			return true, relais.WithHint(relais.Errorf(relais.KindInvalid, op, "%w: format %d and analyzer %d, not %d and %d",
				search.ErrFormat, m.Format, m.Analysis, indexFormat, analysis.Version), reindexHint)
		}
	}
	return true, nil
}

// create makes the template, then the index with its alias, in one step of the
// cluster. Another process that was first is no error.
func (x *Index) create(ctx context.Context) error {
	const op = "make index"
	r, err := x.call(ctx, op, func() esapi.Request {
		body := strings.ReplaceAll(template, "NAMESPACE", x.namespace)
		return esapi.IndicesPutIndexTemplateRequest{Name: x.namespace + "-index", Body: strings.NewReader(body)}
	})
	if err != nil {
		return err
	}
	if err := r.fault(op); err != nil {
		return err
	}
	body, err := json.Marshal(object{
		"settings": object{"number_of_shards": x.shards},
		"aliases":  object{x.name: object{"is_write_index": true}},
	})
	if err != nil {
		return relais.E(relais.KindInternal, op, err)
	}
	r, err = x.call(ctx, op, func() esapi.Request {
		return esapi.IndicesCreateRequest{Index: fmt.Sprintf("%s-v%d", x.name, indexFormat), Body: strings.NewReader(string(body))}
	})
	if err != nil || r.is("resource_already_exists_exception") {
		return err
	}
	return r.fault(op)
}

// concrete gives the indices that the alias names.
func (x *Index) concrete(ctx context.Context) ([]string, error) {
	const op = "find index"
	r, err := x.call(ctx, op, func() esapi.Request { return esapi.IndicesGetAliasRequest{Name: []string{x.name}} })
	if err != nil || r.status == 404 {
		return nil, err
	}
	var indices map[string]json.RawMessage
	if err := r.decode(op, &indices); err != nil {
		return nil, err
	}
	var names []string
	for name := range indices {
		names = append(names, name)
	}
	return names, nil
}
