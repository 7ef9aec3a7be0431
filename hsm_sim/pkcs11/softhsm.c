/* A SoftHSM of our own: a private copy of its library, so that one process may hold several. */
#define _GNU_SOURCE
#include "sigill.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const PLACES[] = {
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    NULL,
};

static int open_library_file(void) {
    const char *chosen = getenv("SIGILL_SOFTHSM");
    if (chosen && *chosen)
        return open(chosen, O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; PLACES[i]; i++) {
        int file = open(PLACES[i], O_RDONLY | O_CLOEXEC);
        if (file >= 0)
            return file;
    }
    return -1;
}

/* dlopen knows libraries by inode and by name: a memory file of its own gives statics of its own. The
 * descriptor stays open, because its number is the name and must not come back for another copy. */
static bool load(struct softhsm *softhsm) {
    int file = open_library_file();
    if (file < 0)
        return false;
    struct stat facts;
    int copy = memfd_create("softhsm", MFD_CLOEXEC);
    bool is_copied = copy >= 0 && fstat(file, &facts) == 0;
    for (off_t done = 0; is_copied && done < facts.st_size;)
        is_copied = sendfile(copy, file, &done, (size_t)(facts.st_size - done)) > 0;
    close(file);
    if (!is_copied)
        return false;
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", copy);
    softhsm->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!softhsm->library)
        return false;
    CK_RV (*get)(CK_FUNCTION_LIST **);
    *(void **)&get = dlsym(softhsm->library, "C_GetFunctionList");
    return get && get(&softhsm->calls) == CKR_OK;
}

static bool write_configuration(char *path, const char *token_folder) {
    const char *folder = getenv("SIGILL_RUN");
    if (!folder || !*folder || access(folder, W_OK) != 0)
        folder = getenv("TMPDIR");
    if (!folder || !*folder)
        folder = "/tmp";
    if (snprintf(path, PATH_BYTES, "%s/softhsm2-XXXXXX", folder) >= PATH_BYTES)
        return false;
    int file = mkostemp(path, O_CLOEXEC);
    if (file < 0)
        return false;
    int written = dprintf(file,
                          "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n"
                          "slots.removable = false\nlibrary.reset_on_fork = false\n",
                          token_folder);
    close(file);
    return written > 0;
}

CK_RV softhsm_open(struct softhsm *softhsm, const char *token_folder) {
    if (!softhsm->library && !load(softhsm))
        return CKR_FUNCTION_FAILED;
    softhsm_close(softhsm);
    char path[PATH_BYTES];
    char *before = NULL;
    if (token_folder) {
        if (!write_configuration(path, token_folder))
            return CKR_FUNCTION_FAILED;
        const char *value = getenv("SOFTHSM2_CONF");
        before = value ? strdup(value) : NULL;
        setenv("SOFTHSM2_CONF", path, 1);
    }
    CK_C_INITIALIZE_ARGS arguments = {0};
    arguments.flags = CKF_OS_LOCKING_OK;
    CK_RV rv = softhsm->calls->C_Initialize(&arguments);
    if (token_folder) {
        if (before)
            setenv("SOFTHSM2_CONF", before, 1);
        else
            unsetenv("SOFTHSM2_CONF");
        free(before);
        unlink(path);
    }
    softhsm->is_open = rv == CKR_OK;
    return rv;
}

void softhsm_close(struct softhsm *softhsm) {
    if (softhsm->is_open)
        softhsm->calls->C_Finalize(NULL);
    softhsm->is_open = false;
}
