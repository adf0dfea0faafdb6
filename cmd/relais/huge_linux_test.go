package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// TestHugeMessage is row M14: a message over the limit is kept to its last byte, read
// up to the limit, and costs no memory for its size.
func TestHugeMessage(t *testing.T) {
	t.Parallel()
	mail := t.TempDir()
	sum := hugeMessage(t, filepath.Join(mail, "zeros.eml"))
	p := newProgram(t)
	cmd := p.command(ingestArgs(mail)...)
	if kib := peak(t, cmd); kib == 0 || kib > 150<<10 {
		t.Errorf("%d MiB of memory", kib>>10)
	}
	var d relais.Document
	for line := range strings.Lines(p.export()) {
		if strings.Contains(line, `"kind":"message"`) {
			if err := json.Unmarshal([]byte(line), &d); err != nil {
				t.Fatal(err)
			}
		}
	}
	codes := map[string]bool{}
	for _, w := range d.Warnings {
		codes[w.Code] = true
	}
	if d.Extraction != relais.ExtractionPartial || !codes["message_truncated"] || d.Text != "Les plans." || len(d.Attachments) != 1 {
		t.Errorf("%s %v %q %v", d.Extraction, d.Warnings, d.Text, d.Attachments)
	}
	h := sha256.New()
	show := p.command("show", "--raw", string(d.ID))
	show.Stdout = h
	if err := show.Run(); err != nil || [sha256.Size]byte(h.Sum(nil)) != sum {
		t.Error("the captured bytes are not those of the file:", err)
	}
}

// peak runs a command and gives the most memory it had, in KiB. What wait gives would
// count this process's own.
func peak(t *testing.T, cmd *exec.Cmd) (kib int) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)) // gone when it has ended
		if _, line, ok := strings.Cut(string(status), "VmHWM:"); ok {
			_, _ = fmt.Sscan(line, &kib)
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			return kib
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// hugeMessage writes a message of base64 zeros larger than is read of any, and gives
// its digest. It keeps nothing in memory: what this process has had counts as its
// child's.
func hugeMessage(t *testing.T, path string) (sum [sha256.Size]byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(f, h), 1<<20)
	n, _ := out.WriteString(eml("z@acme.example", "x@acme.example", ann, "Zeros", "Mon, 06 Jan 2025 10:00:00 +0000",
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n",
		"--b\r\n\r\nLes plans.\r\n--b\r\nContent-Type: application/octet-stream; name=zeros.bin\r\nContent-Transfer-Encoding: base64\r\n"))
	line := strings.Repeat("A", 76) + "\r\n"
	for size := int64(n); size < format.DefaultLimits().MessageBytes+10<<20; size += int64(len(line)) {
		_, _ = out.WriteString(line) // Flush gives the error
	}
	if err := errors.Join(out.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	h.Sum(sum[:0])
	return sum
}
