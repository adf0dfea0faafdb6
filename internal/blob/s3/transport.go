package s3

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// newTransport speaks to the server as Options say.
func newTransport(opt Options) (http.RoundTripper, error) {
	roots, err := trusted(opt.CABundle)
	if err != nil {
		return nil, err
	}
	return strict{&http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: min(opt.Silence, 10*time.Second), KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   min(opt.Silence, 10*time.Second),
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       time.Minute,
		ExpectContinueTimeout: 2 * time.Second,
		// Sealed bytes do not shrink, and a range must be the bytes it says.
		DisableCompression: true,
	}}, nil
}

// trusted gives the certificates to trust; nil for the system's own.
func trusted(bundle string) (*x509.CertPool, error) {
	if bundle == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(bundle)
	if err != nil {
		return nil, relais.E(relais.KindInvalid, "read certificates", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, relais.Errorf(relais.KindInvalid, "read certificates", "%s holds none", bundle)
	}
	return pool, nil
}

// strict believes an absence or a listing only from a server that speaks S3. minio-go
// takes any 404 for a missing object and any page for an empty listing, so that a
// proxy's error page would turn every pack into a lost one.
type strict struct{ http.RoundTripper }

func (s strict) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.RoundTripper.RoundTrip(req)
	if err != nil || req.Method == http.MethodHead {
		return resp, err
	}
	listing := resp.StatusCode < 300 && req.URL.Query().Has("list-type")
	if (listing || resp.StatusCode == http.StatusNotFound) && !strings.Contains(resp.Header.Get("Content-Type"), "xml") {
		_ = resp.Body.Close()
		return nil, relais.Errorf(relais.KindUnavailable, "ask the bucket", "answer %d is not that of an S3 server", resp.StatusCode)
	}
	return resp, nil
}
