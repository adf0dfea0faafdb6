package extract

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dataSlack is what a child may hold beyond its memory limit before the kernel
// refuses it more: code of pdfium, stacks, garbage between two collections.
const dataSlack = 512 << 20

// confine bounds this process. RLIMIT_DATA rather than RLIMIT_AS: the Go runtime
// and WebAssembly reserve far more addresses than they use (setrlimit(2)). What the
// system refuses is let go: each bound is one of several.
func confine(memory int64) {
	set := func(which int, max uint64) {
		_ = unix.Setrlimit(which, &unix.Rlimit{Cur: max, Max: max})
	}
	set(unix.RLIMIT_DATA, uint64(memory+dataSlack))
	set(unix.RLIMIT_CORE, 0)
	set(unix.RLIMIT_FSIZE, 64<<20) // the compile cache is the only file written
	set(unix.RLIMIT_NOFILE, 64)
	_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// isolate makes a child die with its parent and, where the system lets it, live in
// namespaces of its own: a new network namespace has no interface but a loopback
// that is down, so that nothing a document says can be sent. Unprivileged user
// namespaces are switched off on some systems, and in most containers: without
// (deny) the child starts without them, and what is left is that no reader here
// opens a socket. The death signal follows the parent's thread, which the Go runtime
// keeps; a child whose signal is lost ends when its input does.
func isolate(cmd *exec.Cmd, namespaces bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if !namespaces {
		return
	}
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
}

// canIsolate tells that namespaces are worth a try.
const canIsolate = true

// clockTicks is how many of them a second /proc counts in, on every Linux of today
// (USER_HZ).
const clockTicks = 100

// ownCPU gives the processor time that this process has used.
func ownCPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cpuTime gives the processor time that a process has used, from /proc (proc(5)).
func cpuTime(pid int) (time.Duration, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	_, after, ok := strings.Cut(string(b), ") ") // the name before may hold anything
	f := strings.Fields(after)
	if !ok || len(f) < 13 {
		return 0, false
	}
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, false
	}
	return time.Duration(user+system) * (time.Second / clockTicks), true
}
