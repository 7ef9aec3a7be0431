/* Computes again the keys that Debian's broken OpenSSL made (CVE-2008-0166); written for Sigill, EUPL-1.2.
 *
 *   cc -O3 -o debian_keys debian_keys.c -lgmp -lcrypto
 *   debian_keys rnd|nornd-old|nornd-new le32|le64|be32 2048|256|384 FROM TO
 *
 * prints for each process number from FROM up to TO the SHA-256 of the SubjectPublicKeyInfo (RSA 2048),
 * or the private number (EC; whoever builds the list derives the point).
 *
 * The generator: `add` and `bytes` are that OpenSSL's mixing without the two lines that Debian removed, so
 * that only the process number is ever mixed in. What it draws for a key, in which order, is the rest:
 * seeding (`poll_`, and the file ~/.rnd where there is one), a candidate for a prime, steps over small
 * factors, and a number for each round of Miller and Rabin.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <gmp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define STATE 1023
static unsigned char state[STATE + 20], md[20];
static int state_num, state_index, initialized, stirred, wide, big;
static double entropy;
static unsigned long long mdc[2];
static int pid;
static int put_long(unsigned char *o, unsigned long long v, int n) {
  for (int i = 0; i < n; i++)
    o[big ? n - 1 - i : i] = (v >> (8 * i)) & 255;
  return n;
}
static void add(int num, double e) {
  int st = state_index;
  unsigned long long c0 = mdc[0], c1 = mdc[1];
  unsigned char lm[20];
  memcpy(lm, md, 20);
  state_index += num;
  if (state_index >= STATE) {
    state_index %= STATE;
    state_num = STATE;
  } else if (state_num < STATE && state_index > state_num)
    state_num = state_index;
  mdc[1] += num / 20 + (num % 20 > 0);
  for (int i = 0; i < num; i += 20) {
    int j = num - i > 20 ? 20 : num - i;
    SHA_CTX m;
    SHA1_Init(&m);
    SHA1_Update(&m, lm, 20);
    int k = st + j - STATE;
    if (k > 0) {
      SHA1_Update(&m, state + st, j - k);
      SHA1_Update(&m, state, k);
    } else
      SHA1_Update(&m, state + st, j);
    unsigned char b[16];
    int w = wide ? 8 : 4;
    put_long(b, c0, w);
    put_long(b + w, c1, w);
    SHA1_Update(&m, b, 2 * w);
    SHA1_Final(lm, &m);
    c1++;
    for (k = 0; k < j; k++) {
      state[st++] ^= lm[k];
      if (st >= STATE)
        st = 0;
    }
  }
  for (int k = 0; k < 20; k++)
    md[k] ^= lm[k];
  if (entropy < 32)
    entropy += e;
}
static void poll_(void) {
  int w = wide ? 8 : 4;
  add(32, 32);
  add(w, 0);
  add(w, 0);
  add(w, 0);
}
static void bytes(unsigned char *buf, int num) {
  int ceil_ = (1 + (num - 1) / 10) * 10;
  if (!initialized) {
    poll_();
    initialized = 1;
  }
  int stir = !stirred;
  int ok = entropy >= 32;
  if (!ok) {
    entropy -= num;
    if (entropy < 0)
      entropy = 0;
  }
  if (stir) {
    int n = STATE;
    while (n > 0) {
      add(20, 0);
      n -= 20;
    }
    if (ok)
      stirred = 1;
  }
  int st = state_index, stn = state_num;
  unsigned long long c0 = mdc[0], c1 = mdc[1];
  unsigned char lm[20];
  memcpy(lm, md, 20);
  state_index += ceil_;
  if (state_index > state_num)
    state_index %= state_num;
  mdc[0]++;
  unsigned char b[16];
  int w = wide ? 8 : 4;
  put_long(b, c0, w);
  put_long(b + w, c1, w);
  int p = pid;
  SHA_CTX m;
  while (num > 0) {
    int j = num >= 10 ? 10 : num;
    num -= j;
    SHA1_Init(&m);
    if (p) {
      unsigned char q[4];
      put_long(q, p, 4);
      SHA1_Update(&m, q, 4);
      p = 0;
    }
    SHA1_Update(&m, lm, 20);
    SHA1_Update(&m, b, 2 * w);
    int k = st + 10 - stn;
    if (k > 0) {
      SHA1_Update(&m, state + st, 10 - k);
      SHA1_Update(&m, state, k);
    } else
      SHA1_Update(&m, state + st, 10);
    SHA1_Final(lm, &m);
    for (int i = 0; i < 10; i++) {
      state[st++] ^= lm[i];
      if (st >= stn)
        st = 0;
      if (i < j)
        *buf++ = lm[i + 10];
    }
  }
  SHA1_Init(&m);
  SHA1_Update(&m, b, 2 * w);
  SHA1_Update(&m, lm, 20);
  SHA1_Update(&m, md, 20);
  SHA1_Final(md, &m);
}
static void bn_rand(mpz_t r, int bits, int top, int bottom) {
  unsigned char buf[1024];
  int n = (bits + 7) / 8, bit = (bits - 1) % 8;
  int mask = (0xff << (bit + 1)) & 255;
  add(wide ? 8 : 4, 0);
  bytes(buf, n);
  if (top == 1) {
    if (bit == 0) {
      buf[0] = 1;
      buf[1] |= 0x80;
    } else {
      buf[0] |= 3 << (bit - 1);
    }
  }
  buf[0] &= ~mask;
  if (bottom)
    buf[n - 1] |= 1;
  mpz_import(r, n, 1, 1, 1, 0, buf);
}
static void rand_range(mpz_t r, mpz_t range) {
  int n = mpz_sizeinbase(range, 2);
  if (!mpz_tstbit(range, n - 2) && !mpz_tstbit(range, n - 3)) {
    do {
      bn_rand(r, n + 1, -1, 0);
      if (mpz_cmp(r, range) >= 0) {
        mpz_sub(r, r, range);
        if (mpz_cmp(r, range) >= 0)
          mpz_sub(r, r, range);
      }
    } while (mpz_cmp(r, range) >= 0);
  } else
    do
      bn_rand(r, n, -1, 0);
    while (mpz_cmp(r, range) >= 0);
}
static unsigned primes[2048];
static int is_prime(mpz_t a, int checks) {
  mpz_t a1, odd, c;
  mpz_inits(a1, odd, c, NULL);
  mpz_sub_ui(a1, a, 1);
  int k = mpz_scan1(a1, 0);
  mpz_tdiv_q_2exp(odd, a1, k);
  int ok = 1;
  for (int i = 0; i < checks && ok; i++) {
    rand_range(c, a1);
    mpz_add_ui(c, c, 1);
    mpz_powm(c, c, odd, a);
    if (mpz_cmp_ui(c, 1) == 0 || mpz_cmp(c, a1) == 0)
      continue;
    int w = 1;
    for (int j = 1; j < k && w; j++) {
      mpz_mul(c, c, c);
      mpz_mod(c, c, a);
      if (mpz_cmp_ui(c, 1) == 0)
        break;
      if (mpz_cmp(c, a1) == 0)
        w = 0;
    }
    if (w)
      ok = 0;
  }
  mpz_clears(a1, odd, c, NULL);
  return ok;
}
static void gen_prime(mpz_t r, int bits) {
  int checks = bits >= 1300 ? 2 : bits >= 850 ? 3 : bits >= 650 ? 4 : bits >= 550 ? 5 : 6;
  static unsigned mods[2048];
  do {
    bn_rand(r, bits, 1, 1);
    for (int i = 1; i < 2048; i++)
      mods[i] = mpz_fdiv_ui(r, primes[i]);
    unsigned long d = 0;
  loop:
    for (int i = 1; i < 2048; i++)
      if ((mods[i] + d) % primes[i] <= 1) {
        d += 2;
        goto loop;
      }
    mpz_add_ui(r, r, d);
  } while (!is_prime(r, checks));
}
int main(int c, char **v) {
  const char *mode = v[1], *arch = v[2];
  int bits = atoi(v[3]), from = atoi(v[4]), to = atoi(v[5]);
  wide = !strcmp(arch, "le64");
  big = !strcmp(arch, "be32");
  int n = 0;
  for (unsigned x = 2; n < 2048; x++) {
    int k = 1;
    for (unsigned y = 2; y * y <= x; y++)
      if (x % y == 0) {
        k = 0;
        break;
      }
    if (k)
      primes[n++] = x;
  }
  int statsize = wide ? 144 : (big ? 88 : 88);
  if (getenv("STAT"))
    statsize = atoi(getenv("STAT"));
  mpz_t p, q, t;
  mpz_inits(p, q, t, NULL);
  for (pid = from; pid < to; pid++) {
    memset(state, 0, sizeof state);
    memset(md, 0, 20);
    state_num = state_index = initialized = stirred = 0;
    entropy = 0;
    mdc[0] = mdc[1] = 0;
    if (!strcmp(mode, "rnd")) {
      add(statsize, 0);
      add(1024, 1024);
    } else {
      if (!strcmp(mode, "nornd-old"))
        add(statsize, 0);
      poll_();
      initialized = 1;
    }
    if (bits < 1000) {
      mpz_t o;
      mpz_init(o);
      mpz_set_str(o,
                  bits == 256 ? "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
                              : "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0"
                                "a77aecec196accc52973",
                  16);
      do
        rand_range(p, o);
      while (mpz_sgn(p) == 0);
      gmp_printf("%d %Zx\n", pid, p);
      mpz_clear(o);
      continue;
    }
    for (;;) {
      gen_prime(p, (bits + 1) / 2);
      mpz_sub_ui(t, p, 1);
      if (mpz_gcd_ui(NULL, t, 65537) == 1)
        break;
    }
    for (;;) {
      gen_prime(q, bits - (bits + 1) / 2);
      mpz_sub_ui(t, q, 1);
      if (mpz_gcd_ui(NULL, t, 65537) == 1)
        break;
    }
    mpz_mul(t, p, q);
    unsigned char spki[294] = {0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
                               0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01,
                               0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
    mpz_export(spki + 33, NULL, 1, 1, 1, 0, t);
    memcpy(spki + 289, "\x02\x03\x01\x00\x01", 5);
    unsigned char d[32];
    SHA256(spki, 294, d);
    printf("%d ", pid);
    for (int i = 0; i < 32; i++)
      printf("%02x", d[i]);
    printf("\n");
    fflush(stdout);
  }
}
