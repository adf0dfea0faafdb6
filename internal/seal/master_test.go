package seal

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

func TestMasterRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "master.key")
	m, err := CreateMaster(path)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadMaster(path)
	if err != nil || loaded != m {
		t.Fatalf("another key came back (%v)", err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = CreateMaster(path)
	wantKind(t, err, relais.KindConflict)
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Fatal("a key that was there is gone")
	}
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(names) != 1 {
		t.Fatalf("temporary files are left: %v %v", names, err)
	}
}

func TestMasterRefusesOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits")
	}
	path := filepath.Join(t.TempDir(), "master.key")
	if _, err := CreateMaster(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := LoadMaster(path)
		wantKind(t, err, relais.KindInvalid)
		if !strings.Contains(relais.HintOf(err), "chmod") {
			t.Errorf("mode %o: hint %q", mode, relais.HintOf(err))
		}
	}
}

func TestLoadMasterRefuses(t *testing.T) {
	secret := strings.Repeat("QUJD", 11)
	for name, text := range map[string]string{
		"empty":    "",
		"no field": "relais-master-key-1",
		"short":    "relais-master-key-1 QUJD\n",
		"newer":    "relais-master-key-2 " + secret + "\n",
		"other":    "-----BEGIN OPENSSH PRIVATE KEY-----\n",
		"garbled":  "relais-master-key-1 " + secret[:43] + "!\n",
		"long":     "relais-master-key-1 " + strings.Repeat("A", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "k")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := LoadMaster(path)
			wantKind(t, err, relais.KindInvalid)
			if strings.Contains(err.Error(), secret[:8]) {
				t.Error("the error quotes the key")
			}
		})
	}
	_, err := LoadMaster(filepath.Join(t.TempDir(), "absent"))
	wantKind(t, err, relais.KindNotFound)
}

// TestMasterFilesOutOfReach: what the disk refuses is told as such, and nothing is left of
// a file that could not be made.
func TestMasterFilesOutOfReach(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"below a file": filepath.Join(file, "master.key"),
		"a long name":  filepath.Join(dir, strings.Repeat("k", 300)),
	} {
		m, err := CreateMaster(path)
		if relais.KindOf(err) != relais.KindUnavailable || m != (Master{}) {
			t.Errorf("create, %s: %v, or a key beside it", name, err)
		}
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("files are left: %v, %v", names, err)
	}
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"below a file": filepath.Join(file, "master.key"), "a folder": folder} {
		if _, err := LoadMaster(path); relais.KindOf(err) != relais.KindUnavailable {
			t.Errorf("load, %s: %v", name, err)
		}
	}
}

// TestMasterLines: a line that is no key file's says so, and one that has more than a key
// is damaged.
func TestMasterLines(t *testing.T) {
	key := strings.Repeat("QUJD", 10) + "QUI="
	for line, want := range map[string]string{
		"relais-master-key-1":                     "not a master key file",
		"relais-master-key-1" + key:               "not a master key file",
		"relais-seal-key-1 " + key:                "not a master key file",
		"relais-master-key-2 " + key:              "newer format",
		"relais-master-key-1 " + key + "!":        "damaged",
		"relais-master-key-1 " + key + " ":        "damaged",
		"relais-master-key-1 " + key[4:]:          "damaged",
		"relais-master-key-1 QUJD" + key:          "damaged",
		"relais-master-key-1 " + key + "\r\n":     "",
		"relais-master-key-1 " + key + "\n":       "",
		"relais-master-key-1 " + key:              "",
		"relais-master-key-1 " + key + "\n\n\r\n": "",
	} {
		m, err := parseMaster(line)
		if want == "" && (err != nil || !strings.HasPrefix(string(m.key[:]), "ABCABC") || m.key[31] != 'B') {
			t.Errorf("%q: %v, or another key", line, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want) || m != (Master{})) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
}

func TestMasterIsNeverPrinted(t *testing.T) {
	m := newMaster(t)
	for _, s := range []string{fmt.Sprint(m), fmt.Sprintf("%+v %#v %s %q", m, m, m, &m)} {
		if strings.Trim(strings.ReplaceAll(s, "[sealed]", ""), " \"&") != "" {
			t.Errorf("printed %q", s)
		}
	}
}

func FuzzParseMaster(f *testing.F) {
	f.Add("relais-master-key-1 QUJD\n")
	f.Fuzz(func(t *testing.T, line string) {
		if _, err := parseMaster(line); err != nil && relais.KindOf(err) != relais.KindInvalid {
			t.Fatal(err)
		}
	})
}
