/* Failures on order: a control file says which call of which function fails, how, and how often.
 *
 *   C_Sign 3 CKR_SESSION_HANDLE_INVALID      the third C_Sign: the device lost its sessions, all of them
 *   C_Sign 1 CKR_DEVICE_REMOVED 20           gone, and away for 19 further calls of any function
 *   C_Login 1 CKR_PIN_INCORRECT *            every login
 *   C_Sign 2 HANG 1500                       1.5 s late (without a number: until this file changes)
 *   C_Sign 2 HANG_AFTER 300                  done, but the answer is 0.3 s late
 *   C_Login 1 KILL                           SIGKILL to the own process (KILL_AFTER: when the call is done)
 *   C_Sign 2 CORRUPT                         a wrong bit in the answer
 *
 * Calls are counted from the moment the file was last changed. What happened is written to <file>.fired;
 * a KILL found there is not repeated by the next process. */
#define _GNU_SOURCE
#include "sigill.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES 64

struct entry {
    char function[40], what[48];
    long nth, calls, seen;
    struct fault fault;
    bool is_spent;
};

static pthread_mutex_t faults_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct entry entries[ENTRIES];
static size_t entry_count;
static char identity[96];
static long away;

#define NAME(code) {#code, code}
static const struct {
    const char *name;
    CK_RV code;
} CODES[] = {
    NAME(CKR_HOST_MEMORY), NAME(CKR_SLOT_ID_INVALID), NAME(CKR_GENERAL_ERROR), NAME(CKR_FUNCTION_FAILED),
    NAME(CKR_ARGUMENTS_BAD), NAME(CKR_ATTRIBUTE_VALUE_INVALID), NAME(CKR_DEVICE_ERROR), NAME(CKR_DEVICE_MEMORY),
    NAME(CKR_DEVICE_REMOVED), NAME(CKR_FUNCTION_CANCELED), NAME(CKR_FUNCTION_NOT_SUPPORTED),
    NAME(CKR_KEY_HANDLE_INVALID), NAME(CKR_KEY_FUNCTION_NOT_PERMITTED), NAME(CKR_MECHANISM_INVALID),
    NAME(CKR_OBJECT_HANDLE_INVALID), NAME(CKR_OPERATION_ACTIVE), NAME(CKR_OPERATION_NOT_INITIALIZED),
    NAME(CKR_PIN_INCORRECT), NAME(CKR_PIN_LOCKED), NAME(CKR_PIN_EXPIRED), NAME(CKR_SESSION_CLOSED),
    NAME(CKR_SESSION_COUNT), NAME(CKR_SESSION_HANDLE_INVALID), NAME(CKR_SIGNATURE_INVALID),
    NAME(CKR_TOKEN_NOT_PRESENT), NAME(CKR_TOKEN_NOT_RECOGNIZED), NAME(CKR_USER_ALREADY_LOGGED_IN),
    NAME(CKR_USER_NOT_LOGGED_IN), NAME(CKR_USER_PIN_NOT_INITIALIZED), NAME(CKR_USER_TOO_MANY_TYPES),
    NAME(CKR_CRYPTOKI_NOT_INITIALIZED), NAME(CKR_BUFFER_TOO_SMALL),
};

static bool parse_what(struct entry *entry, const char *argument) {
    struct fault *fault = &entry->fault;
    bool is_endless = argument && strcmp(argument, "*") == 0;
    fault->calls = is_endless ? LONG_MAX : argument ? strtol(argument, NULL, 10) : 1;
    fault->kind = FAULT_CODE;
    if (strcmp(entry->what, "HANG") == 0 || strcmp(entry->what, "HANG_AFTER") == 0) {
        *fault = (struct fault){.kind = entry->what[4] ? FAULT_HANG_AFTER : FAULT_HANG, .calls = 1};
        fault->milliseconds = argument ? strtol(argument, NULL, 10) : -1;
    } else if (strcmp(entry->what, "KILL") == 0)
        fault->kind = FAULT_KILL;
    else if (strcmp(entry->what, "KILL_AFTER") == 0)
        fault->kind = FAULT_KILL_AFTER;
    else if (strcmp(entry->what, "CORRUPT") == 0)
        fault->kind = FAULT_CORRUPT;
    else if (strncmp(entry->what, "0x", 2) == 0)
        fault->code = strtoul(entry->what, NULL, 16);
    else {
        for (size_t i = 0; i < sizeof CODES / sizeof *CODES; i++)
            if (strcmp(entry->what, CODES[i].name) == 0)
                fault->code = CODES[i].code;
        if (fault->code == CKR_OK)
            return false;
    }
    entry->calls = fault->calls;
    return fault->calls > 0;
}

static void forget_kills_done(const char *path) {
    char line[256], before[PATH_BYTES];
    snprintf(before, sizeof before, "%s.fired", path);
    FILE *file = fopen(before, "re");
    while (file && fgets(line, sizeof line, file)) {
        char seen[96];
        size_t number;
        if (sscanf(line, "%95s %zu", seen, &number) == 2 && strcmp(seen, identity) == 0 && number < entry_count &&
            (entries[number].fault.kind == FAULT_KILL || entries[number].fault.kind == FAULT_KILL_AFTER))
            entries[number].is_spent = true;
    }
    if (file)
        fclose(file);
}

static const char *reread(void) {
    const char *path = getenv("SIGILL_SHIM_FAULTS");
    if (!path || !*path) {
        entry_count = 0;
        identity[0] = '\0';
        away = 0;
        return NULL;
    }
    struct stat facts = {0};
    char now[sizeof identity];
    bool is_there = stat(path, &facts) == 0;
    snprintf(now, sizeof now, "%ld.%09ld:%lu:%ld", (long)facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec,
             (unsigned long)facts.st_ino, (long)facts.st_size);
    if (strcmp(now, identity) == 0)
        return path;
    strcpy(identity, now);
    entry_count = 0;
    away = 0;
    FILE *file = is_there ? fopen(path, "re") : NULL;
    char line[256];
    while (file && entry_count < ENTRIES && fgets(line, sizeof line, file)) {
        struct entry *entry = &entries[entry_count];
        char argument[32] = "";
        *entry = (struct entry){0};
        int fields = sscanf(line, "%39s %ld %47s %31s", entry->function, &entry->nth, entry->what, argument);
        if (fields >= 3 && entry->function[0] != '#' && entry->nth > 0) {
            if (parse_what(entry, fields > 3 ? argument : NULL))
                entry_count++;
            else
                fprintf(stderr, "sigill_card: fault not understood: %s", line);
        }
    }
    if (file)
        fclose(file);
    forget_kills_done(path);
    return path;
}

static void note(const char *path, size_t number) {
    char fired[PATH_BYTES];
    snprintf(fired, sizeof fired, "%s.fired", path);
    FILE *file = fopen(fired, "ae");
    if (!file)
        return;
    fprintf(file, "%s %zu %s %ld %s\n", identity, number, entries[number].function, entries[number].seen,
            entries[number].what);
    fflush(file);
    fsync(fileno(file));
    fclose(file);
}

struct fault faults_next(const char *function) {
    struct fault fault = {.kind = FAULT_NONE};
    pthread_mutex_lock(&faults_mutex);
    const char *path = reread();
    for (size_t i = 0; path && i < entry_count; i++) {
        struct entry *entry = &entries[i];
        if (strcmp(entry->function, function) != 0)
            continue;
        entry->seen++;
        bool is_removal = entry->fault.code == CKR_DEVICE_REMOVED || entry->fault.code == CKR_TOKEN_NOT_PRESENT;
        long calls = is_removal ? 1 : entry->calls;
        bool is_due = entry->seen >= entry->nth && (calls == LONG_MAX || entry->seen - entry->nth < calls);
        if (fault.kind == FAULT_NONE && is_due && !entry->is_spent) {
            fault = entry->fault;
            fault.entry = i;
            if (fault.kind != FAULT_HANG_AFTER) /* that one is noted when it begins, so that one can wait for it */
                note(path, i);
        }
    }
    pthread_mutex_unlock(&faults_mutex);
    return fault;
}

void faults_hang(const struct fault *fault) {
    const struct timespec moment = {.tv_nsec = 5 * 1000 * 1000};
    char before[sizeof identity];
    pthread_mutex_lock(&faults_mutex);
    strcpy(before, identity);
    if (fault->kind == FAULT_HANG_AFTER && getenv("SIGILL_SHIM_FAULTS") && fault->entry < entry_count)
        note(getenv("SIGILL_SHIM_FAULTS"), fault->entry);
    pthread_mutex_unlock(&faults_mutex);
    for (long waited = 0; fault->milliseconds < 0 || waited < fault->milliseconds; waited += 5) {
        nanosleep(&moment, NULL);
        pthread_mutex_lock(&faults_mutex);
        bool is_same = reread() && strcmp(before, identity) == 0;
        pthread_mutex_unlock(&faults_mutex);
        if (fault->milliseconds < 0 && !is_same)
            return;
    }
}

bool faults_device_is_away(bool is_counted) {
    pthread_mutex_lock(&faults_mutex);
    reread();
    bool is_away = away > 0;
    if (is_counted && away > 0 && away != LONG_MAX)
        away--;
    pthread_mutex_unlock(&faults_mutex);
    return is_away;
}

void faults_take_device_away(long calls) {
    pthread_mutex_lock(&faults_mutex);
    away = calls;
    pthread_mutex_unlock(&faults_mutex);
}
