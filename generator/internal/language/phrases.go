package language

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// tags are the languages there are words in besides English, in the order of the
// columns below.
func tags() []string { return []string{"de", "fr", "es", "it", "pt", "nl", "pl"} }

// table are the phrases, made ready at the first use, as a pattern is compiled: a
// form says ten of them.
var table = sync.OnceValue(phrases)

// phrases are all there are.
func phrases() map[string][7]string {
	all := themePhrases()
	maps.Copy(all, mailPhrases())
	maps.Copy(all, pagePhrases())
	return all
}

// themePhrases are the words of the theme and of forms. Dates are written as Go writes them.
func themePhrases() map[string][7]string {
	return map[string][7]string{
		"2 January 2006":     {"2. January 2006", "2 January 2006", "2 de January de 2006", "2 January 2006", "2 de January de 2006", "2 January 2006", "2 January 2006"},
		"2 Jan 2006":         {"2. Jan 2006", "2 Jan 2006", "2 Jan 2006", "2 Jan 2006", "2 Jan 2006", "2 Jan 2006", "2 Jan 2006"},
		"min read":           {"Min. Lesezeit", "min de lecture", "min de lectura", "min di lettura", "min de leitura", "min lezen", "min czytania"},
		"Continue reading":   {"Weiterlesen", "Lire la suite", "Seguir leyendo", "Continua a leggere", "Continuar a ler", "Verder lezen", "Czytaj dalej"},
		"Updated":            {"Aktualisiert", "Mis à jour", "Actualizado", "Aggiornato", "Atualizado", "Bijgewerkt", "Aktualizacja"},
		"Draft":              {"Entwurf", "Brouillon", "Borrador", "Bozza", "Rascunho", "Concept", "Szkic"},
		"Tags":               {"Schlagwörter", "Étiquettes", "Etiquetas", "Etichette", "Etiquetas", "Tags", "Tagi"},
		"Written by":         {"Geschrieben von", "Écrit par", "Escrito por", "Scritto da", "Escrito por", "Geschreven door", "Autor"},
		"On this page":       {"Auf dieser Seite", "Sur cette page", "En esta página", "In questa pagina", "Nesta página", "Op deze pagina", "Na tej stronie"},
		"all pages":          {"alle Seiten", "toutes les pages", "todas las páginas", "tutte le pagine", "todas as páginas", "alle pagina’s", "wszystkie strony"},
		"Part":               {"Teil", "Partie", "Parte", "Parte", "Parte", "Deel", "Część"},
		"of":                 {"von", "sur", "de", "di", "de", "van", "z"},
		"The whole series":   {"Die ganze Reihe", "Toute la série", "Toda la serie", "Tutta la serie", "Toda a série", "De hele reeks", "Cała seria"},
		"Read next":          {"Als Nächstes lesen", "À lire ensuite", "Para seguir leyendo", "Da leggere dopo", "Para ler a seguir", "Lees hierna", "Czytaj też"},
		"Before and after":   {"Davor und danach", "Avant et après", "Antes y después", "Prima e dopo", "Antes e depois", "Hiervoor en hierna", "Przedtem i potem"},
		"Previous":           {"Zurück", "Précédent", "Anterior", "Precedente", "Anterior", "Vorige", "Poprzedni"},
		"Next":               {"Weiter", "Suivant", "Siguiente", "Successivo", "Seguinte", "Volgende", "Następny"},
		"Newer":              {"Neuere", "Plus récents", "Más recientes", "Più recenti", "Mais recentes", "Nieuwer", "Nowsze"},
		"Older":              {"Ältere", "Plus anciens", "Más antiguos", "Meno recenti", "Mais antigos", "Ouder", "Starsze"},
		"Pages":              {"Seiten", "Pages", "Páginas", "Pagine", "Páginas", "Pagina’s", "Strony"},
		"Page":               {"Seite", "Page", "Página", "Pagina", "Página", "Pagina", "Strona"},
		"page":               {"Seite", "page", "página", "pagina", "página", "pagina", "strona"},
		"pages":              {"Seiten", "pages", "páginas", "pagine", "páginas", "pagina’s", "stron"},
		"Home":               {"Startseite", "Accueil", "Inicio", "Home", "Início", "Start", "Start"},
		"Search":             {"Suche", "Recherche", "Buscar", "Cerca", "Pesquisa", "Zoeken", "Szukaj"},
		"Main":               {"Hauptmenü", "Menu principal", "Menú principal", "Menu principale", "Menu principal", "Hoofdmenu", "Menu główne"},
		"Footer":             {"Fußzeile", "Pied de page", "Pie de página", "Piè di pagina", "Rodapé", "Voettekst", "Stopka"},
		"Breadcrumbs":        {"Pfad", "Fil d’Ariane", "Ruta", "Percorso", "Caminho", "Kruimelpad", "Ścieżka"},
		"Feed":               {"Feed", "Flux", "Feed", "Feed", "Feed", "Feed", "Kanał RSS"},
		"Skip to the text":   {"Zum Text springen", "Aller au texte", "Ir al texto", "Vai al testo", "Ir para o texto", "Naar de tekst", "Przejdź do tekstu"},
		"Back to":            {"Zurück zu", "Retour à", "Volver a", "Torna a", "Voltar a", "Terug naar", "Powrót:"},
		"Nothing here yet.":  {"Hier ist noch nichts.", "Rien ici pour l’instant.", "Aún no hay nada aquí.", "Qui non c’è ancora nulla.", "Ainda não há nada aqui.", "Hier staat nog niets.", "Jeszcze nic tu nie ma."},
		"Read on":            {"Weiterlesen", "En savoir plus", "Seguir leyendo", "Continua a leggere", "Saber mais", "Lees verder", "Czytaj dalej"},
		"Details":            {"Einzelheiten", "Détails", "Detalles", "Dettagli", "Detalhes", "Details", "Szczegóły"},
		"Page not found":     {"Seite nicht gefunden", "Page introuvable", "Página no encontrada", "Pagina non trovata", "Página não encontrada", "Pagina niet gevonden", "Nie znaleziono strony"},
		"A video on YouTube": {"Ein Video bei YouTube", "Une vidéo sur YouTube", "Un vídeo en YouTube", "Un video su YouTube", "Um vídeo no YouTube", "Een video op YouTube", "Film na YouTube"},
		"A video on Vimeo":   {"Ein Video bei Vimeo", "Une vidéo sur Vimeo", "Un vídeo en Vimeo", "Un video su Vimeo", "Um vídeo no Vimeo", "Een video op Vimeo", "Film na Vimeo"},
		"Plays from":         {"Kommt von", "Lue depuis", "Se reproduce desde", "Riprodotto da", "Reproduzido de", "Speelt af van", "Odtwarzany z"},
		"Nothing is loaded from there before you ask.": {"Vorher wird von dort nichts geladen.", "Rien n’en est chargé avant votre clic.", "Antes de su clic no se carga nada de allí.", "Prima del clic non viene caricato nulla.",
			"Antes do clique nada é carregado de lá.", "Voor uw klik wordt daar niets geladen.", "Przed kliknięciem nic stamtąd nie jest pobierane."},
		"The address may have a typing mistake in it, or the page has moved and left no note. Nothing is broken on your side.": {
			"In der Adresse steckt vielleicht ein Tippfehler, oder die Seite ist umgezogen und hat keinen Zettel hinterlassen. Bei Ihnen ist nichts kaputt.",
			"L’adresse contient peut-être une faute de frappe, ou la page a déménagé sans laisser de mot. Rien n’est cassé de votre côté.",
			"Quizá la dirección tenga un error, o la página se ha mudado sin dejar nota. Por su parte no hay nada roto.",
			"Forse nell’indirizzo c’è un errore di battitura, o la pagina è stata spostata senza lasciare un biglietto. Da parte sua non c’è nulla di rotto.",
			"Talvez o endereço tenha um erro, ou a página mudou de lugar sem deixar recado. Do seu lado não há nada estragado.",
			"Misschien zit er een tikfout in het adres, of de pagina is verhuisd zonder bericht achter te laten. Bij u is niets stuk.",
			"W adresie może być literówka albo strona zmieniła miejsce i nie zostawiła wiadomości. Po Twojej stronie nic się nie zepsuło."},
		"What are you looking for?":   {"Wonach suchen Sie?", "Que cherchez-vous ?", "¿Qué busca?", "Che cosa cerca?", "O que procura?", "Wat zoekt u?", "Czego szukasz?"},
		"Write at least two letters.": {"Bitte mindestens zwei Buchstaben.", "Écrivez au moins deux lettres.", "Escriba al menos dos letras.", "Scriva almeno due lettere.", "Escreva pelo menos duas letras.", "Typ minstens twee letters.", "Wpisz co najmniej dwie litery."},
		"Nothing was found. Fewer words, or the beginning of one, find more.": {"Nichts gefunden. Weniger Wörter, oder nur der Anfang eines Wortes, finden mehr.", "Rien trouvé. Moins de mots, ou le début d’un seul, trouvent davantage.", "No se encontró nada. Con menos palabras, o el comienzo de una, se encuentra más.",
			"Non è stato trovato nulla. Meno parole, o l’inizio di una, trovano di più.", "Nada foi encontrado. Menos palavras, ou o começo de uma, encontram mais.", "Niets gevonden. Minder woorden, of het begin van een woord, vinden meer.", "Nic nie znaleziono. Mniej słów albo początek jednego znajdzie więcej."},
		"One page was found.":                          {"Eine Seite gefunden.", "Une page trouvée.", "Se encontró una página.", "È stata trovata una pagina.", "Foi encontrada uma página.", "Eén pagina gevonden.", "Znaleziono jedną stronę."},
		"# pages were found.":                          {"# Seiten gefunden.", "# pages trouvées.", "Se encontraron # páginas.", "Sono state trovate # pagine.", "Foram encontradas # páginas.", "# pagina’s gevonden.", "Znalezione strony: #."},
		"# pages were found, the best # of them here.": {"# Seiten gefunden, hier die besten #.", "# pages trouvées, voici les # meilleures.", "Se encontraron # páginas, aquí las # mejores.", "Sono state trovate # pagine, qui le # migliori.", "Foram encontradas # páginas, aqui as # melhores.", "# pagina’s gevonden, hier de beste #.", "Znalezione strony: #, tu najlepsze #."},
		"The index could not be read. Try again in a moment.": {"Das Verzeichnis ließ sich nicht lesen. Versuchen Sie es gleich noch einmal.", "L’index n’a pas pu être lu. Réessayez dans un instant.", "No se pudo leer el índice. Vuelva a intentarlo en un momento.", "Non è stato possibile leggere l’indice. Riprovi tra un momento.",
			"Não foi possível ler o índice. Tente de novo daqui a pouco.", "De index kon niet worden gelezen. Probeer het zo nog eens.", "Nie udało się odczytać indeksu. Spróbuj za chwilę."},
		"The search runs in your browser, and needs JavaScript for it.": {"Die Suche läuft in Ihrem Browser und braucht dafür JavaScript.", "La recherche se fait dans votre navigateur et a besoin de JavaScript.", "La búsqueda se hace en su navegador y necesita JavaScript.", "La ricerca avviene nel suo browser e ha bisogno di JavaScript.",
			"A pesquisa corre no seu navegador e precisa de JavaScript.", "Het zoeken gebeurt in uw browser en heeft JavaScript nodig.", "Wyszukiwanie działa w przeglądarce i wymaga JavaScriptu."},
		"optional":                             {"freiwillig", "facultatif", "opcional", "facoltativo", "opcional", "optioneel", "opcjonalnie"},
		"Please choose":                        {"Bitte wählen", "Choisissez", "Elija", "Scelga", "Escolha", "Maak een keuze", "Wybierz"},
		"Send":                                 {"Senden", "Envoyer", "Enviar", "Invia", "Enviar", "Versturen", "Wyślij"},
		"Thank you! Your message has arrived.": {"Danke! Ihre Nachricht ist angekommen.", "Merci ! Votre message est bien arrivé.", "¡Gracias! Su mensaje ha llegado.", "Grazie! Il suo messaggio è arrivato.", "Obrigado! A sua mensagem chegou.", "Dank u! Uw bericht is aangekomen.", "Dziękujemy! Wiadomość dotarła."},
		"Thank you! Before we write to you, we will ask you to confirm your address.": {"Danke! Bevor wir Ihnen schreiben, bitten wir Sie, Ihre Adresse zu bestätigen.", "Merci ! Avant de vous écrire, nous vous demanderons de confirmer votre adresse.", "¡Gracias! Antes de escribirle le pediremos que confirme su dirección.", "Grazie! Prima di scriverle le chiederemo di confermare il suo indirizzo.", "Obrigado! Antes de lhe escrever, pediremos que confirme o seu endereço.", "Dank u! Voordat wij u schrijven, vragen wij u uw adres te bevestigen.", "Dziękujemy! Zanim napiszemy, poprosimy o potwierdzenie adresu."},
		"Please tick this box if you agree; we cannot write to you without it.":       {"Bitte kreuzen Sie dies an, wenn Sie einverstanden sind; sonst können wir Ihnen nicht schreiben.", "Cochez cette case si vous êtes d’accord ; sans cela nous ne pouvons pas vous écrire.", "Marque esta casilla si está de acuerdo; sin ella no podemos escribirle.", "Segni questa casella se è d’accordo; altrimenti non possiamo scriverle.", "Marque esta caixa se concordar; sem isso não podemos escrever-lhe.", "Kruis dit aan als u het ermee eens bent; anders kunnen wij u niet schrijven.", "Zaznacz to pole, jeśli się zgadzasz; bez tego nie możemy pisać."},
		"Please choose one.":                                      {"Bitte wählen Sie etwas aus.", "Choisissez une réponse.", "Elija una opción.", "Scelga una risposta.", "Escolha uma opção.", "Kies er een.", "Wybierz jedną odpowiedź."},
		"Please tick this box.":                                   {"Bitte kreuzen Sie dies an.", "Cochez cette case.", "Marque esta casilla.", "Segni questa casella.", "Marque esta caixa.", "Kruis dit aan.", "Zaznacz to pole."},
		"Please fill this in.":                                    {"Bitte füllen Sie dies aus.", "Remplissez ce champ.", "Rellene este campo.", "Compili questo campo.", "Preencha este campo.", "Vul dit in.", "Wypełnij to pole."},
		"Please shorten this to # characters.":                    {"Bitte kürzen Sie dies auf # Zeichen.", "Raccourcissez à # caractères.", "Acorte esto a # caracteres.", "Accorci a # caratteri.", "Encurte para # caracteres.", "Kort dit in tot # tekens.", "Skróć to do # znaków."},
		"Please enter one e-mail address, like name@example.com.": {"Bitte geben Sie eine E-Mail-Adresse an, wie name@example.com.", "Indiquez une adresse e-mail, comme nom@example.com.", "Escriba una dirección de correo, como nombre@example.com.", "Indichi un indirizzo e-mail, come nome@example.com.", "Indique um endereço de e-mail, como nome@example.com.", "Vul één e-mailadres in, zoals naam@example.com.", "Podaj jeden adres e-mail, np. imie@example.com."},
		"Please enter a web address, like https://example.com.":   {"Bitte geben Sie eine Webadresse an, wie https://example.com.", "Indiquez une adresse web, comme https://example.com.", "Escriba una dirección web, como https://example.com.", "Indichi un indirizzo web, come https://example.com.", "Indique um endereço web, como https://example.com.", "Vul een webadres in, zoals https://example.com.", "Podaj adres strony, np. https://example.com."},
		"Please enter a number.":                                  {"Bitte geben Sie eine Zahl an.", "Indiquez un nombre.", "Escriba un número.", "Indichi un numero.", "Indique um número.", "Vul een getal in.", "Podaj liczbę."},
		"Please write at least # characters.":                     {"Bitte schreiben Sie mindestens # Zeichen.", "Écrivez au moins # caractères.", "Escriba al menos # caracteres.", "Scriva almeno # caratteri.", "Escreva pelo menos # caracteres.", "Schrijf minstens # tekens.", "Wpisz co najmniej # znaków."},
		"Please enter a number from # on.":                        {"Bitte geben Sie eine Zahl ab # an.", "Indiquez un nombre à partir de #.", "Escriba un número a partir de #.", "Indichi un numero a partire da #.", "Indique um número a partir de #.", "Vul een getal vanaf # in.", "Podaj liczbę od #."},
		"Please enter a number up to #.":                          {"Bitte geben Sie eine Zahl bis # an.", "Indiquez un nombre jusqu’à #.", "Escriba un número hasta #.", "Indichi un numero fino a #.", "Indique um número até #.", "Vul een getal tot en met # in.", "Podaj liczbę do #."},
		"Please choose one of the options.":                       {"Bitte wählen Sie eine der Möglichkeiten.", "Choisissez parmi les réponses proposées.", "Elija una de las opciones.", "Scelga una delle risposte.", "Escolha uma das opções.", "Kies een van de mogelijkheden.", "Wybierz jedną z możliwości."},
		"Please check the format.":                                {"Bitte prüfen Sie die Schreibweise.", "Vérifiez le format.", "Revise el formato.", "Controlli il formato.", "Verifique o formato.", "Controleer de schrijfwijze.", "Sprawdź zapis."},
		"Write to me":                                             {"Schreiben Sie mir", "Écrivez-moi", "Escríbame", "Mi scriva", "Escreva-me", "Schrijf mij", "Napisz do mnie"},
		"Your e-mail address":                                     {"Ihre E-Mail-Adresse", "Votre adresse e-mail", "Su dirección de correo", "Il suo indirizzo e-mail", "O seu endereço de e-mail", "Uw e-mailadres", "Twój adres e-mail"},
		"Your message":                                            {"Ihre Nachricht", "Votre message", "Su mensaje", "Il suo messaggio", "A sua mensagem", "Uw bericht", "Twoja wiadomość"},
		"Search for it":                                           {"Danach suchen", "La rechercher", "Buscarla", "Cercarla", "Procurá-la", "Ernaar zoeken", "Wyszukaj ją"},
		"Start again at the front page": {"Noch einmal von der Startseite aus", "Repartir de la page d’accueil", "Empezar de nuevo en la portada", "Ripartire dalla prima pagina", "Recomeçar na página inicial",
			"Opnieuw beginnen op de voorpagina", "Zacznij od strony głównej"},
	}
}

// Phrases are all there are, sorted.
func Phrases() []string {
	var out []string
	for phrase := range table() {
		out = append(out, phrase)
	}
	slices.Sort(out)
	return out
}

// names are those of the months and days, as they stand in a date.
func names(tag string) []string {
	switch tag {
	case "de":
		return strings.Fields("Januar Februar März April Mai Juni Juli August September Oktober November Dezember Jan. Feb. März April Mai Juni Juli Aug. Sept. Okt. Nov. Dez. Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag Mo Di Mi Do Fr Sa So")
	case "fr":
		return strings.Fields("janvier février mars avril mai juin juillet août septembre octobre novembre décembre janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc. lundi mardi mercredi jeudi vendredi samedi dimanche lun. mar. mer. jeu. ven. sam. dim.")
	case "es":
		return strings.Fields("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre ene feb mar abr may jun jul ago sept oct nov dic lunes martes miércoles jueves viernes sábado domingo lun mar mié jue vie sáb dom")
	case "it":
		return strings.Fields("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre gen feb mar apr mag giu lug ago set ott nov dic lunedì martedì mercoledì giovedì venerdì sabato domenica lun mar mer gio ven sab dom")
	case "pt":
		return strings.Fields("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez. segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo seg. ter. qua. qui. sex. sáb. dom.")
	case "nl":
		return strings.Fields("januari februari maart april mei juni juli augustus september oktober november december jan feb mrt apr mei jun jul aug sep okt nov dec maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma di wo do vr za zo")
	case "pl":
		return strings.Fields("stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia sty lut mar kwi maj cze lip sie wrz paź lis gru poniedziałek wtorek środa czwartek piątek sobota niedziela pon wt śr czw pt sob niedz")
	}
	return nil
}

// Words are those of one language. The zero value is English.
type Words struct {
	column int // of the table, from 1; 0: the phrases themselves
	dates  func() *strings.Replacer
	own    map[string]string // what the owner of the site says instead, by phrase
}

// Of are the words of a language, or else English.
func Of(tag string) Words {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	column := slices.Index(tags(), base) + 1
	if column == 0 {
		return Words{}
	}
	return Words{column: column, dates: sync.OnceValue(func() *strings.Replacer {
		own := names(base)
		var pairs []string
		for i, name := range english() {
			pairs = append(pairs, name, own[i])
		}
		return strings.NewReplacer(pairs...)
	})}
}

// english are Go's names, the longer ones first, since they begin with the shorter.
func english() []string {
	var out []string
	for m := time.January; m <= time.December; m++ {
		out = append(out, m.String())
	}
	for m := time.January; m <= time.December; m++ {
		out = append(out, m.String()[:3])
	}
	days := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}
	for _, d := range days {
		out = append(out, d.String())
	}
	for _, d := range days {
		out = append(out, d.String()[:3])
	}
	return out
}

// Say is what the owner of the site says in the place of a phrase, or the phrase in
// this language, or itself.
func (w Words) Say(phrase string) string {
	if said := w.own[phrase]; said != "" {
		return said
	}
	if w.column == 0 {
		return phrase
	}
	if said, known := table()[phrase]; known {
		return said[w.column-1]
	}
	return phrase
}

// Date writes a date by a layout of Go's.
func (w Words) Date(layout string, t time.Time) string {
	if w.dates == nil {
		return t.Format(layout)
	}
	return w.dates().Replace(t.Format(layout))
}
