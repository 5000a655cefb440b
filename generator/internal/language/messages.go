package language

import (
	_ "embed"
	"reflect"
)

// MessagesSource is this file: the comments on the keys are the reference that the
// manual and the help show.
//
//go:embed messages.go
var MessagesSource string

// Messages are the sentences that the owner of a site puts in the place of ours.
// What a key stands for is the phrase in its tag; where that has a #, a number
// takes the place of each # of the new sentence as well. An empty one is ours.
type Messages struct {
	// The words on a button that a form gives none.
	Send string `yaml:"send" json:"send,omitempty" says:"Send"`
	// Beside a field that may be left empty.
	Optional string `yaml:"optional" json:"optional,omitempty" says:"optional"`
	// The first line of a list to choose from.
	Choose string `yaml:"choose" json:"choose,omitempty" says:"Please choose"`
	// Beside the field that people do not see; a browser without styles shows it.
	Trap string `yaml:"trap" json:"trap,omitempty" says:"Leave this empty"`
	// The thank-you of a form without `success`.
	Accepted string `yaml:"accepted" json:"accepted,omitempty" says:"Thank you! Your message has arrived."`
	// The same where the address has to be confirmed.
	Pending string `yaml:"pending" json:"pending,omitempty" says:"Thank you! Before we write to you, we will ask you to confirm your address."`

	// A field that must be filled in is empty.
	Required string `yaml:"required" json:"required,omitempty" says:"Please fill this in."`
	// Nothing is chosen.
	ChooseOne string `yaml:"chooseOne" json:"chooseOne,omitempty" says:"Please choose one."`
	// A box that must be ticked is not.
	Tick string `yaml:"tick" json:"tick,omitempty" says:"Please tick this box."`
	// The box of consent is not ticked.
	Consent string `yaml:"consent" json:"consent,omitempty" says:"Please tick this box if you agree; we cannot write to you without it."`
	// The answer is too long.
	TooLong string `yaml:"tooLong" json:"tooLong,omitempty" says:"Please shorten this to # characters."`
	// The answer is too short.
	TooShort string `yaml:"tooShort" json:"tooShort,omitempty" says:"Please write at least # characters."`
	// It is no e-mail address.
	Email string `yaml:"email" json:"email,omitempty" says:"Please enter one e-mail address, like name@example.com."`
	// It is no web address.
	URL string `yaml:"url" json:"url,omitempty" says:"Please enter a web address, like https://example.com."`
	// It is no number.
	Number string `yaml:"number" json:"number,omitempty" says:"Please enter a number."`
	// The number is below `min`.
	TooSmall string `yaml:"tooSmall" json:"tooSmall,omitempty" says:"Please enter a number from # on."`
	// The number is above `max`.
	TooBig string `yaml:"tooBig" json:"tooBig,omitempty" says:"Please enter a number up to #."`
	// The choice is none of the options.
	Option string `yaml:"option" json:"option,omitempty" says:"Please choose one of the options."`
	// The answer does not match `pattern`.
	Format string `yaml:"format" json:"format,omitempty" says:"Please check the format."`
	// The text came in letters that are none.
	Characters string `yaml:"characters" json:"characters,omitempty" says:"Some characters could not be read. Please check the text."`

	// The heading of the page that asks for a form again.
	AgainTitle string `yaml:"againTitle" json:"againTitle,omitempty" says:"Almost there"`
	// Above the list of what is wrong.
	Again string `yaml:"again" json:"again,omitempty" says:"Please look at this and send it again. Nothing you wrote is lost."`
	// The card could not be stored.
	NotSaved string `yaml:"notSaved" json:"notSaved,omitempty" says:"We could not save this just now. Your text is still here: please send it again in a moment."`
	// The heading of the pages that have one more button.
	ClickTitle string `yaml:"clickTitle" json:"clickTitle,omitempty" says:"One more click"`
	// Much came from one network, and the visitor has to press a button.
	Click string `yaml:"click" json:"click,omitempty" says:"Much has come from your network of late, so we ask this of everybody who writes from there. Nothing you wrote is lost: please press the button, and it is sent."`
	// The same, once more.
	ClickAgain string `yaml:"clickAgain" json:"clickAgain,omitempty" says:"If this page comes again, please wait a few minutes and press it once more."`
	// The words on that button.
	ClickButton string `yaml:"clickButton" json:"clickButton,omitempty" says:"I am not a robot: send it"`
	// The heading of the thanks page.
	SentTitle string `yaml:"sentTitle" json:"sentTitle,omitempty" says:"Sent"`
	// The same where the address has to be confirmed.
	PendingTitle string `yaml:"pendingTitle" json:"pendingTitle,omitempty" says:"Almost done"`
	// Before the title of the post that a link leads back to.
	Back string `yaml:"back" json:"back,omitempty" says:"Back to"`

	// The heading above `unknownForm`.
	UnknownFormTitle string `yaml:"unknownFormTitle" json:"unknownFormTitle,omitempty" says:"Unknown form"`
	// The site has no form of that name.
	UnknownForm string `yaml:"unknownForm" json:"unknownForm,omitempty" says:"This site has no such form. Perhaps the page you came from is an old copy."`
	// The heading above `tooMuch`.
	TooMuchTitle string `yaml:"tooMuchTitle" json:"tooMuchTitle,omitempty" says:"Too much text"`
	// More came than a form holds.
	TooMuch string `yaml:"tooMuch" json:"tooMuch,omitempty" says:"A form may hold 64 KB at most. Please go back and shorten what you wrote."`
	// The heading above `unknownFormat`.
	UnknownFormatTitle string `yaml:"unknownFormatTitle" json:"unknownFormatTitle,omitempty" says:"Unknown format"`
	// What came is no form.
	UnknownFormat string `yaml:"unknownFormat" json:"unknownFormat,omitempty" says:"Send a form as application/x-www-form-urlencoded, multipart/form-data or application/json."`
	// The heading above `unreadable`.
	UnreadableTitle string `yaml:"unreadableTitle" json:"unreadableTitle,omitempty" says:"Unreadable form"`
	// A part of the form is missing.
	Unreadable string `yaml:"unreadable" json:"unreadable,omitempty" says:"The form did not arrive whole. Please go back and send it again."`
	// The heading above `nothing`.
	NothingTitle string `yaml:"nothingTitle" json:"nothingTitle,omitempty" says:"Nothing here"`
	// There is no such page.
	Nothing string `yaml:"nothing" json:"nothing,omitempty" says:"There is no page at this address."`
	// The heading above `onlyPost`.
	OnlyPostTitle string `yaml:"onlyPostTitle" json:"onlyPostTitle,omitempty" says:"Nothing to read here"`
	// The address that a form is sent to was opened in a browser.
	OnlyPost string `yaml:"onlyPost" json:"onlyPost,omitempty" says:"This address takes what a form or a page sends. To see a form, go to the page it stands on."`
	// A page was sent what only a form takes.
	OnlyRead string `yaml:"onlyRead" json:"onlyRead,omitempty" says:"This page can only be read."`
	// A mistake of ours.
	Broken string `yaml:"broken" json:"broken,omitempty" says:"Something went wrong here. Please try again."`
	// The heading above `notNow`.
	NotNowTitle string `yaml:"notNowTitle" json:"notNowTitle,omitempty" says:"Not just now"`
	// The store could not be reached.
	NotNow string `yaml:"notNow" json:"notNow,omitempty" says:"Please try again in a moment."`

	// The heading above `link`.
	LinkTitle string `yaml:"linkTitle" json:"linkTitle,omitempty" says:"This link is not valid any more"`
	// The link of a mail is good for nothing.
	Link string `yaml:"link" json:"link,omitempty" says:"It may be too old, or was not copied whole. Links are good for seven days."`
	// The same of the link to what is kept of a person.
	DataLink string `yaml:"dataLink" json:"dataLink,omitempty" says:"It may be too old, or was not copied whole; or there is nothing behind it any more. The last mail from this site has the newest link."`
	// Asks to confirm an address.
	Confirm string `yaml:"confirm" json:"confirm,omitempty" says:"Press the button to confirm your address."`
	// The words on that button.
	ConfirmButton string `yaml:"confirmButton" json:"confirmButton,omitempty" says:"Confirm my address"`
	// The heading after it; also before the day of it among what is kept.
	ConfirmedTitle string `yaml:"confirmedTitle" json:"confirmedTitle,omitempty" says:"Confirmed"`
	// The address is confirmed.
	Confirmed string `yaml:"confirmed" json:"confirmed,omitempty" says:"Thank you. Your address is confirmed."`
	// And a file is delivered.
	OnItsWay string `yaml:"onItsWay" json:"onItsWay,omitempty" says:"What you asked for is on its way to you by mail."`
	// The heading and the button of the page to unsubscribe on.
	UnsubscribeTitle string `yaml:"unsubscribeTitle" json:"unsubscribeTitle,omitempty" says:"Unsubscribe"`
	// Asks to unsubscribe.
	Unsubscribe string `yaml:"unsubscribe" json:"unsubscribe,omitempty" says:"Press the button, and you get no more mail from this site."`
	// The heading after it; also before the day of it among what is kept.
	UnsubscribedTitle string `yaml:"unsubscribedTitle" json:"unsubscribedTitle,omitempty" says:"Unsubscribed"`
	// The address is unsubscribed.
	Unsubscribed string `yaml:"unsubscribed" json:"unsubscribed,omitempty" says:"You get no more mail from this site."`
	// The heading above `noFile`.
	NoFileTitle string `yaml:"noFileTitle" json:"noFileTitle,omitempty" says:"Not here just now"`
	// The file of a form is missing.
	NoFile string `yaml:"noFile" json:"noFile,omitempty" says:"The file you were promised is missing. The owner of the site can see this; please write to them, or try again later."`

	// The heading of the page that shows what is kept of a person.
	DataTitle string `yaml:"dataTitle" json:"dataTitle,omitempty" says:"What this site keeps of you"`
	// Before an address.
	DataAddress string `yaml:"dataAddress" json:"dataAddress,omitempty" says:"Your address"`
	// Before a sentence of consent.
	DataConsent string `yaml:"dataConsent" json:"dataConsent,omitempty" says:"You agreed to"`
	// Before the first post that was read.
	DataFirst string `yaml:"dataFirst" json:"dataFirst,omitempty" says:"You read first"`
	// Before the other posts of that day.
	DataRead string `yaml:"dataRead" json:"dataRead,omitempty" says:"You read that day"`
	// Before the site that led to the post.
	DataSource string `yaml:"dataSource" json:"dataSource,omitempty" says:"You came from"`
	// Above stages and notes.
	DataNotes string `yaml:"dataNotes" json:"dataNotes,omitempty" says:"What was noted"`
	// Above the days of mails.
	DataMails string `yaml:"dataMails" json:"dataMails,omitempty" says:"Mail to you"`
	// The link to a copy.
	DataCopy string `yaml:"dataCopy" json:"dataCopy,omitempty" says:"Download all of it"`
	// The link to the page that asks whether to erase, and its heading.
	EraseTitle string `yaml:"eraseTitle" json:"eraseTitle,omitempty" says:"Erase all of it"`
	// What is erased.
	Erase string `yaml:"erase" json:"erase,omitempty" says:"Your address, your answers and everything else that is kept of you are erased for good. You get no more mail from this site."`
	// The button that erases.
	EraseButton string `yaml:"eraseButton" json:"eraseButton,omitempty" says:"Yes, erase all of it"`
	// The link back.
	EraseBack string `yaml:"eraseBack" json:"eraseBack,omitempty" says:"No, keep it"`
	// The heading after it.
	ErasedTitle string `yaml:"erasedTitle" json:"erasedTitle,omitempty" says:"Erased"`
	// All is erased.
	Erased string `yaml:"erased" json:"erased,omitempty" says:"Nothing is kept of you any more but a hash, which keeps mail from going to your address."`
}

// Or are these messages, and where one is empty that of others.
func (m Messages) Or(others Messages) Messages {
	mine, theirs := reflect.ValueOf(&m).Elem(), reflect.ValueOf(others)
	for i := range mine.NumField() {
		if mine.Field(i).String() == "" {
			mine.Field(i).Set(theirs.Field(i))
		}
	}
	return m
}

// With are the words of a language with messages in their places.
func (w Words) With(m Messages) Words {
	if m == (Messages{}) {
		return w
	}
	w.own = map[string]string{}
	value := reflect.ValueOf(m)
	for i := range value.NumField() {
		if said := value.Field(i).String(); said != "" {
			w.own[value.Type().Field(i).Tag.Get("says")] = said
		}
	}
	return w
}
