package extract

// formats is every kind of document that is read: one file and one line add one. A
// change of what a reader makes of the same bytes is a change of its version.
func formats(e *engines) []Format {
	return []Format{
		{Name: "text/1", MediaTypes: []string{typeText}, Read: readText},
		{Name: "csv/1", MediaTypes: []string{typeCSV, typeTSV}, Read: readCSV},
		{Name: "calendar/1", MediaTypes: []string{typeCalendar}, Risky: true, Read: readCalendar},
		{Name: "card/1", MediaTypes: []string{typeCard}, Risky: true, Read: readCard},
		{Name: "html/1", MediaTypes: []string{typeHTML}, Read: readHTML},
		{Name: "mail/1", MediaTypes: []string{typeMail}, Read: readMail},
		{Name: "tnef/1", MediaTypes: []string{typeTNEF}, Risky: true, Read: readTNEF},
		{Name: "cms/1", MediaTypes: []string{typeCMS}, Risky: true, Read: readCMS},
		{Name: "pdf/1", MediaTypes: []string{typePDF}, Risky: true, Read: e.readPDF},
		{Name: "docx/1", MediaTypes: docxTypes(), Risky: true, Read: readDocx},
		{Name: "xlsx/1", MediaTypes: xlsxTypes(), Risky: true, Read: readXlsx},
		{Name: "pptx/1", MediaTypes: pptxTypes(), Risky: true, Read: readPptx},
		{Name: "odf/1", MediaTypes: odfTypes(), Risky: true, Read: readODF},
		{Name: "rtf/1", MediaTypes: []string{typeRTF}, Risky: true, Read: readRTF},
		{Name: "xml/1", MediaTypes: []string{typeXML, "image/svg+xml"}, Risky: true, Read: readXML},
		{Name: "locked/1", MediaTypes: []string{typeLocked}, Risky: true, Read: readLocked},
		{Name: "ole/1", MediaTypes: []string{typeOLE}, Risky: true, Read: readOLE},
		{Name: "zip/1", MediaTypes: []string{typeZip, "application/epub+zip"}, Risky: true, Read: readZip},
	}
}

// docxTypes are documents and templates, with and without macros: one schema.
func docxTypes() []string {
	return []string{typeDocx, "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
		"application/vnd.ms-word.document.macroenabled.12", "application/vnd.ms-word.template.macroenabledtemplate.12"}
}

// xlsxTypes are workbooks and templates; the binary kind (xlsb) is another schema.
func xlsxTypes() []string {
	return []string{typeXlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
		"application/vnd.ms-excel.sheet.macroenabled.12", "application/vnd.ms-excel.template.macroenabled.12"}
}

// pptxTypes are presentations, shows and templates.
func pptxTypes() []string {
	return []string{typePptx, "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
		"application/vnd.openxmlformats-officedocument.presentationml.template",
		"application/vnd.ms-powerpoint.presentation.macroenabled.12", "application/vnd.ms-powerpoint.slideshow.macroenabled.12"}
}

// odfTypes are those of OpenDocument and of OpenOffice 1, whose elements have the
// same local names.
func odfTypes() []string {
	const odf, sun = "application/vnd.oasis.opendocument.", "application/vnd.sun.xml."
	return []string{odf + "text", odf + "spreadsheet", odf + "presentation", odf + "graphics", odf + "text-template",
		odf + "spreadsheet-template", odf + "presentation-template", odf + "text-master",
		sun + "writer", sun + "calc", sun + "impress", sun + "draw"}
}
