#include "ctreekernels.h"

#include "columns.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define INLINED static inline __attribute__((always_inline, target("avx2")))

typedef struct ctreekernels_tree tree;

INLINED __m256i load(const void *bytes) {
    return _mm256_load_si256((const __m256i *)bytes);
}

/* The same sixteen bytes in both halves, as a shuffle needs its table. */
INLINED __m256i table(const void *bytes) {
    return _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)bytes));
}

/* Which rows go right at one node that all of them are asked about. */
INLINED __m256i right_at(const tree *tree, const int8_t *bins, int node) {
    return _mm256_cmpgt_epi8(load(bins + 32 * tree->columns[node]),
                             _mm256_set1_epi8(tree->thresholds[node]));
}

/* Takes bit `bit` of each byte to its top, where blending looks for it. */
INLINED __m256i top(__m256i bytes, int bit) { return _mm256_slli_epi16(bytes, 7 - bit); }

/* The bin of the column that each row's byte names; pairs are decided bit by bit. */
INLINED __m256i chosen(const int8_t *bins, size_t columns, __m256i names) {
    __m256i left[ctreekernels_columns];
#pragma clang loop unroll(full)
    for (size_t column = 0; column < columns; column++) left[column] = load(bins + 32 * column);
#pragma clang loop unroll(full)
    for (int bit = 0; bit < 4; bit++) {
        if (columns > 1) {
            __m256i second = top(names, bit);
#pragma clang loop unroll(full)
            for (size_t pair = 0; pair < columns / 2; pair++)
                left[pair] = _mm256_blendv_epi8(left[2 * pair], left[2 * pair + 1], second);
            if (columns % 2) left[columns / 2] = left[columns - 1];
            columns = (columns + 1) / 2;
        }
    }
    return left[0];
}

/* One level down, given what the nodes of all rows say. */
INLINED __m256i step(__m256i nodes, __m256i names, __m256i thresholds, const int8_t *bins,
                     size_t columns) {
    __m256i right = _mm256_cmpgt_epi8(chosen(bins, columns, names), thresholds);
    return _mm256_sub_epi8(_mm256_add_epi8(nodes, nodes), right);
}

/* The leaf of each row, as nodes 64...127. */
INLINED __m256i walk(const tree *tree, const int8_t *bins, size_t columns) {
    /* Asking all rows about seven nodes costs less than looking up each row's three. */
    __m256i first = right_at(tree, bins, 1);
    __m256i second =
        _mm256_blendv_epi8(right_at(tree, bins, 2), right_at(tree, bins, 3), first);
    __m256i third = _mm256_blendv_epi8(
        _mm256_blendv_epi8(right_at(tree, bins, 4), right_at(tree, bins, 5), second),
        _mm256_blendv_epi8(right_at(tree, bins, 6), right_at(tree, bins, 7), second), first);
    __m256i nodes = _mm256_add_epi8(_mm256_add_epi8(first, first), second);
    nodes = _mm256_add_epi8(_mm256_add_epi8(nodes, nodes), third);
    nodes = _mm256_sub_epi8(_mm256_set1_epi8(8), nodes);
    /* A shuffle reads four bits of a node: 8...15, then 16...31, then 32...63 in two halves. */
    nodes = step(nodes, _mm256_shuffle_epi8(table(tree->columns), nodes),
                 _mm256_shuffle_epi8(table(tree->thresholds), nodes), bins, columns);
    nodes = step(nodes, _mm256_shuffle_epi8(table(tree->columns + 16), nodes),
                 _mm256_shuffle_epi8(table(tree->thresholds + 16), nodes), bins, columns);
    __m256i half = top(nodes, 4);
    return step(nodes,
                _mm256_blendv_epi8(_mm256_shuffle_epi8(table(tree->columns + 32), nodes),
                                   _mm256_shuffle_epi8(table(tree->columns + 48), nodes), half),
                _mm256_blendv_epi8(_mm256_shuffle_epi8(table(tree->thresholds + 32), nodes),
                                   _mm256_shuffle_epi8(table(tree->thresholds + 48), nodes), half),
                bins, columns);
}

/* One byte of each row's leaf. */
INLINED __m256i leaf_bytes(const uint8_t *bytes, __m256i nodes, __m256i bit4, __m256i bit5) {
    __m256i low = _mm256_blendv_epi8(_mm256_shuffle_epi8(table(bytes), nodes),
                                     _mm256_shuffle_epi8(table(bytes + 16), nodes), bit4);
    __m256i high = _mm256_blendv_epi8(_mm256_shuffle_epi8(table(bytes + 32), nodes),
                                      _mm256_shuffle_epi8(table(bytes + 48), nodes), bit4);
    return _mm256_blendv_epi8(low, high, bit5);
}

INLINED void add_quarter(float *sums, __m256i leaves) {
    _mm256_store_ps(sums, _mm256_add_ps(_mm256_load_ps(sums), _mm256_castsi256_ps(leaves)));
}

INLINED void add(const tree *trees, size_t count, const int8_t *bins, size_t columns,
                 float *sums) {
    for (size_t index = 0; index < count; index++) {
        const tree *tree = trees + index;
        __m256i nodes = walk(tree, bins, columns);
        __m256i bit4 = top(nodes, 4), bit5 = top(nodes, 5);
        __m256i byte0 = leaf_bytes(tree->leaves[0], nodes, bit4, bit5);
        __m256i byte1 = leaf_bytes(tree->leaves[1], nodes, bit4, bit5);
        __m256i byte2 = leaf_bytes(tree->leaves[2], nodes, bit4, bit5);
        __m256i byte3 = leaf_bytes(tree->leaves[3], nodes, bit4, bit5);
        __m256i low0 = _mm256_unpacklo_epi8(byte0, byte1);
        __m256i high0 = _mm256_unpackhi_epi8(byte0, byte1);
        __m256i low1 = _mm256_unpacklo_epi8(byte2, byte3);
        __m256i high1 = _mm256_unpackhi_epi8(byte2, byte3);
        float *rows = sums + 32 * tree->group;
        add_quarter(rows, _mm256_unpacklo_epi16(low0, low1));
        add_quarter(rows + 8, _mm256_unpackhi_epi16(low0, low1));
        add_quarter(rows + 16, _mm256_unpacklo_epi16(high0, high1));
        add_quarter(rows + 24, _mm256_unpackhi_epi16(high0, high1));
    }
}

__attribute__((target("avx2"))) static void add_avx2(const tree *trees, size_t count,
                                                     const int8_t *bins, size_t columns,
                                                     float *sums) {
    CTREEKERNELS_ADD(trees, count, bins, columns, sums)
}

ctreekernels_add *ctreekernels_avx2(void) {
    return __builtin_cpu_supports("avx2") ? add_avx2 : NULL;
}
#else
ctreekernels_add *ctreekernels_avx2(void) { return NULL; }
#endif
