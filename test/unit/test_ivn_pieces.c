/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Messages in pieces: any cuts, any order, elements of several lengths, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ivn_pieces.h"

#define LONGEST 2000

/* Unpacks as MPICH does: whole elements only, from where one begins. */
struct receiver {
    size_t lengths[3]; /* of elements, in turn; 0: the first again */
    char bytes[LONGEST];
    size_t size;
    int calls;
};

/* The element that begins at offset; 0: none does. */
static size_t element_at(const struct receiver *receiver, size_t offset)
{
    for (size_t at = 0, i = 0; at <= offset; i = (i + 1) % 3) {
        if (receiver->lengths[i] == 0) {
            i = 0;
        }
        if (at == offset) {
            return receiver->lengths[i];
        }
        at += receiver->lengths[i];
    }
    return 0;
}

static size_t unpack(void *arg, size_t offset, const void *src, size_t count)
{
    struct receiver *receiver = arg;
    size_t done = 0, length;

    receiver->calls++;
    assert_int_not_equal(element_at(receiver, offset), 0);
    while ((length = element_at(receiver, offset + done)) <= count - done) {
        memcpy(receiver->bytes + offset + done, (const char *) src + done, length);
        done += length;
    }
    receiver->size += done;
    return done;
}

static char sent[LONGEST];

static void make(struct receiver *receiver, size_t a, size_t b, size_t c)
{
    memset(receiver, 0, sizeof(*receiver));
    receiver->lengths[0] = a;
    receiver->lengths[1] = b;
    receiver->lengths[2] = c;
    for (size_t i = 0; i < LONGEST; i++) {
        sent[i] = (char) rand();
    }
}

struct cut {
    size_t offset, count;
};

static int cut_up(struct cut *cuts, size_t size, size_t longest)
{
    int n = 0;

    for (size_t at = 0; at < size; n++) {
        size_t count = 1 + (size_t) rand() % longest;

        cuts[n].offset = at;
        cuts[n].count = count < size - at ? count : size - at;
        at += cuts[n].count;
    }
    return n;
}

/* distance: how far a piece may come from its turn; 0: in order. */
static void shuffle(struct cut *cuts, int n, int distance)
{
    for (int i = 0; distance > 0 && i < n; i++) {
        int j = i + rand() % (distance < n - i ? distance : n - i);
        struct cut swap = cuts[i];

        cuts[i] = cuts[j];
        cuts[j] = swap;
    }
}

static void deliver(struct receiver *receiver, size_t size, size_t longest, int distance)
{
    static struct cut cuts[LONGEST];
    struct ivn_pieces *pieces = NULL;
    int n = cut_up(cuts, size, longest);

    shuffle(cuts, n, distance);
    for (int i = 0; i < n; i++) {
        /* a copy of its own length, so that a checker sees reads behind it */
        char *piece = malloc(cuts[i].count);

        memcpy(piece, sent + cuts[i].offset, cuts[i].count);
        assert_int_equal(ivn_pieces_add(&pieces, cuts[i].offset, piece, cuts[i].count, unpack,
                                        receiver),
                         IVN_PIECES_OK);
        free(piece);
    }
    ivn_pieces_free(pieces);
}

static void test_any_cuts_in_any_order(void **state)
{
    static const size_t kinds[][3] = {
        { 1, 0, 0 },  { 8, 0, 0 },  { 4, 8, 0 },  { 1, 8, 2 },
        { 16, 4, 0 }, { 32, 0, 0 }, { 32, 1, 8 },
    };
    static const size_t longest[] = { 1, 3, 7, 40, 500, LONGEST };
    static struct receiver receiver;

    (void) state;
    srand(1);
    for (int i = 0; i < 7 * 6 * 3 * 5; i++) {
        const size_t *kind = kinds[i % 7];
        size_t all = kind[0] + kind[1] + kind[2];
        size_t size = (1 + (size_t) rand() % (LONGEST / all)) * all;

        make(&receiver, kind[0], kind[1], kind[2]);
        deliver(&receiver, size, longest[i / 7 % 6], (int[]){ 0, 3, LONGEST }[i / 42 % 3]);
        assert_int_equal(receiver.size, size);
        assert_memory_equal(receiver.bytes, sent, size);
    }
}

/* A piece of whole elements is unpacked where it lies. */
static void test_whole_elements_are_not_held(void **state)
{
    static struct receiver receiver;
    struct ivn_pieces *pieces = NULL;

    (void) state;
    make(&receiver, 8, 0, 0);
    for (size_t at = 0; at < 800; at += 80) {
        assert_int_equal(ivn_pieces_add(&pieces, at, sent + at, 80, unpack, &receiver),
                         IVN_PIECES_OK);
    }
    assert_int_equal(receiver.calls, 10);
    assert_memory_equal(receiver.bytes, sent, 800);
    ivn_pieces_free(pieces);
}

static void test_refused(void **state)
{
    static struct receiver receiver;
    struct ivn_pieces *pieces = NULL;

    (void) state;
    make(&receiver, 8, 0, 0);
    assert_int_equal(ivn_pieces_add(&pieces, 0, sent, 13, unpack, &receiver), IVN_PIECES_OK);
    assert_int_equal(ivn_pieces_add(&pieces, 13, sent, 0, unpack, &receiver), IVN_PIECES_OK);
    assert_int_equal(ivn_pieces_add(&pieces, 12, sent, 4, unpack, &receiver), IVN_PIECES_WRONG);
    ivn_pieces_free(pieces);

    /* early pieces that overlap: the second is never reached, and given back */
    pieces = NULL;
    make(&receiver, 8, 0, 0);
    assert_int_equal(ivn_pieces_add(&pieces, 8, sent, 24, unpack, &receiver), IVN_PIECES_OK);
    assert_int_equal(ivn_pieces_add(&pieces, 16, sent, 8, unpack, &receiver), IVN_PIECES_OK);
    assert_int_equal(ivn_pieces_add(&pieces, 0, sent, 8, unpack, &receiver), IVN_PIECES_OK);
    assert_int_equal(receiver.size, 32);
    ivn_pieces_free(pieces);

    pieces = NULL;
    make(&receiver, 1000, 0, 0);
    assert_int_equal(ivn_pieces_add(&pieces, 0, sent, 500, unpack, &receiver), IVN_PIECES_WRONG);
    ivn_pieces_free(pieces);

    pieces = NULL;
    make(&receiver, 100, 0, 0);
    assert_int_equal(ivn_pieces_add(&pieces, 0, sent, 60, unpack, &receiver), IVN_PIECES_OK);
    assert_int_equal(ivn_pieces_add(&pieces, 60, sent, 30, unpack, &receiver), IVN_PIECES_WRONG);
    ivn_pieces_free(pieces);
    ivn_pieces_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_cuts_in_any_order),
        cmocka_unit_test(test_whole_elements_are_not_held),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
