package main

import (
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestServeFlags: what others can reach is encrypted, by us or by a proxy whose address is
// one.
func TestServeFlags(t *testing.T) {
	const here, everywhere = "127.0.0.1:0", "0.0.0.0:8080"
	for _, tt := range []struct {
		f  serveFlags
		ok bool
	}{
		{serveFlags{listen: here}, true},
		{serveFlags{listen: "[::1]:0"}, true},
		{serveFlags{listen: "localhost:0"}, true},
		{serveFlags{listen: everywhere}, false},
		{serveFlags{listen: ":8080"}, false},
		{serveFlags{listen: "8080"}, false},
		{serveFlags{listen: everywhere, cert: "c", key: "k"}, true},
		{serveFlags{listen: everywhere, cert: "c"}, false},
		{serveFlags{listen: everywhere, baseURL: "https://relais.example"}, true},
		{serveFlags{listen: everywhere, baseURL: "https://relais.example/"}, true},
		{serveFlags{listen: everywhere, baseURL: "HTTPS://Relais.Example:8443"}, true},
		{serveFlags{listen: everywhere, baseURL: "http://plain.example"}, false},
		{serveFlags{listen: everywhere, baseURL: "http://127.0.0.1:8080"}, false}, // others reach the listener all the same
		{serveFlags{listen: here, baseURL: "http://127.0.0.1:8080"}, true},
		{serveFlags{listen: here, baseURL: "http://localhost"}, true},
		{serveFlags{listen: here, baseURL: "http://plain.example"}, false},
		{serveFlags{listen: everywhere, cert: "c", key: "k", baseURL: "http://plain.example"}, false},
		{serveFlags{listen: here, baseURL: "relais.example.com"}, false},
		{serveFlags{listen: everywhere, baseURL: "relais.example.com"}, false},
		{serveFlags{listen: everywhere, baseURL: "https://"}, false},
		{serveFlags{listen: everywhere, baseURL: "https://:443"}, false},
		{serveFlags{listen: everywhere, baseURL: "https:relais.example"}, false},
		{serveFlags{listen: everywhere, baseURL: "ftp://relais.example"}, false},
		{serveFlags{listen: everywhere, baseURL: "https://a b"}, false},
		{serveFlags{listen: everywhere, baseURL: "https://relais.example:port"}, false},
		{serveFlags{listen: everywhere, baseURL: "https://user@relais.example"}, false},
		{serveFlags{listen: everywhere, baseURL: "https://relais.example/archive"}, false},
		{serveFlags{listen: everywhere, baseURL: "https://relais.example?x=1"}, false},
		{serveFlags{listen: everywhere, baseURL: "https://relais.example#x"}, false},
	} {
		_, err := tt.f.check()
		if (err == nil) != tt.ok || err != nil && relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("%+v: %v", tt.f, err)
		}
	}
}
