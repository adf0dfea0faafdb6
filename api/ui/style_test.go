package ui

import (
	"bytes"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The style sheet and the templates know each other's classes.
func TestClassesHaveStyle(t *testing.T) {
	files, err := templates.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, f := range files {
		b, err := templates.ReadFile("templates/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
		if bytes.Contains(b, []byte("style=")) || bytes.Contains(b, []byte("<script")) {
			t.Errorf("%s: the content security policy forbids it", f.Name())
		}
	}
	for _, m := range regexp.MustCompile(`class="([^"{]+)"`).FindAllStringSubmatch(all.String(), -1) {
		for class := range strings.FieldsSeq(m[1]) {
			if !bytes.Contains(style, []byte("."+class)) {
				t.Errorf("class %s has no style", class)
			}
		}
	}
	for _, m := range regexp.MustCompile(`var\((--[a-z-]+)\)`).FindAllSubmatch(style, -1) {
		if !bytes.Contains(style, append(m[1], ':')) {
			t.Errorf("%s is not set", m[1])
		}
	}
}

// Text stands out from its ground as WCAG 2.2 asks (1.4.3, 1.4.11), in both schemes.
func TestContrast(t *testing.T) {
	schemes := strings.SplitN(string(style), "prefers-color-scheme: dark", 2)
	for i, css := range schemes {
		colour := map[string]float64{}
		for _, m := range regexp.MustCompile(`(--[a-z-]+): (#[0-9a-f]+);`).FindAllStringSubmatch(css, -1) {
			if _, set := colour[m[1]]; !set {
				colour[m[1]] = luminance(t, m[2])
			}
		}
		for _, pair := range []struct {
			on, ground string
			least      float64
		}{
			{"--ink", "--paper", 7}, {"--ink", "--ground", 7}, {"--ink", "--wash", 4.5}, {"--ink", "--bad-wash", 4.5}, {"--faint", "--paper", 4.5}, {"--faint", "--ground", 4.5},
			{"--faint", "--wash", 4.5}, {"--accent", "--paper", 4.5}, {"--accent", "--ground", 4.5}, {"--accent", "--wash", 4.5}, {"--accent", "--bad-wash", 4.5},
			{"--on-accent", "--accent", 4.5}, {"--on-topic", "--topic", 4.5}, {"--on-mark", "--mark", 4.5}, {"--bad", "--bad-wash", 4.5}, {"--edge", "--paper", 3}, {"--edge", "--ground", 3},
		} {
			a, b := colour[pair.on], colour[pair.ground]
			if ratio := (max(a, b) + .05) / (min(a, b) + .05); ratio < pair.least {
				t.Errorf("scheme %d: %s on %s: %.2f, under %.1f", i, pair.on, pair.ground, ratio, pair.least)
			}
		}
	}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	hex = strings.TrimPrefix(hex, "#")
	if len(hex) == 3 {
		hex = hex[:1] + hex[:1] + hex[1:2] + hex[1:2] + hex[2:] + hex[2:]
	}
	var sum float64
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
