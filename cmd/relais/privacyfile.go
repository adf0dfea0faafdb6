package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// noPrivacyFile, in place of a file's name, is for processes that read none.
const noPrivacyFile = "-"

// maxPrivacyFile is how many bytes a privacy file may have.
const maxPrivacyFile = 1 << 20

// privacyFile gives the text of the privacy file that the settings name, or of that in
// the data directory; found tells whether there is one.
func (c config) privacyFile() (name, text string, found bool, err error) {
	name = c.privacy
	switch {
	case name == noPrivacyFile, name == "" && c.servers() > 0:
		return "", "", false, nil
	case name == "":
		name = filepath.Join(c.data, "privacy.txt")
	}
	info, err := os.Stat(name)
	if c.privacy == "" && errors.Is(err, os.ErrNotExist) {
		return "", "", false, nil
	}
	if err == nil && info.Size() > maxPrivacyFile {
		return name, "", true, relais.Errorf(relais.KindInvalid, "read privacy file", "%s is over %d bytes", name, maxPrivacyFile)
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(name)
	}
	if err != nil {
		return name, "", true, relais.E(relais.KindInvalid, "read privacy file", err)
	}
	return name, string(b), true, nil
}

// readPrivacyFile reads the company's words; those of a file with a bad line are none.
func (c config) readPrivacyFile() (name string, words tag.CompanyWords, found bool, err error) {
	name, text, found, err := c.privacyFile()
	if err != nil || !found {
		return name, words, found, err
	}
	words, bad := tag.ParseCompanyWords(text)
	if len(bad) == 0 {
		return name, words, true, nil
	}
	said := make([]string, min(len(bad), 10))
	for i := range said {
		said[i] = fmt.Sprintf("line %d: %s", bad[i].Line, bad[i].Why)
	}
	if more := len(bad) - len(said); more > 0 {
		said = append(said, fmt.Sprintf("and %d more", more))
	}
	return name, words, true, relais.WithHint(relais.Errorf(relais.KindInvalid, "read privacy file", "%s: %s", name, strings.Join(said, "; ")),
		"write LEVEL KIND VALUE: personal, doubtful or business; word, folder or address")
}

// followPrivacyFile takes the company's words into the archive, where all who read mail
// find them. Other words are other rules: every document is read again. A default file
// that is gone takes nothing back; an empty one does.
func (ar *archive) followPrivacyFile(ctx context.Context) error {
	_, words, found, err := ar.cfg.readPrivacyFile()
	if err != nil || !found {
		return err
	}
	// Noted last, so that whoever is stopped in between does it again.
	const noted = enrich.CompanyWordsSetting + "_followed"
	have, err := ar.state.Meta(ctx, noted)
	if err != nil || have == words.String() {
		return err
	}
	if err := ar.state.SetMeta(ctx, enrich.CompanyWordsSetting, words.String()); err != nil {
		return err
	}
	if _, err := ar.state.NextGeneration(ctx); err != nil {
		return err
	}
	return ar.state.SetMeta(ctx, noted, words.String())
}

// companyWords gives the words that the archive holds.
func companyWords(ctx context.Context, db *state.DB) (tag.CompanyWords, error) {
	text, err := db.Meta(ctx, enrich.CompanyWordsSetting)
	words, _ := tag.ParseCompanyWords(text) // it was read when it was set
	return words, err
}

// checkPrivacyFile reads the privacy file, if there is one, and names its bad lines.
func (a *app) checkPrivacyFile() check {
	name, words, found, err := a.cfg.readPrivacyFile()
	fine := "no file of the company's own; the words that ship are used"
	if found {
		fine = fmt.Sprintf("%s: words in %d lines", name, strings.Count(words.String(), "\n"))
	}
	return finding("privacy", fine, err)
}

// markedFolders gives the test of whether a folder's name marks it as private.
func (ar *archive) markedFolders(ctx context.Context) (func(string) bool, error) {
	words, err := companyWords(ctx, ar.state)
	if err != nil {
		return nil, err
	}
	return tag.PersonalFolders(words)
}
