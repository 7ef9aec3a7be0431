/* One PKCS#11 2.40 module around SoftHSM: virtual card readers, and failures on order.
 *
 * With SIGILL_READERS the slots are two readers; reader n holds the card whose number stands in the file
 * $SIGILL_READERS/<n>, cards lie in $SIGILL_CARDS. With SIGILL_SHIM_FAULTS calls fail as that file says.
 * Without SIGILL_READERS the slots are SoftHSM's (SOFTHSM2_CONF), with stricter sessions and handles. */
#define _GNU_SOURCE
#include "sigill.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INNER(function) call.slot->softhsm->calls->function
#define SESSION call.session->inner
#define BEGIN                                                     \
    struct call call;                                             \
    CK_RV rv = call_begin(&call, __func__, session);              \
    if (rv != CKR_OK)                                             \
        return rv;
#define BEGIN_SLOT                                                \
    struct call call;                                             \
    CK_RV rv = call_begin_slot(&call, __func__, id);              \
    if (rv != CKR_OK)                                             \
        return rv;
#define BEGIN_ANSWER(answer)                                      \
    struct call call;                                             \
    CK_RV rv = (answer) ? call_begin(&call, __func__, session)    \
                        : call_begin_uncounted(&call, __func__, session); \
    if (rv != CKR_OK)                                             \
        return rv;
#define END return call_end(&call, rv);
#define IN_KEY(outer)                                             \
    CK_OBJECT_HANDLE inner;                                       \
    if (!object_in(call.slot, (outer), &inner))                   \
        return call_end(&call, CKR_KEY_HANDLE_INVALID);
#define IN_OBJECT(outer)                                          \
    CK_OBJECT_HANDLE inner;                                       \
    if (!object_in(call.slot, (outer), &inner))                   \
        return call_end(&call, CKR_OBJECT_HANDLE_INVALID);

/* Cards do not wrap, derive or take keys from outside: what was not made on the chip is not on it. */
#define NOT_ON_A_CARD                                             \
    if (slots_are_readers())                                      \
        return call_end(&call, CKR_FUNCTION_NOT_SUPPORTED);

static CK_FUNCTION_LIST function_list;

/* --- general ------------------------------------------------------------------------------------- */

CK_RV C_Initialize(void *arguments) {
    (void)arguments; /* always thread-safe, by the operating system's locks */
    struct fault fault = faults_next(__func__);
    if (fault.kind == FAULT_CODE)
        return fault.code;
    if (module_is_open && module_process == getpid())
        return CKR_CRYPTOKI_ALREADY_INITIALIZED;
    if (module_is_open) { /* forked: what the parent had is not ours */
        sessions_forget_all();
        slots_close();
    }
    module_lock();
    CK_RV rv = slots_open();
    module_is_open = rv == CKR_OK;
    module_process = getpid();
    module_unlock();
    return rv;
}

CK_RV C_Finalize(void *reserved) {
    if (reserved)
        return CKR_ARGUMENTS_BAD;
    if (!module_is_open || module_process != getpid())
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    module_lock();
    sessions_forget_all();
    slots_close();
    module_is_open = false;
    module_unlock();
    return CKR_OK;
}

CK_RV C_GetInfo(CK_INFO *info) {
    struct call call;
    CK_RV rv = call_begin_module(&call, __func__);
    if (rv != CKR_OK)
        return rv;
    if (!info)
        return call_end(&call, CKR_ARGUMENTS_BAD);
    memset(info, 0, sizeof *info);
    info->cryptokiVersion = function_list.version;
    memset(info->manufacturerID, ' ', sizeof info->manufacturerID);
    memcpy(info->manufacturerID, "Sigill", 6);
    memset(info->libraryDescription, ' ', sizeof info->libraryDescription);
    memcpy(info->libraryDescription, "Simulated hardware", 18);
    info->libraryVersion.major = 1;
    END
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list) {
    if (!list)
        return CKR_ARGUMENTS_BAD;
    *list = &function_list;
    return CKR_OK;
}

/* --- slots and tokens ---------------------------------------------------------------------------- */

CK_RV C_GetSlotList(CK_BBOOL only_with_token, CK_SLOT_ID *ids, CK_ULONG *count) {
    struct call call;
    CK_RV rv = call_begin_module(&call, __func__);
    if (rv != CKR_OK)
        return rv;
    if (!count)
        return call_end(&call, CKR_ARGUMENTS_BAD);
    if (!slots_are_readers())
        rv = slots_adopt();
    bool is_away = faults_device_is_away(ids != NULL);
    CK_ULONG found = 0;
    for (size_t i = 0; i < slot_count; i++) {
        if (only_with_token && (is_away || !slots[i].is_present))
            continue;
        if (ids && found < *count)
            ids[found] = slots[i].id;
        found++;
    }
    if (ids && found > *count)
        rv = CKR_BUFFER_TOO_SMALL;
    *count = found;
    END
}

CK_RV C_GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO *info) {
    BEGIN_SLOT
    if (!info)
        return call_end(&call, CKR_ARGUMENTS_BAD);
    if (slots_are_readers()) {
        char name[65];
        memset(info, 0, sizeof *info);
        snprintf(name, sizeof name, "%-64s", "");
        int length = snprintf(name, sizeof name, "Sigill virtual reader %lu", id);
        name[length] = ' ';
        memcpy(info->slotDescription, name, 64);
        memset(info->manufacturerID, ' ', sizeof info->manufacturerID);
        memcpy(info->manufacturerID, "Sigill", 6);
        info->flags = CKF_REMOVABLE_DEVICE | CKF_TOKEN_PRESENT;
    } else
        rv = INNER(C_GetSlotInfo)(call.slot->inner_id, info);
    if (call.is_absent)
        info->flags &= ~CKF_TOKEN_PRESENT;
    END
}

CK_RV C_GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO *info) {
    BEGIN_SLOT
    if (!info)
        return call_end(&call, CKR_ARGUMENTS_BAD);
    rv = INNER(C_GetTokenInfo)(call.slot->inner_id, info);
    if (rv == CKR_OK && slots_are_readers())
        card_token_facts(call.slot, info);
    END
}

CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *id, void *reserved) {
    if (!id || reserved)
        return CKR_ARGUMENTS_BAD;
    for (;;) {
        struct call call;
        CK_RV rv = call_begin_module(&call, __func__);
        if (rv != CKR_OK)
            return rv;
        rv = CKR_NO_EVENT;
        for (size_t i = 0; rv == CKR_NO_EVENT && i < slot_count; i++)
            if (slots[i].has_news) {
                slots[i].has_news = false;
                *id = slots[i].id;
                rv = CKR_OK;
            }
        rv = call_end(&call, rv);
        if (rv != CKR_NO_EVENT || (flags & CKF_DONT_BLOCK))
            return rv;
        usleep(50 * 1000);
    }
}

CK_RV C_GetMechanismList(CK_SLOT_ID id, CK_MECHANISM_TYPE *types, CK_ULONG *count) {
    BEGIN_SLOT
    rv = INNER(C_GetMechanismList)(call.slot->inner_id, types, count);
    END
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info) {
    BEGIN_SLOT
    rv = INNER(C_GetMechanismInfo)(call.slot->inner_id, type, info);
    END
}

CK_RV C_InitToken(CK_SLOT_ID id, CK_UTF8CHAR *pin, CK_ULONG length, CK_UTF8CHAR *label) {
    BEGIN_SLOT
    if (sessions_count(call.slot))
        return call_end(&call, CKR_SESSION_EXISTS);
    rv = slots_are_readers() ? card_init_token(&call, pin, length, label)
                             : INNER(C_InitToken)(call.slot->inner_id, pin, length, label);
    END
}

CK_RV C_InitPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR *pin, CK_ULONG length) {
    BEGIN
    rv = slots_are_readers() ? card_init_pin(&call, pin, length) : INNER(C_InitPIN)(SESSION, pin, length);
    END
}

CK_RV C_SetPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR *old, CK_ULONG old_length, CK_UTF8CHAR *pin, CK_ULONG length) {
    BEGIN
    rv = slots_are_readers() ? card_set_pin(&call, old, old_length, pin, length)
                             : INNER(C_SetPIN)(SESSION, old, old_length, pin, length);
    END
}

/* --- sessions ------------------------------------------------------------------------------------ */

CK_RV C_OpenSession(CK_SLOT_ID id, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *session) {
    BEGIN_SLOT
    if (!session)
        return call_end(&call, CKR_ARGUMENTS_BAD);
    if (call.slot->is_blank)
        return call_end(&call, CKR_TOKEN_NOT_RECOGNIZED);
    CK_SESSION_HANDLE inner;
    rv = INNER(C_OpenSession)(call.slot->inner_id, flags, application, notify, &inner);
    if (rv == CKR_OK)
        rv = sessions_add(call.slot, inner, session);
    END
}

CK_RV C_CloseSession(CK_SESSION_HANDLE session) {
    BEGIN
    rv = INNER(C_CloseSession)(SESSION);
    sessions_free(call.session);
    call.session = NULL;
    END
}

CK_RV C_CloseAllSessions(CK_SLOT_ID id) {
    BEGIN_SLOT
    sessions_kill(call.slot, false);
    END
}

CK_RV C_GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO *info) {
    BEGIN
    rv = INNER(C_GetSessionInfo)(SESSION, info);
    if (rv == CKR_OK)
        info->slotID = call.slot->id;
    END
}

CK_RV C_GetOperationState(CK_SESSION_HANDLE session, CK_BYTE *state, CK_ULONG *length) {
    BEGIN
    rv = INNER(C_GetOperationState)(SESSION, state, length);
    END
}

CK_RV C_SetOperationState(CK_SESSION_HANDLE session, CK_BYTE *state, CK_ULONG length, CK_OBJECT_HANDLE encryption_key,
                           CK_OBJECT_HANDLE authentication_key) {
    (void)state, (void)length, (void)encryption_key, (void)authentication_key;
    BEGIN
    rv = CKR_FUNCTION_NOT_SUPPORTED;
    END
}

CK_RV C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG length) {
    BEGIN
    if (!pin)
        return call_end(&call, CKR_ARGUMENTS_BAD);
    rv = slots_are_readers() ? card_login(&call, user, pin, length) : INNER(C_Login)(SESSION, user, pin, length);
    END
}

CK_RV C_Logout(CK_SESSION_HANDLE session) {
    BEGIN
    rv = INNER(C_Logout)(SESSION);
    END
}

/* --- objects ------------------------------------------------------------------------------------- */

static CK_ULONG class_in(const CK_ATTRIBUTE *template, CK_ULONG count) {
    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].type == CKA_CLASS && template[i].ulValueLen == sizeof(CK_OBJECT_CLASS))
            return *(CK_OBJECT_CLASS *)template[i].pValue;
    return CK_UNAVAILABLE_INFORMATION;
}

static CK_RV changed(struct call *call, CK_RV rv) {
    if (rv == CKR_OK && slots_are_readers() && !store_keep_copy(call->slot->card_number))
        return CKR_DEVICE_ERROR;
    return rv;
}

CK_RV C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *object) {
    BEGIN
    if (slots_are_readers()) {
        CK_ULONG class = class_in(template, count);
        if (class == CKO_PRIVATE_KEY || class == CKO_SECRET_KEY)
            return call_end(&call, CKR_TEMPLATE_INCONSISTENT);
        if (!card_is_user(&call))
            return call_end(&call, CKR_USER_NOT_LOGGED_IN);
    }
    rv = changed(&call, INNER(C_CreateObject)(SESSION, template, count, object));
    if (rv == CKR_OK)
        *object = object_out(call.slot, *object);
    END
}

CK_RV C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE source, CK_ATTRIBUTE *template, CK_ULONG count,
                    CK_OBJECT_HANDLE *object) {
    BEGIN
    NOT_ON_A_CARD
    IN_OBJECT(source)
    rv = INNER(C_CopyObject)(SESSION, inner, template, count, object);
    if (rv == CKR_OK)
        *object = object_out(call.slot, *object);
    END
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
    BEGIN
    IN_OBJECT(object)
    if (slots_are_readers() && !card_is_user(&call))
        return call_end(&call, CKR_USER_NOT_LOGGED_IN);
    rv = changed(&call, INNER(C_DestroyObject)(SESSION, inner));
    END
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size) {
    BEGIN
    IN_OBJECT(object)
    rv = INNER(C_GetObjectSize)(SESSION, inner, size);
    END
}

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG count) {
    BEGIN
    IN_OBJECT(object)
    rv = INNER(C_GetAttributeValue)(SESSION, inner, template, count);
    END
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG count) {
    BEGIN
    IN_OBJECT(object)
    if (slots_are_readers() && !card_is_user(&call))
        return call_end(&call, CKR_USER_NOT_LOGGED_IN);
    rv = changed(&call, INNER(C_SetAttributeValue)(SESSION, inner, template, count));
    END
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count) {
    BEGIN
    rv = INNER(C_FindObjectsInit)(SESSION, template, count);
    END
}

CK_RV C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *count) {
    BEGIN
    rv = INNER(C_FindObjects)(SESSION, objects, most, count);
    for (CK_ULONG i = 0; rv == CKR_OK && i < *count; i++)
        objects[i] = object_out(call.slot, objects[i]);
    END
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE session) {
    BEGIN
    rv = INNER(C_FindObjectsFinal)(SESSION);
    END
}

/* --- cryptography: the same frame around each ---------------------------------------------------- */

#define WITH_KEY(name)                                                                    \
    CK_RV name(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {                \
        BEGIN                                                                             \
        IN_KEY(key)                                                                       \
        rv = INNER(name)(SESSION, mechanism, inner);                                      \
        END                                                                               \
    }
#define IN_TO_OUT(name)                                                                   \
    CK_RV name(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_length, CK_BYTE *out, CK_ULONG *out_length) { \
        BEGIN_ANSWER(out)                                                                 \
        rv = INNER(name)(SESSION, in, in_length, out, out_length);                        \
        if (rv == CKR_OK && out && *out_length && call.fault.kind == FAULT_CORRUPT)       \
            out[*out_length - 1] ^= 1;                                                    \
        END                                                                               \
    }
#define ONLY_OUT(name)                                                                    \
    CK_RV name(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_length) {                           \
        BEGIN_ANSWER(out)                                                                 \
        rv = INNER(name)(SESSION, out, out_length);                                       \
        END                                                                               \
    }
#define ONLY_IN(name)                                                                     \
    CK_RV name(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_length) {                              \
        BEGIN                                                                             \
        rv = INNER(name)(SESSION, in, in_length);                                         \
        END                                                                               \
    }

WITH_KEY(C_EncryptInit)
IN_TO_OUT(C_Encrypt)
IN_TO_OUT(C_EncryptUpdate)
ONLY_OUT(C_EncryptFinal)
WITH_KEY(C_DecryptInit)
IN_TO_OUT(C_Decrypt)
IN_TO_OUT(C_DecryptUpdate)
ONLY_OUT(C_DecryptFinal)
IN_TO_OUT(C_Digest)
ONLY_IN(C_DigestUpdate)
ONLY_OUT(C_DigestFinal)
WITH_KEY(C_SignInit)
IN_TO_OUT(C_Sign)
ONLY_IN(C_SignUpdate)
ONLY_OUT(C_SignFinal)
WITH_KEY(C_SignRecoverInit)
IN_TO_OUT(C_SignRecover)
WITH_KEY(C_VerifyInit)
ONLY_IN(C_VerifyUpdate)
ONLY_IN(C_VerifyFinal)
WITH_KEY(C_VerifyRecoverInit)
IN_TO_OUT(C_VerifyRecover)
IN_TO_OUT(C_DigestEncryptUpdate)
IN_TO_OUT(C_DecryptDigestUpdate)
IN_TO_OUT(C_SignEncryptUpdate)
IN_TO_OUT(C_DecryptVerifyUpdate)
ONLY_IN(C_SeedRandom)
ONLY_IN(C_GenerateRandom)

CK_RV C_DigestInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism) {
    BEGIN
    rv = INNER(C_DigestInit)(SESSION, mechanism);
    END
}

CK_RV C_DigestKey(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key) {
    BEGIN
    IN_KEY(key)
    rv = INNER(C_DigestKey)(SESSION, inner);
    END
}

CK_RV C_Verify(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_length, CK_BYTE *signature, CK_ULONG signature_length) {
    BEGIN
    rv = INNER(C_Verify)(SESSION, in, in_length, signature, signature_length);
    END
}

/* --- keys ---------------------------------------------------------------------------------------- */

CK_RV C_GenerateKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *template, CK_ULONG count,
                     CK_OBJECT_HANDLE *key) {
    BEGIN
    NOT_ON_A_CARD
    rv = INNER(C_GenerateKey)(SESSION, mechanism, template, count, key);
    if (rv == CKR_OK)
        *key = object_out(call.slot, *key);
    END
}

/* What a card demands of a private key, whatever the template leaves out. */
static CK_RV card_template(const CK_ATTRIBUTE *asked, CK_ULONG asked_count, CK_ATTRIBUTE *given, CK_ULONG *count) {
    static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    const CK_ATTRIBUTE demanded[] = {{CKA_TOKEN, &yes, sizeof yes},
                                     {CKA_PRIVATE, &yes, sizeof yes},
                                     {CKA_SENSITIVE, &yes, sizeof yes},
                                     {CKA_EXTRACTABLE, &no, sizeof no}};
    const size_t demands = sizeof demanded / sizeof *demanded;
    if (asked_count + demands > *count)
        return CKR_TEMPLATE_INCONSISTENT;
    *count = 0;
    for (CK_ULONG i = 0; i < asked_count; i++) {
        bool is_demanded = false;
        for (size_t j = 0; j < demands; j++)
            if (asked[i].type == demanded[j].type) {
                is_demanded = true;
                if (asked[i].ulValueLen != 1 || *(CK_BBOOL *)asked[i].pValue != *(CK_BBOOL *)demanded[j].pValue)
                    return CKR_TEMPLATE_INCONSISTENT;
            }
        if (!is_demanded)
            given[(*count)++] = asked[i];
    }
    for (size_t j = 0; j < demands; j++)
        given[(*count)++] = demanded[j];
    return CKR_OK;
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_template, CK_ULONG public_count,
                         CK_ATTRIBUTE *private_template, CK_ULONG private_count, CK_OBJECT_HANDLE *public_key,
                         CK_OBJECT_HANDLE *private_key) {
    BEGIN
    CK_ATTRIBUTE demanded[48];
    CK_ULONG demanded_count = 48;
    if (slots_are_readers()) {
        rv = card_is_user(&call) ? card_template(private_template, private_count, demanded, &demanded_count)
                                 : CKR_USER_NOT_LOGGED_IN;
        if (rv != CKR_OK)
            return call_end(&call, rv);
        private_template = demanded;
        private_count = demanded_count;
    }
    rv = changed(&call, INNER(C_GenerateKeyPair)(SESSION, mechanism, public_template, public_count, private_template,
                                                 private_count, public_key, private_key));
    if (rv == CKR_OK) {
        *public_key = object_out(call.slot, *public_key);
        *private_key = object_out(call.slot, *private_key);
    }
    END
}

CK_RV C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key,
                 CK_BYTE *wrapped, CK_ULONG *length) {
    BEGIN
    NOT_ON_A_CARD
    IN_KEY(key)
    CK_OBJECT_HANDLE inner_wrapping;
    rv = object_in(call.slot, wrapping_key, &inner_wrapping)
             ? INNER(C_WrapKey)(SESSION, mechanism, inner_wrapping, inner, wrapped, length)
             : CKR_WRAPPING_KEY_HANDLE_INVALID;
    END
}

CK_RV C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping_key, CK_BYTE *wrapped,
                   CK_ULONG length, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key) {
    BEGIN
    NOT_ON_A_CARD
    IN_KEY(unwrapping_key)
    rv = INNER(C_UnwrapKey)(SESSION, mechanism, inner, wrapped, length, template, count, key);
    if (rv == CKR_OK)
        *key = object_out(call.slot, *key);
    END
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base_key, CK_ATTRIBUTE *template,
                   CK_ULONG count, CK_OBJECT_HANDLE *key) {
    BEGIN
    NOT_ON_A_CARD
    IN_KEY(base_key)
    rv = INNER(C_DeriveKey)(SESSION, mechanism, inner, template, count, key);
    if (rv == CKR_OK)
        *key = object_out(call.slot, *key);
    END
}

/* Legacy functions for parallel work; PKCS#11 2.40 5.16 wants exactly this answer. */
CK_RV C_GetFunctionStatus(CK_SESSION_HANDLE session) {
    (void)session;
    return CKR_FUNCTION_NOT_PARALLEL;
}

CK_RV C_CancelFunction(CK_SESSION_HANDLE session) {
    (void)session;
    return CKR_FUNCTION_NOT_PARALLEL;
}

/* --- beyond PKCS#11 ------------------------------------------------------------------------------ */

/* The tries left of the PIN and the PUK: the standard only has flags for few, last and none. */
CK_RV SIGILL_TriesLeft(CK_SLOT_ID id, CK_ULONG *pin, CK_ULONG *puk) {
    BEGIN_SLOT
    struct counters counters;
    if (!slots_are_readers() || call.slot->is_blank)
        return call_end(&call, CKR_FUNCTION_NOT_SUPPORTED);
    counters_read(call.slot->card_number, &counters);
    *pin = (CK_ULONG)counters.pin;
    *puk = (CK_ULONG)counters.puk;
    END
}

/* Sixteen octets to be answered with the admin key; the answer goes to C_Login as CKU_SO, once. */
CK_RV SIGILL_GetChallenge(CK_SLOT_ID id, CK_BYTE *challenge) {
    BEGIN_SLOT
    if (!slots_are_readers() || call.slot->is_blank)
        return call_end(&call, CKR_FUNCTION_NOT_SUPPORTED);
    rv = challenge_make(&call, challenge);
    END
}

static CK_FUNCTION_LIST function_list = {
    {2, 40},
    C_Initialize, C_Finalize, C_GetInfo, C_GetFunctionList, C_GetSlotList, C_GetSlotInfo, C_GetTokenInfo,
    C_GetMechanismList, C_GetMechanismInfo, C_InitToken, C_InitPIN, C_SetPIN, C_OpenSession, C_CloseSession,
    C_CloseAllSessions, C_GetSessionInfo, C_GetOperationState, C_SetOperationState, C_Login, C_Logout,
    C_CreateObject, C_CopyObject, C_DestroyObject, C_GetObjectSize, C_GetAttributeValue, C_SetAttributeValue,
    C_FindObjectsInit, C_FindObjects, C_FindObjectsFinal, C_EncryptInit, C_Encrypt, C_EncryptUpdate,
    C_EncryptFinal, C_DecryptInit, C_Decrypt, C_DecryptUpdate, C_DecryptFinal, C_DigestInit, C_Digest,
    C_DigestUpdate, C_DigestKey, C_DigestFinal, C_SignInit, C_Sign, C_SignUpdate, C_SignFinal, C_SignRecoverInit,
    C_SignRecover, C_VerifyInit, C_Verify, C_VerifyUpdate, C_VerifyFinal, C_VerifyRecoverInit, C_VerifyRecover,
    C_DigestEncryptUpdate, C_DecryptDigestUpdate, C_SignEncryptUpdate, C_DecryptVerifyUpdate, C_GenerateKey,
    C_GenerateKeyPair, C_WrapKey, C_UnwrapKey, C_DeriveKey, C_SeedRandom, C_GenerateRandom, C_GetFunctionStatus,
    C_CancelFunction, C_WaitForSlotEvent,
};
