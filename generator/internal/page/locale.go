package page

import "strings"

// locale is a language as Open Graph wants it, `en_US`: with a territory, its own
// or the one most of its readers live in. It is empty where that would be a guess.
func locale(tag string) string {
	parts := strings.Split(tag, "-")
	language := strings.ToLower(parts[0])
	for _, part := range parts[1:] {
		if len(part) == 1 {
			break // what follows is no territory
		}
		if len(part) == 2 {
			return language + "_" + strings.ToUpper(part)
		}
	}
	if len(parts) > 1 { // a script or a dialect says that it is not the usual one
		return ""
	}
	territory := map[string]string{
		"af": "ZA", "be": "BY", "bg": "BG", "bs": "BA", "ca": "ES", "cs": "CZ", "cy": "GB", "da": "DK", "de": "DE", "el": "GR", "en": "US", "es": "ES",
		"et": "EE", "eu": "ES", "fa": "IR", "fi": "FI", "fr": "FR", "ga": "IE", "gl": "ES", "he": "IL", "hi": "IN", "hr": "HR", "hu": "HU", "hy": "AM",
		"id": "ID", "is": "IS", "it": "IT", "ja": "JP", "ka": "GE", "ko": "KR", "lt": "LT", "lv": "LV", "mk": "MK", "ms": "MY", "nb": "NO", "nl": "NL",
		"nn": "NO", "no": "NO", "pl": "PL", "pt": "BR", "ro": "RO", "ru": "RU", "sk": "SK", "sl": "SI", "sq": "AL", "sr": "RS", "sv": "SE", "th": "TH",
		"tr": "TR", "uk": "UA", "ur": "PK", "vi": "VN", "zh": "CN",
	}[language]
	if territory == "" {
		return ""
	}
	return language + "_" + territory
}
