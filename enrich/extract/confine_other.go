//go:build !linux

package extract

import (
	"os/exec"
	"time"
)

// canIsolate tells that there are no namespaces to try here.
const canIsolate = false

// confine does nothing here: the soft memory limit of the Go runtime and the pool's
// deadline are what bounds a child.
func confine(int64) {}

func isolate(*exec.Cmd, bool) {}

// cpuTime is not known here: the pool's deadline in wall time counts alone.
func cpuTime(int) (time.Duration, bool) { return 0, false }

// ownCPU is not needed where cpuTime is not known.
func ownCPU() time.Duration { return 0 }
