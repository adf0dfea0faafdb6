package streamtest

import "runtime"

// allStacks gives the stacks of all goroutines, the caller's first.
func allStacks() string {
	buf := make([]byte, 4<<20)
	return string(buf[:runtime.Stack(buf, true)])
}
