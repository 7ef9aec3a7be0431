/* The tries left of a card's codes, kept on disk so that neither a restart nor a power cut gives new ones. */
#define _GNU_SOURCE
#include "sigill.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE "sigill-counters 1 pin %d puk %d admin %d salt %s wrapped %s changes %lu verifier %s next %s\n"

static void to_hex(const CK_BYTE *bytes, size_t count, char *text) {
    for (size_t i = 0; i < count; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static bool from_hex(const char *text, size_t count, CK_BYTE *bytes) {
    for (size_t i = 0; i < count; i++)
        if (sscanf(text + 2 * i, "%2hhx", &bytes[i]) != 1)
            return false;
    return true;
}

static bool parse(const char *text, struct counters *counters) {
    char salt[33] = "", wrapped[33] = "", verifiers[2][65] = {"", ""};
    counters->changes = 0; /* files of earlier cards have neither it nor verifiers */
    int fields = sscanf(text,
                        "sigill-counters 1 pin %d puk %d admin %d salt %32s wrapped %32s changes %lu verifier %64s next %64s\n",
                        &counters->pin, &counters->puk, &counters->admin, salt, wrapped, &counters->changes,
                        verifiers[0], verifiers[1]);
    for (int i = 0; i < 2; i++)
        counters->has_verifier[i] = strlen(verifiers[i]) == 64 &&
                                    from_hex(verifiers[i], sizeof counters->verifier[i], counters->verifier[i]);
    return fields >= 5 && counters->pin >= 0 && counters->pin <= PIN_TRIES && counters->puk >= 0 &&
           counters->puk <= PUK_TRIES && counters->admin >= 0 && counters->admin <= PUK_TRIES &&
           from_hex(salt, sizeof counters->salt, counters->salt) &&
           from_hex(wrapped, sizeof counters->wrapped, counters->wrapped);
}

bool counters_read(const char *card_number, struct counters *counters) {
    char path[PATH_BYTES], text[384] = "";
    int file = store_path(path, "counters", card_number) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t length = file >= 0 ? read(file, text, sizeof text - 1) : -1;
    if (file >= 0)
        close(file);
    bool is_good = length > 0 && parse(text, counters);
    if (!is_good)
        memset(counters, 0, sizeof *counters);
    return is_good;
}

CK_RV counters_write(const char *card_number, const struct counters *counters) {
    char path[PATH_BYTES], fresh[PATH_BYTES + 8], folder[PATH_BYTES], salt[33], wrapped[33];
    char verifiers[2][65] = {"-", "-"};
    if (!store_path(path, "counters", card_number) || !store_path(folder, "counters", NULL))
        return CKR_DEVICE_ERROR;
    snprintf(fresh, sizeof fresh, "%s.new", path);
    to_hex(counters->salt, sizeof counters->salt, salt);
    to_hex(counters->wrapped, sizeof counters->wrapped, wrapped);
    for (int i = 0; i < 2; i++)
        if (counters->has_verifier[i])
            to_hex(counters->verifier[i], sizeof counters->verifier[i], verifiers[i]);
    int file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return CKR_DEVICE_ERROR;
    bool is_written =
        dprintf(file, LINE, counters->pin, counters->puk, counters->admin, salt, wrapped, counters->changes,
                verifiers[0], verifiers[1]) > 0 &&
        fsync(file) == 0;
    close(file);
    if (!is_written || rename(fresh, path) != 0)
        return CKR_DEVICE_ERROR;
    int above = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_durable = above >= 0 && fsync(above) == 0;
    if (above >= 0)
        close(above);
    return is_durable ? CKR_OK : CKR_DEVICE_ERROR;
}
