package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/relais-archive/relais/internal/backoff"
	"github.com/relais-archive/relais/internal/relais"
)

// How often a request is made before its failure is told, and the first pause between: up
// to 0.1, 0.2, 0.4 s. The caller keeps its batch and retries for longer; this only bridges
// a hiccup.
const (
	attempts   = 4
	firstPause = 100 * time.Millisecond
)

// retry calls do until it succeeds, fails for good or has been tried often enough.
func (b *Bucket) retry(ctx context.Context, op string, do func(context.Context) error) error {
	pause := backoff.Pause{First: firstPause}
	for n := 1; ; n++ {
		err := do(ctx)
		if err == nil {
			return nil
		}
		again, err := fault(ctx, op, err)
		if !again || n == attempts {
			return err
		}
		if err := pause.Wait(ctx); err != nil {
			return relais.E(relais.KindCanceled, op, err)
		}
	}
}

// within bounds one attempt in time, whatever the server does or leaves undone.
func (b *Bucket) within(limit time.Duration, do func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		bounded, cancel := context.WithTimeoutCause(ctx, limit, errSilent(limit))
		defer cancel()
		err := do(bounded)
		if err != nil && bounded.Err() != nil && ctx.Err() == nil {
			return context.Cause(bounded)
		}
		return err
	}
}

// watched ends what is done once touch has not been called for the time of a silence.
func watched(ctx context.Context, silence time.Duration, do func(ctx context.Context, touch func()) error) error {
	watch, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(silence, func() { cancel(errSilent(silence)) })
	defer timer.Stop()
	err := do(watch, func() { timer.Reset(silence) })
	if err != nil && watch.Err() != nil && ctx.Err() == nil {
		return context.Cause(watch)
	}
	return err
}

func errSilent(limit time.Duration) error {
	return relais.Errorf(relais.KindUnavailable, "ask the bucket", "no answer within %s", limit)
}

// fault gives an error its kind, and tells whether the same request may succeed
// presently.
func fault(ctx context.Context, op string, err error) (again bool, known error) {
	if ctx.Err() != nil {
		return false, relais.E(relais.KindCanceled, op, ctx.Err())
	}
	var answer minio.ErrorResponse
	var mistrust *tls.CertificateVerificationError
	switch {
	case errors.As(err, &mistrust):
		return false, relais.WithHint(relais.E(relais.KindUnavailable, op, err), "name the certificate of its authority in AWS_CA_BUNDLE")
	case errors.As(err, &answer):
		return answered(op, answer)
	}
	kind := relais.KindOf(err)
	if kind == relais.KindInternal || kind == relais.KindCanceled {
		kind = relais.KindUnavailable
	}
	return kind == relais.KindUnavailable, relais.E(kind, op, err)
}

// answered gives an S3 server's refusal its kind. Codes:
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func answered(op string, r minio.ErrorResponse) (again bool, known error) {
	told := func(kind relais.Kind, hint string) (bool, error) {
		err := relais.Errorf(kind, op, "%s: %w", r.Code, r)
		if hint == "" {
			return false, err
		}
		return false, relais.WithHint(err, hint)
	}
	switch r.Code {
	case "NoSuchKey":
		return told(relais.KindNotFound, "")
	case "NoSuchBucket":
		return told(relais.KindUnavailable, "make the bucket (aws s3 mb s3://NAME, with --endpoint-url for a server of your own), or name another")
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return told(relais.KindAuth, "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile in ~/.aws")
	case "RequestTimeTooSkewed":
		return told(relais.KindAuth, "set this machine's clock right")
	case "AccessDenied", "AccountProblem", "AllAccessDisabled":
		return told(relais.KindForbidden, "these credentials need s3:ListBucket, GetObject, PutObject and DeleteObject on the bucket")
	case "EntityTooLarge":
		return told(relais.KindTooLarge, "")
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return told(relais.KindUnavailable, "name the bucket's own region: …&region="+r.Region)
	}
	return byStatus(op, r)
}

// byStatus judges an answer whose code says nothing.
func byStatus(op string, r minio.ErrorResponse) (again bool, known error) {
	err := relais.Errorf(relais.KindUnavailable, op, "%s: %w", r.Code, r)
	switch status := r.StatusCode; {
	case status == http.StatusUnauthorized:
		return false, relais.E(relais.KindAuth, op, r)
	case status == http.StatusForbidden:
		return false, relais.E(relais.KindForbidden, op, r)
	case status >= 300 && status < 400:
		return false, relais.WithHint(err, "the server points elsewhere: name that place as the endpoint")
	}
	return true, err
}
