#ifndef VIGIL_CTREEKERNELS_H
#define VIGIL_CTREEKERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Many rows through one tree in lockstep, a row a byte, for processors that look up whole
 * vectors of bytes. A tree is perfect and six splits deep: nodes 1...63, the children of node n
 * are 2n and 2n + 1, and node 64 + l is leaf l. */

enum {
    ctreekernels_leaves = 64,
    /* Columns among which a node can choose. */
    ctreekernels_columns = 16,
    ctreekernels_rows_avx2 = 32,
    ctreekernels_rows_vbmi = 64,
};

struct ctreekernels_tree {
    /* By node: which column a split looks at. */
    uint8_t columns[ctreekernels_leaves];
    /* By node: bins above it go right. */
    int8_t thresholds[ctreekernels_leaves];
    /* By byte of the float, lowest first, then by leaf. */
    uint8_t leaves[4][ctreekernels_leaves];
    /* What the leaves are added to. */
    uint32_t group;
    /* To the next cache line. */
    uint8_t unused[60];
};

/* Adds the leaves of trees to sums, tree after tree: one addition a tree and row.
 *
 * `bins` is [columns][rows], where the byte of row r lies at ctreekernels_place(r, rows); `sums`
 * is [group][rows]. Everything is aligned to 64 bytes. `columns` is what
 * ctreekernels_copied_columns gives, and no tree names another. */
typedef void ctreekernels_add(const struct ctreekernels_tree *trees, size_t count,
                              const int8_t *bins, size_t columns, float *sums);

/* With AVX2, 32 rows; with AVX-512 VBMI, 64 rows. Null where the processor or the operating
 * system does not have it. */
ctreekernels_add *ctreekernels_avx2(void);
ctreekernels_add *ctreekernels_vbmi(void);

/* The number of columns to lay out for `columns` of them, 1...ctreekernels_columns. */
static inline size_t ctreekernels_copied_columns(size_t columns) {
    return columns <= 8 ? columns : columns <= 12 ? 12 : 16;
}

/* Where the byte of a row belongs, so that widening bytes to floats puts rows in their order. */
static inline size_t ctreekernels_place(size_t row, size_t rows) {
    size_t lanes = rows / 16;
    size_t quarter = row / 4;
    return quarter % lanes * 16 + quarter / lanes * 4 + row % 4;
}

#endif
