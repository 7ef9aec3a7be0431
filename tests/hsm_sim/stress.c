/* Hammers the module from several threads while a card comes and goes; built with the sanitizers.
 * usage: stress READER_FILE CARD_NUMBER PIN SECONDS ; exit 0: every answer was one the standard allows. */
#define _GNU_SOURCE
#include <pkcs11.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *reader, *card, *pin;
static atomic_bool is_over;
static atomic_long signatures, removals, surprises;

static bool is_expected(CK_RV rv) {
    switch (rv) {
    case CKR_OK: case CKR_DEVICE_REMOVED: case CKR_TOKEN_NOT_PRESENT: case CKR_SESSION_HANDLE_INVALID:
    case CKR_USER_ALREADY_LOGGED_IN: case CKR_USER_NOT_LOGGED_IN: case CKR_KEY_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID: case CKR_OPERATION_NOT_INITIALIZED:
        return true;
    default:
        return false;
    }
}

static bool ok(const char *what, CK_RV rv) {
    if (!is_expected(rv)) {
        fprintf(stderr, "%s: 0x%lx\n", what, rv);
        surprises++;
    }
    return rv == CKR_OK;
}

static void write_reader(const char *text) {
    char fresh[4096];
    snprintf(fresh, sizeof fresh, "%s.new", reader);
    FILE *file = fopen(fresh, "w");
    fputs(text, file);
    fclose(file);
    rename(fresh, reader);
}

static void *come_and_go(void *unused) {
    struct timespec in = {.tv_nsec = 40 * 1000 * 1000}, out = {.tv_nsec = 5 * 1000 * 1000};
    while (!is_over) {
        write_reader(card);
        nanosleep(&in, NULL);
        write_reader("");
        removals++;
        nanosleep(&out, NULL);
    }
    return unused;
}

static void use(CK_SESSION_HANDLE session) {
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_OBJECT_HANDLE key;
    CK_ULONG count = 0;
    CK_RV rv = C_Login(session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin));
    if (!is_expected(rv))
        ok("login", rv);
    if (!ok("init", C_FindObjectsInit(session, &template, 1)))
        return;
    bool is_found = ok("find", C_FindObjects(session, &key, 1, &count)) && count == 1;
    ok("final", C_FindObjectsFinal(session));
    for (int i = 0; is_found && i < 20; i++) {
        CK_BYTE digest[32] = {1}, signature[64];
        CK_ULONG length = sizeof signature;
        if (!ok("sign init", C_SignInit(session, &mechanism, key)) ||
            !ok("sign", C_Sign(session, digest, sizeof digest, signature, &length)))
            return;
        signatures++;
    }
}

static void *work(void *unused) {
    while (!is_over) {
        CK_SESSION_HANDLE session;
        CK_SLOT_ID slots[4];
        CK_ULONG count = 4;
        CK_TOKEN_INFO facts;
        ok("list", C_GetSlotList(CK_TRUE, slots, &count));
        ok("token", C_GetTokenInfo(0, &facts));
        if (!ok("open", C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session)))
            continue;
        use(session);
        ok("close", C_CloseSession(session));
    }
    return unused;
}

int main(int count, char **arguments) {
    if (count != 5)
        return 2;
    reader = arguments[1], card = arguments[2], pin = arguments[3];
    pthread_t threads[5];
    if (C_Initialize(NULL) != CKR_OK)
        return 3;
    pthread_create(&threads[0], NULL, come_and_go, NULL);
    for (int i = 1; i < 5; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    sleep((unsigned)atoi(arguments[4]));
    is_over = true;
    for (int i = 0; i < 5; i++)
        pthread_join(threads[i], NULL);
    C_Finalize(NULL);
    printf("%ld signatures, %ld removals, %ld surprises\n", signatures, removals, surprises);
    return signatures > 0 && removals > 0 && surprises == 0 ? 0 : 1;
}
