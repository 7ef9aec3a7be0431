/* The codes of a card: a PIN, a PUK and the admin key, each with tries that are counted down before comparing.
 *
 * CKU_USER is the PIN (6-8 digits). CKU_SO is the admin key (16 characters) or the PUK (8 digits), told apart
 * by length: both may set a PIN and give it new tries, as at the desk and as with a PUK letter. SoftHSM's own
 * security officer code is the admin key; the PUK opens a wrapped copy of it. In a security officer session
 * C_SetPIN with an eight-digit new code sets the PUK, with a sixteen-character one the admin key; the PUK stays.
 * A response to a challenge (challenge.c) opens it too, and may renew the admin key in the same call.
 * A change is counted before it is made, so that other processes read the card anew (slots_follow_codes). */
#define _GNU_SOURCE
#include "sigill.h"

#include <string.h>

#define PUK_ROUNDS 4000

static bool is_digits(const CK_UTF8CHAR *pin, CK_ULONG length) {
    for (CK_ULONG i = 0; i < length; i++)
        if (pin[i] < '0' || pin[i] > '9')
            return false;
    return true;
}

static CK_STATE state_of(const struct call *call) {
    CK_SESSION_INFO facts = {0};
    call->slot->softhsm->calls->C_GetSessionInfo(call->session->inner, &facts);
    return facts.state;
}

bool card_is_user(const struct call *call) {
    CK_STATE state = state_of(call);
    return state == CKS_RW_USER_FUNCTIONS || state == CKS_RO_USER_FUNCTIONS;
}

/* Repeated SHA-256 over salt and PUK, by the chip itself; the first bytes are the wrapping pad. */
static CK_RV pad(const struct call *call, const struct counters *counters, const CK_UTF8CHAR *puk, CK_BYTE *digest) {
    CK_FUNCTION_LIST *calls = call->slot->softhsm->calls;
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_SESSION_HANDLE session;
    CK_BYTE block[32 + sizeof counters->salt + PUK_LENGTH] = {0};
    memcpy(block + 32, counters->salt, sizeof counters->salt);
    memcpy(block + 32 + sizeof counters->salt, puk, PUK_LENGTH);
    CK_RV rv = calls->C_OpenSession(call->slot->inner_id, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
    if (rv != CKR_OK)
        return rv;
    for (int i = 0; rv == CKR_OK && i < PUK_ROUNDS; i++) {
        CK_ULONG length = 32;
        rv = calls->C_DigestInit(session, &mechanism);
        if (rv == CKR_OK)
            rv = calls->C_Digest(session, block, sizeof block, digest, &length);
        memcpy(block, digest, 32);
    }
    calls->C_CloseSession(session);
    return rv;
}

static void mix(CK_BYTE *target, const CK_BYTE *source, const CK_BYTE *digest) {
    for (int i = 0; i < ADMIN_KEY_LENGTH; i++)
        target[i] = source[i] ^ digest[i];
}

/* Takes a try before the comparison, makes it, and gives the tries back if the code was right. */
static CK_RV login_counted(struct call *call, CK_USER_TYPE user, CK_UTF8CHAR *code, CK_ULONG length,
                           struct counters *counters, int *tries, int tries_at_most) {
    const char *card = call->slot->card_number;
    if (*tries <= 0)
        return CKR_PIN_LOCKED;
    int before = (*tries)--;
    CK_RV rv = counters_write(card, counters);
    if (rv != CKR_OK)
        return rv;
    rv = call->slot->softhsm->calls->C_Login(call->session->inner, user, code, length);
    if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE)
        return *tries > 0 ? CKR_PIN_INCORRECT : CKR_PIN_LOCKED;
    *tries = rv == CKR_OK ? tries_at_most : before;
    CK_RV written = counters_write(card, counters);
    if (rv == CKR_OK && written != CKR_OK) {
        call->slot->softhsm->calls->C_Logout(call->session->inner);
        return written;
    }
    return rv;
}

static CK_RV set_admin_key(struct call *call, CK_UTF8CHAR *old, CK_ULONG old_length, CK_UTF8CHAR *admin_key);

static CK_RV login_key(struct call *call, CK_UTF8CHAR *code, CK_ULONG length, struct counters *counters);

/* The card writes the try down, then compares the response; a right one opens it as the key itself would. */
static CK_RV login_response(struct call *call, const CK_UTF8CHAR *response, CK_ULONG length, struct counters *counters) {
    CK_BYTE admin_key[ADMIN_KEY_LENGTH], renewed[ADMIN_KEY_LENGTH];
    if (counters->admin <= 0)
        return CKR_PIN_LOCKED;
    counters->admin--;
    CK_RV rv = counters_write(call->slot->card_number, counters);
    if (rv == CKR_OK)
        rv = challenge_check(call, response, length, counters, admin_key, renewed);
    if (rv == CKR_PIN_INCORRECT)
        return counters->admin > 0 ? CKR_PIN_INCORRECT : CKR_PIN_LOCKED;
    if (rv == CKR_OK) {
        counters->admin++;
        rv = login_key(call, admin_key, sizeof admin_key, counters);
    }
    if (rv == CKR_OK && length == RENEWING_RESPONSE_LENGTH) {
        rv = set_admin_key(call, admin_key, sizeof admin_key, renewed);
        if (rv != CKR_OK)
            call->slot->softhsm->calls->C_Logout(call->session->inner);
    }
    explicit_bzero(admin_key, sizeof admin_key);
    explicit_bzero(renewed, sizeof renewed);
    return rv;
}

/* What responses are checked with follows the key that opened: on a card of an earlier make, or after a kill. */
static CK_RV login_key(struct call *call, CK_UTF8CHAR *code, CK_ULONG length, struct counters *counters) {
    CK_RV rv = login_counted(call, CKU_SO, code, length, counters, &counters->admin, PUK_TRIES);
    bool is_settled = counters->has_verifier[0] && !counters->has_verifier[1];
    if (rv != CKR_OK || length != ADMIN_KEY_LENGTH || is_settled)
        return rv;
    counters->has_verifier[1] = false;
    if (challenge_learn_key(call, code, counters, 0) == CKR_OK)
        rv = counters_write(call->slot->card_number, counters);
    return rv;
}

static CK_RV login_officer(struct call *call, CK_UTF8CHAR *code, CK_ULONG length, struct counters *counters) {
    if (length == RESPONSE_LENGTH || length == RENEWING_RESPONSE_LENGTH)
        return login_response(call, code, length, counters);
    if (length != PUK_LENGTH)
        return login_key(call, code, length, counters);
    CK_BYTE digest[32], admin_key[ADMIN_KEY_LENGTH];
    CK_RV rv = pad(call, counters, code, digest);
    if (rv != CKR_OK)
        return rv;
    mix(admin_key, counters->wrapped, digest);
    rv = login_counted(call, CKU_SO, admin_key, ADMIN_KEY_LENGTH, counters, &counters->puk, PUK_TRIES);
    explicit_bzero(admin_key, sizeof admin_key);
    explicit_bzero(digest, sizeof digest);
    return rv;
}

CK_RV card_login(struct call *call, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG length) {
    if (user != CKU_USER && user != CKU_SO)
        return CKR_USER_TYPE_INVALID;
    CK_STATE state = state_of(call);
    if (state == CKS_RW_SO_FUNCTIONS)
        return user == CKU_SO ? CKR_USER_ALREADY_LOGGED_IN : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    if (state == CKS_RW_USER_FUNCTIONS || state == CKS_RO_USER_FUNCTIONS)
        return user == CKU_USER ? CKR_USER_ALREADY_LOGGED_IN : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    CK_TOKEN_INFO facts;
    CK_RV rv = call->slot->softhsm->calls->C_GetTokenInfo(call->slot->inner_id, &facts);
    if (rv != CKR_OK)
        return rv;
    if (user == CKU_USER && !(facts.flags & CKF_USER_PIN_INITIALIZED))
        return CKR_USER_PIN_NOT_INITIALIZED;
    struct counters counters;
    counters_read(call->slot->card_number, &counters);
    if (user == CKU_SO)
        return login_officer(call, pin, length, &counters);
    return login_counted(call, CKU_USER, pin, length, &counters, &counters.pin, PIN_TRIES);
}

static CK_RV check_new_pin(const CK_UTF8CHAR *pin, CK_ULONG length) {
    if (length < PIN_MIN || length > PIN_MAX)
        return CKR_PIN_LEN_RANGE;
    return is_digits(pin, length) ? CKR_OK : CKR_PIN_INVALID;
}

static CK_RV count_change(struct call *call, struct counters *counters) {
    counters->changes++;
    CK_RV rv = counters_write(call->slot->card_number, counters);
    if (rv == CKR_OK)
        call->slot->code_changes = counters->changes;
    return rv;
}

CK_RV card_init_pin(struct call *call, CK_UTF8CHAR *pin, CK_ULONG length) {
    if (state_of(call) != CKS_RW_SO_FUNCTIONS)
        return CKR_USER_NOT_LOGGED_IN;
    struct counters counters;
    counters_read(call->slot->card_number, &counters);
    CK_RV rv = check_new_pin(pin, length);
    if (rv == CKR_OK)
        rv = count_change(call, &counters);
    if (rv == CKR_OK)
        rv = call->slot->softhsm->calls->C_InitPIN(call->session->inner, pin, length);
    if (rv != CKR_OK)
        return rv;
    counters.pin = PIN_TRIES;
    store_keep_copy(call->slot->card_number);
    return counters_write(call->slot->card_number, &counters);
}

/* A change of the PIN is a comparison of the old one: it costs a try like a login. */
static CK_RV change_pin(struct call *call, CK_UTF8CHAR *old, CK_ULONG old_length, CK_UTF8CHAR *replacement,
                        CK_ULONG replacement_length) {
    struct counters counters;
    CK_RV rv = check_new_pin(replacement, replacement_length);
    if (rv != CKR_OK)
        return rv;
    counters_read(call->slot->card_number, &counters);
    if (counters.pin <= 0)
        return CKR_PIN_LOCKED;
    int before = counters.pin--;
    rv = count_change(call, &counters);
    if (rv != CKR_OK)
        return rv;
    rv = call->slot->softhsm->calls->C_SetPIN(call->session->inner, old, old_length, replacement, replacement_length);
    if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE)
        return counters.pin > 0 ? CKR_PIN_INCORRECT : CKR_PIN_LOCKED;
    counters.pin = rv == CKR_OK ? PIN_TRIES : before;
    if (rv == CKR_OK)
        store_keep_copy(call->slot->card_number);
    CK_RV written = counters_write(call->slot->card_number, &counters);
    return rv == CKR_OK ? written : rv;
}

/* Proves the admin key by setting it to itself: the only comparison SoftHSM offers to one logged in. */
static CK_RV set_puk(struct call *call, CK_UTF8CHAR *admin_key, CK_ULONG length, const CK_UTF8CHAR *puk) {
    CK_FUNCTION_LIST *calls = call->slot->softhsm->calls;
    struct counters counters;
    CK_BYTE digest[32];
    if (length != ADMIN_KEY_LENGTH)
        return CKR_PIN_INCORRECT;
    if (!is_digits(puk, PUK_LENGTH))
        return CKR_PIN_INVALID;
    counters_read(call->slot->card_number, &counters);
    CK_RV rv = calls->C_SetPIN(call->session->inner, admin_key, length, admin_key, length);
    if (rv == CKR_OK)
        rv = calls->C_GenerateRandom(call->session->inner, counters.salt, sizeof counters.salt);
    if (rv == CKR_OK)
        rv = pad(call, &counters, puk, digest);
    if (rv != CKR_OK)
        return rv;
    mix(counters.wrapped, admin_key, digest);
    counters.puk = PUK_TRIES;
    store_keep_copy(call->slot->card_number);
    return counters_write(call->slot->card_number, &counters);
}

/* The pad of the PUK is known from the old key and what it wrapped: the new key is wrapped with the same. */
static CK_RV set_admin_key(struct call *call, CK_UTF8CHAR *old, CK_ULONG old_length, CK_UTF8CHAR *admin_key) {
    struct counters counters;
    if (old_length != ADMIN_KEY_LENGTH)
        return CKR_PIN_INCORRECT;
    if (!counters_read(call->slot->card_number, &counters))
        return CKR_DEVICE_ERROR;
    CK_RV rv = challenge_learn_key(call, admin_key, &counters, 1);
    if (rv == CKR_OK)
        rv = count_change(call, &counters);
    if (rv == CKR_OK)
        rv = call->slot->softhsm->calls->C_SetPIN(call->session->inner, old, old_length, admin_key, ADMIN_KEY_LENGTH);
    if (rv != CKR_OK)
        return rv;
    static const CK_BYTE no_puk[sizeof counters.salt];
    if (memcmp(counters.salt, no_puk, sizeof no_puk) != 0) {
        mix(counters.wrapped, counters.wrapped, old);
        mix(counters.wrapped, counters.wrapped, admin_key);
    }
    memcpy(counters.verifier[0], counters.verifier[1], sizeof counters.verifier[0]);
    counters.has_verifier[0] = true;
    counters.has_verifier[1] = false;
    rv = counters_write(call->slot->card_number, &counters);
    bool is_kept = store_keep_copy(call->slot->card_number); /* else a repair would bring the old key back */
    return rv == CKR_OK && !is_kept ? CKR_DEVICE_ERROR : rv;
}

CK_RV card_set_pin(struct call *call, CK_UTF8CHAR *old, CK_ULONG old_length, CK_UTF8CHAR *replacement,
                   CK_ULONG replacement_length) {
    CK_STATE state = state_of(call);
    if (state == CKS_RO_PUBLIC_SESSION || state == CKS_RO_USER_FUNCTIONS)
        return CKR_SESSION_READ_ONLY;
    if (state != CKS_RW_SO_FUNCTIONS)
        return change_pin(call, old, old_length, replacement, replacement_length);
    if (replacement_length == PUK_LENGTH)
        return set_puk(call, old, old_length, replacement);
    if (replacement_length != ADMIN_KEY_LENGTH)
        return CKR_PIN_LEN_RANGE;
    return set_admin_key(call, old, old_length, replacement);
}

CK_RV card_init_token(struct call *call, CK_UTF8CHAR *admin_key, CK_ULONG length, CK_UTF8CHAR *label) {
    const char *card = call->slot->card_number;
    if (!call->slot->is_blank)
        return CKR_TOKEN_WRITE_PROTECTED; /* a card is personalized once */
    if (length != ADMIN_KEY_LENGTH)
        return CKR_PIN_LEN_RANGE;
    if (memcmp(label, card, CARD_NUMBER_DIGITS) != 0)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = call->slot->softhsm->calls->C_InitToken(call->slot->inner_id, admin_key, length, label);
    if (rv != CKR_OK)
        return rv;
    struct counters counters = {.pin = PIN_TRIES, .puk = 0, .admin = PUK_TRIES};
    rv = challenge_learn_key(call, admin_key, &counters, 0);
    if (rv == CKR_OK)
        rv = counters_write(card, &counters);
    if (rv == CKR_OK && !store_keep_copy(card))
        rv = CKR_DEVICE_ERROR;
    call->slot->is_blank = rv != CKR_OK;
    return rv;
}

static CK_FLAGS low(int tries, int at_most, CK_FLAGS count_low, CK_FLAGS final_try, CK_FLAGS locked) {
    if (tries <= 0)
        return locked;
    return (tries < at_most ? count_low : 0) | (tries == 1 ? final_try : 0);
}

static void blank_pad(CK_UTF8CHAR *field, size_t width, const char *text) {
    memset(field, ' ', width);
    memcpy(field, text, strlen(text) < width ? strlen(text) : width);
}

void card_token_facts(const struct slot *slot, CK_TOKEN_INFO *facts) {
    struct counters counters;
    blank_pad(facts->label, sizeof facts->label, slot->is_blank ? "" : slot->card_number);
    blank_pad(facts->manufacturerID, sizeof facts->manufacturerID, "Sigill");
    blank_pad(facts->model, sizeof facts->model, "Virtual card");
    memcpy(facts->serialNumber, slot->card_number + CARD_NUMBER_DIGITS - sizeof facts->serialNumber,
           sizeof facts->serialNumber);
    facts->ulMinPinLen = PIN_MIN;
    facts->ulMaxPinLen = PIN_MAX;
    facts->ulSessionCount = facts->ulRwSessionCount = sessions_count(slot);
    facts->flags &= ~(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED | CKF_SO_PIN_COUNT_LOW |
                      CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED);
    if (slot->is_blank)
        return;
    counters_read(slot->card_number, &counters);
    facts->flags |=
        low(counters.pin, PIN_TRIES, CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED);
    facts->flags |= low(counters.admin, PUK_TRIES, CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_LOCKED);
}
