package blob_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/blobtest"
	"github.com/relais-archive/relais/internal/blob/local"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
)

func keyring(t testing.TB) *seal.Keyring {
	t.Helper()
	dir := t.TempDir()
	master, err := seal.CreateMaster(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := seal.OpenSQLite(t.Context(), filepath.Join(dir, "keys.db"), master)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

func folder(t testing.TB) *local.Dir {
	t.Helper()
	d, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// The keys that Relais uses keep the promises of Keys.
func TestStoreWithSealedKeys(t *testing.T) {
	blobtest.TestStore(t, func(t *testing.T) blobtest.Parts {
		return blobtest.Parts{Backend: folder(t), Keys: keyring(t), Index: blobtest.NewIndex()}
	})
}

// A pack over the memory limit goes through a temporary file.
func TestPutSpillsLargePacks(t *testing.T) {
	temp := t.TempDir()
	s := blob.New(blobtest.NewBackend(), blobtest.NewKeys(), blobtest.NewIndex(), blob.Options{TempDir: temp, MaxMemory: 100_000})
	var blobs []blob.Blob
	for i := range 40 {
		blobs = append(blobs, blobtest.Of(mail(i, 35_000)))
	}
	if err := s.Put(t.Context(), "c1", blobs); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		want := mail(i, 35_000)
		r, err := s.Open(t.Context(), "c1", relais.DigestOf(want))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
			t.Fatal(i, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "*")); len(left) != 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestPutTellsThatTheTempDirIsMissing(t *testing.T) {
	s := blob.New(blobtest.NewBackend(), blobtest.NewKeys(), blobtest.NewIndex(),
		blob.Options{TempDir: filepath.Join(t.TempDir(), "absent"), MaxMemory: 10})
	err := s.Put(t.Context(), "c1", []blob.Blob{blobtest.Of(mail(1, 1000))})
	if relais.KindOf(err) != relais.KindUnavailable {
		t.Error(err)
	}
}

func TestOpenRefusesANewerCodec(t *testing.T) {
	index := blobtest.NewIndex()
	s := blob.New(blobtest.NewBackend(), blobtest.NewKeys(), index, blob.Options{})
	data := mail(1, 1000)
	d := relais.DigestOf(data)
	if err := s.Put(t.Context(), "c1", []blob.Blob{blobtest.Of(data)}); err != nil {
		t.Fatal(err)
	}
	known, _ := index.Blobs(t.Context(), []relais.Digest{d})
	loc := known[d]
	loc.Codec = 7
	if err := index.PutBlobs(t.Context(), map[relais.Digest]relais.Location{d: loc}, true); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "c1", d); relais.KindOf(err) != relais.KindInvalid {
		t.Error(err)
	}
}

// Errors name no content: what fails here is full of it.
func TestErrorsQuoteNothing(t *testing.T) {
	s := blobtest.NewStore()
	secret := "Madame Lefort"
	b := blobtest.Of([]byte(secret))
	b.Size++
	err := s.Put(t.Context(), "c1", []blob.Blob{b})
	if err == nil || strings.Contains(err.Error(), "Lefort") {
		t.Error(err)
	}
	b = blobtest.Of([]byte(secret))
	cause := errors.New("disk gone")
	b.Open = func() (io.ReadCloser, error) { return nil, cause }
	if err := s.Put(t.Context(), "c1", []blob.Blob{b}); !errors.Is(err, cause) {
		t.Errorf("the cause is lost: %v", err)
	}
}

// A large reader is closed half-way, and used after it.
func TestLargeReaderClosed(t *testing.T) {
	s := blobtest.NewStore()
	data := mail(3, 4<<20)
	if err := s.Put(t.Context(), "c1", []blob.Blob{blobtest.Of(data)}); err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(t.Context(), "c1", relais.DigestOf(data))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, r, 100_000); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(make([]byte, 10)); err == nil {
		t.Error("read after Close")
	}
	if _, err := r.ReadAt(make([]byte, 10), 0); err == nil {
		t.Error("read after Close")
	}
}

// mail gives a message such as mailboxes hold: some text, then base64 of something
// dense.
func mail(i, size int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: rep%d@example.com\r\nSubject: Devis %d\r\n\r\n", i, i*7919)
	x := uint32(i)*2654435761 + 1
	next := func() uint32 { x ^= x << 13; x ^= x >> 17; x ^= x << 5; return x }
	words := strings.Fields("bonjour nous vous remercions de votre demande de prix pour la pompe référence délai livraison remise facture commande contrat joint garniture débit pression essai cordialement")
	for b.Len() < size*3/10 {
		b.WriteString(words[next()%uint32(len(words))])
		b.WriteByte(' ')
		if next()%9 == 0 {
			fmt.Fprintf(&b, "%d\r\n", next()%100000)
		}
	}
	dense := make([]byte, size)
	for i := range dense {
		dense[i] = byte(next())
	}
	b.WriteString(base64.StdEncoding.EncodeToString(dense))
	return b.Bytes()[:size]
}

func batch(from int) (blobs []blob.Blob) {
	for i := range 64 {
		blobs = append(blobs, blobtest.Of(mail(from+i, 35_000)))
	}
	return blobs
}

func BenchmarkPut(b *testing.B) {
	for name, parts := range map[string]blobtest.Parts{
		"memory": {Backend: blobtest.NewBackend(), Keys: blobtest.NewKeys(), Index: blobtest.NewIndex()},
		"disk":   {Backend: folder(b), Keys: keyring(b), Index: blobtest.NewIndex()},
	} {
		b.Run(name, func(b *testing.B) {
			s := blob.New(parts.Backend, parts.Keys, parts.Index, blob.Options{})
			n := 0
			b.SetBytes(64 * 35_000)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				blobs := batch(n)
				b.StartTimer()
				if err := s.Put(b.Context(), "c1", blobs); err != nil {
					b.Fatal(err)
				}
				n += len(blobs)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	s := blob.New(folder(b), keyring(b), blobtest.NewIndex(), blob.Options{})
	blobs := batch(0)
	if err := s.Put(b.Context(), "c1", blobs); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r, err := s.Open(b.Context(), "c1", blobs[i%64].Digest)
		if err != nil {
			b.Fatal(err)
		}
		i++
		_ = r.Close()
	}
}

func BenchmarkSealRecords(b *testing.B) {
	s := blobtest.NewStore()
	blobs := batch(0)
	if err := s.Put(b.Context(), "c1", blobs); err != nil {
		b.Fatal(err)
	}
	var records []blob.Sealed
	for _, x := range blobs {
		records = append(records, blob.Sealed{Digest: x.Digest, Bytes: make([]byte, 4000)})
	}
	for b.Loop() {
		if _, err := s.Seal(b.Context(), "c1", "raw", records); err != nil {
			b.Fatal(err)
		}
	}
}
