//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/archive"
)

// outage is how long a server is away, or a disk full.
const outage = time.Minute

// brokenServers are servers that a test may break: those of deploy/testservers, in the
// directory and on the ports that are the test's own.
type brokenServers struct {
	t     *testing.T
	dir   string
	ports map[string]string
}

// startServers starts them in the directory that RELAIS_TEST_FAULTS names. Without it
// the test is passed over: a run takes minutes, and more memory than a CI has.
func startServers(t *testing.T) *brokenServers {
	t.Helper()
	dir := os.Getenv("RELAIS_TEST_FAULTS")
	if dir == "" {
		t.Skip("RELAIS_TEST_FAULTS names no directory for servers to break")
	}
	s := &brokenServers{t, dir, map[string]string{"KAFKA_PORT": "39092", "ES_PORT": "39200", "PG_PORT": "35432", "S3_PORT": "37070"}}
	for name := range s.ports {
		if port := os.Getenv(name); port != "" {
			s.ports[name] = port
		}
	}
	s.must("up")
	return s
}

// do asks deploy/testservers for something.
func (s *brokenServers) do(verb string, args ...string) error {
	cmd := exec.Command("../../deploy/testservers", append([]string{verb, s.dir}, args...)...)
	cmd.Env = os.Environ()
	for name, port := range s.ports {
		cmd.Env = append(cmd.Env, name+"="+port)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("testservers %s %v: %w\n%s", verb, args, err, out)
	}
	return nil
}

func (s *brokenServers) must(verb string, args ...string) {
	s.t.Helper()
	if err := s.do(verb, args...); err != nil {
		s.t.Fatal(err)
	}
}

// program makes a program whose archive rests on these servers.
func (s *brokenServers) program(t *testing.T) *program {
	p := newProgram(t)
	at := func(name string) string { return "127.0.0.1:" + s.ports[name] }
	p.env = []string{
		"RELAIS_STREAM=kafka://" + at("KAFKA_PORT"), "RELAIS_INDEX=http://" + at("ES_PORT"),
		"RELAIS_BLOBS=s3://relais?endpoint=http://" + at("S3_PORT"),
		"RELAIS_STATE=postgres://relais@" + at("PG_PORT") + "/postgres?sslmode=disable",
		"AWS_ACCESS_KEY_ID=relais", "AWS_SECRET_ACCESS_KEY=relais-test", "AWS_REGION=us-east-1",
		"RELAIS_NAMESPACE=t" + strconv.FormatInt(time.Now().UnixNano(), 36),
	}
	t.Cleanup(func() { dropIndices(t, "http://"+at("ES_PORT"), p.namespace()) })
	return p
}

// supervised is a process that is started again whenever it ends, as a supervisor does.
type supervised struct {
	p    *program
	args []string

	mu    sync.Mutex
	cmd   *exec.Cmd
	over  bool
	ends  []int // the codes it ended with
	log   bytes.Buffer
	ended chan struct{}
}

// supervise keeps a verb running; once one ends with code 0 it has done its work.
func (p *program) supervise(args ...string) *supervised {
	s := &supervised{p: p, args: args, ended: make(chan struct{})}
	p.t.Cleanup(s.stop)
	go s.keep()
	return s
}

func (s *supervised) keep() {
	defer close(s.ended)
	for s.start() {
		_ = s.cmd.Wait()
		code := s.cmd.ProcessState.ExitCode()
		s.mu.Lock()
		s.ends = append(s.ends, code)
		over := s.over || code == exitOK
		s.mu.Unlock()
		if over {
			return
		}
		time.Sleep(time.Second)
	}
}

func (s *supervised) start() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	s.cmd = s.p.command(s.args...)
	s.cmd.Cancel = nil // the test's context ends before its cleanup
	s.cmd.Stderr = &s.log
	if err := s.cmd.Start(); err != nil {
		s.p.t.Error(err)
		return false
	}
	return true
}

// stop asks it to end for good.
func (s *supervised) stop() {
	s.mu.Lock()
	s.over = true
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(os.Interrupt)
	}
	s.mu.Unlock()
	<-s.ended
}

// signal sends one to the process as it runs now.
func (s *supervised) signal(sig os.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.cmd.Process.Signal(sig)
}

// wait gives the codes with which it ended, of which the last is 0; it is waited for ten
// minutes.
func (s *supervised) wait() []int {
	s.p.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(10 * time.Minute):
		s.p.t.Fatalf("relais %v does not end\n%s", s.args, s.said())
	}
	return s.ends
}

var volatile = regexp.MustCompile(`time=\S+ |[0-9a-f]{16,}|127\.0\.0\.1:\d+|\d+`)

// said gives each kind of line that it logged, once.
func (s *supervised) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	seen := map[string]bool{}
	for line := range strings.Lines(s.log.String()) {
		if kind := volatile.ReplaceAllString(line, "#"); !seen[kind] && len(lines) < 12 {
			seen[kind] = true
			lines = append(lines, line[:min(len(line), 400)])
		}
	}
	return strings.Join(lines, "")
}

// atWork is an archive at work: a worker, a server and an ingest, each under supervision.
type atWork struct {
	t                     *testing.T
	p                     *program
	worker, serve, ingest *supervised
	probe, site           string
}

// freeAddress gives an address on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// begin starts all, and returns once a part of the mail was read, at a random moment.
func begin(t *testing.T, p *program, mail string) *atWork {
	p.must("case", "create", "Ann")
	r := &atWork{t: t, p: p, probe: freeAddress(t), site: freeAddress(t)}
	r.worker = p.supervise("worker", "all", "--listen", r.probe)
	r.serve = p.supervise("serve", "--listen", r.site)
	r.ingest = p.supervise(ingestArgs(mail)...)
	waitFor(t, "something to be read", func() bool { return r.moved(archive.StageEnrich) > 300 })
	time.Sleep(rand.N(4 * time.Second))
	return r
}

// moved gives how many records a stage has done, or -1 when nobody can tell.
func (r *atWork) moved(stage string) int {
	page, status := get("http://" + r.probe + "/metrics")
	if status != http.StatusOK {
		return -1
	}
	_, after, _ := strings.Cut(page, `relais_stage_records_total{stage="`+stage+`"} `)
	line, _, _ := strings.Cut(after, "\n")
	n, err := strconv.Atoi(line)
	if err != nil {
		r.t.Errorf("metrics: %q", page)
	}
	return n
}

func get(url string) (string, int) {
	client := http.Client{Timeout: 15 * time.Second}
	res, err := client.Get(url)
	if err != nil {
		return "", 0
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body) // what can be read of a page cut short
	return string(b), res.StatusCode
}

// probes tells what the server answers to those who ask how it is.
func (r *atWork) probes() string {
	page, ready := get("http://" + r.site + "/readyz")
	_, live := get("http://" + r.site + "/livez")
	return fmt.Sprintf("livez %d, readyz %d %s", live, ready, strings.TrimSpace(page))
}

// progress waits until a stage has done more, and gives how long after the call that was.
// Where it stood is what it first tells, since on a lost server it cannot.
func (r *atWork) progress(stage string) string {
	start, before := time.Now(), -1
	for time.Since(start) < 5*time.Minute {
		n := r.moved(stage)
		if before >= 0 && n > before {
			return fmt.Sprintf("%.1f s", time.Since(start).Seconds())
		}
		before = max(before, n)
		select {
		case <-r.ingest.ended:
			return fmt.Sprintf("at most %.1f s", time.Since(start).Seconds())
		case <-time.After(50 * time.Millisecond):
		}
	}
	r.t.Errorf("no progress in five minutes\nworker: %s\ningest: %s", r.worker.said(), r.ingest.said())
	return "none"
}

// sound wants the archive whole once the ingest has ended.
func (r *atWork) sound(what string, whole reference) {
	r.t.Helper()
	start := time.Now()
	runs := r.ingest.wait()
	r.t.Logf("%s; the ingest ended %.0f s later, with %v; worker restarted %v, serve %v",
		what, time.Since(start).Seconds(), runs, r.worker.codes(), r.serve.codes())
	r.t.Logf("worker: %s", r.worker.said())
	r.t.Logf("serve: %s", r.serve.said())
	r.t.Logf("ingest: %s", r.ingest.said())
	if got := r.p.export(); got != whole.export {
		r.t.Errorf("exports differ: %s and %s\n%s", fingerprint(whole.export), fingerprint(got), firstDifference(whole.export, got))
	}
	if got := accounts(r.p); got != whole.accounts {
		r.t.Errorf("accounts differ:\n%s\n%s", got, whole.accounts)
	}
	r.p.must("verify", "--read-data")
	if page, status := get("http://" + r.site + "/readyz"); status != http.StatusOK {
		r.t.Errorf("the server is not ready: %d %s", status, page)
	}
}

func (s *supervised) codes() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ends)
}

// reference is what an archive that nothing befell holds of a mailbox.
type reference struct{ mail, export, accounts string }

// serverNames are those of deploy/testservers, where below its directory each keeps what
// it keeps, and the stage that cannot go on without it.
var serverNames = [...]struct{ name, data, stage string }{
	{"kafka", "kafka/data", archive.StageEnrich}, {"elasticsearch", "elasticsearch-*/data", archive.StageIndex},
	{"postgres", "postgres", archive.StageEnrich}, {"s3", "s3", archive.StageEnrich},
}

// embeddedReference ingests the mailbox that RELAIS_TEST_FAULTS_MAIL names, or a
// made-up one, into a directory.
func embeddedReference(t *testing.T) reference {
	t.Helper()
	mail := os.Getenv("RELAIS_TEST_FAULTS_MAIL")
	if mail == "" {
		mail = filepath.Join(t.TempDir(), "mail")
		mailbox(t, mail, 4000)
	}
	plain := newProgram(t)
	plain.must(ingestArgs(mail)...)
	return reference{mail, plain.export(), accounts(plain)}
}

// TestServersStopped pulls the plug of each server in mid-ingest, and puts it back a
// minute later: the work goes on by itself, nothing is lost, nothing doubled.
func TestServersStopped(t *testing.T) {
	servers := startServers(t)
	whole := embeddedReference(t)
	for _, s := range serverNames {
		t.Run(s.name, func(t *testing.T) {
			r := begin(t, servers.program(t), whole.mail)
			servers.must("down", s.name, "-9")
			time.Sleep(outage / 2)
			during := r.probes()
			time.Sleep(outage / 2)
			servers.must("up", s.name)
			r.sound(fmt.Sprintf("%s was away: %s; progress after %s", s.name, during, r.progress(s.stage)), whole)
		})
	}
}

// TestServersDiskFull fills the disk of each server in mid-ingest, and makes room a
// minute later. A server that died of it is started again.
func TestServersDiskFull(t *testing.T) {
	servers := startServers(t)
	whole := embeddedReference(t)
	for _, s := range serverNames {
		t.Run(s.name, func(t *testing.T) {
			disk := servers.ownDisk(t, s.name, s.data)
			r := begin(t, servers.program(t), whole.mail)
			free := disk.fill()
			time.Sleep(outage / 2)
			during := r.probes()
			time.Sleep(outage / 2)
			free()
			died := servers.do("up", s.name) // no change when it lives
			if died != nil {
				t.Fatal(died)
			}
			r.sound(fmt.Sprintf("the disk of %s was full: %s; progress after %s", s.name, during, r.progress(s.stage)), whole)
		})
	}
}

// disk is one of its own, in memory, under what a server keeps.
type disk struct {
	t   *testing.T
	dir string
}

// diskSize is that of a server's own disk: what an idle server takes, and some mail.
const diskSize = "size=600m"

// ownDisk puts a server on a disk of its own, empty, until the test ends.
func (s *brokenServers) ownDisk(t *testing.T, name, data string) *disk {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.dir, data))
	if err != nil || len(found) != 1 {
		t.Fatalf("the data of %s: %v, %v", name, found, err)
	}
	s.must("down", name)
	if err := syscall.Mount("tmpfs", found[0], "tmpfs", 0, diskSize); err != nil {
		s.must("up", name)
		t.Skip("a disk of its own cannot be mounted here:", err)
	}
	t.Cleanup(func() {
		s.must("down", name)
		if err := syscall.Unmount(found[0], 0); err != nil {
			t.Error(err)
		}
		s.must("up", name)
	})
	s.must("up", name)
	return &disk{t, found[0]}
}

// fill leaves no room on the disk, whatever the server deletes, until free is called.
func (d *disk) fill() (free func()) {
	path := filepath.Join(d.dir, "ballast")
	if strings.HasSuffix(d.dir, "s3") {
		path = filepath.Join(d.dir, ".ballast")
	}
	f, err := os.Create(path)
	if err != nil {
		d.t.Fatal(err)
	}
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		block := make([]byte, 64<<10)
		for {
			for _, err := f.Write(block); err == nil; _, err = f.Write(block) {
			}
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() {
		close(done)
		<-stopped
		_ = f.Close()
		if err := os.Remove(path); err != nil {
			d.t.Error(err)
		}
	}
}

// TestWorkerCutOff stops one of two workers for longer than its group waits for it, and
// lets it go on: what it had begun is done once, by it or by the other.
func TestWorkerCutOff(t *testing.T) {
	servers := startServers(t)
	whole := embeddedReference(t)
	r := begin(t, servers.program(t), whole.mail)
	other := r.p.supervise("worker", "all")
	time.Sleep(5 * time.Second) // for it to join
	r.worker.signal(syscall.SIGSTOP)
	time.Sleep(outage / 2)
	r.worker.signal(syscall.SIGCONT)
	r.sound("a worker was cut off; progress after "+r.progress(archive.StageEnrich), whole)
	t.Logf("the other worker: %v %s", other.codes(), other.said())
}
