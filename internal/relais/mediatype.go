package relais

import "strings"

// The families of media types, as search facets and type: filters name them.
const (
	FamilyPDF      = "pdf"
	FamilyWord     = "word"
	FamilySheet    = "sheet"
	FamilySlides   = "slides"
	FamilyImage    = "image"
	FamilyText     = "text"
	FamilyArchive  = "archive"
	FamilyMail     = "mail"
	FamilyCalendar = "calendar"
	FamilyOther    = "other"
)

// Family gives the family a media type belongs to, one of the constants above:
// what people mean by "a spreadsheet", whatever program wrote it. Parameters and
// case do not count; what is unknown is FamilyOther.
func Family(mediaType string) string {
	t, _, _ := strings.Cut(strings.ToLower(mediaType), ";")
	t = strings.TrimSpace(t)
	top, sub, _ := strings.Cut(t, "/")
	switch {
	case t == "application/pdf":
		return FamilyPDF
	case top == "image":
		return FamilyImage
	case top == "message" || t == "application/mbox":
		return FamilyMail
	case t == "text/calendar" || t == "text/vcard":
		return FamilyCalendar
	case t == "text/rtf":
		return FamilyWord
	case t == "text/csv" || t == "text/tab-separated-values":
		return FamilySheet
	case top == "text":
		return FamilyText
	case top == "application":
		return applicationFamily(sub)
	}
	return FamilyOther
}

// applicationFamily tells the subtypes of application/ apart. Office types are
// long (RFC 6838 vendor trees) but their stems are few.
func applicationFamily(sub string) string {
	has := func(stems ...string) bool {
		for _, s := range stems {
			if strings.Contains(sub, s) {
				return true
			}
		}
		return false
	}
	switch {
	case has("ms-outlook", "ms-tnef"):
		return FamilyMail
	case has("wordprocessing", "msword", "ms-word", "rtf", "opendocument.text", "sun.xml.writer", "wordperfect", "apple.pages", "x-hwp"):
		return FamilyWord
	case has("spreadsheet", "ms-excel", "sun.xml.calc", "apple.numbers"):
		return FamilySheet
	case has("presentation", "powerpoint", "sun.xml.impress", "apple.keynote"):
		return FamilySlides
	case has("zip", "x-tar", "x-7z", "x-rar", "vnd.rar", "x-bzip", "x-xz", "zstd", "java-archive"):
		return FamilyArchive
	case sub == "xml" || sub == "json" || sub == "xhtml+xml" || sub == "javascript":
		return FamilyText
	}
	return FamilyOther
}
