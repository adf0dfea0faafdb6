package item

// Forms gives every form that is read. A new one is one file and one line, above the
// last: Internet mail is text, and anything may be meant as that.
func Forms() List {
	return List{
		internetMail{},
	}
}
