/* What the files of the PKCS#11 module know of each other. */
#ifndef SIGILL_H
#define SIGILL_H

#include <pkcs11.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#define READERS 2
#define CARD_NUMBER_DIGITS 19
#define PATH_BYTES 4096
#define ADMIN_KEY_LENGTH 16
#define PUK_LENGTH 8
#define RESPONSE_LENGTH 64
#define RENEWING_RESPONSE_LENGTH 96
#define PIN_MIN 6
#define PIN_MAX 8
#define PIN_TRIES 5
#define PUK_TRIES 10

/* --- softhsm.c: one private instance of SoftHSM ------------------------------------------------ */

struct softhsm {
    void *library;           /* private copy of libsofthsm2.so; never unloaded */
    CK_FUNCTION_LIST *calls;
    bool is_open;
};

/* Initializes the instance on the token folder, or with the caller's SOFTHSM2_CONF if it is NULL. */
CK_RV softhsm_open(struct softhsm *softhsm, const char *token_folder);
void softhsm_close(struct softhsm *softhsm);

/* --- faults.c: failures on order --------------------------------------------------------------- */

enum fault_kind { FAULT_NONE, FAULT_CODE, FAULT_HANG, FAULT_HANG_AFTER, FAULT_KILL, FAULT_KILL_AFTER, FAULT_CORRUPT };

struct fault {
    enum fault_kind kind;
    CK_RV code;
    long milliseconds;  /* of a hang; negative: until the control file changes */
    long calls;         /* how many calls in a row; LONG_MAX: for ever */
    size_t entry;       /* which line ordered it */
};

/* Counts one call of the function and tells what is to go wrong with it. */
struct fault faults_next(const char *function);
/* Sleeps out a hang. */
void faults_hang(const struct fault *fault);
/* True while a removed device stays away; counts down by one for each call that counts. */
bool faults_device_is_away(bool is_counted);
/* The device goes away for that many further calls. */
void faults_take_device_away(long calls);

/* --- counters.c: what the chip remembers of wrong codes ---------------------------------------- */

struct counters {
    int pin, puk, admin;              /* tries left; 0 = locked */
    CK_BYTE salt[16];                 /* of the PUK */
    CK_BYTE wrapped[ADMIN_KEY_LENGTH]; /* the admin key under the PUK */
    CK_BYTE verifier[2][32];          /* what responses are checked with (challenge.c): of the admin key, and of
                                       * the one that was being put in its place: a kill then locks nobody out */
    bool has_verifier[2];             /* the first not on a card of an earlier make, until its key is shown */
    unsigned long changes;            /* of PIN and admin key so far: SoftHSM reads them once per process */
};

/* Unreadable counters (false) are read as all locked: a chip that forgot must not grant new tries. */
bool counters_read(const char *card_number, struct counters *counters);
/* Durable (fsync of file and folder) when it returns CKR_OK. */
CK_RV counters_write(const char *card_number, const struct counters *counters);

/* --- store.c: the folders of a card ------------------------------------------------------------- */

const char *store_root(void);
bool store_is_card_number(const char *text);
bool store_path(char *path, const char *folder, const char *card_number);
bool store_has(const char *folder, const char *card_number);
bool store_is_blank(const char *card_number);
/* Exclusive lock between processes; returns a descriptor for store_unlock, or -1. */
int store_lock(const char *card_number);
void store_unlock(int descriptor);
/* Copies the token to copies/ (written anew, compared, swapped in), if it differs. */
bool store_keep_copy(const char *card_number);
/* Puts the kept copy in place of a damaged token; the damaged one is kept in damaged/. */
bool store_repair(const char *card_number);

/* --- sessions.c --------------------------------------------------------------------------------- */

struct slot {
    CK_SLOT_ID id;              /* as the application knows it */
    CK_SLOT_ID inner_id;        /* as SoftHSM knows it */
    struct softhsm *softhsm;
    CK_ULONG generation;        /* changes whenever everything the application holds dies */
    bool is_present;
    bool is_blank;
    bool has_news;              /* for C_WaitForSlotEvent */
    char card_number[CARD_NUMBER_DIGITS + 1];
    ino_t inode;                /* of the reader file last seen */
    struct timespec changed;
    unsigned long code_changes; /* that our SoftHSM has seen */
    CK_BYTE challenge[16];
    CK_ULONG challenged;        /* the generation in which the challenge was made; 0: none waits */
};

struct session {
    unsigned serial;
    enum { SESSION_FREE, SESSION_OPEN, SESSION_REMOVED } state;
    struct slot *slot;
    CK_SESSION_HANDLE inner;
};

CK_RV sessions_add(struct slot *slot, CK_SESSION_HANDLE inner, CK_SESSION_HANDLE *handle);
/* NULL: no such session. */
struct session *sessions_find(CK_SESSION_HANDLE handle);
void sessions_free(struct session *session);
/* They die for good. With is_removal their holders are told CKR_DEVICE_REMOVED once. */
void sessions_kill(struct slot *slot, bool is_removal);
void sessions_forget_all(void);
CK_ULONG sessions_count(const struct slot *slot);
CK_OBJECT_HANDLE object_out(const struct slot *slot, CK_OBJECT_HANDLE inner);
/* False: a handle from before the card was removed or the session lost. */
bool object_in(const struct slot *slot, CK_OBJECT_HANDLE handle, CK_OBJECT_HANDLE *inner);
CK_ULONG next_generation(void);

/* --- slots.c: virtual readers, or SoftHSM's own slots -------------------------------------------- */

extern struct slot slots[];
extern size_t slot_count;
bool slots_are_readers(void);
CK_RV slots_open(void);
void slots_close(void);
/* Looks at the reader files; a card that was taken out (also if put back) kills its sessions. */
void slots_refresh(void);
struct slot *slots_find(CK_SLOT_ID id);
/* Reads the card anew if another process has changed its codes, and kills the sessions that knew the old ones.
 * The card is locked. */
void slots_follow_codes(struct slot *slot);
/* Adopts the slots SoftHSM has now; only without readers. */
CK_RV slots_adopt(void);

/* --- calls.c: the frame around each call ---------------------------------------------------------- */

struct call {
    const char *function;
    struct session *session;
    struct slot *slot;
    struct fault fault;
    int card_lock;
    bool is_locked;
    bool is_absent;  /* only seen by C_GetSlotInfo */
};

CK_RV call_begin(struct call *call, const char *function, CK_SESSION_HANDLE session);
CK_RV call_begin_slot(struct call *call, const char *function, CK_SLOT_ID slot);
CK_RV call_begin_module(struct call *call, const char *function);
/* A question for a length: not counted as a call, never failed on order. */
CK_RV call_begin_uncounted(struct call *call, const char *function, CK_SESSION_HANDLE session);
CK_RV call_end(struct call *call, CK_RV result);
void module_lock(void);
void module_unlock(void);
extern bool module_is_open;
extern pid_t module_process;

/* --- challenge.c: the admin key proved without being said ----------------------------------------- */

/* Makes the challenge that the next response must be for; only in memory, gone with the card. */
CK_RV challenge_make(struct call *call, CK_BYTE *challenge);
/* CKR_OK with the admin key, and the one to put in its place if the response is a long one. */
CK_RV challenge_check(struct call *call, const CK_UTF8CHAR *response, CK_ULONG length,
                      const struct counters *counters, CK_BYTE *admin_key, CK_BYTE *renewed);
/* Remembers, not yet written, what to check the responses of a key with: 0 the card's, 1 the one to come. */
CK_RV challenge_learn_key(struct call *call, const CK_BYTE *admin_key, struct counters *counters, int which);

/* --- pin.c: log in with counters ------------------------------------------------------------------ */

CK_RV card_login(struct call *call, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG length);
CK_RV card_init_pin(struct call *call, CK_UTF8CHAR *pin, CK_ULONG length);
CK_RV card_set_pin(struct call *call, CK_UTF8CHAR *old, CK_ULONG old_length, CK_UTF8CHAR *replacement,
                   CK_ULONG replacement_length);
CK_RV card_init_token(struct call *call, CK_UTF8CHAR *admin_key, CK_ULONG length, CK_UTF8CHAR *label);
void card_token_facts(const struct slot *slot, CK_TOKEN_INFO *facts);
/* True if the holder is logged in with the PIN. */
bool card_is_user(const struct call *call);

#endif
