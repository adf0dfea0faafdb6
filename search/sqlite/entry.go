package sqlite

import (
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// add appends the row of a document, without what is known of its text: key and lengths.
func (c *columns) add(row uint32, e *relais.Envelope, dicts *dictionaries) {
	d := &e.Document
	c.rows, c.ids = append(c.rows, row), append(c.ids, d.ID)
	c.dates, c.months = append(c.dates, millis(d.Date)), append(c.months, 0)
	c.sizes, c.revisions, c.lengths = append(c.sizes, d.Size), append(c.revisions, e.Revision), append(c.lengths, search.Lengths{})
	for k, s := range [keyColumns]string{keyContent: string(d.Content), keyMessage: d.MessageID, keyThread: d.Thread} {
		c.keys[k] = append(c.keys[k], search.KeyOf(s))
	}
	for f, l := range lists(e) {
		c.codes[f] = append(c.codes[f], dicts[f].code(l))
	}
}

// addRemoval appends a row that says that there is no document any more.
func (c *columns) addRemoval(row uint32) {
	i := len(c.rows)
	c.add(row, &relais.Envelope{}, newDictionaries())
	for f := range c.codes {
		c.codes[f][i] = 0 // the empty list of any dictionary
	}
}

// lists gives a document's values by column.
func lists(e *relais.Envelope) [fields]list {
	v := search.ValuesOf(e)
	return [fields]list{
		fieldCase: v.Case, fieldKind: v.Kind, fieldType: v.Types, fieldLanguage: v.Language, fieldSender: v.Sender,
		fieldOwner: v.Owners, fieldFolder: v.Folders, fieldClient: v.Clients, fieldTopic: v.Topics, fieldAttachment: v.Attachment,
		fieldUncertain: v.Uncertain, fieldState: v.State,
	}
}
