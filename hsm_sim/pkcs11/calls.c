/* The frame around every call: faults on order, the lock, the reader looked at before and after. */
#include "sigill.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

bool module_is_open;
pid_t module_process;
static pthread_mutex_t module_mutex = PTHREAD_MUTEX_INITIALIZER;

void module_lock(void) { pthread_mutex_lock(&module_mutex); }
void module_unlock(void) { pthread_mutex_unlock(&module_mutex); }

static void start(struct call *call, const char *function, bool is_counted) {
    *call = (struct call){.function = function, .card_lock = -1};
    if (is_counted)
        call->fault = faults_next(function);
    if (call->fault.kind == FAULT_HANG)
        faults_hang(&call->fault);
    if (call->fault.kind == FAULT_KILL)
        kill(getpid(), SIGKILL);
    module_lock();
    call->is_locked = true;
}

static CK_RV stop(struct call *call, CK_RV result) {
    store_unlock(call->card_lock);
    call->card_lock = -1;
    if (call->is_locked)
        module_unlock();
    call->is_locked = false;
    return result;
}

/* PKCS#11 2.40 6.6.6: a child must initialize anew; SoftHSM would sign on and hide that fault. */
static bool is_usable(void) { return module_is_open && module_process == getpid(); }

/* What an ordered error does to the state, beyond its number. */
static void suffer(const struct fault *fault, struct slot *slot) {
    switch (fault->code) {
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
        for (size_t i = 0; i < slot_count; i++)
            if (!slot || slot == &slots[i])
                sessions_kill(&slots[i], false);
        break;
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
        for (size_t i = 0; i < slot_count; i++)
            sessions_kill(&slots[i], false);
        faults_take_device_away(fault->calls == LONG_MAX ? LONG_MAX : fault->calls - 1);
        break;
    default:
        break;
    }
}

static CK_RV begin_session(struct call *call, const char *function, CK_SESSION_HANDLE handle, bool is_counted) {
    start(call, function, is_counted);
    if (!is_usable())
        return stop(call, CKR_CRYPTOKI_NOT_INITIALIZED);
    slots_refresh();
    call->session = sessions_find(handle);
    if (!call->session)
        return stop(call, CKR_SESSION_HANDLE_INVALID);
    call->slot = call->session->slot;
    if (call->session->state == SESSION_REMOVED) {
        sessions_free(call->session);
        return stop(call, CKR_DEVICE_REMOVED);
    }
    if (call->fault.kind == FAULT_CODE) {
        if (call->fault.code == CKR_USER_NOT_LOGGED_IN)
            call->slot->softhsm->calls->C_Logout(call->session->inner);
        suffer(&call->fault, call->slot);
        return stop(call, call->fault.code);
    }
    if (slots_are_readers()) {
        call->card_lock = store_lock(call->slot->card_number);
        slots_follow_codes(call->slot);
    }
    if (call->session->state == SESSION_REMOVED) {
        sessions_free(call->session);
        return stop(call, CKR_DEVICE_REMOVED);
    }
    return CKR_OK;
}

CK_RV call_begin(struct call *call, const char *function, CK_SESSION_HANDLE session) {
    return begin_session(call, function, session, true);
}

CK_RV call_begin_uncounted(struct call *call, const char *function, CK_SESSION_HANDLE session) {
    return begin_session(call, function, session, false);
}

CK_RV call_begin_slot(struct call *call, const char *function, CK_SLOT_ID id) {
    start(call, function, true);
    if (!is_usable())
        return stop(call, CKR_CRYPTOKI_NOT_INITIALIZED);
    slots_refresh();
    call->slot = slots_find(id);
    if (!call->slot && !slots_are_readers() && slots_adopt() == CKR_OK)
        call->slot = slots_find(id);
    if (!call->slot)
        return stop(call, CKR_SLOT_ID_INVALID);
    if (call->fault.kind == FAULT_CODE) {
        suffer(&call->fault, call->slot);
        return stop(call, call->fault.code);
    }
    call->is_absent = !call->slot->is_present || faults_device_is_away(true);
    if (call->is_absent)
        return strcmp(function, "C_GetSlotInfo") == 0 ? CKR_OK : stop(call, CKR_TOKEN_NOT_PRESENT);
    if (slots_are_readers()) {
        call->card_lock = store_lock(call->slot->card_number);
        slots_follow_codes(call->slot);
    }
    return call->slot->is_present ? CKR_OK : stop(call, CKR_TOKEN_NOT_PRESENT);
}

CK_RV call_begin_module(struct call *call, const char *function) {
    start(call, function, true);
    if (!is_usable())
        return stop(call, CKR_CRYPTOKI_NOT_INITIALIZED);
    slots_refresh();
    if (call->fault.kind == FAULT_CODE) {
        suffer(&call->fault, NULL);
        return stop(call, call->fault.code);
    }
    return CKR_OK;
}

CK_RV call_end(struct call *call, CK_RV result) {
    if (call->fault.kind == FAULT_KILL_AFTER)
        kill(getpid(), SIGKILL);
    if (call->fault.kind == FAULT_HANG_AFTER)
        faults_hang(&call->fault);
    store_unlock(call->card_lock);
    call->card_lock = -1;
    slots_refresh();
    if (call->session && call->session->state == SESSION_REMOVED) {
        sessions_free(call->session);
        result = CKR_DEVICE_REMOVED;
    }
    return stop(call, result);
}
