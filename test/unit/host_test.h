/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the tests of the host daemon's parts share.
 */
#ifndef HOST_TEST_H_INCLUDED
#define HOST_TEST_H_INCLUDED

#include "ivl_test.h"

/* A call that fails with rc and says so with these words. */
#define expect_refusal(rc, words, call)                                                 \
    do {                                                                                \
        struct ivl_diag diag_;                                                          \
        struct ivl_diag *diag = &diag_;                                                 \
        char text_[700];                                                                \
        memset(diag, 0, sizeof(*diag));                                                 \
        assert_int_equal(call, rc);                                                     \
        ivl_diag_format(diag, text_, sizeof(text_));                                    \
        if (!strstr(text_, words)) {                                                    \
            print_error("%s: said \"%s\", expected \"%s\"\n", test_case, text_, words); \
        }                                                                               \
        assert_non_null(strstr(text_, words));                                          \
    } while (0)

#endif /* HOST_TEST_H_INCLUDED */
