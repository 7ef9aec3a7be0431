/* The quick way in C; plain.py does the same, octet for octet, and a test holds them together. */

#define PY_SSIZE_T_CLEAN
#define _GNU_SOURCE
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum {
    HEAD_SIZE = 36,   /* octets of a stored answer before its signed part (ocsp.store.record) */
    TAG_OCTETS = 12,  /* octets at its end that name it (the same) */
    TIMES_AT = 2,     /* signer, thisUpdate and nextUpdate */
    TIMES_SIZE = 18,
    CERT_ID_AT = 10,  /* octets before the CertID's content in the plainest question */
    LONGEST = 129,    /* octets of a question whose lengths take one octet each */
    MOST_SERIAL = 32,
};

static const char GET[] = "GET /ocsp/", VERSION[] = " HTTP/1.", BLANK[] = "\r\n\r\n";

static int hex(unsigned char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* base64 (RFC 4648 4 and 5): the value of a character, -1 for '=', -2 for what is none. */
static int sextet(unsigned char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    if (c == '/' || c == '_') return 63;
    return c == '=' ? -1 : -2;
}

/* Decode what follows /ocsp/ as paths.decode_get_path does; -1 when it is no question of the plain size. */
static Py_ssize_t decode(const unsigned char *path, Py_ssize_t size, uint8_t *out)
{
    uint8_t text[LONGEST / 3 * 4];
    Py_ssize_t count = 0, padding = 0, length = 0;
    for (Py_ssize_t at = 0; at < size; at++) {
        unsigned char c = path[at];
        if (c == '%' && at + 2 < size && hex(path[at + 1]) >= 0 && hex(path[at + 2]) >= 0) {
            c = (unsigned char)(hex(path[at + 1]) << 4 | hex(path[at + 2]));
            at += 2;
        }
        if (c == '/' && count == 0 && padding == 0) continue; /* the joint of two URLs */
        int value = sextet(c);
        if (value == -2 || (value >= 0 && (padding || count == (Py_ssize_t)sizeof text))) return -1;
        if (value == -1)
            padding++;
        else
            text[count++] = (uint8_t)value;
    }
    if (count % 4 == 1 || ((count + padding) % 4 == 0 && padding > 2)) return -1;
    for (Py_ssize_t at = 0; at < count; at += 4) {
        uint32_t four = 0;
        for (int n = 0; n < 4; n++) four = four << 6 | (at + n < count ? text[at + n] : 0u);
        for (int n = 0; n < 3 && at + n + 1 < count; n++) out[length++] = (uint8_t)(four >> (16 - 8 * n));
    }
    return length;
}

/* Return where the serial number's INTEGER begins in the plainest question, 0 when it is none. */
static Py_ssize_t serial_at(const uint8_t *der, Py_ssize_t size)
{
    if (size <= 60 || size > LONGEST) return 0;
    for (Py_ssize_t at = 0; at < CERT_ID_AT; at += 2)
        if (der[at] != 0x30 || der[at + 1] != size - at - 2) return 0;
    Py_ssize_t at = CERT_ID_AT;
    switch (der[CERT_ID_AT + 1]) { /* the hash's AlgorithmIdentifier: SHA-1, SHA-256, with and without NULL */
    case 0x09: at += 55; break;
    case 0x07: at += 53; break;
    case 0x0d: at += 83; break;
    case 0x0b: at += 81; break;
    default: return 0;
    }
    Py_ssize_t serial = size - at - 2;
    if (serial < 1 || serial > MOST_SERIAL || der[at] != 2 || der[at + 1] != serial) return 0;
    const uint8_t *octets = der + at + 2; /* in as few octets as it takes: X.690 8.3.2 */
    if (serial > 1 && ((octets[0] == 0 && octets[1] < 128) || (octets[0] == 255 && octets[1] > 127))) return 0;
    return at;
}

static PyObject *look_up(PyObject *dict, const void *octets, Py_ssize_t size)
{
    PyObject *key = PyBytes_FromStringAndSize(octets, size);
    if (key == NULL) return NULL;
    PyObject *found = PyDict_GetItemWithError(dict, key); /* borrowed */
    Py_DECREF(key);
    return found;
}

/* What the quick way stands on: the items of the list that plain.State is. */
enum { GETS, POSTS, KEYS, LOOK_UP, FRAMES, MAKE_FRAME, STATUSES, ITEMS };

struct asked {
    const uint8_t *der;
    Py_ssize_t size;
    PyObject *stays; /* borrowed */
    uint8_t decoded[LONGEST];
};

/* Read the question out of octets whose head is known; false when they are nothing for us, or on error. */
static int read_question(PyObject *state, PyObject *whole, struct asked *asked)
{
    const unsigned char *octets = (const unsigned char *)PyBytes_AS_STRING(whole);
    Py_ssize_t size = PyBytes_GET_SIZE(whole);
    if (size >= (Py_ssize_t)sizeof GET - 1 && memcmp(octets, GET, sizeof GET - 1) == 0) {
        const unsigned char *head = memmem(octets, (size_t)size, VERSION, sizeof VERSION - 1);
        if (head == NULL) return 0;
        asked->stays = look_up(PyList_GET_ITEM(state, GETS), head, octets + size - head);
        if (asked->stays == NULL) return 0;
        asked->der = asked->decoded;
        asked->size = decode(octets + sizeof GET - 1, head - octets - (Py_ssize_t)sizeof GET + 1, asked->decoded);
        return 1;
    }
    const unsigned char *blank = memmem(octets, (size_t)size, BLANK, sizeof BLANK - 1);
    if (blank == NULL) return 0;
    asked->der = blank + sizeof BLANK - 1;
    asked->size = octets + size - asked->der;
    PyObject *known = look_up(PyList_GET_ITEM(state, POSTS), octets, asked->der - octets);
    if (known == NULL) return 0;
    asked->stays = PyTuple_GET_ITEM(known, 1);
    return PyLong_AsSsize_t(PyTuple_GET_ITEM(known, 0)) == asked->size;
}

/* Return the stored answer, NULL where there is none: what went wrong the full way meets and tells. */
static PyObject *stored_answer(PyObject *state, const struct asked *asked)
{
    Py_ssize_t at = serial_at(asked->der, asked->size);
    if (at == 0) return NULL;
    PyObject *first = look_up(PyList_GET_ITEM(state, KEYS), asked->der + CERT_ID_AT, at - CERT_ID_AT);
    if (first == NULL) return NULL;
    Py_ssize_t first_size = PyBytes_GET_SIZE(first), serial = asked->size - at - 2;
    PyObject *key = PyBytes_FromStringAndSize(NULL, first_size + serial);
    if (key == NULL) return NULL;
    memcpy(PyBytes_AS_STRING(key), PyBytes_AS_STRING(first), (size_t)first_size);
    memcpy(PyBytes_AS_STRING(key) + first_size, asked->der + at + 2, (size_t)serial);
    PyObject *stored = PyObject_CallOneArg(PyList_GET_ITEM(state, LOOK_UP), key);
    Py_DECREF(key);
    if (stored != NULL && (!PyBytes_CheckExact(stored) || PyBytes_GET_SIZE(stored) < HEAD_SIZE + TAG_OCTETS))
        Py_CLEAR(stored);
    return stored;
}

/* Return the frame that fits, borrowed; NULL when it is not made, or on error. */
static PyObject *frame_of(PyObject *state, PyObject *stored, PyObject *stays)
{
    char name[TIMES_SIZE + 5];
    memcpy(name, PyBytes_AS_STRING(stored) + TIMES_AT, TIMES_SIZE);
    for (int n = 0; n < 4; n++) name[TIMES_SIZE + n] = (char)(PyBytes_GET_SIZE(stored) >> (24 - 8 * n));
    name[TIMES_SIZE + 4] = stays == Py_True;
    return look_up(PyList_GET_ITEM(state, FRAMES), name, sizeof name);
}

/* Join the whole HTTP answer; NULL when the stored one does not hold the CertID that was asked about. */
static PyObject *join(PyObject *stored, const struct asked *asked, PyObject *frame)
{
    const char *octets = PyBytes_AS_STRING(stored);
    const uint8_t *cert_id = asked->der + CERT_ID_AT;
    Py_ssize_t size = PyBytes_GET_SIZE(stored), id_size = asked->size - CERT_ID_AT;
    PyObject *headers = PyTuple_GET_ITEM(frame, 0), *between = PyTuple_GET_ITEM(frame, 1);
    PyObject *after = PyTuple_GET_ITEM(frame, 2);
    Py_ssize_t likely = PyLong_AsSsize_t(PyTuple_GET_ITEM(frame, 3));
    if ((likely + id_size > size || memcmp(octets + likely, cert_id, (size_t)id_size) != 0) &&
        memmem(octets, (size_t)size, cert_id, (size_t)id_size) == NULL)
        return NULL;
    Py_ssize_t first = PyBytes_GET_SIZE(headers), middle = PyBytes_GET_SIZE(between);
    Py_ssize_t signed_size = size - HEAD_SIZE, last = PyBytes_GET_SIZE(after);
    PyObject *whole = PyBytes_FromStringAndSize(NULL, first + 2 * TAG_OCTETS + middle + signed_size + last);
    if (whole == NULL) return NULL;
    char *to = PyBytes_AS_STRING(whole);
    to = (char *)mempcpy(to, PyBytes_AS_STRING(headers), (size_t)first);
    for (Py_ssize_t at = size - TAG_OCTETS; at < size; at++) {
        *to++ = "0123456789abcdef"[(unsigned char)octets[at] >> 4];
        *to++ = "0123456789abcdef"[octets[at] & 15];
    }
    to = (char *)mempcpy(to, PyBytes_AS_STRING(between), (size_t)middle);
    to = (char *)mempcpy(to, octets + HEAD_SIZE, (size_t)signed_size);
    memcpy(to, PyBytes_AS_STRING(after), (size_t)last);
    return whole;
}

/* Have the frame made that is not there; NULL when the answer must not be served, or on error. */
static PyObject *made_frame(PyObject *state, PyObject *stored, const struct asked *asked)
{
    const char *cert_id = (const char *)asked->der + CERT_ID_AT;
    PyObject *is_made = PyObject_CallFunction(
        PyList_GET_ITEM(state, MAKE_FRAME), "Oy#O", stored, cert_id, asked->size - CERT_ID_AT, asked->stays);
    Py_XDECREF(is_made);
    return is_made == Py_True ? frame_of(state, stored, asked->stays) : NULL;
}

/* Count an answer by the certificate status that it tells. */
static void count_status(PyObject *statuses, unsigned char status)
{
    if (status >= PyList_GET_SIZE(statuses)) return;
    PyObject *more = PyLong_FromLongLong(PyLong_AsLongLong(PyList_GET_ITEM(statuses, status)) + 1);
    if (more != NULL) PyList_SetItem(statuses, status, more);
}

PyDoc_STRVAR(answer_doc, "See plain.answer.");

static PyObject *answer(PyObject *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyList_CheckExact(args[0]) || PyList_GET_SIZE(args[0]) != ITEMS ||
        !PyBytes_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "answer(list, bytes)");
        return NULL;
    }
    PyObject *state = args[0], *whole = NULL, *served = NULL;
    struct asked asked;
    PyObject *stored = read_question(state, args[1], &asked) ? stored_answer(state, &asked) : NULL;
    if (stored != NULL) {
        PyObject *frame = frame_of(state, stored, asked.stays);
        if (frame == NULL && !PyErr_Occurred()) frame = made_frame(state, stored, &asked);
        if (frame != NULL) whole = join(stored, &asked, frame);
        if (whole != NULL) {
            count_status(PyList_GET_ITEM(state, STATUSES), (unsigned char)PyBytes_AS_STRING(stored)[0]);
            served = PyTuple_Pack(2, whole, asked.stays);
            Py_DECREF(whole);
        }
        Py_DECREF(stored);
    }
    if (served != NULL) return served;
    PyErr_Clear(); /* whatever it was, the full way meets it and says so */
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"answer", (PyCFunction)(void (*)(void))answer, METH_FASTCALL, answer_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "quick", "The quick way in C.", 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_quick(void)
{
    PyObject *made = PyModule_Create(&module);
    if (made != NULL && (PyModule_AddIntConstant(made, "HEAD_SIZE", HEAD_SIZE) < 0 ||
                         PyModule_AddIntConstant(made, "TAG_OCTETS", TAG_OCTETS) < 0)) {
        Py_DECREF(made);
        return NULL;
    }
    return made;
}
