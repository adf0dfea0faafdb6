// Package s3 answers one question: how does a pack become durable in a bucket?
//
// A pack is one PUT, signed with the SHA-256 of its bytes: a server that answers has
// checked them, whichever it is (that header is part of the signature itself; the
// newer checksums and trailers are not understood everywhere). To put it again after
// an answer that got lost changes nothing, since a name stands for its bytes. Where
// the bucket keeps versions, a deletion leaves the old version behind: what must be
// erased is erased by its key, and the sealed bytes tell nothing.
//
// A server that is silent, slow, cut off or replaced by something that speaks HTTP ends in
// an error of relais.KindUnavailable within a bound of time, never in wrong bytes or an
// absence that no server has confirmed.
//
// The client is minio-go: it adds 1.5 MB to the stripped program and 11 modules (Apache-2,
// BSD, MIT), where aws-sdk-go-v2 adds 8.6 MB and 18. Both are maintained; minio-go sends
// nothing that servers other than Amazon's stumble over. Its own retries are off: they
// know neither our kinds nor our bounds.
package s3

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
)

// Options say which bucket, and how it is reached.
type Options struct {
	// URL is s3://bucket[/prefix][?endpoint=https://host:port][&region=name]. Without
	// an endpoint the bucket is Amazon's; with one it is addressed by path. An http://
	// endpoint is taken on loopback only. Credentials have no place in it.
	URL string
	// Namespace separates archives within a bucket; "relais" when empty.
	Namespace string
	// Region is that of the bucket where URL names none (AWS_REGION); "us-east-1"
	// when empty.
	Region string
	// CABundle is a file of certificates to trust beside the system's own, in PEM
	// (AWS_CA_BUNDLE).
	CABundle string
	// TempDir holds packs that cannot be read twice while they are put; the system's
	// own when empty.
	TempDir string
	// Silence is how long the server may send nothing before a request is given up
	// and made again; 20 s.
	Silence time.Duration
}

// maxPut is the size over which a bucket takes no single PUT.
const maxPut = 5 << 30

// Rates in bytes a second: of the slowest line over which a pack is put, and at which
// a server makes durable what it has been sent.
const (
	slowest = 128 << 10
	writing = 32 << 20
)

// Bucket keeps packs in a bucket. It is safe for concurrent use, by any number of
// processes.
type Bucket struct {
	client *minio.Core
	name   string
	prefix string // of the keys of packs, with its slash
	opt    Options
}

var _ blob.Backend = (*Bucket)(nil)

// Open reaches a bucket and checks it: see Check. Credentials come from the places
// that every S3 tool reads, in this order: AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY, the shared files of ~/.aws, the role of the machine or
// container. A URL that cannot be taken is of relais.KindInvalid, missing
// credentials of relais.KindAuth.
func Open(ctx context.Context, opt Options) (*Bucket, error) {
	if opt.Silence <= 0 {
		opt.Silence = 20 * time.Second
	}
	at, err := parseURL(opt)
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(opt)
	if err != nil {
		return nil, err
	}
	creds, err := findCredentials(ctx, opt.Silence)
	if err != nil {
		return nil, err
	}
	client, err := minio.NewCore(at.host, &minio.Options{
		Creds: creds, Secure: at.secure, Region: at.region, BucketLookup: at.lookup, Transport: transport, MaxRetries: 1,
	})
	if err != nil {
		return nil, relais.E(relais.KindInvalid, "open bucket", err)
	}
	b := &Bucket{client: client, name: at.bucket, prefix: at.prefix, opt: opt}
	return b, b.greet(ctx)
}

// greetTime is how long a bucket has to tell that it is there, in all.
const greetTime = 9 * time.Second

func (b *Bucket) greet(ctx context.Context) error {
	return b.within(greetTime, b.Check)(ctx)
}

// findCredentials looks for credentials once: minio-go would go on without any, only to be
// told that access is denied.
func findCredentials(ctx context.Context, limit time.Duration) (*credentials.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	plain := &http.Client{Timeout: 5 * time.Second}
	creds := credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{Client: plain},
	})
	found, err := creds.GetWithContext(&credentials.CredContext{Client: plain, Context: ctx})
	if err != nil || found.AccessKeyID == "" {
		return nil, relais.WithHint(relais.Errorf(relais.KindAuth, "open bucket", "no credentials were found"),
			"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or fill ~/.aws/credentials, or give the machine a role")
	}
	return creds, nil
}

// Check tells whether the bucket is there and may be listed. A missing bucket is of
// relais.KindUnavailable, with the way to make it: it is never made silently.
func (b *Bucket) Check(ctx context.Context) error {
	return b.retry(ctx, "open bucket", b.within(b.opt.Silence, func(ctx context.Context) error {
		_, err := b.page(ctx, "", 1)
		return err
	}))
}

// Put stores a pack of exactly size bytes by one PUT: see blob.Backend. A pack over
// 5 GiB is of relais.KindTooLarge.
func (b *Bucket) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	const op = "write pack"
	key, err := b.key(name)
	if err != nil {
		return err
	}
	if size > maxPut {
		return relais.Errorf(relais.KindTooLarge, op, "%d bytes, where a bucket takes %d at once", size, int64(maxPut))
	}
	p, err := newPayload(ctx, r, size, b.opt.TempDir)
	if err != nil {
		return err
	}
	defer p.close()
	// A server that takes no more bytes is given up after its silence; one that takes them
	// very slowly, after the time that the slowest allowed line would need.
	silence := b.opt.Silence + time.Duration(size/writing)*time.Second
	limit := silence + time.Duration(size/slowest)*time.Second
	return b.retry(ctx, op, b.within(limit, func(ctx context.Context) error {
		return watched(ctx, silence, func(ctx context.Context, touch func()) error {
			opts := minio.PutObjectOptions{DisableContentSha256: true, ContentType: "application/octet-stream"}
			info, err := b.client.PutObject(ctx, b.name, key, touching{p.reader(), touch}, size, "", p.sha256, opts)
			if err == nil && info.ETag == "" {
				err = relais.Errorf(relais.KindUnavailable, op, "the answer is not that of an S3 server")
			}
			return err
		})
	}))
}

// Get reads a range of a pack: see blob.Backend. A body that is cut or stalls is
// asked for again from where it ended.
func (b *Bucket) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	key, err := b.key(name)
	if err != nil {
		return nil, err
	}
	if offset < 0 || length < -1 {
		return nil, relais.Errorf(relais.KindInvalid, opRead, "range %d, %d", offset, length)
	}
	return openReader(ctx, b, key, offset, length)
}

// Delete removes a pack; a missing one is not an error.
func (b *Bucket) Delete(ctx context.Context, name string) error {
	key, err := b.key(name)
	if err != nil {
		return err
	}
	err = b.retry(ctx, "delete pack", b.within(b.opt.Silence, func(ctx context.Context) error {
		return b.client.RemoveObject(ctx, b.name, key, minio.RemoveObjectOptions{})
	}))
	if relais.KindOf(err) == relais.KindNotFound {
		return nil
	}
	return err
}

// List calls fn for each pack, in the order of their names. Objects that are no
// packs are passed over.
func (b *Bucket) List(ctx context.Context, fn func(name string, size int64) error) error {
	after := ""
	for more := true; more; {
		var page []minio.ObjectInfo
		err := b.retry(ctx, "list packs", b.within(b.opt.Silence, func(ctx context.Context) (err error) {
			page, err = b.page(ctx, after, pageSize)
			return err
		}))
		if err != nil {
			return err
		}
		for _, o := range page {
			if name := strings.TrimPrefix(o.Key, b.prefix); blob.CheckName(name) == nil {
				if err := fn(name, o.Size); err != nil {
					return err
				}
			}
			after = o.Key
		}
		more = len(page) == pageSize
	}
	return nil
}

// pageSize is how many names a server gives at once.
const pageSize = 1000

// page lists at most n keys that follow one. minio-go goes from page to page by
// itself, and ends without an error when its context does: one page at a time can be
// bounded and asked for again.
func (b *Bucket) page(ctx context.Context, after string, n int) ([]minio.ObjectInfo, error) {
	var list []minio.ObjectInfo
	opts := minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true, StartAfter: after, MaxKeys: n}
	for o := range b.client.ListObjectsIter(ctx, b.name, opts) {
		if o.Err != nil {
			return nil, o.Err
		}
		if list = append(list, o); len(list) == n {
			break
		}
	}
	return list, ctx.Err()
}

// key gives the key of a pack.
func (b *Bucket) key(name string) (string, error) {
	if err := blob.CheckName(name); err != nil {
		return "", err
	}
	return b.prefix + name, nil
}
