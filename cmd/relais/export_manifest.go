package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/relais-archive/relais/internal/relais"
)

// manifest lists the files of an export twice, for people's tables and for programs. The
// lists get their names at the end.
type manifest struct {
	root  *os.Root
	names [2]string // of the CSV and of the JSON Lines
	files [2]*os.File
	table *csv.Writer
	lines *json.Encoder
}

func newManifest(root *os.Root, prefix string) (m *manifest, err error) {
	m = &manifest{root: root, names: [2]string{prefix + "manifest.csv", prefix + "manifest.jsonl"}}
	for i, name := range m.names {
		if m.files[i], err = create(root, passing(name)); err != nil {
			return nil, errors.Join(err, m.drop())
		}
	}
	m.table, m.lines = csv.NewWriter(m.files[0]), json.NewEncoder(m.files[1])
	m.lines.SetEscapeHTML(false)
	return m, m.table.Write([]string{"id", "path", "sha256", "size", "case", "date", "subject", "kind", "name"})
}

func (m *manifest) add(e relais.Exported) error {
	date := ""
	if !e.Date.IsZero() {
		date = e.Date.UTC().Format(time.RFC3339)
	}
	row := []string{string(e.ID), e.Path, e.SHA256.String(), strconv.FormatInt(e.Size, 10), e.Case, date, e.Subject, string(e.Kind), e.Name}
	for i := range row {
		row[i] = harmless(row[i])
	}
	return errors.Join(m.table.Write(row), m.lines.Encode(e))
}

// harmless puts an apostrophe before what a spreadsheet would run as a formula: subjects
// and names are a stranger's words.
func harmless(cell string) string {
	first, _ := utf8.DecodeRuneInString(cell)
	if cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + cell
	}
	return cell
}

// keep writes the lists to their end and names them.
func (m *manifest) keep() error {
	m.table.Flush()
	err := m.table.Error()
	for i, f := range m.files {
		err = errors.Join(err, f.Sync(), f.Close())
		m.files[i] = nil
		if err == nil {
			err = m.root.Rename(passing(m.names[i]), m.names[i])
		}
	}
	return err
}

// drop removes lists that were not kept.
func (m *manifest) drop() (err error) {
	for i, f := range m.files {
		if f != nil {
			err = errors.Join(err, f.Close(), m.root.Remove(passing(m.names[i])))
		}
	}
	return err
}
