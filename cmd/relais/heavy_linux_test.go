package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/testkit"
)

// most is what the program and its children may have together, in MiB.
const most = 600

// TestHeavyMail: a small message of many archives of long texts is read within bounded
// memory. Each part is read, or says why it is not, and the mail beside it is found.
func TestHeavyMail(t *testing.T) {
	t.Parallel()
	mail := t.TempDir()
	var parts strings.Builder
	tail := deflated(t, longText("", 20<<20-64))
	for i := range 120 {
		attach(&parts, fmt.Sprintf("z%d.zip", i), zipOf(t, fmt.Sprintf("archive %063d", i)[:64], tail))
	}
	writeMail(t, mail, "heavy", parts.String())
	for i := range 5 {
		writeMail(t, mail, fmt.Sprintf("light%d", i), "")
	}
	p := newProgram(t)
	if mib := peakOfTree(t, p.command(ingestArgs(mail)...)); mib > most {
		t.Errorf("%d MiB of memory", mib)
	}
	states := map[string]int{}
	for line := range strings.Lines(p.export()) {
		var d relais.Document
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		why := ""
		for _, w := range d.Warnings {
			why += " " + w.Code
		}
		states[string(d.Kind)+" "+string(d.Extraction)+why]++
	}
	read := states["attachment complete"] + states["attachment partial text_limit"]
	if read == 0 || read+states["attachment failed message_work_limit"] != 120 || states["message complete"] != 5 || states["message complete message_work_limit"] != 1 {
		t.Error(states)
	}
	if out := p.must("search", "--json", "light3"); !strings.Contains(out, `"total":1`) {
		t.Error(out)
	}
}

// TestHeavyBatches: as many long texts as come, as files or attached, take no more memory
// than a few. It is a matter of minutes: RELAIS_TEST_HEAVY asks for it.
func TestHeavyBatches(t *testing.T) {
	if os.Getenv("RELAIS_TEST_HEAVY") == "" {
		t.Skip("RELAIS_TEST_HEAVY is not set")
	}
	files, mails := t.TempDir(), t.TempDir()
	for i := range 150 {
		testkit.WriteTree(t, files, map[string]string{fmt.Sprintf("f%d.txt", i): longText(fmt.Sprint("file ", i), 6<<20)})
	}
	for i := range 40 {
		var part strings.Builder
		attach(&part, "t.txt", []byte(longText(fmt.Sprint("mail ", i), 14<<20)))
		writeMail(t, mails, fmt.Sprint(i), part.String())
	}
	for _, dir := range []string{files, mails} {
		mib := peakOfTree(t, newProgram(t).command(ingestArgs(dir)...))
		t.Logf("%d MiB", mib)
		if mib > most {
			t.Errorf("%d MiB of memory", mib)
		}
	}
}

// longText is a text of so many bytes, with words of a document's own.
func longText(own string, size int) string {
	var b strings.Builder
	for n := 0; b.Len() < size; n++ {
		fmt.Fprintf(&b, "%s la pompe %d tourne depuis le mois de mars et le devis suit\n", own, n%5000)
	}
	return b.String()[:size]
}

// deflated is a deflate stream that can follow another.
func deflated(t *testing.T, text string) (d deflate) {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return deflate{text: text, bytes: out.Bytes()}
}

type deflate struct {
	text  string
	bytes []byte
}

// zipOf is an archive of one text: a head of its own, then what was deflated once for all.
func zipOf(t *testing.T, head string, tail deflate) []byte {
	t.Helper()
	var out, first bytes.Buffer
	f, err := flate.NewWriter(&first, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write([]byte(head)) // into memory
	_ = f.Flush()
	z := zip.NewWriter(&out)
	sum := crc32.Update(crc32.ChecksumIEEE([]byte(head)), crc32.IEEETable, []byte(tail.text))
	w, err := z.CreateRaw(&zip.FileHeader{Name: "t.txt", Method: zip.Deflate, CRC32: sum,
		CompressedSize64: uint64(first.Len() + len(tail.bytes)), UncompressedSize64: uint64(len(head) + len(tail.text))})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(first.Bytes())
	_, _ = w.Write(tail.bytes)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// attach adds a part to a message of writeMail.
func attach(parts *strings.Builder, name string, b []byte) {
	fmt.Fprintf(parts, "--b\r\nContent-Type: application/octet-stream; name=%s\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n",
		name, base64.StdEncoding.EncodeToString(b))
}

func writeMail(t *testing.T, dir, id, parts string) {
	t.Helper()
	text := eml(id+"@acme.example", "x@acme.example", ann, "Sujet "+id, "Mon, 06 Jan 2025 10:00:00 +0000",
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n", "--b\r\n\r\nBonjour\r\n"+parts+"--b--")
	testkit.WriteTree(t, dir, map[string]string{id + ".eml": text})
}

// peakOfTree runs a command and gives the most memory, in MiB, that it and the processes
// it started had at one time: each page counted once.
func peakOfTree(t *testing.T, cmd *exec.Cmd) (mib int) {
	t.Helper()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		kib := 0
		for _, pid := range treeOf(cmd.Process.Pid) {
			kib += shareOf(pid)
		}
		mib = max(mib, kib>>10)
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v: %s", err, errs.String())
			}
			return mib
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// treeOf gives a process and those that it started, from /proc (proc(5)).
func treeOf(pid int) []int {
	list := []int{pid}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		b, _ := os.ReadFile(task) // gone when it has ended
		for child := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(child); err == nil {
				list = append(list, treeOf(n)...)
			}
		}
	}
	return list
}

// shareOf gives the memory of a process, in KiB: its proportional share where it may be
// looked into, else what is in memory of its own.
func shareOf(pid int) (kib int) {
	for file, field := range map[string]string{"smaps_rollup": "\nPss:", "status": "\nRssAnon:"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		if _, line, ok := strings.Cut(string(b), field); err == nil && ok {
			n := 0
			_, _ = fmt.Sscan(line, &n)
			kib = max(kib, n)
		}
	}
	return kib
}
