package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/relais-archive/relais/internal/stream"
	kafka "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
)

func TestParseURL(t *testing.T) {
	got, err := ParseURL("kafka://a.example:9093,[::1]:9094/?ca=/etc/ca.pem&cert=/c&key=/k&user=relais&sasl=plain&partitions=12&replicas=3&tls=true&accept-loss=true")
	want := Options{
		Brokers: []string{"a.example:9093", "[::1]:9094"}, Partitions: 12, Replicas: 3, AcceptLoss: true,
		Link: Link{TLS: true, CA: "/etc/ca.pem", Cert: "/c", Key: "/k", User: "relais", Mechanism: "plain"},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	for _, bad := range []string{
		"", "http://a:1", "kafka://", "kafka://a", "kafka://a:", "kafka://a:1,,b:2", "kafka://:9092",
		"kafka://user:hunter2@a:1", "kafka://user@a:1", "kafka://a:1?password=hunter2", "kafka://a:1?acks=0",
		"kafka://a:1?partitions=none", "kafka://a:1?replicas=0", "kafka://a:1?tls=maybe", "kafka://a:1?%zz=hunter2",
	} {
		switch _, err := ParseURL(bad); {
		case err == nil:
			t.Errorf("%q: no error", bad)
		case strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%q: the error repeats what may be a password: %v", bad, err)
		}
	}
}

// TestSecureLinks opens a log by each mechanism over TLS, with and without a
// client's certificate, and is denied for good where one of them is wrong.
func TestSecureLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := makeCerts(t, dir)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(server), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "relais", "secret"), kfake.Superuser("SCRAM-SHA-256", "relais", "secret"),
		kfake.Superuser("SCRAM-SHA-512", "relais", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	file := func(name string) string { return filepath.Join(dir, name) }
	good := Link{CA: file("ca.pem"), Cert: file("client.pem"), Key: file("client.key"), User: "relais", Password: "secret"}
	for _, mechanism := range []string{"", "plain", "scram-sha-256", "scram-sha-512"} {
		opt := Options{Brokers: cluster.ListenAddrs(), Namespace: "m" + mechanism, Partitions: 1, Create: true, Link: good}
		opt.Link.Mechanism = mechanism
		l := openLog(t, opt)
		fill(t, l, 3)
		read(t, l, "g", 3) // by the library's other way to dial
	}
	for name, change := range map[string]func(*Link){
		"password":        func(l *Link) { l.Password = "wrong" },
		"plain":           func(l *Link) { l.Password, l.Mechanism = "wrong", "plain" },
		"authority":       func(l *Link) { l.CA = file("client.pem") },
		"no account":      func(l *Link) { l.User, l.Password = "", "" },
		"no cert":         func(l *Link) { l.Cert, l.Key = "", "" },
		"unknown sasl":    func(l *Link) { l.Mechanism = "md5" },
		"no user":         func(l *Link) { l.User = "" },
		"missing file":    func(l *Link) { l.CA = file("none") },
		"no PEM":          func(l *Link) { l.CA = file("client.key") },
		"key but no cert": func(l *Link) { l.Cert = "" },
	} {
		link := good
		change(&link)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := Open(ctx, Options{Brokers: cluster.ListenAddrs(), Create: true, Link: link})
		cancel()
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v", name, err)
		}
		if denied := errors.Is(err, stream.ErrDenied); denied != (name == "password" || name == "plain" || name == "authority" || name == "no cert") && name != "no account" {
			t.Errorf("%s: denied %t, error %v", name, denied, err)
		}
	}
}

// TestSecureRealBroker does the same on a real broker: the URL that
// RELAIS_TEST_KAFKA_SECURE names, with the password of RELAIS_TEST_KAFKA_PASSWORD.
func TestSecureRealBroker(t *testing.T) {
	link := os.Getenv("RELAIS_TEST_KAFKA_SECURE")
	if link == "" {
		t.Skip("RELAIS_TEST_KAFKA_SECURE names no broker")
	}
	opt, err := ParseURL(link)
	if err != nil {
		t.Fatal(err)
	}
	for _, mechanism := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		opt.Namespace, opt.Create, opt.Link.Mechanism = "test-"+rand.Text(), true, mechanism
		opt.Link.Password = os.Getenv("RELAIS_TEST_KAFKA_PASSWORD")
		l := openLog(t, opt)
		fill(t, l, 100)
		read(t, l, "g", 100)
		if _, err := l.client.DeleteTopics(t.Context(), &kafka.DeleteTopicsRequest{
			Topics: []string{l.name(stream.TopicRaw), l.name(stream.TopicEnriched), l.name(stream.TopicRefused)},
		}); err != nil {
			t.Error(err)
		}
		opt.Link.Password += "x"
		if _, err := Open(t.Context(), opt); !errors.Is(err, stream.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", mechanism, err)
		}
	}
}

// TestPasswordsStayOnThisMachine when there is no TLS, even where a broker on it
// says that another has the answer.
func TestPasswordsStayOnThisMachine(t *testing.T) {
	dialed := ""
	dial := onLoopback(func(_ context.Context, _, address string) (net.Conn, error) {
		dialed = address
		return nil, errors.New("not now")
	})
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "10.0.0.1:1": false, "kafka.example:1": false, "127.0.0.1.example:1": false,
	} {
		dialed = ""
		if _, err := dial(t.Context(), "tcp", address); err == nil || (dialed == address) != want {
			t.Errorf("%s: dialed %t, want %t (%v)", address, dialed != "", want, err)
		}
	}
}

// makeCerts writes an authority, and a client's certificate and key, to dir, and
// gives a server's configuration that wants such a client.
func makeCerts(t *testing.T, dir string) *tls.Config {
	t.Helper()
	ca, caKey := certificate(t, nil, nil)
	client, clientKey := certificate(t, ca, caKey)
	server, serverKey := certificate(t, ca, caKey)
	der, err := x509.MarshalPKCS8PrivateKey(clientKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.pem": {Type: "CERTIFICATE", Bytes: ca.Raw}, "client.pem": {Type: "CERTIFICATE", Bytes: client.Raw},
		"client.key": {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{server.Raw}, PrivateKey: serverKey}},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}
}

// certificate makes one for 127.0.0.1, signed by an authority or, without one, its
// own.
func certificate(t *testing.T, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: rand.Text()},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, BasicConstraintsValid: true, IsCA: parent == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}
