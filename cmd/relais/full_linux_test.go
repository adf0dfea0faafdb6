package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallDisk mounts a disk of its own, of some MiB, where the archive will be.
func (p *program) smallDisk(mib int) {
	p.t.Helper()
	dir := filepath.Join(p.dir, "archive")
	if err := os.Mkdir(dir, 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mib)); err != nil {
		p.t.Skip("a disk of its own cannot be mounted here:", err)
	}
	p.t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// makeRoom enlarges the disk.
func (p *program) makeRoom() {
	p.t.Helper()
	if err := syscall.Mount("tmpfs", filepath.Join(p.dir, "archive"), "tmpfs", syscall.MS_REMOUNT, "size=512m"); err != nil {
		p.t.Fatal(err)
	}
}

// bulky writes messages that do not compress.
func bulky(t *testing.T, dir string, n int) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		body := make([]byte, 20_000)
		for j := range body {
			body[j] = "abcdefghijklmnop \n"[r.IntN(18)]
		}
		text := eml(fmt.Sprintf("b%d@acme.example", i), "x@acme.example", ann, fmt.Sprint("Devis ", i), "Mon, 06 Jan 2025 10:00:00 +0000", "", string(body))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.eml", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFullDisk: a run on a full disk ends and says what to do; with room made, it
// goes on where it stopped, and the archive is as if nothing had happened.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	mail := t.TempDir()
	bulky(t, mail, 500)
	plain := newProgram(t)
	plain.must(ingestArgs(mail)...)
	want := plain.export()
	for _, mib := range []int{2, 6, 9} { // at its first pack, in capture, in a later stage
		t.Run(fmt.Sprint(mib), func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			p.smallDisk(mib)
			r := p.run(ingestArgs(mail)...)
			if r.code != exitError || !strings.Contains(r.err, "the disk is full") || !strings.Contains(r.err, "next: make room") {
				t.Fatalf("exit %d: %s", r.code, r.err)
			}
			p.makeRoom()
			p.sound(want, mail)
		})
	}
}

// sound tells whether the archive comes to hold what another does.
func (p *program) sound(want string, sources ...string) {
	p.t.Helper()
	p.must(ingestArgs(sources...)...)
	if got := p.export(); got != want {
		p.t.Errorf("exports differ: %s", firstDifference(want, got))
	}
	p.must("verify", "--read-data")
}

// TestServerOutlivesFullDisk: who asked is told, and the server goes on by itself.
func TestServerOutlivesFullDisk(t *testing.T) {
	t.Parallel()
	mail := t.TempDir()
	bulky(t, mail, 500)
	p := newProgram(t)
	p.smallDisk(6)
	serve := p.command("serve", "--listen", "127.0.0.1:0")
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = serve.Process.Signal(os.Interrupt)
		_ = serve.Wait()
	}()
	waitFor(t, "the server's socket", func() bool {
		_, err := os.Stat(filepath.Join(p.dir, "archive", "relais.sock"))
		return err == nil
	})
	if r := p.run(ingestArgs(mail)...); r.code != exitError || !strings.Contains(r.err, "next: make room") {
		t.Fatalf("exit %d: %s", r.code, r.err)
	}
	p.makeRoom()
	waitFor(t, "nothing to be pending", func() bool {
		return strings.Contains(p.run("balance", "--json", "Ann").out, `"pending":0`)
	})
}

// waitFor asks until something holds; what never does is caught by a minute.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 600 {
		if holds() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("no end to the wait for", what)
}

// fillDisk leaves no byte of the archive's disk, and gives what makes room again.
func (p *program) fillDisk() (free func()) {
	p.t.Helper()
	path := filepath.Join(p.dir, "archive", "of-somebody-else")
	f, err := os.Create(path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	return func() {
		if err := os.Remove(path); err != nil {
			p.t.Error(err)
		}
	}
}

// TestReadsOnAFullDisk: what cannot be told is an error with its reason, by every door,
// never nothing; with room made everything goes on by itself. It is the same whether the
// server has answered before, or has yet to look what time it is.
func TestReadsOnAFullDisk(t *testing.T) {
	t.Parallel()
	mail := t.TempDir()
	bulky(t, mail, 20)
	for name, before := range map[string][][]string{"from the start": {}, "after a while": {{"search", "Devis"}}, "without a server": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			p.smallDisk(24)
			p.must(ingestArgs(mail)...)
			want := p.export()
			id := string(p.aMessage().ID)
			reads := [][]string{
				{"search", "Devis"}, {"search", "--json", "Devis"}, {"export", "--all"}, {"export", "--format", "mbox", "--all"}, {"show", id}, {"show", "--raw", id},
				{"client", "list"}, {"case", "list"}, {"balance", "Ann"}, {"refused", "list"}, {"privacy", "list"}, {"unreadable", "list"},
			}
			answers := make([]string, len(reads))
			for i, args := range reads {
				answers[i] = p.must(args...)
			}
			ready := func() (page string, status int) { return "state audit", http.StatusServiceUnavailable }
			if before != nil {
				site := p.serving()
				ready = func() (string, int) { return get("http://" + site + "/readyz") }
			}
			for _, args := range before {
				p.must(args...)
			}
			free := p.fillDisk()
			refused := 0
			for i, args := range reads { // some room is left in what the files have already
				switch r := p.run(args...); {
				case r.code == exitOK && r.out == answers[i]:
				case r.code == exitError && strings.Contains(r.out+r.err, "no space left") || strings.Contains(r.out+r.err, "is full"):
					refused++
				default:
					t.Errorf("%v: exit %d, %.300s%.300s", args, r.code, r.out, r.err)
				}
			}
			if before != nil && refused < len(reads)/2 {
				t.Errorf("%d of %d refused: the disk is not full", refused, len(reads))
			}
			if page, status := ready(); status != http.StatusServiceUnavailable || !strings.Contains(page, "audit") || !strings.Contains(page, "state") {
				t.Errorf("readyz %d: %s", status, page)
			}
			free()
			for _, args := range reads {
				p.must(args...)
			}
			if got := p.export(); got != want {
				t.Errorf("exports differ: %s", firstDifference(want, got))
			}
			waitFor(t, "the server to be ready", func() bool {
				_, status := ready()
				return before == nil || status == http.StatusOK
			})
			p.must("verify")
		})
	}
}
