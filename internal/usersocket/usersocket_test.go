//go:build unix

package usersocket

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// nobody is a user that owns nothing here.
const nobody = 65534

// The other user's part, played by this same program: see asNobody.
func TestMain(m *testing.M) {
	switch path := os.Getenv("RELAIS_TEST_PATH"); os.Getenv("RELAIS_TEST_AS") {
	case "listener":
		os.Exit(listenAt(path))
	case "caller":
		os.Exit(callAt(path))
	}
	os.Exit(m.Run())
}

// listenAt says that it listens and what it was told, until its input ends.
func listenAt(path string) int {
	l, err := new(net.ListenConfig).Listen(context.Background(), "unix", path)
	if err != nil {
		return 1
	}
	_, _ = os.Stdout.WriteString("ready\n")
	go func() {
		for {
			if c, err := l.Accept(); err == nil {
				_, _ = io.Copy(os.Stdout, c)
			}
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// callAt sends a word and ends with 3 if nobody answers it.
func callAt(path string) int {
	c, err := new(net.Dialer).DialContext(context.Background(), "unix", path)
	if err != nil {
		return 1
	}
	_, _ = c.Write([]byte("hello"))
	if n, _ := c.Read(make([]byte, 1)); n == 0 {
		return 3
	}
	return 0
}

// asNobody runs this program as another user.
func asNobody(t *testing.T, as, path string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can play two users")
	}
	self := filepath.Join(openDir(t), "self") // the test's own program may lie where nobody can look
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(self, b, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "RELAIS_TEST_AS="+as, "RELAIS_TEST_PATH="+path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return cmd
}

// openDir gives a directory that every user may write to.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "us")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

func long(t *testing.T) string { return filepath.Join(t.TempDir(), strings.Repeat("d", 120)) }

func TestTwoOfOneUserTalk(t *testing.T) {
	runtime := openDir(t)
	for name, dir := range map[string]string{"in the directory": openDir(t), "too long a path": long(t)} {
		t.Run(name, func(t *testing.T) {
			s := Of(dir, runtime)
			if _, err := s.Dial(t.Context()); relais.KindOf(err) != relais.KindNotFound {
				t.Fatalf("nobody listens: %v", err)
			}
			l, err := s.Listen(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			go func() {
				if c, err := l.Accept(); err == nil {
					_, _ = c.Write([]byte("yes"))
					_ = c.Close()
				}
			}()
			c, err := s.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(c); string(b) != "yes" || err != nil {
				t.Fatalf("%q, %v", b, err)
			}
		})
	}
}

// What a process that was killed left is no answer, and is taken over.
func TestAKilledProcessLeavesNothingInTheWay(t *testing.T) {
	s := Of(openDir(t), "")
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", s.paths[0])
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	if _, err := s.Dial(t.Context()); relais.KindOf(err) != relais.KindNotFound {
		t.Fatalf("a socket without a listener: %v", err)
	}
	again, err := s.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}

func TestPlaces(t *testing.T) {
	t.Setenv("TMPDIR", "/tmp")
	dir := "/" + strings.Repeat("d", 120)
	for _, c := range []struct {
		runtime string
		want    []string
	}{
		{"", []string{"/tmp"}},
		{"/run/user/7", []string{"/run/user/7", "/tmp"}},
		{"/" + strings.Repeat("r", 90), []string{"/tmp"}},
	} {
		var got []string
		for _, p := range Of(dir, c.runtime).paths {
			got = append(got, filepath.Dir(filepath.Dir(p)))
		}
		if strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("runtime %q: %v, want %v", c.runtime, got, c.want)
		}
	}
	if Of("/"+strings.Repeat("a", 87), "").dir == filepath.Dir(Of("/"+strings.Repeat("a", 88), "").paths[0]) {
		t.Error("100 bytes are not too long")
	}
}

// A directory that somebody else made first, or may write to, is not used by either end.
func TestADirectoryMadeByAnother(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string) error{
		"open to others": func(_ *testing.T, dir string) error { return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o755)) },
		"a link":         func(t *testing.T, dir string) error { return os.Symlink(t.TempDir(), dir) },
		"another's": func(t *testing.T, dir string) error {
			if os.Geteuid() != 0 {
				t.Skip("only root can give a directory away")
			}
			return errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, nobody, nobody))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := Of(long(t), openDir(t))
			dir := filepath.Dir(s.paths[0])
			if err := spoil(t, dir); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Listen(t.Context()); relais.KindOf(err) != relais.KindForbidden || relais.HintOf(err) == "" {
				t.Errorf("listen: %v", err)
			}
			if err := os.WriteFile(s.paths[0], nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Dial(t.Context()); relais.KindOf(err) != relais.KindForbidden {
				t.Errorf("dial: %v", err)
			}
		})
	}
}

// Another user's program in the place of ours is found out before a byte is sent.
func TestAnotherListens(t *testing.T) {
	dir := openDir(t)
	s := Of(dir, "")
	cmd := asNobody(t, "listener", s.paths[0])
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Dial(t.Context()); relais.KindOf(err) != relais.KindForbidden {
		t.Errorf("dial: %v", err)
	}
	_ = in.Close()
	if told, err := io.ReadAll(out); len(told) > 0 || err != nil {
		t.Errorf("it was told %q (%v)", told, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// The system's own user reaches whoever owns the directory.
func TestRootAsksTheOwner(t *testing.T) {
	dir := openDir(t)
	s := Of(dir, "")
	cmd := asNobody(t, "listener", s.paths[0])
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	c, err := s.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Close(), in.Close()
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// Another user who gets as far as the socket is let go unanswered.
func TestAnotherCalls(t *testing.T) {
	s := Of(openDir(t), "")
	l, err := s.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		accepted <- err
	}()
	if err := os.Chmod(s.paths[0], 0o777); err != nil { // as if its rights were no help
		t.Fatal(err)
	}
	cmd := asNobody(t, "caller", s.paths[0])
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("the caller ended with %v", err)
	}
	_ = l.Close()
	if err := <-accepted; !errors.Is(err, net.ErrClosed) {
		t.Errorf("accepted: %v", err)
	}
}
