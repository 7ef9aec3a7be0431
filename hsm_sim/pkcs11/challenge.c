/* Challenge and response with the admin key, as cards with a management key have it: who answers is not heard
 * saying the key, and what was answered opens this card once.
 *
 *   V         = HMAC(admin key, "sigill-card-verifier|1|" card number)        kept on the card, not the key
 *   wrapped   = admin key XOR first 16 of HMAC(V, "sigill-card-unwrap|1|" challenge)
 *   renewed   = new admin key XOR first 16 of HMAC(V, "sigill-card-renew|1|" challenge)     (may be left out)
 *   response  = first 16 of HMAC(V, "sigill-card-response|1|" challenge wrapped renewed), wrapped, renewed
 *
 * HMAC is HMAC-SHA256; the response travels in C_Login as CKU_SO in hexadecimal digits, 64 or 96 of them. */
#include "sigill.h"

#include <string.h>

#define BLOCK 64
#define DIGEST 32
#define PART 16

struct chip {
    CK_FUNCTION_LIST *calls;
    CK_SESSION_HANDLE session;
};

static CK_RV chip_open(const struct slot *slot, struct chip *chip) {
    chip->calls = slot->softhsm->calls;
    return chip->calls->C_OpenSession(slot->inner_id, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &chip->session);
}

static CK_RV hash(const struct chip *chip, CK_BYTE *text, size_t length, CK_BYTE *digest) {
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_ULONG room = DIGEST;
    CK_RV rv = chip->calls->C_DigestInit(chip->session, &mechanism);
    return rv == CKR_OK ? chip->calls->C_Digest(chip->session, text, length, digest, &room) : rv;
}

/* HMAC-SHA256 (RFC 2104) of label and message; the key is at most a block, both together less than two. */
static CK_RV hmac(const struct chip *chip, const CK_BYTE *key, size_t key_length, const char *label,
                  const CK_BYTE *message, size_t length, CK_BYTE *digest) {
    CK_BYTE inner[3 * BLOCK] = {0}, outer[BLOCK + DIGEST] = {0};
    size_t label_length = strlen(label);
    memcpy(inner, key, key_length);
    memcpy(outer, key, key_length);
    for (size_t i = 0; i < BLOCK; i++) {
        inner[i] ^= 0x36;
        outer[i] ^= 0x5c;
    }
    memcpy(inner + BLOCK, label, label_length);
    memcpy(inner + BLOCK + label_length, message, length);
    CK_RV rv = hash(chip, inner, BLOCK + label_length + length, outer + BLOCK);
    return rv == CKR_OK ? hash(chip, outer, sizeof outer, digest) : rv;
}

CK_RV challenge_learn_key(struct call *call, const CK_BYTE *admin_key, struct counters *counters, int which) {
    struct chip chip;
    CK_RV rv = chip_open(call->slot, &chip);
    counters->has_verifier[which] = false;
    if (rv != CKR_OK)
        return rv;
    rv = hmac(&chip, admin_key, ADMIN_KEY_LENGTH, "sigill-card-verifier|1|",
              (const CK_BYTE *)call->slot->card_number, CARD_NUMBER_DIGITS, counters->verifier[which]);
    chip.calls->C_CloseSession(chip.session);
    counters->has_verifier[which] = rv == CKR_OK;
    return rv;
}

CK_RV challenge_make(struct call *call, CK_BYTE *challenge) {
    struct slot *slot = call->slot;
    struct counters counters;
    struct chip chip;
    if (!counters_read(slot->card_number, &counters) || !counters.has_verifier[0])
        return CKR_FUNCTION_NOT_SUPPORTED; /* a card from before, until its admin key is shown once */
    CK_RV rv = chip_open(slot, &chip);
    if (rv != CKR_OK)
        return rv;
    rv = chip.calls->C_GenerateRandom(chip.session, slot->challenge, sizeof slot->challenge);
    chip.calls->C_CloseSession(chip.session);
    slot->challenged = rv == CKR_OK ? slot->generation : 0;
    memcpy(challenge, slot->challenge, sizeof slot->challenge);
    return rv;
}

static bool from_hex(const CK_UTF8CHAR *text, size_t count, CK_BYTE *bytes) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 2 * count; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit)
            return false;
        bytes[i / 2] = (CK_BYTE)(bytes[i / 2] << 4 | (digit - digits));
    }
    return true;
}

static bool is_same(const CK_BYTE *one, const CK_BYTE *other) {
    CK_BYTE difference = 0;
    for (size_t i = 0; i < PART; i++)
        difference |= one[i] ^ other[i];
    return difference == 0;
}

static CK_RV unwrap(const struct chip *chip, const CK_BYTE *verifier, const char *label, const CK_BYTE *challenge,
                    const CK_BYTE *wrapped, CK_BYTE *key) {
    CK_BYTE digest[DIGEST];
    CK_RV rv = hmac(chip, verifier, DIGEST, label, challenge, PART, digest);
    for (size_t i = 0; i < PART; i++)
        key[i] = wrapped[i] ^ digest[i];
    return rv;
}

CK_RV challenge_check(struct call *call, const CK_UTF8CHAR *response, CK_ULONG length,
                      const struct counters *counters, CK_BYTE *admin_key, CK_BYTE *renewed) {
    struct slot *slot = call->slot;
    CK_BYTE parts[3 * PART] = {0}, message[3 * PART] = {0}, digest[DIGEST];
    bool is_asked = slot->challenged == slot->generation, has_renewed = length == RENEWING_RESPONSE_LENGTH;
    size_t count = length / 2;
    struct chip chip;
    slot->challenged = 0; /* right or wrong: once */
    if (!is_asked || !from_hex(response, count, parts))
        return CKR_PIN_INCORRECT;
    memcpy(message, slot->challenge, PART);
    memcpy(message + PART, parts + PART, count - PART);
    CK_RV rv = chip_open(slot, &chip);
    if (rv != CKR_OK)
        return rv;
    const CK_BYTE *verifier = NULL;
    for (int i = 0; rv == CKR_OK && i < 2; i++) {
        if (!counters->has_verifier[i])
            continue;
        rv = hmac(&chip, counters->verifier[i], DIGEST, "sigill-card-response|1|", message, count, digest);
        if (rv == CKR_OK && is_same(digest, parts))
            verifier = counters->verifier[i];
    }
    if (rv == CKR_OK && !verifier)
        rv = CKR_PIN_INCORRECT;
    if (rv == CKR_OK)
        rv = unwrap(&chip, verifier, "sigill-card-unwrap|1|", message, parts + PART, admin_key);
    if (rv == CKR_OK && has_renewed)
        rv = unwrap(&chip, verifier, "sigill-card-renew|1|", message, parts + 2 * PART, renewed);
    chip.calls->C_CloseSession(chip.session);
    return rv;
}
