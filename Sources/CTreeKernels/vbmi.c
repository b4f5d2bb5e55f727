#include "ctreekernels.h"

#include "columns.h"

/* Tests include this file with the instructions emulated, to run where they are missing. */
#if defined(CTREEKERNELS_EMULATED)
#define CTREEKERNELS_TARGET
#elif defined(__x86_64__)
#include <immintrin.h>
#define CTREEKERNELS_TARGET __attribute__((target("avx512f,avx512bw,avx512vbmi")))
#endif

#if defined(CTREEKERNELS_TARGET)
#define INLINED CTREEKERNELS_TARGET static inline __attribute__((always_inline))

typedef struct ctreekernels_tree tree;

INLINED __m512i load(const void *bytes) { return _mm512_load_si512(bytes); }

/* The bin of the column that each row's byte names; pairs are decided bit by bit. */
INLINED __m512i chosen(const __m512i *bins, size_t columns, __m512i names) {
    __m512i left[ctreekernels_columns];
#pragma clang loop unroll(full)
    for (size_t column = 0; column < columns; column++) left[column] = bins[column];
#pragma clang loop unroll(full)
    for (int bit = 0; bit < 4; bit++) {
        if (columns > 1) {
            __mmask64 second = _mm512_test_epi8_mask(names, _mm512_set1_epi8((char)(1 << bit)));
#pragma clang loop unroll(full)
            for (size_t pair = 0; pair < columns / 2; pair++)
                left[pair] = _mm512_mask_mov_epi8(left[2 * pair], second, left[2 * pair + 1]);
            if (columns % 2) left[columns / 2] = left[columns - 1];
            columns = (columns + 1) / 2;
        }
    }
    return left[0];
}

/* The root's children: all rows ask the same node. */
INLINED __m512i first_step(const tree *tree, const int8_t *bins) {
    __mmask64 right = _mm512_cmpgt_epi8_mask(load(bins + 64 * tree->columns[1]),
                                             _mm512_set1_epi8(tree->thresholds[1]));
    return _mm512_mask_mov_epi8(_mm512_set1_epi8(2), right, _mm512_set1_epi8(3));
}

/* One level down. */
INLINED __m512i step(const tree *tree, __m512i nodes, const __m512i *bins, size_t columns) {
    __m512i names = _mm512_permutexvar_epi8(nodes, load(tree->columns));
    __m512i thresholds = _mm512_permutexvar_epi8(nodes, load(tree->thresholds));
    __mmask64 right = _mm512_cmpgt_epi8_mask(chosen(bins, columns, names), thresholds);
    __m512i children = _mm512_add_epi8(nodes, nodes);
    return _mm512_mask_add_epi8(children, right, children, _mm512_set1_epi8(1));
}

INLINED void add_quarter(float *sums, __m512i leaves) {
    _mm512_store_ps(sums, _mm512_add_ps(_mm512_load_ps(sums), _mm512_castsi512_ps(leaves)));
}

/* Adds the leaf of each row, given as nodes 64...127: a look-up reads six bits. */
INLINED void add_leaves(const tree *tree, __m512i nodes, float *sums) {
    __m512i byte0 = _mm512_permutexvar_epi8(nodes, load(tree->leaves[0]));
    __m512i byte1 = _mm512_permutexvar_epi8(nodes, load(tree->leaves[1]));
    __m512i byte2 = _mm512_permutexvar_epi8(nodes, load(tree->leaves[2]));
    __m512i byte3 = _mm512_permutexvar_epi8(nodes, load(tree->leaves[3]));
    __m512i low0 = _mm512_unpacklo_epi8(byte0, byte1), high0 = _mm512_unpackhi_epi8(byte0, byte1);
    __m512i low1 = _mm512_unpacklo_epi8(byte2, byte3), high1 = _mm512_unpackhi_epi8(byte2, byte3);
    float *rows = sums + 64 * tree->group;
    add_quarter(rows, _mm512_unpacklo_epi16(low0, low1));
    add_quarter(rows + 16, _mm512_unpackhi_epi16(low0, low1));
    add_quarter(rows + 32, _mm512_unpacklo_epi16(high0, high1));
    add_quarter(rows + 48, _mm512_unpackhi_epi16(high0, high1));
}

INLINED void add(const tree *trees, size_t count, const int8_t *bins, size_t columns,
                 float *sums) {
    __m512i rows[ctreekernels_columns];
#pragma clang loop unroll(full)
    for (size_t column = 0; column < columns; column++) rows[column] = load(bins + 64 * column);
    size_t index = 0;
    /* Two trees side by side: each step waits for the one before. */
    for (; index + 1 < count; index += 2) {
        const tree *one = trees + index, *other = one + 1;
        __m512i nodes = first_step(one, bins), others = first_step(other, bins);
#pragma clang loop unroll(full)
        for (int level = 1; level < 6; level++) {
            nodes = step(one, nodes, rows, columns);
            others = step(other, others, rows, columns);
        }
        add_leaves(one, nodes, sums);
        add_leaves(other, others, sums);
    }
    if (index < count) {
        __m512i nodes = first_step(trees + index, bins);
        for (int level = 1; level < 6; level++) nodes = step(trees + index, nodes, rows, columns);
        add_leaves(trees + index, nodes, sums);
    }
}

CTREEKERNELS_TARGET static void add_vbmi(const tree *trees, size_t count, const int8_t *bins,
                                         size_t columns, float *sums) {
    CTREEKERNELS_ADD(trees, count, bins, columns, sums)
}
#endif

#if defined(CTREEKERNELS_EMULATED)
ctreekernels_add *ctreekernels_vbmi_emulated(void) { return add_vbmi; }
#elif defined(CTREEKERNELS_TARGET)
ctreekernels_add *ctreekernels_vbmi(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
               && __builtin_cpu_supports("avx512vbmi") ? add_vbmi : NULL;
}
#else
ctreekernels_add *ctreekernels_vbmi(void) { return NULL; }
#endif
