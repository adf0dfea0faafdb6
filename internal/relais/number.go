package relais

import "fmt"

// Number says a number of things in words: "1 client", "2 clients".
func Number(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
