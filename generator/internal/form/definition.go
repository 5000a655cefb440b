package form

// Definition is one form as site.yaml describes it.
type Definition struct {
	Name    string   `yaml:"-" json:"name"` // the key under forms:, also the last part of the form's address
	Title   string   `yaml:"title" json:"title,omitempty"`
	Intro   string   `yaml:"intro" json:"intro,omitempty"`     // one plain paragraph above the fields
	Button  string   `yaml:"button" json:"button,omitempty"`   // empty: "Send"
	Success string   `yaml:"success" json:"success,omitempty"` // the thank-you in place and on the default thanks page
	Fields  []Field  `yaml:"fields" json:"fields"`
	Consent string   `yaml:"consent" json:"consent,omitempty"` // the sentence beside the unticked box; empty: no box
	Confirm bool     `yaml:"confirm" json:"confirm,omitempty"` // double opt-in
	Deliver string   `yaml:"deliver" json:"deliver,omitempty"` // a file under content/_files handed over on confirmation
	Thanks  string   `yaml:"thanks" json:"thanks,omitempty"`   // a path of the site; empty: the tracker's own thanks page
	Notify  []string `yaml:"notify" json:"notify,omitempty"`   // mail addresses of the owner
}

// Field is one question. Type is one of Types.
type Field struct {
	Name        string   `yaml:"name" json:"name"` // the control's name: letters, digits, _ and -
	Type        string   `yaml:"type" json:"type"` // empty in site.yaml: text
	Label       string   `yaml:"label" json:"label,omitempty"`
	Placeholder string   `yaml:"placeholder" json:"placeholder,omitempty"`
	Value       string   `yaml:"value" json:"value,omitempty"` // preset, and the value of a hidden field
	Required    bool     `yaml:"required" json:"required,omitempty"`
	Options     []string `yaml:"options" json:"options,omitempty"` // for select and radio
	Pattern     string   `yaml:"pattern" json:"pattern,omitempty"` // a regular expression the whole value must match
	MaxLength   int      `yaml:"maxlength" json:"maxlength,omitempty"`
}

// Types are the kinds of field, in the order a manual would list them.
func Types() []string {
	return []string{"email", "text", "textarea", "tel", "url", "select", "radio", "checkbox", "hidden", "number"}
}
