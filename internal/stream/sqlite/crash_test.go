package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/stream"
)

// crashFile tells a re-executed test binary to be the child of TestCrash.
const crashFile = "RELAIS_STREAM_CRASH_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		appendForEver(path)
	}
	os.Exit(m.Run())
}

// appendForEver appends from several goroutines and prints, after each batch is
// acknowledged, its writer and its number, until it is killed.
func appendForEver(path string) {
	l, err := Open(context.Background(), path)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var out sync.Mutex
	var all sync.WaitGroup
	start := time.Now().UnixNano()
	for w := range 4 {
		all.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d/%d/%d", start, w, i)
				records := make([]stream.Record, 1+rand.IntN(100))
				for j := range records {
					records[j] = stream.Record{Key: key, Value: []byte(strconv.Itoa(len(records)))}
				}
				if err := l.Append(context.Background(), stream.TopicRaw, records); err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				out.Lock()
				fmt.Println(key)
				out.Unlock()
			}
		})
	}
	all.Wait()
}

// TestCrash kills a process that appends, several times on one file: every batch it
// saw acknowledged is whole in the log.
func TestCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	acknowledged := map[string]bool{}
	for range 5 {
		for _, key := range killed(t, path) {
			acknowledged[key] = true
		}
	}
	l := openLog(t, path)
	found, whole := map[string]int{}, map[string]int{}
	for from := int64(0); ; {
		batch, err := l.scan(t.Context(), stream.TopicRaw, from, 1000, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch) == 0 {
			break
		}
		for _, m := range batch {
			if m.Offset != from {
				t.Fatalf("offset %d, want %d", m.Offset, from)
			}
			from++
			found[m.Key]++
			whole[m.Key], _ = strconv.Atoi(string(m.Value))
		}
	}
	for key := range acknowledged {
		if found[key] == 0 || found[key] != whole[key] {
			t.Errorf("batch %s was acknowledged: %d of %d records are there", key, found[key], whole[key])
		}
	}
	t.Logf("%d batches acknowledged, %d found", len(acknowledged), len(found))
}

// killed runs the child for a random time and gives what it saw acknowledged.
func killed(t *testing.T, path string) []string {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashFile+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var keys []string
	if lines.Scan() { // it is at work
		keys = append(keys, lines.Text())
		time.AfterFunc(time.Duration(20+rand.IntN(200))*time.Millisecond, func() { _ = child.Process.Kill() })
	}
	for lines.Scan() {
		if keys = append(keys, lines.Text()); strings.HasPrefix(lines.Text(), "error") {
			t.Fatalf("the child says %s", lines.Text())
		}
	}
	if err := child.Wait(); err == nil || len(keys) == 0 {
		t.Fatalf("the child ended by itself: %v, %q", err, keys)
	}
	return keys[:len(keys)-1] // the last line may be cut
}
