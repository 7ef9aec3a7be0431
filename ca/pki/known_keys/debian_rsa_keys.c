/* Computes again the RSA keys that Debian's broken OpenSSL made (CVE-2008-0166), eight process numbers at a
 * time; written for Sigill, EUPL-1.2.
 *
 *   cc -O3 -march=native -DBITS=2048 -o debian_rsa_keys debian_rsa_keys.c -lgmp -lcrypto      (or 3072, 4096)
 *   debian_rsa_keys rnd|nornd-old|nornd-new le32|le64|be32 FROM TO
 *
 * prints for each process number from FROM up to TO the SHA-256 of the SubjectPublicKeyInfo. It draws what
 * debian_keys.c draws, in the same order, and is an order of magnitude faster: whether a candidate is prime
 * decides what is drawn next, but not how it is found out, so eight candidates of eight processes go through
 * one Fermat test to base 2 together (AVX-512 IFMA), and only the numbers for Miller and Rabin's rounds are drawn.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <gmp.h>
#include <immintrin.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define HALF (BITS / 2)
#define DIGITS ((HALF + 415) / 416 * 8) /* of 52 bits, in tiles of eight */
#define WORDS (HALF / 32)
#define CHECKS (HALF >= 1300 ? 2 : 3)
#define PRIMES 2048
#define SMALL 192
#define STATE 1023
typedef __m512i v8;

/* --- the generator: one for each process --- */
struct generator {
  unsigned char state[STATE + 20], md[20];
  int state_num, state_index, initialized, stirred, pid;
  double entropy;
  unsigned long long count[2];
};
static int wide, big;
static struct generator *g;

static void put(unsigned char *o, unsigned long long v, int n) {
  for (int i = 0; i < n; i++)
    o[big ? n - 1 - i : i] = (v >> (8 * i)) & 255;
}

static void add(int num, double entropy) {
  int st = g->state_index, w = wide ? 8 : 4;
  unsigned long long c0 = g->count[0], c1 = g->count[1];
  unsigned char lm[20], b[16];
  memcpy(lm, g->md, 20);
  g->state_index += num;
  if (g->state_index >= STATE) {
    g->state_index %= STATE;
    g->state_num = STATE;
  } else if (g->state_num < STATE && g->state_index > g->state_num)
    g->state_num = g->state_index;
  g->count[1] += num / 20 + (num % 20 > 0);
  for (int i = 0; i < num; i += 20, c1++) {
    int j = num - i > 20 ? 20 : num - i, k = st + j - STATE;
    SHA_CTX m;
    SHA1_Init(&m);
    SHA1_Update(&m, lm, 20);
    SHA1_Update(&m, g->state + st, k > 0 ? j - k : j);
    if (k > 0)
      SHA1_Update(&m, g->state, k);
    put(b, c0, w);
    put(b + w, c1, w);
    SHA1_Update(&m, b, 2 * w);
    SHA1_Final(lm, &m);
    for (k = 0; k < j; k++) {
      g->state[st++] ^= lm[k];
      if (st >= STATE)
        st = 0;
    }
  }
  for (int k = 0; k < 20; k++)
    g->md[k] ^= lm[k];
  if (g->entropy < 32)
    g->entropy += entropy;
}

static void poll_(void) {
  add(32, 32);
  for (int i = 0; i < 3; i++)
    add(wide ? 8 : 4, 0);
  g->initialized = 1;
}

static void bytes(unsigned char *buf, int num) {
  if (!g->initialized)
    poll_();
  int is_seeded = g->entropy >= 32, w = wide ? 8 : 4;
  if (!is_seeded)
    g->entropy = g->entropy > num ? g->entropy - num : 0;
  if (!g->stirred) {
    for (int n = STATE; n > 0; n -= 20)
      add(20, 0);
    g->stirred = is_seeded;
  }
  int st = g->state_index, stn = g->state_num, p = g->pid;
  unsigned char lm[20], b[16], q[4];
  SHA_CTX m;
  memcpy(lm, g->md, 20);
  put(b, g->count[0], w);
  put(b + w, g->count[1], w);
  g->state_index += (1 + (num - 1) / 10) * 10;
  if (g->state_index > g->state_num)
    g->state_index %= g->state_num;
  g->count[0]++;
  while (num > 0) {
    int j = num >= 10 ? 10 : num, k = st + 10 - stn;
    num -= j;
    SHA1_Init(&m);
    if (p) {
      put(q, p, 4);
      SHA1_Update(&m, q, 4);
      p = 0;
    }
    SHA1_Update(&m, lm, 20);
    SHA1_Update(&m, b, 2 * w);
    SHA1_Update(&m, g->state + st, k > 0 ? 10 - k : 10);
    if (k > 0)
      SHA1_Update(&m, g->state, k);
    SHA1_Final(lm, &m);
    for (int i = 0; i < 10; i++) {
      g->state[st++] ^= lm[i];
      if (st >= stn)
        st = 0;
      if (i < j)
        *buf++ = lm[i + 10];
    }
  }
  SHA1_Init(&m);
  SHA1_Update(&m, b, 2 * w);
  SHA1_Update(&m, lm, 20);
  SHA1_Update(&m, g->md, 20);
  SHA1_Final(g->md, &m);
}

static void draw(mpz_t r, int bits, int is_candidate) {
  unsigned char buf[HALF / 8 + 1];
  int n = (bits + 7) / 8, bit = (bits - 1) % 8;
  add(wide ? 8 : 4, 0);
  bytes(buf, n);
  if (is_candidate)
    buf[0] |= 3 << (bit - 1);
  buf[0] &= ~((0xff << (bit + 1)) & 255);
  if (is_candidate)
    buf[n - 1] |= 1;
  mpz_import(r, n, 1, 1, 1, 0, buf);
}

static void draw_round(mpz_t candidate) { /* its two highest bits are set, so this is all of BN_rand_range */
  static mpz_t drawn, below;
  if (!drawn->_mp_alloc)
    mpz_inits(drawn, below, NULL);
  mpz_sub_ui(below, candidate, 1);
  do
    draw(drawn, HALF, 0);
  while (mpz_cmp(drawn, below) >= 0);
}

/* --- steps over small factors --- */
static uint32_t primes[PRIMES], powers[PRIMES / 8][WORDS][8] __attribute__((aligned(64)));
static double inverses[PRIMES] __attribute__((aligned(64)));

static void small_primes(void) {
  for (unsigned x = 2, n = 0; n < PRIMES; x++) {
    int is_prime = 1;
    for (unsigned y = 2; y * y <= x && is_prime; y++)
      is_prime = x % y != 0;
    if (is_prime)
      primes[n++] = x;
  }
  for (int i = 0; i < PRIMES; i++) {
    inverses[i] = 1.0 / primes[i];
    uint64_t power = 1;
    for (int k = 0; k < WORDS; k++) {
      powers[i / 8][k][i % 8] = power % primes[i];
      power = (power % primes[i] << 32) % primes[i];
    }
  }
}

static int has_small_factor(const uint32_t *mods, unsigned d) {
  int from = d < primes[SMALL] ? SMALL : PRIMES;
  for (int i = 1; i < from; i++)
    if ((mods[i] + d) % primes[i] <= 1)
      return 1;
  for (int i = from; i < PRIMES; i += 16) {
    v8 s = _mm512_add_epi32(_mm512_loadu_si512(mods + i), _mm512_set1_epi32(d));
    s = _mm512_min_epu32(s, _mm512_sub_epi32(s, _mm512_loadu_si512(primes + i)));
    if (_mm512_cmple_epu32_mask(s, _mm512_set1_epi32(1)))
      return 1;
  }
  return 0;
}

static void step(mpz_t r) {
  static uint32_t words[WORDS], mods[PRIMES] __attribute__((aligned(64)));
  size_t count;
  memset(words, 0, sizeof words);
  mpz_export(words, &count, -1, 4, 0, 0, r);
  for (int i = 0; i < PRIMES / 8; i++) {
    v8 sum = _mm512_setzero_si512();
    for (int k = 0; k < WORDS; k++)
      sum = _mm512_add_epi64(
          sum, _mm512_mul_epu32(_mm512_cvtepu32_epi64(_mm256_load_si256((__m256i *)powers[i][k])),
                                _mm512_set1_epi64(words[k])));
    v8 prime = _mm512_cvtepu32_epi64(_mm256_loadu_si256((__m256i *)(primes + 8 * i)));
    v8 q = _mm512_cvttpd_epu64(_mm512_mul_pd(_mm512_cvtepu64_pd(sum), _mm512_load_pd(inverses + 8 * i)));
    v8 rest = _mm512_sub_epi64(sum, _mm512_mullo_epi64(q, prime));
    rest = _mm512_min_epu64(rest, _mm512_add_epi64(rest, prime)); /* below nothing: wrapped */
    rest = _mm512_min_epu64(rest, _mm512_sub_epi64(rest, prime));
    _mm256_store_si256((__m256i *)(mods + 8 * i), _mm512_cvtepi64_epi32(rest));
  }
  unsigned d = 0;
  while (has_small_factor(mods, d))
    d += 2;
  mpz_add_ui(r, r, d);
}

/* --- Fermat's test to base 2, eight numbers at a time --- */
static void to_digits(uint64_t *digits, mpz_t number) { /* one lane of eight */
  uint64_t limbs[DIGITS * 52 / 64 + 2] = {0}; /* the digits reach further than the number */
  size_t count;
  mpz_export(limbs, &count, -1, 8, 0, 0, number);
  for (int i = 0; i < DIGITS; i++) {
    int at = 52 * i / 64, by = 52 * i % 64;
    uint64_t digit = limbs[at] >> by;
    if (by > 12)
      digit |= limbs[at + 1] << (64 - by);
    digits[8 * i] = digit & ((1ULL << 52) - 1);
  }
}

/* a = a * a / 2^(52 DIGITS) mod n, times two where asked. Column by column, eight columns in registers at a time;
 * a and n have eight zeros on both sides, and no column overflows: 4 DIGITS products below 2^52 each. */
static void square(v8 *a, const v8 *n, v8 k0, v8 doubled) {
  const v8 zero = _mm512_setzero_si512(), mask = _mm512_set1_epi64((1ULL << 52) - 1);
  v8 t[2 * DIGITS], s[8], q[8];
  for (int c = 0; c < 2 * DIGITS; c += 8) {
    for (int u = 0; u < 8; u++)
      s[u] = zero;
    for (int i = c > DIGITS ? c - DIGITS : 0; i < c / 2; i++)
#pragma GCC unroll 8
      for (int u = 0; u < 8; u++)
        s[u] = _mm512_madd52hi_epu64(_mm512_madd52lo_epu64(s[u], a[i], a[c + u - i]), a[i], a[c + u - 1 - i]);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
      v8 one = a[c / 2 + k];
#pragma GCC unroll 8
      for (int u = 2 * k + 1; u < 8; u++) {
        s[u] = _mm512_madd52lo_epu64(s[u], one, a[c / 2 + u - k]);
        if (u > 2 * k + 1)
          s[u] = _mm512_madd52hi_epu64(s[u], one, a[c / 2 + u - 1 - k]);
      }
    }
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
      v8 one = a[c / 2 + k];
      t[c + 2 * k] = _mm512_madd52lo_epu64(_mm512_slli_epi64(s[2 * k], 1), one, one);
      t[c + 2 * k + 1] = _mm512_madd52hi_epu64(_mm512_slli_epi64(s[2 * k + 1], 1), one, one);
    }
  }
  for (int k = 0; k < DIGITS; k += 8) {
#pragma GCC unroll 8
    for (int u = 0; u < 8; u++)
      s[u] = t[k + u];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
      q[i] = _mm512_madd52lo_epu64(zero, s[i], k0);
#pragma GCC unroll 8
      for (int u = i; u < 8; u++) {
        s[u] = _mm512_madd52lo_epu64(s[u], q[i], n[u - i]);
        if (u > i)
          s[u] = _mm512_madd52hi_epu64(s[u], q[i], n[u - 1 - i]);
      }
      if (i < 7)
        s[i + 1] = _mm512_add_epi64(s[i + 1], _mm512_srli_epi64(s[i], 52));
    }
    t[k + 8] = _mm512_add_epi64(t[k + 8], _mm512_srli_epi64(s[7], 52));
    for (int j = 8; j < DIGITS + 8; j += 8) {
#pragma GCC unroll 8
      for (int u = 0; u < 8; u++)
        s[u] = t[k + j + u];
#pragma GCC unroll 8
      for (int i = 0; i < 8; i++)
#pragma GCC unroll 8
        for (int u = 0; u < 8; u++)
          s[u] = _mm512_madd52hi_epu64(_mm512_madd52lo_epu64(s[u], q[i], n[j + u - i]), q[i], n[j + u - 1 - i]);
#pragma GCC unroll 8
      for (int u = 0; u < 8; u++)
        t[k + j + u] = s[u];
    }
  }
  v8 carry = zero;
  for (int j = 0; j < DIGITS; j++) {
    v8 sum = _mm512_add_epi64(_mm512_sllv_epi64(t[DIGITS + j], doubled), carry);
    a[j] = _mm512_and_si512(sum, mask);
    carry = _mm512_srli_epi64(sum, 52);
  }
}

static int probable_primes(mpz_t *numbers) { /* a bit for each of the eight */
  static v8 padded[2][DIGITS + 16];
  v8 *a = padded[0] + 8, *n = padded[1] + 8;
  uint64_t k0[8] __attribute__((aligned(64)));
  mpz_t one[8], t;
  mpz_init(t);
  for (int lane = 0; lane < 8; lane++) {
    mpz_init(one[lane]);
    mpz_setbit(one[lane], 52 * DIGITS);
    mpz_mod(one[lane], one[lane], numbers[lane]);
    to_digits((uint64_t *)n + lane, numbers[lane]);
    to_digits((uint64_t *)a + lane, one[lane]);
    uint64_t low = mpz_getlimbn(numbers[lane], 0), inverse = low;
    for (int i = 0; i < 5; i++)
      inverse *= 2 - low * inverse;
    k0[lane] = -inverse & ((1ULL << 52) - 1);
  }
  v8 k = _mm512_load_si512(k0), one_bit = _mm512_set1_epi64(1);
  for (int bit = HALF - 1; bit >= 0; bit--) { /* 2^(n-1), from the highest bit; n is odd */
    v8 doubled = _mm512_and_si512(_mm512_srli_epi64(n[bit / 52], bit % 52), one_bit);
    square(a, n, k, bit ? doubled : _mm512_setzero_si512());
  }
  int found = 0;
  for (int lane = 0; lane < 8; lane++) {
    mpz_set_ui(t, 0);
    for (int i = DIGITS - 1; i >= 0; i--) {
      mpz_mul_2exp(t, t, 52);
      mpz_add_ui(t, t, ((uint64_t *)a)[8 * i + lane]);
    }
    mpz_mod(t, t, numbers[lane]);
    found |= (mpz_cmp(t, one[lane]) == 0) << lane;
    mpz_clear(one[lane]);
  }
  mpz_clear(t);
  return found;
}

/* --- a key for each process number --- */
static void seed(const char *mode, int pid) {
  memset(g, 0, sizeof *g);
  g->pid = pid;
  int file_status = wide ? 144 : 88;
  if (!strcmp(mode, "rnd")) {
    add(file_status, 0);
    add(1024, 1024);
    return;
  }
  if (!strcmp(mode, "nornd-old"))
    add(file_status, 0);
  poll_();
}

static int put_head(unsigned char *o, int tag, int length) {
  o[0] = tag, o[1] = 0x82, o[2] = length >> 8, o[3] = length & 255;
  return 4;
}

static void tell(int pid, mpz_t p, mpz_t q) {
  static const unsigned char rsa[] = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05";
  unsigned char spki[BITS / 8 + 64], digest[32];
  const int number = BITS / 8 + 1, key = 4 + number + 5;
  mpz_t n;
  mpz_init(n);
  mpz_mul(n, p, q);
  int at = put_head(spki, 0x30, 15 + 4 + 1 + 4 + key);
  memcpy(spki + at, rsa, 14);
  spki[at + 14] = 0;
  at += 15;
  at += put_head(spki + at, 0x03, 1 + 4 + key);
  spki[at++] = 0;
  at += put_head(spki + at, 0x30, key);
  at += put_head(spki + at, 0x02, number);
  spki[at++] = 0;
  mpz_export(spki + at, NULL, 1, 1, 1, 0, n);
  at += number - 1;
  memcpy(spki + at, "\x02\x03\x01\x00\x01", 5);
  SHA256(spki, at + 5, digest);
  printf("%d ", pid);
  for (int i = 0; i < 32; i++)
    printf("%02x", digest[i]);
  if (getenv("MODULUS"))
    gmp_printf(" %Zx", n);
  printf("\n");
  fflush(stdout);
  mpz_clear(n);
}

int main(int c, char **v) {
  if (c != 5)
    return 2;
  static struct generator generators[8];
  mpz_t candidates[8], first[8], below;
  int pid[8], has_first[8] = {0}, next = atoi(v[3]), to = atoi(v[4]), working = 0;
  wide = !strcmp(v[2], "le64");
  big = !strcmp(v[2], "be32");
  small_primes();
  mpz_init(below);
  for (int lane = 0; lane < 8; lane++) {
    mpz_inits(candidates[lane], first[lane], NULL);
    mpz_set_ui(candidates[lane], 3);
    pid[lane] = next < to ? next++ : -1;
    g = generators + lane;
    if (pid[lane] >= 0)
      seed(v[1], pid[lane]), working++;
    else /* an idle lane */
      draw(candidates[lane], HALF, 1);
  }
  while (working) {
    for (int lane = 0; lane < 8; lane++) {
      g = generators + lane;
      if (pid[lane] < 0)
        continue;
      draw(candidates[lane], HALF, 1);
      step(candidates[lane]);
      draw_round(candidates[lane]);
    }
    int found = probable_primes(candidates);
    for (int lane = 0; lane < 8; lane++) {
      if (pid[lane] < 0 || !(found >> lane & 1))
        continue;
      g = generators + lane;
      for (int i = 1; i < CHECKS; i++)
        draw_round(candidates[lane]);
      mpz_sub_ui(below, candidates[lane], 1);
      if (mpz_gcd_ui(NULL, below, 65537) != 1)
        continue;
      if (!has_first[lane]) {
        mpz_set(first[lane], candidates[lane]);
        has_first[lane] = 1;
        continue;
      }
      tell(pid[lane], first[lane], candidates[lane]);
      has_first[lane] = 0;
      pid[lane] = next < to ? next++ : -1;
      if (pid[lane] >= 0)
        seed(v[1], pid[lane]);
      else
        working--;
    }
  }
}
