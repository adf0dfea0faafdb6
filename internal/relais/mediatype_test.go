package relais

import "testing"

func TestFamily(t *testing.T) {
	for mediaType, want := range map[string]string{
		"application/pdf": FamilyPDF,
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document": FamilyWord,
		"application/msword": FamilyWord,
		"application/rtf":    FamilyWord,
		"text/rtf":           FamilyWord,
		"application/vnd.oasis.opendocument.text":                           FamilyWord,
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": FamilySheet,
		"application/vnd.ms-excel.sheet.macroEnabled.12":                    FamilySheet,
		"application/vnd.oasis.opendocument.spreadsheet":                    FamilySheet,
		"text/csv": FamilySheet,
		"application/vnd.openxmlformats-officedocument.presentationml.presentation": FamilySlides,
		"application/vnd.ms-powerpoint":                                             FamilySlides,
		"image/png":                                                                 FamilyImage,
		"TEXT/Plain; charset=utf-8":                                                 FamilyText,
		"text/html":                                                                 FamilyText,
		"application/json":                                                          FamilyText,
		"application/zip":                                                           FamilyArchive,
		"application/x-tar":                                                         FamilyArchive,
		"application/gzip":                                                          FamilyArchive,
		"message/rfc822":                                                            FamilyMail,
		"application/vnd.ms-outlook":                                                FamilyMail,
		"application/vnd.ms-tnef":                                                   FamilyMail,
		"text/calendar":                                                             FamilyCalendar,
		"application/octet-stream":                                                  FamilyOther,
		"audio/mpeg":                                                                FamilyOther,
		"":                                                                          FamilyOther,
	} {
		if got := Family(mediaType); got != want {
			t.Errorf("%s: %s, not %s", mediaType, got, want)
		}
	}
}
