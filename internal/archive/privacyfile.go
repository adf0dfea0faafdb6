package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// PrivacyFile names the file of a company's own words, folders and addresses of private
// mail. The zero value names none.
type PrivacyFile struct {
	Path     string
	Optional bool // it need not be there
}

// maxPrivacyFile is how many bytes a privacy file may have.
const maxPrivacyFile = 1 << 20

// Read reads the company's words; found tells whether there is a file. Of one with bad
// lines the error, of relais.KindInvalid, names them, and the words are none.
func (f PrivacyFile) Read() (words tag.CompanyWords, found bool, err error) {
	text, found, err := f.text()
	if err != nil || !found {
		return words, found, err
	}
	words, bad := tag.ParseCompanyWords(text)
	if len(bad) == 0 {
		return words, true, nil
	}
	said := make([]string, min(len(bad), 10))
	for i := range said {
		said[i] = fmt.Sprintf("line %d: %s", bad[i].Line, bad[i].Why)
	}
	if more := len(bad) - len(said); more > 0 {
		said = append(said, fmt.Sprintf("and %d more", more))
	}
	return tag.CompanyWords{}, true, relais.WithHint(relais.Errorf(relais.KindInvalid, "read privacy file", "%s: %s", f.Path, strings.Join(said, "; ")),
		"write LEVEL KIND VALUE: personal, doubtful or business; word, folder or address")
}

func (f PrivacyFile) text() (text string, found bool, err error) {
	if f.Path == "" {
		return "", false, nil
	}
	info, err := os.Stat(f.Path)
	if f.Optional && errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err == nil && info.Size() > maxPrivacyFile {
		return "", true, relais.Errorf(relais.KindInvalid, "read privacy file", "%s is over %d bytes", f.Path, maxPrivacyFile)
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(f.Path)
	}
	if err != nil {
		return "", true, relais.E(relais.KindInvalid, "read privacy file", err)
	}
	return string(b), true, nil
}

// followPrivacyFile takes the company's words into the archive, where all who read mail
// find them. Other words are other rules: every document is read again. A default file
// that is gone takes nothing back; an empty one does.
func (ar *Archive) followPrivacyFile(ctx context.Context, file PrivacyFile) error {
	words, found, err := file.Read()
	if err != nil || !found {
		return err
	}
	// Noted last, so that whoever is stopped in between does it again.
	const noted = enrich.CompanyWordsSetting + "_followed"
	have, err := ar.on.State.Meta(ctx, noted)
	if err != nil || have == words.String() {
		return err
	}
	if err := ar.on.State.SetMeta(ctx, enrich.CompanyWordsSetting, words.String()); err != nil {
		return err
	}
	if _, err := ar.on.State.NextGeneration(ctx); err != nil {
		return err
	}
	return ar.on.State.SetMeta(ctx, noted, words.String())
}

// companyWords gives the words that the archive holds.
func companyWords(ctx context.Context, db *state.DB) (tag.CompanyWords, error) {
	text, err := db.Meta(ctx, enrich.CompanyWordsSetting)
	words, _ := tag.ParseCompanyWords(text) // it was read when it was set
	return words, err
}

// markedFolders gives the test of whether a folder's name marks it as private.
func (ar *Archive) markedFolders(ctx context.Context) (func(string) bool, error) {
	words, err := companyWords(ctx, ar.on.State)
	if err != nil {
		return nil, err
	}
	return tag.PersonalFolders(words)
}
