package s3

import (
	"cmp"
	"io/fs"
	"net/netip"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"github.com/relais-archive/relais/internal/relais"
)

// location is where a bucket is.
type location struct {
	bucket string
	prefix string // of the keys of packs, with its slash
	host   string
	region string
	secure bool
	lookup minio.BucketLookupType
}

// parseURL reads Options.URL. Errors never repeat it: it may hold what it must not.
func parseURL(opt Options) (at location, err error) {
	u, err := url.Parse(opt.URL)
	if err != nil || u.Scheme != "s3" || u.Opaque != "" || u.Fragment != "" {
		return at, invalid("not a URL of the form s3://bucket/prefix?endpoint=https://host&region=name", "")
	}
	if u.User != nil {
		return at, secretInURL()
	}
	at = location{bucket: u.Host, secure: true, host: "s3.amazonaws.com", region: cmp.Or(opt.Region, "us-east-1")}
	if err := s3utils.CheckValidBucketNameStrict(at.bucket); err != nil {
		return at, invalid("the bucket's name is not valid", "3 to 63 lower-case letters, digits, dots and hyphens")
	}
	if at.prefix, err = packPrefix(u.Path, cmp.Or(opt.Namespace, "relais")); err != nil {
		return at, err
	}
	return at, at.readQuery(u.RawQuery)
}

// packPrefix leaves room in a bucket for other archives, and in an archive for
// other things than packs.
func packPrefix(path, namespace string) (string, error) {
	prefix := namespace + "/packs"
	if path = strings.Trim(path, "/"); path != "" {
		prefix = path + "/" + prefix
	}
	if !fs.ValidPath(prefix) {
		return "", invalid("the prefix or the namespace is not a path", "no empty part, no . or ..")
	}
	return prefix + "/", nil
}

// readQuery reads what follows the question mark. Unknown options are refused: an ignored
// one would be a setting without effect, or a secret on the command line.
func (at *location) readQuery(raw string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return invalid("what follows the question mark cannot be read", "")
	}
	for name, values := range query {
		switch {
		case len(values) != 1 || values[0] == "":
			return invalid("a setting is empty, or given twice", "")
		case name == "endpoint":
			if err := at.setEndpoint(values[0]); err != nil {
				return err
			}
		case name == "region":
			at.region = values[0]
		case looksSecret(name):
			return secretInURL()
		default:
			return invalid("it holds a setting that is not known", "endpoint and region are")
		}
	}
	return nil
}

// setEndpoint sets a server other than Amazon's. It is addressed by path, since few
// servers have a host name for each bucket.
func (at *location) setEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return invalid("the endpoint is not of the form https://host:port", "")
	}
	if u.User != nil {
		return secretInURL()
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return invalid("the endpoint is neither https nor http", "")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return invalid("the endpoint would be spoken to in clear", "use https://; http:// is for loopback only")
	}
	at.host, at.secure, at.lookup = u.Host, u.Scheme == "https", minio.BucketLookupPath
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

func looksSecret(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"key", "secret", "password", "token", "credential", "user"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func invalid(what, hint string) error {
	err := relais.Errorf(relais.KindInvalid, "read the URL of the bucket", "%s", what)
	if hint == "" {
		return err
	}
	return relais.WithHint(err, hint)
}

func secretInURL() error {
	return invalid("it holds credentials, which others could read there",
		"take them out; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or fill ~/.aws/credentials")
}
