// Package relais holds the words every room of Relais shares: what is captured
// ([Item]), what is served ([Document]), what is said of it ([Tag], [Evidence]),
// who may see it ([Scope]) and how things fail ([Kind]).
//
// It imports nothing but the standard library, so that any room may speak to any
// other by passing values of these types. Values are never shared and changed:
// a function that receives one may keep it, and must copy before it writes.
//
// Strings are UTF-8, NFC where they come from a mail or a file. Times are UTC.
// Sizes are bytes. Confidences and weights are integer thousandths (0 to 1000),
// so that sums do not depend on the order of the terms.
package relais
