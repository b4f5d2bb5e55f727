#ifndef VIGIL_CTREEKERNELS_COLUMNS_H
#define VIGIL_CTREEKERNELS_COLUMNS_H

/* Calls add() with the number of columns as a constant: a copy for each up to eight and for some
 * beyond, so that choosing among columns has no loop. */
#define CTREEKERNELS_ADD(trees, count, bins, columns, sums)   \
    switch (columns) {                                        \
    case 1: add(trees, count, bins, 1, sums); break;          \
    case 2: add(trees, count, bins, 2, sums); break;          \
    case 3: add(trees, count, bins, 3, sums); break;          \
    case 4: add(trees, count, bins, 4, sums); break;          \
    case 5: add(trees, count, bins, 5, sums); break;          \
    case 6: add(trees, count, bins, 6, sums); break;          \
    case 7: add(trees, count, bins, 7, sums); break;          \
    case 8: add(trees, count, bins, 8, sums); break;          \
    case 12: add(trees, count, bins, 12, sums); break;        \
    case 16: add(trees, count, bins, 16, sums); break;        \
    default: __builtin_trap();                                \
    }

#endif
