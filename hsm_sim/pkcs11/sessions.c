/* The application's session and object handles: ours, so that a lost one is lost for good. */
#include "sigill.h"

#include <string.h>

#define SESSIONS 1024

static struct session sessions[SESSIONS];
static unsigned last_serial;
static CK_ULONG last_generation;

/* handle = serial of the session << 10 | place in the table: a stale handle never names a later session. */
CK_RV sessions_add(struct slot *slot, CK_SESSION_HANDLE inner, CK_SESSION_HANDLE *handle) {
    for (size_t i = 0; i < SESSIONS; i++) {
        if (sessions[i].state != SESSION_FREE)
            continue;
        sessions[i] = (struct session){.serial = ++last_serial, .state = SESSION_OPEN, .slot = slot, .inner = inner};
        *handle = (CK_SESSION_HANDLE)last_serial * SESSIONS + i;
        return CKR_OK;
    }
    return CKR_SESSION_COUNT;
}

struct session *sessions_find(CK_SESSION_HANDLE handle) {
    struct session *session = &sessions[handle % SESSIONS];
    return session->state != SESSION_FREE && session->serial == handle / SESSIONS ? session : NULL;
}

void sessions_free(struct session *session) { session->state = SESSION_FREE; }

void sessions_kill(struct slot *slot, bool is_removal) {
    slot->generation = next_generation();
    for (size_t i = 0; i < SESSIONS; i++)
        if (sessions[i].state == SESSION_OPEN && sessions[i].slot == slot)
            sessions[i].state = is_removal ? SESSION_REMOVED : SESSION_FREE;
    if (slot->softhsm && slot->softhsm->is_open)
        slot->softhsm->calls->C_CloseAllSessions(slot->inner_id);
}

void sessions_forget_all(void) { memset(sessions, 0, sizeof sessions); }

CK_ULONG sessions_count(const struct slot *slot) {
    CK_ULONG count = 0;
    for (size_t i = 0; i < SESSIONS; i++)
        count += sessions[i].state == SESSION_OPEN && sessions[i].slot == slot;
    return count;
}

CK_ULONG next_generation(void) { return ++last_generation; }

/* Object handles carry the generation of their slot in the upper half. */
CK_OBJECT_HANDLE object_out(const struct slot *slot, CK_OBJECT_HANDLE inner) {
    return inner | slot->generation << 32;
}

bool object_in(const struct slot *slot, CK_OBJECT_HANDLE handle, CK_OBJECT_HANDLE *inner) {
    *inner = handle & 0xffffffffUL;
    return handle >> 32 == slot->generation;
}
