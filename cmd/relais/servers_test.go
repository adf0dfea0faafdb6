package main

import (
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// serverVariables are the settings of an archive on servers, and where a test finds
// the address of a real one.
var serverVariables = [...]struct{ setting, named, prefix string }{
	{"RELAIS_STREAM", "RELAIS_TEST_KAFKA", "kafka://"},
	{"RELAIS_INDEX", "RELAIS_TEST_ELASTICSEARCH", ""},
	{"RELAIS_BLOBS", "RELAIS_TEST_S3", ""},
	{"RELAIS_STATE", "RELAIS_TEST_POSTGRES", ""},
}

// serverSettings gives the settings of an archive on the real servers that the
// environment names, in a namespace of its own; nothing where it names none.
func serverSettings(t *testing.T) []string {
	t.Helper()
	var settings []string
	for _, v := range serverVariables {
		address := os.Getenv(v.named)
		if address == "" {
			return nil
		}
		settings = append(settings, v.setting+"="+v.prefix+address)
	}
	namespace := "t" + strconv.FormatInt(time.Now().Unix(), 36) + hex.EncodeToString([]byte{byte(rand.IntN(256)), byte(rand.IntN(256))})
	t.Cleanup(func() { dropIndices(t, os.Getenv("RELAIS_TEST_ELASTICSEARCH"), namespace) })
	return append(settings, "RELAIS_NAMESPACE="+namespace)
}

// dropIndices removes what a test left in Elasticsearch, whose shards cost memory.
func dropIndices(t *testing.T, address, namespace string) {
	for _, n := range []string{"1", "2", "3"} {
		req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodDelete, address+"/"+namespace+"-index-"+n, nil)
		if err != nil {
			t.Error(err)
			return
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		_ = res.Body.Close()
	}
}

// newOnServers makes a program whose archive rests on the real servers, with a worker
// of all stages; the test is passed over where none are named.
func newOnServers(t *testing.T) *program {
	t.Helper()
	settings := serverSettings(t)
	if settings == nil {
		t.Skip("RELAIS_TEST_KAFKA, _ELASTICSEARCH, _S3 and _POSTGRES name no servers")
	}
	p := newProgram(t)
	p.env = settings
	p.worker("all")
	return p
}

// modes runs a test on archives embedded in a directory, and on archives on servers.
func modes(t *testing.T, test func(t *testing.T, fresh func() *program)) {
	t.Run("embedded", func(t *testing.T) { test(t, func() *program { return newProgram(t) }) })
	t.Run("servers", func(t *testing.T) { test(t, func() *program { return newOnServers(t) }) })
}

// worker is a process that runs stages for as long as the test lasts.
type worker struct {
	p    *program
	name string

	mu  sync.Mutex
	cmd *exec.Cmd
	log strings.Builder
}

// worker starts one; it must stop in good order at the end of the test.
func (p *program) worker(name string) *worker {
	p.t.Helper()
	w := &worker{p: p, name: name}
	w.start()
	p.t.Cleanup(w.stop)
	return w
}

func (w *worker) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cmd = w.p.command("worker", w.name)
	w.cmd.Cancel = nil // the test's context ends before its cleanup
	w.cmd.Stderr = &w.log
	if err := w.cmd.Start(); err != nil {
		w.p.t.Fatal(err)
	}
}

// stop asks the worker to end, which it does after the batch it is in.
func (w *worker) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.cmd.Process.Signal(os.Interrupt)
	ended := make(chan error, 1)
	go func() { ended <- w.cmd.Wait() }()
	select {
	case err := <-ended:
		if code := new(exec.ExitError); err != nil && (!errors.As(err, &code) || code.ExitCode() != exitInterrupted) {
			w.p.t.Errorf("worker %s: %v\n%s", w.name, err, w.log.String())
		}
	case <-time.After(time.Minute):
		_ = w.cmd.Process.Kill()
		w.p.t.Errorf("worker %s does not stop when asked to", w.name)
	}
}

// kill ends the worker where it stands, and starts another one.
func (w *worker) kill() {
	w.mu.Lock()
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait()
	w.mu.Unlock()
	w.start()
}
