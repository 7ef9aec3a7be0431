/* The slots: virtual card readers when SIGILL_READERS is set, else those of SoftHSM as they are. */
#define _GNU_SOURCE
#include "sigill.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOTS 256

struct slot slots[SLOTS];
size_t slot_count;
static struct softhsm instances[READERS];
static bool is_reader_mode;

bool slots_are_readers(void) { return is_reader_mode; }

static bool find_token(struct slot *slot) {
    CK_SLOT_ID ids[16];
    CK_ULONG count = 16;
    CK_FUNCTION_LIST *calls = slot->softhsm->calls;
    if (calls->C_GetSlotList(CK_TRUE, ids, &count) != CKR_OK)
        return false;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO facts;
        if (calls->C_GetTokenInfo(ids[i], &facts) != CKR_OK)
            continue;
        bool is_ours = (facts.flags & CKF_TOKEN_INITIALIZED) &&
                       memcmp(facts.label, slot->card_number, CARD_NUMBER_DIGITS) == 0 &&
                       strchr(" ", facts.label[CARD_NUMBER_DIGITS]);
        if (is_ours || (slot->is_blank && !(facts.flags & CKF_TOKEN_INITIALIZED))) {
            slot->inner_id = ids[i];
            return true;
        }
    }
    return false;
}

static bool open_token(struct slot *slot) {
    char folder[PATH_BYTES];
    return store_path(folder, "tokens", slot->card_number) && softhsm_open(slot->softhsm, folder) == CKR_OK &&
           find_token(slot);
}

/* A token that SoftHSM no longer knows is put back from its copy; one that it knows renews the copy. */
static bool load_locked_card(struct slot *slot) {
    const char *card = slot->card_number;
    struct counters counters;
    counters_read(card, &counters);
    slot->code_changes = counters.changes;
    slot->is_blank = store_is_blank(card);
    bool is_good = open_token(slot);
    if (is_good && !slot->is_blank)
        store_keep_copy(card);
    if (!is_good && !slot->is_blank) {
        softhsm_close(slot->softhsm);
        is_good = store_repair(card) && open_token(slot);
    }
    return is_good;
}

static bool load_card(struct slot *slot) {
    if (!store_has("tokens", slot->card_number) && !store_has("copies", slot->card_number))
        return false;
    int lock = store_lock(slot->card_number);
    bool is_good = load_locked_card(slot);
    store_unlock(lock);
    return is_good;
}

void slots_follow_codes(struct slot *slot) {
    struct counters counters;
    if (!counters_read(slot->card_number, &counters) || counters.changes == slot->code_changes)
        return;
    sessions_kill(slot, true);
    softhsm_close(slot->softhsm);
    slot->is_present = load_locked_card(slot);
    if (!slot->is_present)
        softhsm_close(slot->softhsm);
}

static void read_reader(const struct slot *slot, char *card_number, ino_t *inode, struct timespec *changed) {
    char path[PATH_BYTES], text[64] = "";
    struct stat facts = {0};
    card_number[0] = '\0';
    snprintf(path, sizeof path, "%s/%lu", getenv("SIGILL_READERS"), slot->id);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0 && fstat(file, &facts) == 0 && read(file, text, sizeof text - 1) > 0) {
        text[strcspn(text, " \r\n")] = '\0';
        if (store_is_card_number(text))
            strcpy(card_number, text);
    }
    if (file >= 0)
        close(file);
    *inode = facts.st_ino;
    *changed = facts.st_mtim;
}

static bool is_in_another_reader(const struct slot *slot, const char *card_number) {
    for (size_t i = 0; i < slot_count; i++)
        if (&slots[i] != slot && slots[i].is_present && strcmp(slots[i].card_number, card_number) == 0)
            return true;
    return false;
}

static void eject(struct slot *slot) {
    sessions_kill(slot, true);
    softhsm_close(slot->softhsm);
    slot->has_news = slot->has_news || slot->is_present;
    slot->is_present = false;
    slot->card_number[0] = '\0';
}

void slots_refresh(void) {
    for (size_t i = 0; is_reader_mode && i < slot_count; i++) {
        struct slot *slot = &slots[i];
        char card_number[CARD_NUMBER_DIGITS + 1];
        ino_t inode;
        struct timespec changed;
        read_reader(slot, card_number, &inode, &changed);
        if (inode == slot->inode && changed.tv_sec == slot->changed.tv_sec && changed.tv_nsec == slot->changed.tv_nsec)
            continue;
        eject(slot);
        slot->inode = inode;
        slot->changed = changed;
        if (!*card_number || is_in_another_reader(slot, card_number))
            continue;
        strcpy(slot->card_number, card_number);
        slot->is_present = load_card(slot);
        slot->has_news = slot->has_news || slot->is_present;
        if (!slot->is_present)
            softhsm_close(slot->softhsm);
    }
}

CK_RV slots_open(void) {
    const char *readers = getenv("SIGILL_READERS");
    is_reader_mode = readers && *readers;
    slot_count = 0;
    if (!is_reader_mode) {
        CK_RV rv = softhsm_open(&instances[0], NULL);
        return rv == CKR_OK ? slots_adopt() : rv;
    }
    if (!store_root())
        return CKR_ARGUMENTS_BAD;
    slot_count = READERS;
    for (size_t i = 0; i < READERS; i++)
        slots[i] = (struct slot){.id = i, .softhsm = &instances[i], .generation = next_generation()};
    slots_refresh();
    return CKR_OK;
}

void slots_close(void) {
    for (size_t i = 0; i < READERS; i++)
        softhsm_close(&instances[i]);
    slot_count = 0;
}

struct slot *slots_find(CK_SLOT_ID id) {
    for (size_t i = 0; i < slot_count; i++)
        if (slots[i].id == id)
            return &slots[i];
    return NULL;
}

CK_RV slots_adopt(void) {
    CK_SLOT_ID ids[SLOTS];
    CK_ULONG count = SLOTS;
    CK_RV rv = instances[0].calls->C_GetSlotList(CK_FALSE, NULL, &count);
    count = SLOTS;
    if (rv == CKR_OK)
        rv = instances[0].calls->C_GetSlotList(CK_FALSE, ids, &count);
    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++)
        if (!slots_find(ids[i]) && slot_count < SLOTS)
            slots[slot_count++] = (struct slot){.id = ids[i],
                                                .inner_id = ids[i],
                                                .softhsm = &instances[0],
                                                .generation = next_generation(),
                                                .is_present = true};
    return rv;
}
