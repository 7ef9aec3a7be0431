"""What the client says, in Swedish and English; the one place where words for people stand."""

from collections.abc import Mapping
from enum import Enum

from client.errors import ClientError, ServerRefused


class Language(Enum):
    """Swedish first, English complete."""

    SWEDISH = "sv"
    ENGLISH = "en"


_TEXTS: Mapping[str, tuple[str, str]] = {
    # --- failures, by code -----------------------------------------------------------------------
    "noCard": ("Det sitter inget kort i läsaren.", "There is no card in the reader."),
    "noCertificate": (
        "Kortet i läsaren har inget certifikat som duger här.",
        "The card in the reader holds no certificate that is accepted here.",
    ),
    "cardNotActive": (
        "Kortet är inte aktivt. Kontakta din ID-administratör.",
        "The card is not active. Contact your ID administrator.",
    ),
    "wrongPin": ("Fel PIN-kod. {tries_left} försök kvar.", "Wrong PIN. {tries_left} tries left."),
    "wrongPin.last": (
        "Fel PIN-kod. Ett försök kvar, sedan låses kortet.",
        "Wrong PIN. One try left, then the card locks.",
    ),
    "wrongPin.unknown": ("Fel PIN-kod.", "Wrong PIN."),
    "pinBlocked": (
        "PIN-koden har skrivits fel för många gånger, och kortet är låst. En ID-administratör låser upp det.",
        "The PIN was wrong too many times, so the card is locked. An ID administrator can unlock it.",
    ),
    "pinNotAllowed": ("PIN-koden går inte att välja.", "This PIN cannot be chosen."),
    "pinNotAllowed.length": ("PIN-koden ska ha 6 till 8 siffror.", "The PIN has 6 to 8 digits."),
    "pinNotAllowed.digits": ("PIN-koden består av bara siffror.", "The PIN consists of digits only."),
    "pinNotAllowed.trivial": (
        "PIN-koden är för lätt att gissa: inga serier, upprepningar eller födelsedatum.",
        "The PIN is too easy to guess: no sequences, repetitions or birth dates.",
    ),
    "pinNotAllowed.differs": ("De två PIN-koderna är olika.", "The two PINs differ."),
    "pinNotAllowed.terms": ("Villkoren måste godtas först.", "The terms must be accepted first."),
    "pinFailed": ("PIN-koden kunde inte användas.", "The PIN could not be used."),
    "cardRemoved": ("Kortet togs ut. Sätt i det igen.", "The card was taken out. Put it back in."),
    "wrongCard": ("Fel kort sitter i läsaren.", "The wrong card is in the reader."),
    "readerError": (
        "Läsaren eller kortet svarar inte som det ska. Ta ut kortet, sätt i det igen och försök på nytt.",
        "The reader or the card does not answer as it should. Take the card out, put it back and try again.",
    ),
    "moduleUnusable": (
        "PKCS#11-modulen går inte att ladda: {module}",
        "The PKCS#11 module does not load: {module}",
    ),
    "clientTooOld": (
        "Klienten är för gammal för tjänsten. Uppdatera den.",
        "This client is too old for the service. Update it.",
    ),
    "serverUnreachable": (
        "Tjänsten svarar inte. Försök igen om en stund.",
        "The service does not answer. Try again in a while.",
    ),
    "serverNotTrusted": (
        "Tjänsten kunde inte visa att den är den rätta. Inget har skickats från kortet.",
        "The service could not prove to be the right one. Nothing was sent from the card.",
    ),
    "serverRefused": ("Tjänsten sade nej ({error_code}).", "The service refused ({error_code})."),
    "linkInvalid": ("Länken går inte att öppna här.", "This link cannot be opened here."),
    "userCancel": (
        "Du avbröt. Inget har skickats från kortet.",
        "You cancelled. Nothing was sent from the card.",
    ),
    "notMe": (
        "Tjänsten vet nu att det inte var du som startade. Inget har skickats från kortet.",
        "The service knows now that it was not you who started this. Nothing was sent from the card.",
    ),
    "alreadyClaimed": (
        "Begäran är redan öppnad. Börja om på sidan du kom från.",
        "This request was opened before. Start again on the page you came from.",
    ),
    "notFound": (
        "Begäran gäller inte längre. Börja om på sidan du kom från.",
        "This request is no longer valid. Start again on the page you came from.",
    ),
    "certificateExpired": ("Certifikatet har gått ut.", "The certificate has expired."),
    "certificateRevoked": ("Certifikatet är spärrat.", "The certificate is revoked."),
    "certificateUntrusted": (
        "Certifikatet är inte utfärdat av en godkänd utfärdare.",
        "The certificate is not from an accepted issuer.",
    ),
    "certificateUsage": (
        "Certifikatet är inte avsett för inloggning.",
        "The certificate is not meant for login.",
    ),
    "loaTooLow": (
        "Kortets tillitsnivå räcker inte här.",
        "The card's level of assurance is too low here.",
    ),
    "wrongSubject": ("Kortet tillhör en annan person.", "The card belongs to another person."),
    "wrongCarrier": ("Den här sortens kort duger inte här.", "This kind of card is not accepted here."),
    "signatureInvalid": ("Underskriften kunde inte godtas.", "The signature was not accepted."),
    "bindingMismatch": (
        "Förbindelsen till tjänsten är inte den förväntade.",
        "The connection to the service is not the expected one.",
    ),
    "revocationUnavailable": (
        "Certifikatets status gick inte att kontrollera. Försök igen om en stund.",
        "The certificate's status could not be checked. Try again in a while.",
    ),
    "riskBlocked": ("För många inloggningar. Vänta några minuter.", "Too many logins. Wait a few minutes."),
    "token_invalid": (
        "Aktiveringen gäller inte längre. Be ID-administratören öppna den igen.",
        "This activation is no longer valid. Ask the ID administrator to open it again.",
    ),
    # --- the page --------------------------------------------------------------------------------
    "title": ("Kortklient", "Card client"),
    "test": (
        "TEST – kort och certifikat härifrån gäller inte i produktion",  # noqa: RUF001 - a dash
        "TEST – cards and certificates from here are not valid in production",  # noqa: RUF001 - a dash
    ),
    "skip": ("Hoppa till innehållet", "Skip to content"),
    "other_language": ("English", "Svenska"),
    "readers": ("Kortläsare", "Card readers"),
    "reader": ("Läsare {number}", "Reader {number}"),
    "reader.empty": ("Inget kort i läsaren", "No card in the reader"),
    "remove": ("Ta ut", "Take out"),
    "remove.named": ("Ta ut {name}s kort ur läsare {number}", "Take {name}'s card out of reader {number}"),
    "insert": ("Sätt i", "Put in"),
    "insert.named": ("Sätt i {name}s kort, slutar på {tail}", "Put in {name}'s card, ending in {tail}"),
    "wallet": ("Kort på bordet", "Cards on the desk"),
    "wallet.empty": (
        "Inga kort här ännu. De kommer med posten när kortfabriken har skickat dem.",
        "No cards here yet. They come by mail when the card factory has sent them.",
    ),
    "wallet.all_in": ("Alla kort sitter i läsarna.", "All cards are in the readers."),
    "valid_until": ("Giltigt t.o.m.", "Valid until"),
    "card_number": ("Kortnummer", "Card number"),
    "pin.good": ("Redo", "Ready"),
    "pin.low": ("{tries_left} PIN-försök kvar", "{tries_left} PIN tries left"),
    "pin.final": ("Ett PIN-försök kvar", "One PIN try left"),
    "pin.blocked": ("Låst", "Locked"),
    "pin.unset": ("Ej aktiverat", "Not activated"),
    "idle.title": ("Ingen väntar på ditt kort", "Nobody is waiting for your card"),
    "idle.text": (
        "Logga in eller aktivera ett kort i portalen: då öppnas frågan här.",
        "Log in or activate a card in the portal: the question then opens here.",
    ),
    "login.asks": ("vill att du legitimerar dig", "asks you to identify yourself"),
    "login.for": ("Det här gäller", "What for"),
    "code": ("Kontrollkod", "Verification code"),
    "code.text": ("Ska stå på sidan du kom från", "The page you came from shows the same"),
    "address": ("Adress", "Address"),
    "other_address": (
        "Frågan startades från en annan plats än den här datorn. Fortsätt bara om det var du.",
        "This was started from somewhere else than this computer. Continue only if that was you.",
    ),
    "insert_card.title": ("Sätt i ditt kort", "Put in your card"),
    "insert_card.text": ("Frågan väntar så länge.", "The question waits meanwhile."),
    "choose": ("Vilket certifikat?", "Which certificate?"),
    "certificate.hsa": ("Legitimering, HSA-id", "Identification, HSA-id"),
    "certificate.person": ("Legitimering, personnummer", "Identification, personal number"),
    "pin": ("PIN-kod för legitimering", "PIN for identification"),
    "pin.help": ("6 till 8 siffror. Enter skickar.", "6 to 8 digits. Enter sends."),
    "keypad": ("Siffror", "Digits"),
    "keypad.clear": ("Rensa", "Clear"),
    "keypad.back": ("Sudda", "Erase"),
    "login.submit": ("Legitimera", "Identify"),
    "cancel": ("Avbryt", "Cancel"),
    "not_me": ("Det är inte jag som har startat", "It was not me who started this"),
    "working": ("Kortet arbetar…", "The card is working…"),
    "working.text": ("Låt kortet sitta kvar.", "Leave the card in the reader."),
    "opening": ("Öppnar frågan…", "Opening the question…"),
    "done.login": ("Du är legitimerad", "You are identified"),
    "done.login.text": ("Du skickas tillbaka till {name}.", "You are being sent back to {name}."),
    "done.login.link": ("Tillbaka till {name}", "Back to {name}"),
    "done.other_device": (
        "Klart. Du kan fortsätta på den andra enheten.",
        "Done. You may go on with the other device.",
    ),
    "failed": ("Det gick inte", "It did not work"),
    "failed.locked": ("Kortet är låst", "The card is locked"),
    "failed.cancelled": ("Avbrutet", "Cancelled"),
    "failed.not_me": ("Anmält", "Reported"),
    "failed.again": ("Börja om på sidan du kom från.", "Start again on the page you came from."),
    "close": ("Stäng frågan", "Close"),
    "activation.title": ("Aktivera ditt kort", "Activate your card"),
    "activation.for": ("Till", "For"),
    "activation.choose_pin": ("Välj PIN-kod", "Choose a PIN"),
    "activation.old_pin": ("Skriv PIN-koden du valde", "Type the PIN that you chose"),
    "activation.pin_help": (
        "6 till 8 siffror. Inga serier, upprepningar eller födelsedatum. Visa den inte för någon.",
        "6 to 8 digits. No sequences, repetitions or birth dates. Show it to nobody.",
    ),
    "activation.repeat": ("Samma PIN-kod igen", "The same PIN again"),
    "activation.terms": ("Villkor, version {version}", "Terms, version {version}"),
    "activation.accept": (
        "Jag godtar villkoren och kvitterar kortet med min PIN-kod.",
        "I accept the terms and sign for the card with my PIN.",
    ),
    "activation.submit": ("Aktivera kortet", "Activate the card"),
    "activation.resume": ("Fortsätt", "Continue"),
    "activation.interrupted": ("Aktiveringen stannade", "The activation stopped"),
    "activation.kept": (
        "Det som redan är gjort på kortet är kvar.",
        "What has been done on the card is kept.",
    ),
    "activation.wrong": (
        "Fel kort: aktiveringen gäller kort {wanted}.",
        "Wrong card: the activation is for card {wanted}.",
    ),
    "activation.insert": ("Sätt i kortet med nummer", "Put in the card with number"),
    "activation.done": ("Kortet är aktivt", "The card is active"),
    "activation.done.text": (
        "Kvittensen är underskriven. Du kan ta ut kortet och stänga sidan.",
        "The receipt is signed. You may take the card out and close this page.",
    ),
    "step.card": ("Rätt kort i läsaren", "The right card in the reader"),
    "step.pin": ("PIN-kod satt", "PIN set"),
    "step.keys": ("Nycklar skapade på kortet", "Keys made on the card"),
    "step.certificates": ("Certifikat utfärdade", "Certificates issued"),
    "step.write": ("Skrivet på kortet och kontrolläst", "Written to the card and read back"),
    "step.receipt": ("Kvittens underskriven", "Receipt signed"),
    "step.done": ("Kortet aktivt", "Card active"),
    "step.state.done": ("klart", "done"),
    "step.state.now": ("pågår", "under way"),
    "step.state.todo": ("återstår", "to do"),
    "not_found": ("Sidan finns inte", "There is no such page"),
    "refused": ("Begäran avvisades", "The request was refused"),
    "refused.text": (
        "Den kom inte från klientens egen sida.",
        "It did not come from the client's own page.",
    ),
    "to_start": ("Till kortläsarna", "To the card readers"),
    # --- the command line ------------------------------------------------------------------------
    "cli.no_cards": ("Inga kort.", "No cards."),
    "cli.inserted": ("i läsare {number}", "in reader {number}"),
    "cli.on_desk": ("på bordet", "on the desk"),
    "cli.logged_in": ("Legitimerad. Öppna i webbläsaren:", "Identified. Open in the browser:"),
    "cli.activated": ("Kort {number} är aktivt.", "Card {number} is active."),
    "cli.put_in": ("Kort {number} sitter i läsare {reader}.", "Card {number} is in reader {reader}."),
    "cli.taken_out": ("Läsare {reader} är tom.", "Reader {reader} is empty."),
    "cli.pin": ("PIN-kod: ", "PIN: "),
    "cli.new_pin": ("Ny PIN-kod: ", "New PIN: "),
    "cli.new_pin_again": ("Samma igen: ", "The same again: "),
    "cli.puk": ("PUK: ", "PUK: "),
    "cli.pin_changed": ("PIN-koden är bytt.", "The PIN is changed."),
    "cli.unlocked": ("Kortet är upplåst.", "The card is unlocked."),
    "cli.no_such_card": (
        "Det finns inget kort med det numret här.",
        "There is no card with that number here.",
    ),
    "cli.no_such_reader": ("Läsarna heter 1 och 2.", "The readers are called 1 and 2."),
    "cli.choose_card": (
        "Flera kort sitter i läsarna; välj ett med --card.",
        "Several cards are in the readers; choose one with --card.",
    ),
    "cli.page": ("Kortklientens sida: {address}", "The card client's page: {address}"),
    "cli.test.module": ("PKCS#11-modul laddad", "PKCS#11 module loaded"),
    "cli.test.readers": ("{count} läsare", "{count} readers"),
    "cli.test.card": ("kort {number}: {state}", "card {number}: {state}"),
    "cli.test.service": ("tjänsten svarar på {address}", "the service answers at {address}"),
    "cli.test.service_down": (
        "tjänsten svarar inte på {address}",
        "the service does not answer at {address}",
    ),
}


def text(key: str, language: Language, **facts: object) -> str:
    """Return the text with its facts filled in. Raises KeyError for a text that does not exist."""
    swedish, english = _TEXTS[key]
    return (english if language is Language.ENGLISH else swedish).format(**facts)


def failure_text(error: ClientError, language: Language) -> str:
    """Return the sentence for a failure, the most exact one there is."""
    facts: dict[str, str] = {"tries_left": "", "error_code": "", "module": "", **error.facts}
    key = error.code
    if isinstance(error, ServerRefused) and facts["error_code"] in _TEXTS:
        key = facts["error_code"]
    if key == "wrongPin":
        key = {"": "wrongPin.unknown", "1": "wrongPin.last"}.get(facts["tries_left"], key)
    if key == "pinNotAllowed" and "rule" in facts:
        key = f"pinNotAllowed.{facts['rule']}"
    return text(key, language, **facts)


def all_keys() -> frozenset[str]:
    """Return the keys of all texts, for the test that both languages are there."""
    return frozenset(_TEXTS)
