package main

import (
	"net"
	"strings"
	"testing"
)

// TestDoctorWithoutServers: whatever is away, or does not answer, is told, each of them:
// whoever mends one wants to know of all.
func TestDoctorWithoutServers(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // it takes connections, and never says a word
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for name, database := range map[string]string{"away": freeAddress(t), "silent": silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			p.env = []string{
				"RELAIS_STATE=postgres://" + database + "/relais?sslmode=disable", "RELAIS_STREAM=kafka://" + freeAddress(t),
				"RELAIS_INDEX=http://" + freeAddress(t), "RELAIS_BLOBS=s3://packs?endpoint=http://" + freeAddress(t),
				"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x",
			}
			r := p.run("doctor", "--json")
			if r.code != exitError || strings.Contains(r.err, "panic") {
				t.Errorf("exit %d: %s", r.code, r.err)
			}
			for _, part := range []string{"state", "keys", "blobs", "stream", "index", "audit"} {
				if !strings.Contains(r.out, `"name":"`+part+`","ok":false`) {
					t.Errorf("nothing of %s: %s", part, r.out)
				}
			}
		})
	}
}
