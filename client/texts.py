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
    "wrongPuk": ("Fel PUK-kod. {tries_left} försök kvar.", "Wrong PUK. {tries_left} tries left."),
    "wrongPuk.last": (
        "Fel PUK-kod. Ett försök kvar, sedan går kortet inte att låsa upp med PUK.",
        "Wrong PUK. One try left, then the card cannot be unlocked by PUK.",
    ),
    "wrongPuk.unknown": ("Fel PUK-kod.", "Wrong PUK."),
    "unlockRefused": (
        "Kortet godtog inget av svaren. Det kan vara ett annat kort, eller skadat: beställ ett nytt.",
        "The card took none of the answers. It may be another card, or damaged: order a new one.",
    ),
    "challengeUnsupported": (
        "Kortet kan inte låsas upp vid disken. Lås upp det med PUK-koden, eller beställ ett nytt kort.",
        "The card cannot be unlocked at the desk. Unlock it with its PUK, or order a new card.",
    ),
    "pukBlocked": (
        "PUK-koden har skrivits fel för många gånger. En ID-administratör kan låsa upp kortet vid ett besök.",
        "The PUK was wrong too many times. An ID administrator can unlock the card when you visit.",
    ),
    "unexpectedSignature": (
        "Det här är en handling att skriva under, ingen inloggning. Läs texten med: sigill-eid sign",
        "This is an act to sign, not a login. Read its text with: sigill-eid sign",
    ),
    "unexpectedLogin": (
        "Det här är en inloggning, ingen handling att skriva under. Använd: sigill-eid login",
        "This is a login, not an act to sign. Use: sigill-eid login",
    ),
    "pageTaken": (
        (
            "En annan användares program svarar där klientens sida ska vara. Länken har inte lämnats ut. "
            "Välj en annan port med SIGILL_CLIENT_PORT, eller fråga den som sköter datorn."
        ),
        (
            "Another user's program answers where the client's page should be. The link was not given away. "
            "Choose another port with SIGILL_CLIENT_PORT, or ask whoever looks after this computer."
        ),
    ),
    "cardKeyMismatch": (
        "Kontakta en ID-administratör: kortet behöver nya certifikat.",
        "Contact an ID administrator: the card needs new certificates.",
    ),
    "clockWrong": (
        "Ställ in datorns klocka på automatisk tid.",
        "Set this computer's clock to automatic time.",
    ),
    "noReader": (
        "Anslut en kortläsare, och se att dess drivrutin är installerad.",
        "Connect a card reader, and see that its driver is installed.",
    ),
    "pinBlocked": (
        (
            "PIN-koden har skrivits fel för många gånger, och kortet är låst. "
            "En ID-administratör låser upp det, eller PUK-koden i ditt brev."
        ),
        (
            "The PIN was wrong too many times, so the card is locked. "
            "An ID administrator can unlock it, or the PUK of your letter."
        ),
    ),
    "pinNotAllowed": ("PIN-koden går inte att välja.", "This PIN cannot be chosen."),
    "pinNotAllowed.length": ("PIN-koden ska ha 6 till 8 siffror.", "The PIN has 6 to 8 digits."),
    "pinNotAllowed.digits": ("PIN-koden består av bara siffror.", "The PIN consists of digits only."),
    "pinNotAllowed.trivial": (
        "PIN-koden är för lätt att gissa: inga serier, upprepningar eller födelsedatum.",
        "The PIN is too easy to guess: no sequences, repetitions or birth dates.",
    ),
    "pinNotAllowed.differs": ("De två PIN-koderna är olika.", "The two PINs differ."),
    "pinNotAllowed.puk": ("PUK-koden har 8 siffror.", "The PUK has 8 digits."),
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
        "Klienten är för gammal för tjänsten (version {version}). Uppdatera den, eller be din IT-support.",
        "This client is too old for the service (version {version}). Update it, or ask your IT support.",
    ),
    "clientTooOld.least": (
        (
            "Klienten är för gammal: den har version {version}, tjänsten kräver minst {least}. "
            "Uppdatera den, eller be din IT-support."
        ),
        (
            "This client is too old: it is version {version}, and the service demands at least {least}. "
            "Update it, or ask your IT support."
        ),
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
    "remove.nameless": ("Ta ut kortet ur läsare {number}", "Take the card out of reader {number}"),
    "insert": ("Sätt i", "Put in"),
    "insert.named": ("Sätt i {name}s kort, slutar på {tail}", "Put in {name}'s card, ending in {tail}"),
    "insert.nameless": ("Sätt i kortet som slutar på {tail}", "Put in the card ending in {tail}"),
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
    "sign.asks": ("vill att du skriver under", "asks you to sign"),
    "sign.for": ("Det här skriver du under", "This is what you sign"),
    "sign.submit": ("Skriv under", "Sign"),
    "done.sign": ("Du har skrivit under", "You have signed"),
    "pin.signature": ("PIN-kod för underskrift", "PIN for signatures"),
    "signature.hsa": ("Underskrift, HSA-id", "Signature, HSA-id"),
    "signature.person": ("Underskrift, personnummer", "Signature, personal number"),
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
    "return_code": ("Returkod", "Return code"),
    "return_code.still": ("Väntar sidan i en annan webbläsare?", "Does the page wait in another browser?"),
    "return_code.text": (
        "Skriv koden på sidan som väntar, om du själv öppnade den. Ge den aldrig till någon.",
        "Type the code into the page that waits, if you opened it yourself. Never give it to anybody.",
    ),
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
    "puk": ("PUK-kod", "PUK"),
    "puk.open": ("Lås upp med PUK", "Unlock with the PUK"),
    "puk.title": ("Lås upp kortet med PUK-koden", "Unlock the card with its PUK"),
    "puk.text": (
        "Koden står i brevet som kom med posten. Den lämnar inte den här datorn.",
        "The code is in the letter that came by mail. It does not leave this computer.",
    ),
    "puk.help": (
        "8 siffror. Efter tio fel i rad går kortet inte att låsa upp med PUK.",
        "8 digits. After ten wrong ones in a row the card cannot be unlocked by PUK.",
    ),
    "unlock.title": ("Lås upp ditt kort", "Unlock your card"),
    "unlock.submit": ("Lås upp kortet", "Unlock the card"),
    "unlock.wrong": (
        "Fel kort: upplåsningen gäller kort {wanted}.",
        "Wrong card: the unlocking is for card {wanted}.",
    ),
    "unlock.done": ("Kortet är upplåst", "The card is unlocked"),
    "unlock.done.text": (
        "Använd den nya PIN-koden från och med nu. Du kan stänga sidan.",
        "Use the new PIN from now on. You may close this page.",
    ),
    "renewal.title": ("Nya certifikat till ditt kort", "New certificates for your card"),
    "renewal.submit": ("Hämta till kortet och skriv under", "Fetch to the card and sign"),
    "renewal.wrong": (
        "Fel kort: certifikaten är för kort {wanted}.",
        "Wrong card: the certificates are for card {wanted}.",
    ),
    "renewal.done": ("Certifikaten finns på kortet", "The certificates are on the card"),
    "renewal.done.text": (
        "De är skrivna och kontrollästa, och du har skrivit under. Du kan stänga sidan.",
        "They are written and read back, and you have signed. You may close this page.",
    ),
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
    "step.unlock": ("Kortet öppnat för en ny PIN-kod", "Card opened for a new PIN"),
    "step.confirm": ("Bekräftat med den nya PIN-koden", "Confirmed with the new PIN"),
    "step.confirm_renewal": ("Underskrivet med kortet", "Signed with the card"),
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
    "cli.phone_new": ("Telefonen {name} finns nu.", "The phone {name} is here now."),
    "cli.phone_digits": (
        "Siffror: {digits}. Står samma på sidan där koden visades? Säg då där att det är din telefon.",
        "Digits: {digits}. Are they the same on the page with the code? Then say there that it is yours.",
    ),
    "cli.phone_for": ("Mobilt SITHS eID för {name}", "Mobile eID for {name}"),
    "cli.no_such_phone": (
        "Det finns ingen telefon med det namnet, eller redan en.",
        "There is no phone of that name, or one already.",
    ),
    "phone.pin": ("Säkerhetskod", "Security code"),
    "phone.keys": ("Nyckel skapad i telefonen", "Key made in the phone"),
    "phone.certificates": ("Certifikat utfärdas", "Certificate is being issued"),
    "phone.write": ("Sparat i telefonen och kontrolläst", "Kept in the phone and read back"),
    "phone.confirm": ("Underskrivet med den nya nyckeln", "Signed with the new key"),
    "phone.done": ("Mobilt SITHS eID är i bruk.", "The mobile eID is in use."),
    "cli.renewed": ("Nya certifikat finns på kort {number}.", "New certificates are on card {number}."),
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
    "cli.no_readers": ("Inga läsare.", "No readers."),
    "cli.no_certificates": ("Inga certifikat på korten.", "No certificates on the cards."),
    "cli.holds": ("kort {number}", "card {number}"),
    "cli.empty": ("tom", "empty"),
    "cli.for_identification": ("för legitimering", "for identification"),
    "cli.for_signing": ("för underskrift", "for signatures"),
    "cli.days_left": ("gäller {days} dagar till", "valid for {days} more days"),
    "cli.has_expired": ("har gått ut", "has expired"),
    "cli.not_yet_valid": ("gäller inte ännu", "not valid yet"),
    "cli.link": ("Klistra in länken (siths://…): ", "Paste the link (siths://…): "),
    "cli.link_or_picture": (
        "Ange antingen en länk eller --picture.",
        "Give either a link or --picture.",
    ),
    "cli.asked_by": ("{name} ({origin}) frågar:", "{name} ({origin}) asks:"),
    "cli.code": ("Kontrollkod {code}", "Verification code {code}"),
    "cli.pin_signature": ("PIN-kod för underskrift: ", "PIN for signatures: "),
    "cli.signed": ("Underskrivet. Öppna i webbläsaren:", "Signed. Open in the browser:"),
    "cli.opened": ("Frågan är öppen i webbläsaren.", "The question is open in the browser."),
    "noBrowser": (
        "Ingen webbläsare gick att öppna. Ange en i BROWSER, eller svara med: sigill-eid login",
        "No browser could be opened. Name one in BROWSER, or answer with: sigill-eid login",
    ),
    "pageMissing": (
        "Klientens sida startade inte på {address}. Pröva: sigill-eid page",
        "The client's page did not start at {address}. Try: sigill-eid page",
    ),
    "cli.handler_installed": (
        "siths://-länkar öppnar nu den här klienten ({entry}).",
        "siths:// links open this client now ({entry}).",
    ),
    "cli.handler_removed": (
        "siths://-länkar öppnar inte längre den här klienten.",
        "siths:// links no longer open this client.",
    ),
    "cli.page": ("Kortklientens sida: {address}", "The card client's page: {address}"),
    # --- the self-test ---------------------------------------------------------------------------
    "test.module": ("PKCS#11-modul laddad: {module}", "PKCS#11 module loaded: {module}"),
    "test.module_bad": ("Ingen PKCS#11-modul.", "No PKCS#11 module."),
    "test.readers": ("{count} läsare", "{count} readers"),
    "test.no_reader": ("Ingen läsare.", "No reader."),
    "test.reader_bad": ("En läsare eller ett kort svarar inte.", "A reader or a card does not answer."),
    "test.no_card": ("inget kort i läsaren: sätt i ditt kort", "no card in the reader: put in your card"),
    "test.card.good": ("kort {number}: Redo", "card {number}: Ready"),
    "test.card.low": (
        "kort {number}: {tries_left} PIN-försök kvar",
        "card {number}: {tries_left} PIN tries left",
    ),
    "test.card.final": (
        "kort {number}: ett PIN-försök kvar, sedan låses det",
        "card {number}: one PIN try left, then it locks",
    ),
    "test.card.blocked": (
        "kort {number}: Låst. En ID-administratör låser upp det, eller PUK-koden i ditt brev.",
        "card {number}: Locked. An ID administrator can unlock it, or the PUK of your letter.",
    ),
    "test.card.unset": (
        "kort {number}: Ej aktiverat. Det aktiveras vid ett besök hos en ID-administratör.",
        "card {number}: Not activated. It is activated when you visit an ID administrator.",
    ),
    "test.key": ("{label}: nyckel och certifikat hör ihop", "{label}: key and certificate belong together"),
    "test.key_bad": (
        "{label}: certifikatet hör till en annan nyckel.",
        "{label}: the certificate is for another key.",
    ),
    "test.expired": (
        "{label}: certifikatet gick ut {until}. Be om nya certifikat till kortet.",
        "{label}: the certificate expired {until}. Ask for new certificates on the card.",
    ),
    "test.service": ("tjänsten svarar på {address}", "the service answers at {address}"),
    "test.service_bad": ("Ingen förbindelse med {address}.", "No connection with {address}."),
    "test.pinned": ("tjänstens TLS-nyckel är den väntade", "the service's TLS key is the expected one"),
    "test.plain": (
        "ingen TLS behövs: tjänsten finns på den här datorn",
        "no TLS is needed: the service is on this computer",
    ),
    "test.version": ("version {version} är den senaste", "version {version} is the latest"),
    "test.newer": (
        "version {version} duger, men {latest} finns: uppdatera när det passar",
        "version {version} will do, but {latest} is there: update when it suits you",
    ),
    "test.clock": ("datorns klocka går rätt", "this computer's clock is right"),
    "test.clock_bad": (
        "Datorns klocka går {seconds} sekunder fel.",
        "This computer's clock is {seconds} seconds off.",
    ),
    "test.handler": ("siths://-länkar öppnar den här klienten", "siths:// links open this client"),
    "test.no_handler": (
        "siths://-länkar öppnar inte den här klienten: sigill-eid install-handler",
        "siths:// links do not open this client: sigill-eid install-handler",
    ),
}


def text(key: str, language: Language, **facts: object) -> str:
    """Return the text with its facts filled in. Raises KeyError for a text that does not exist."""
    swedish, english = _TEXTS[key]
    return (english if language is Language.ENGLISH else swedish).format(**facts)


def failure_text(error: ClientError, language: Language) -> str:
    """Return the sentence for a failure, the most exact one there is."""
    facts: dict[str, str] = {
        "tries_left": "",
        "error_code": "",
        "module": "",
        "version": "",
        "address": "",
        **error.facts,
    }
    key = error.code
    if isinstance(error, ServerRefused) and facts["error_code"] in _TEXTS:
        key = facts["error_code"]
    if key in {"wrongPin", "wrongPuk"}:
        key = {"": f"{key}.unknown", "1": f"{key}.last"}.get(facts["tries_left"], key)
    if key == "clientTooOld" and "least" in facts:
        key = "clientTooOld.least"
    if key == "pinNotAllowed" and "rule" in facts:
        key = f"pinNotAllowed.{facts['rule']}"
    return text(key, language, **facts)


def all_keys() -> frozenset[str]:
    """Return the keys of all texts, for the test that both languages are there."""
    return frozenset(_TEXTS)
