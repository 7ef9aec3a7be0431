/* The folders of the virtual cards: SoftHSM loses a token when it is killed in C_Login, so a checked copy is
 * kept beside each token and put back when the card is next inserted.
 *
 *   $SIGILL_CARDS/tokens/<card number>/<uuid>/   what SoftHSM writes      counters/<card number>  tries left
 *                 copies/<card number>/          the last good state      locks/<card number>     flock
 *                 damaged/<card number>.<n>/     what was found broken                                        */
#define _GNU_SOURCE
#include "sigill.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES (1 << 20)

const char *store_root(void) {
    const char *root = getenv("SIGILL_CARDS");
    return root && *root ? root : NULL;
}

bool store_is_card_number(const char *text) {
    return strlen(text) == CARD_NUMBER_DIGITS && strspn(text, "0123456789") == CARD_NUMBER_DIGITS;
}

bool store_path(char *path, const char *folder, const char *card_number) {
    if (!store_root())
        return false;
    int length = card_number ? snprintf(path, PATH_BYTES, "%s/%s/%s", store_root(), folder, card_number)
                             : snprintf(path, PATH_BYTES, "%s/%s", store_root(), folder);
    if (length >= PATH_BYTES - 32)
        return false;
    if (!card_number)
        return true;
    char above[PATH_BYTES];
    snprintf(above, sizeof above, "%s/%s", store_root(), folder);
    mkdir(store_root(), 0700);
    mkdir(above, 0700);
    return true;
}

bool store_has(const char *folder, const char *card_number) {
    char path[PATH_BYTES];
    struct stat facts;
    return store_path(path, folder, card_number) && stat(path, &facts) == 0;
}

bool store_is_blank(const char *card_number) {
    return !store_has("counters", card_number) && !store_has("copies", card_number);
}

int store_lock(const char *card_number) {
    char path[PATH_BYTES];
    if (!store_path(path, "locks", card_number))
        return -1;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0)
        while (flock(file, LOCK_EX) != 0)
            ;
    return file;
}

void store_unlock(int descriptor) {
    if (descriptor >= 0)
        close(descriptor);
}

static ssize_t read_whole(const char *path, char *bytes) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t total = 0, got;
    while (total < FILE_BYTES && (got = read(file, bytes + total, (size_t)(FILE_BYTES - total))) > 0)
        total += got;
    close(file);
    return total;
}

static bool write_whole(const char *path, const char *bytes, ssize_t count) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    bool is_written = write(file, bytes, (size_t)count) == count && fsync(file) == 0;
    close(file);
    return is_written;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *place) {
    (void)facts, (void)kind, (void)place;
    return remove(path);
}

static void remove_tree(const char *path) { nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS); }

static void sync_folder(const char *path) {
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
}

enum walk { COPY, COMPARE };

/* Copies a tree, or tells whether every file of it is the same in the other (lock files aside: empty). */
static bool walk(const char *from, const char *to, enum walk what, char *bytes, char *other) {
    DIR *folder = opendir(from);
    if (!folder)
        return false;
    bool is_good = what == COMPARE || mkdir(to, 0700) == 0;
    for (struct dirent *entry; is_good && (entry = readdir(folder));) {
        char source[PATH_BYTES], target[PATH_BYTES];
        size_t length = strlen(entry->d_name);
        bool is_lock = length > 5 && strcmp(entry->d_name + length - 5, ".lock") == 0;
        if (entry->d_name[0] == '.' || (is_lock && what == COMPARE))
            continue;
        struct stat facts;
        is_good = snprintf(source, sizeof source, "%s/%s", from, entry->d_name) < PATH_BYTES &&
                  snprintf(target, sizeof target, "%s/%s", to, entry->d_name) < PATH_BYTES &&
                  stat(source, &facts) == 0;
        if (!is_good)
            break;
        if (S_ISDIR(facts.st_mode)) {
            is_good = walk(source, target, what, bytes, other);
            continue;
        }
        ssize_t count = read_whole(source, bytes);
        is_good = count >= 0 && (what == COPY ? write_whole(target, bytes, count)
                                              : read_whole(target, other) == count &&
                                                    memcmp(bytes, other, (size_t)count) == 0);
    }
    closedir(folder);
    if (what == COPY && is_good)
        sync_folder(to);
    return is_good;
}

static bool are_same(const char *one, const char *two, char *bytes, char *other) {
    return walk(one, two, COMPARE, bytes, other) && walk(two, one, COMPARE, bytes, other);
}

/* Writes `from` beside `to`, compares, and swaps it in; what was there goes to `aside`, or away. */
static bool replace(const char *from, const char *to, const char *aside) {
    char fresh[PATH_BYTES + 8], gone[PATH_BYTES + 8], above[PATH_BYTES];
    snprintf(fresh, sizeof fresh, "%s.new", to);
    snprintf(gone, sizeof gone, "%s.old", to);
    snprintf(above, sizeof above, "%s", to);
    *strrchr(above, '/') = '\0';
    char *bytes = malloc(FILE_BYTES), *other = malloc(FILE_BYTES);
    remove_tree(fresh);
    bool is_good = bytes && other && walk(from, fresh, COPY, bytes, other) && are_same(from, fresh, bytes, other);
    free(bytes);
    free(other);
    if (!is_good)
        return false;
    if (!aside)
        remove_tree(gone);
    struct stat facts;
    if (stat(to, &facts) == 0 && rename(to, aside ? aside : gone) != 0)
        return false;
    is_good = rename(fresh, to) == 0;
    sync_folder(above);
    if (!aside)
        remove_tree(gone);
    return is_good;
}

/* A kill between the two renames of replace() leaves only the finished .new: take it. */
static void finish_swap(const char *path) {
    char fresh[PATH_BYTES + 8], gone[PATH_BYTES + 8];
    struct stat facts;
    snprintf(fresh, sizeof fresh, "%s.new", path);
    snprintf(gone, sizeof gone, "%s.old", path);
    if (stat(path, &facts) != 0 && stat(gone, &facts) == 0 && stat(fresh, &facts) == 0)
        rename(fresh, path);
}

bool store_keep_copy(const char *card_number) {
    char token[PATH_BYTES], copy[PATH_BYTES];
    if (!store_path(token, "tokens", card_number) || !store_path(copy, "copies", card_number))
        return false;
    finish_swap(copy);
    char *bytes = malloc(FILE_BYTES), *other = malloc(FILE_BYTES);
    bool is_same = bytes && other && are_same(token, copy, bytes, other);
    free(bytes);
    free(other);
    return is_same || replace(token, copy, NULL);
}

bool store_repair(const char *card_number) {
    char token[PATH_BYTES], copy[PATH_BYTES], damaged[PATH_BYTES], aside[PATH_BYTES + 16];
    struct stat facts;
    if (!store_path(token, "tokens", card_number) || !store_path(copy, "copies", card_number) ||
        !store_path(damaged, "damaged", card_number))
        return false;
    finish_swap(copy);
    if (stat(copy, &facts) != 0)
        return false;
    for (int i = 1; i < 1000; i++) {
        snprintf(aside, sizeof aside, "%s.%d", damaged, i);
        if (stat(aside, &facts) != 0)
            break;
    }
    return replace(copy, token, aside);
}
