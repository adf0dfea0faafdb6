//go:build !race

package format

// slower is how much longer the race detector makes a test take.
const slower = 1
