package enrich

import (
	"time"

	"github.com/relais-archive/relais/enrich/extract"
)

// Where a file's date is from: relais.Document.DateSource.
const (
	dateOfDocument = "document" // its own properties
	dateOfFile     = "file"     // the file's time, which every copy may change
)

// fileDate gives the date of a file that is in no message, and where it is from: when it
// says that it was last changed, else made, else the file's time. One that cannot be true
// is passed over; a file without another has no date. now is when the file is read.
func fileDate(own extract.Dates, file, now time.Time) (time.Time, string) {
	for _, t := range [...]time.Time{own.Modified, own.Created} {
		if plausible(t, now) && !fromTemplate(t) {
			return t.UTC().Truncate(time.Second), dateOfDocument
		}
	}
	if plausible(file, now) {
		return file.UTC(), dateOfFile
	}
	return time.Time{}, ""
}

// fromTemplate tells the dates of the empty documents that programs begin with: what is
// made from them says no other (Excel's and excelize's workbook, python-docx,
// python-pptx).
func fromTemplate(t time.Time) bool {
	switch t.UTC().Format(time.RFC3339) {
	case "2006-09-16T00:00:00Z", "2013-12-23T23:15:00Z", "2013-01-27T09:14:16Z":
		return true
	}
	return false
}

// plausible tells whether a file can have been written at a time. Where programs know
// none they write the first their clock can say: years 1 (.NET), 1601 (Windows), 1899
// (OLE), 1904 (Mac), 1970 (Unix), the first of 1980 (DOS and zip files, at the local
// midnight). Nothing was written in the future; a day of it may be a zone forgotten.
func plausible(t, now time.Time) bool {
	return t.After(time.Date(1980, 1, 2, 0, 0, 0, 0, time.UTC)) && t.Before(now.AddDate(0, 0, 1))
}
