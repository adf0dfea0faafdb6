package elastic

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/elastic/go-elasticsearch/v8"
	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/relais-archive/relais/internal/backoff"
	"github.com/relais-archive/relais/internal/relais"
)

// server is the engine's own client: it knows which answers time mends, which is
// more than the library's, and says so in kinds of error.
type server struct {
	client    *elasticsearch.BaseClient
	transport *http.Transport
	first     time.Duration // pause after the first failure
	longest   time.Duration
}

const (
	callTime  = 60 * time.Second // of one call: the server gives up earlier by itself
	greetTime = 9 * time.Second  // of a call that only asks who is there
	tries     = 5                // of one call that fails as a whole
	patience  = 20 * time.Second // after which it is not tried again: what is slow is not asked twice
)

// newServer makes the client. It keeps connections, and talks only when asked to.
func newServer(opt Options) (*server, error) {
	if len(opt.URLs) == 0 {
		return nil, relais.Errorf(relais.KindInvalid, "open index", "no server is named")
	}
	for _, u := range opt.URLs {
		if err := checkURL(u, opt.APIKey != "" || opt.User != ""); err != nil {
			return nil, err
		}
	}
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second,
	}
	if len(opt.CA) > 0 {
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(opt.CA) {
			return nil, relais.Errorf(relais.KindInvalid, "open index", "the file of authorities holds no certificate")
		}
	}
	// Retries are ours: the library's leave out 429, and know nothing of a bulk's items.
	c, err := elasticsearch.NewBaseClient(elasticsearch.Config{
		Addresses: opt.URLs, APIKey: opt.APIKey, Username: opt.User, Password: opt.Password,
		Transport: t, DisableRetry: true, DisableMetaHeader: true,
	})
	if err != nil {
		return nil, relais.E(relais.KindInvalid, "open index", err)
	}
	return &server{client: c, transport: t, first: 100 * time.Millisecond, longest: 5 * time.Second}, nil
}

// checkURL refuses an address that holds a password, which would end up in logs and lists
// of processes, and one that would send credentials in clear over a network.
func checkURL(raw string, secret bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return relais.Errorf(relais.KindInvalid, "open index", "an address is written https://host:9200")
	case u.User != nil:
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "open index", "the address of %s holds credentials", u.Host), "give them by a file or the environment")
	case secret && u.Scheme == "http" && !loopback(u.Hostname()):
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "open index", "credentials would go to %s in clear", u.Host), "use https")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *server) close() { s.transport.CloseIdleConnections() }

// reply is a whole answer.
type reply struct {
	status int
	body   []byte
}

// call asks, a few times at most, until the answer is one that waiting does not change.
// Its error is of relais.KindUnavailable, relais.KindAuth or relais.KindCanceled; an
// answer of another bad status is the caller's to judge. The request is made anew each
// time, for its body is read.
func (s *server) call(ctx context.Context, op string, request func() esapi.Request) (reply, error) {
	return s.callFor(ctx, callTime, op, request)
}

// callFor is call, with another bound to each try.
func (s *server) callFor(ctx context.Context, limit time.Duration, op string, request func() esapi.Request) (reply, error) {
	start, pause := time.Now(), s.pauses()
	for try := 1; ; try++ {
		r, err := s.once(ctx, limit, op, request())
		if err == nil && r.busy() {
			err = relais.Errorf(relais.KindUnavailable, op, "the server answers %d", r.status)
		}
		if err == nil && (r.status == http.StatusUnauthorized || r.status == http.StatusForbidden) {
			return r, r.fault(op)
		}
		if !relais.Retryable(err) || try == tries || time.Since(start) > min(patience, limit/2) {
			return r, err
		}
		if err := s.wait(ctx, op, pause); err != nil {
			return reply{}, err
		}
	}
}

// once asks once, and reads the whole answer: one that is cut short is none.
func (s *server) once(ctx context.Context, limit time.Duration, op string, request esapi.Request) (reply, error) {
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	res, err := request.Do(timed, s.client)
	if err != nil {
		return reply{}, s.failed(ctx, op, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, s.failed(ctx, op, err)
	}
	return reply{res.StatusCode, body}, nil
}

// failed gives an error without an answer its kind. The text of a URL's error is left
// out: it holds the query.
func (s *server) failed(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return relais.E(relais.KindCanceled, op, ctx.Err())
	}
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	return relais.E(relais.KindUnavailable, op, err)
}

// pauses gives the pauses of one run of tries.
func (s *server) pauses() *backoff.Pause { return &backoff.Pause{First: s.first, Last: s.longest} }

// wait waits before the next try.
func (s *server) wait(ctx context.Context, op string, p *backoff.Pause) error {
	if err := p.Wait(ctx); err != nil {
		return relais.E(relais.KindCanceled, op, err)
	}
	return nil
}

// busy tells the answers that time mends.
func (r reply) busy() bool {
	return r.status == http.StatusTooManyRequests || r.status >= 500 && !r.tooWide() || r.is("cluster_block_exception")
}

// tooWide tells the answer to a query that is too much for the server: too many words
// in all, or too many that begin with the same letters. That is said with status 500.
func (r reply) tooWide() bool {
	return r.is("too_many_nested_clauses") || r.is("too_many_clauses") || r.is("illegal_state_exception")
}

// cause is what an answer says of a failure, of which only classes are read: reasons
// may quote documents and queries.
type cause struct {
	Type     string
	Root     []cause                   `json:"root_cause"`
	CausedBy *cause                    `json:"caused_by"`
	Shards   []struct{ Reason *cause } `json:"failed_shards"`
}

// classes gives the classes of a failure and of what lies behind it.
func (c *cause) classes() []string {
	if c == nil {
		return nil
	}
	list := append([]string{c.Type}, c.CausedBy.classes()...)
	for i := range c.Root {
		list = append(list, c.Root[i].classes()...)
	}
	for _, s := range c.Shards {
		list = append(list, s.Reason.classes()...)
	}
	return list
}

// classes gives the classes of the failure that the answer tells; some failures are
// told by a sentence alone, and have none.
func (r reply) classes() []string {
	if r.status < 300 {
		return nil
	}
	var told struct{ Error *cause }
	if err := json.Unmarshal(r.body, &told); err != nil {
		return nil
	}
	return told.Error.classes()
}

func (r reply) is(class string) bool { return slices.Contains(r.classes(), class) }

// fault gives the error that a bad status is, nil for a good one.
func (r reply) fault(op string) error {
	if r.status < 300 {
		return nil
	}
	what := fmt.Errorf("the server answers %d", r.status)
	if classes := r.classes(); len(classes) > 0 {
		what = fmt.Errorf("%w (%.80s)", what, classes[len(classes)-1])
	}
	switch {
	case r.status == http.StatusUnauthorized || r.status == http.StatusForbidden:
		return relais.WithHint(relais.E(relais.KindAuth, op, what), "check the credentials, and the privileges that deploy/elasticsearch names")
	case r.is("index_not_found_exception"):
		return relais.WithHint(relais.E(relais.KindDamaged, op, what), reindexHint)
	}
	return relais.E(relais.KindUnavailable, op, what)
}

// decode reads a good answer.
func (r reply) decode(op string, into any) error {
	if err := r.fault(op); err != nil {
		return err
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		return relais.Errorf(relais.KindUnavailable, op, "the server's answer is none of Elasticsearch's")
	}
	return nil
}

// whole wants an answer in which no shard has failed.
func (r reply) whole(op string) error {
	var answer struct {
		Shards struct{ Failed int } `json:"_shards"`
	}
	err := r.decode(op, &answer)
	if err == nil && answer.Shards.Failed > 0 {
		err = relais.Errorf(relais.KindUnavailable, op, "%d shards have failed", answer.Shards.Failed)
	}
	return err
}
