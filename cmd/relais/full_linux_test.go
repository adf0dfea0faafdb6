package main

import (
	"fmt"
	"math/rand/v2"
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
