"""The inner loops as C: a few output pixels times a few groups of four channels, all held in registers.

Weights are read once for all pixels of a block, and each input value is spread over four channels. The same text
compiles to SSE, to NEON or to plain C.
"""

from dataclasses import dataclass

VECTORS = """\
/* Four floats: SSE, NEON, or plain C where there is neither or @UPPER@_PLAIN_C is defined. */
#if defined(@UPPER@_PLAIN_C)
#define V4_IN_C
#elif defined(__SSE4_1__) || defined(__SSE2__)
#include <immintrin.h>
typedef __m128 v4;
#define V4_LOAD(p) _mm_loadu_ps(p)
#define V4_STORE(p, a) _mm_storeu_ps(p, a)
#define V4_SPLAT(x) _mm_set1_ps(x)
#define V4_MUL(a, b) _mm_mul_ps(a, b)
#define V4_MAX(a, b) _mm_max_ps(a, b)
#if defined(__FMA__)
#define V4_MADD(a, b, c) _mm_fmadd_ps(b, c, a)
#else
#define V4_MADD(a, b, c) _mm_add_ps(a, _mm_mul_ps(b, c))
#endif
#elif defined(__ARM_NEON)
#include <arm_neon.h>
typedef float32x4_t v4;
#define V4_LOAD(p) vld1q_f32(p)
#define V4_STORE(p, a) vst1q_f32(p, a)
#define V4_SPLAT(x) vdupq_n_f32(x)
#define V4_MUL(a, b) vmulq_f32(a, b)
#define V4_MAX(a, b) vmaxq_f32(a, b)
#if defined(__ARM_FEATURE_FMA)
#define V4_MADD(a, b, c) vfmaq_f32(a, b, c)
#else
#define V4_MADD(a, b, c) vmlaq_f32(a, b, c)
#endif
#else
#define V4_IN_C
#endif

#if defined(V4_IN_C)
typedef struct { float x[4]; } v4;
#define EACH_OF_4 int i; for (i = 0; i < 4; ++i)
static inline v4 V4_LOAD(const float *p) { const v4 r = {{p[0], p[1], p[2], p[3]}}; return r; }
static inline void V4_STORE(float *p, v4 a) { EACH_OF_4 p[i] = a.x[i]; }
static inline v4 V4_SPLAT(float x) { const v4 r = {{x, x, x, x}}; return r; }
static inline v4 V4_MUL(v4 a, v4 b) { EACH_OF_4 a.x[i] *= b.x[i]; return a; }
static inline v4 V4_MAX(v4 a, v4 b) { EACH_OF_4 a.x[i] = a.x[i] > b.x[i] ? a.x[i] : b.x[i]; return a; }
static inline v4 V4_MADD(v4 a, v4 b, v4 c) { EACH_OF_4 a.x[i] += b.x[i] * c.x[i]; return a; }
#endif
"""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Kernel:
    """One inner loop.

    Attributes:
        pixels: output pixels that are computed together.
        groups: groups of four channels that are computed together.
        is_pooled: whether the pixels are a square of four, of which the largest values are kept.
    """

    pixels: int
    groups: int
    is_pooled: bool = False

    @property
    def name(self) -> str:
        """Its name in C."""
        return f"{'pooled' if self.is_pooled else 'row'}_{self.pixels}x{self.groups}"

    def code(self) -> str:
        """Returns the function in C.

        `in` is the first pixel's window: `rows` runs of `num` values, `row` apart. The next pixel's lies `step`
        further, the one below `down`; results lie `gap` apart.
        """
        places = [(pixel, group) for pixel in range(self.pixels) for group in range(self.groups)]
        lines = [
            f"static inline void {self.name}(const float *in, int row, int rows, int num, int step, int down,",
            "    const float *w, const float *bias, float slope, float *out, int gap)",
            "{",
            "    int y, i;",
            *(f"    v4 {_sum(*place)} = V4_LOAD(bias + {4 * place[1]});" for place in places),
            "    for (y = 0; y < rows; ++y, in += row)",
            f"        for (i = 0; i < num; ++i, w += {4 * self.groups}) {{",
            *(f"            const v4 w{group} = V4_LOAD(w + {4 * group});" for group in range(self.groups)),
            *(f"            const v4 x{pixel} = V4_SPLAT(in[i{self._offset(pixel)}]);" for pixel in range(self.pixels)),
            *(f"            {_sum(p, g)} = V4_MADD({_sum(p, g)}, w{g}, x{p});" for p, g in places),
            "        }",
            *(self._pooled() if self.is_pooled else []),
            *self._stores(1 if self.is_pooled else self.pixels),
            "    (void)step; (void)down; (void)gap;\n}\n",
        ]
        return "\n".join(lines)

    def _offset(self, pixel: int) -> str:
        if self.is_pooled:
            return ("", " + step", " + down", " + down + step")[pixel]
        return f" + {pixel} * step" if pixel else ""

    def _pooled(self) -> list[str]:
        return [f"    a0{g} = V4_MAX(V4_MAX(a0{g}, a1{g}), V4_MAX(a2{g}, a3{g}));" for g in range(self.groups)]

    def _stores(self, pixels: int) -> list[str]:
        return [
            f"    V4_STORE(out + {p} * gap + {4 * g}, V4_MAX({_sum(p, g)}, V4_MUL({_sum(p, g)}, V4_SPLAT(slope))));"
            for p in range(pixels)
            for g in range(self.groups)
        ]


def _sum(pixel: int, group: int) -> str:
    return f"a{pixel}{group}"
