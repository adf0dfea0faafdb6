package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/blobtest"
	"github.com/relais-archive/relais/internal/relais"
)

// real opens a namespace of its own in the bucket that RELAIS_TEST_S3 names, and
// empties it afterwards.
func real(t testing.TB) *Bucket {
	t.Helper()
	address := os.Getenv("RELAIS_TEST_S3")
	if address == "" {
		t.Skip("RELAIS_TEST_S3 names no bucket")
	}
	b, err := Open(t.Context(), Options{URL: address, Namespace: "test-" + strings.ToLower(rand.Text())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { empty(t, b) })
	return b
}

// empty runs when the test's context has ended.
func empty(t testing.TB, b *Bucket) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	var names []string
	if err := b.List(ctx, func(name string, _ int64) error { names = append(names, name); return nil }); err != nil {
		t.Error(err)
	}
	for _, name := range names {
		if err := b.Delete(ctx, name); err != nil {
			t.Error(err)
		}
	}
}

func TestBackend(t *testing.T) {
	blobtest.TestBackend(t, func(t *testing.T) blob.Backend { return real(t) })
}

func TestBackendBehindTheCache(t *testing.T) {
	blobtest.TestBackend(t, func(t *testing.T) blob.Backend { return blob.WithCache(real(t), 4<<20, 64<<10) })
}

func TestStore(t *testing.T) {
	blobtest.TestStore(t, func(t *testing.T) blobtest.Parts {
		return blobtest.Parts{Backend: real(t), Keys: blobtest.NewKeys(), Index: blobtest.NewIndex()}
	})
}

func TestStoreBehindTheCache(t *testing.T) {
	blobtest.TestStore(t, func(t *testing.T) blobtest.Parts {
		return blobtest.Parts{Backend: blob.WithCache(real(t), 4<<20, 64<<10), Keys: blobtest.NewKeys(), Index: blobtest.NewIndex()}
	})
}

// More packs than a server names at once.
func TestListOverPages(t *testing.T) {
	b := real(t)
	want := make(map[string]bool)
	for i := range pageSize + 5 {
		name := fmt.Sprintf("%02x/%d", i%256, i)
		want[name] = true
		if err := b.Put(t.Context(), name, strings.NewReader("x"), 1); err != nil {
			t.Fatal(err)
		}
	}
	err := b.List(t.Context(), func(name string, size int64) error {
		if !want[name] || size != 1 {
			t.Errorf("listed %q, %d bytes, twice or for nothing", name, size)
		}
		delete(want, name)
		return nil
	})
	if err != nil || len(want) != 0 {
		t.Errorf("%d packs were not listed, %v", len(want), err)
	}
}

// Two archives in one bucket do not see each other, nor what else lies there.
func TestNamespacesAreApart(t *testing.T) {
	one, two := real(t), real(t)
	if err := one.Put(t.Context(), "ab/pack", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Get(t.Context(), "ab/pack", 0, -1); relais.KindOf(err) != relais.KindNotFound {
		t.Errorf("read across namespaces: %v", err)
	}
	_ = two.List(t.Context(), func(name string, _ int64) error {
		t.Errorf("listed %q of another namespace", name)
		return nil
	})
}

func TestMissingBucketIsTold(t *testing.T) {
	address := os.Getenv("RELAIS_TEST_S3")
	if address == "" {
		t.Skip("RELAIS_TEST_S3 names no bucket")
	}
	_, query, _ := strings.Cut(address, "?")
	name := "relais-missing-" + strings.ToLower(rand.Text())
	for range 2 { // the first did not make it
		_, err := Open(t.Context(), Options{URL: "s3://" + name + "?" + query})
		if relais.KindOf(err) != relais.KindUnavailable || !strings.Contains(relais.HintOf(err), "make the bucket") {
			t.Errorf("a missing bucket gave %v, hint %q", err, relais.HintOf(err))
		}
	}
}

func TestWrongSecretIsTold(t *testing.T) {
	real(t)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
	_, err := Open(t.Context(), Options{URL: os.Getenv("RELAIS_TEST_S3")})
	if relais.KindOf(err) != relais.KindAuth || strings.Contains(err.Error(), "not-the-secret") {
		t.Errorf("a wrong secret gave %v", err)
	}
}

// A pack that can be read once only is put all the same, in memory or by a file.
func TestPutOfAStream(t *testing.T) {
	b := real(t)
	for _, size := range []int{1000, inMemory + 1} {
		data := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		stream := struct{ *bytes.Buffer }{bytes.NewBuffer(bytes.Clone(data))}
		if err := b.Put(t.Context(), "ab/stream", stream, int64(size)); err != nil {
			t.Fatal(err)
		}
		if got := all(t, b, "ab/stream"); !bytes.Equal(got, data) {
			t.Errorf("%d bytes of %d came back, or wrong ones", len(got), size)
		}
	}
}

func TestCopyPacksFromABucket(t *testing.T) {
	from, to := real(t), real(t)
	for i := range 12 {
		name := fmt.Sprintf("ab/%d", i)
		if err := from.Put(t.Context(), name, strings.NewReader(strings.Repeat(name, i*1000)), int64(len(name)*i*1000)); err != nil {
			t.Fatal(err)
		}
	}
	for i, present := range []int64{0, 12} {
		done, err := blob.CopyPacks(t.Context(), from, to, nil)
		if err != nil || done.Packs != 12 || done.Present != present {
			t.Errorf("copy %d: %+v, %v", i, done, err)
		}
	}
	if got := string(all(t, to, "ab/7")); got != strings.Repeat("ab/7", 7000) {
		t.Error("a pack came over changed")
	}
}
