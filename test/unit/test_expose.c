/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The table of exposed buffers: what a ticket opens, and all that it does not. Memory is read from
 * this process itself and from a child.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/ivs_expose.h"

#define NONCE UINT64_C(0x123456789abcdef0)
#define ME 3u

static struct ivs_expose table;
static char data[4096];

static int prepare(void **state)
{
    (void) state;
    ivs_expose_init(&table, NONCE);
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (char) (i * 7);
    }
    return 0;
}

static struct ivs_ticket take(uint32_t reader, const void *from, uint64_t bytes)
{
    struct ivs_ticket ticket;

    assert_true(ivs_expose_take(&table, reader, from, bytes, data, &ticket));
    return ticket;
}

static struct ivs_remote self(void)
{
    return (struct ivs_remote){ getpid(), (uint64_t) (uintptr_t) &table, NONCE };
}

/* Containers may forbid the system call. */
static void need_reading(void)
{
    struct ivs_remote remote = self();

    if (ivs_remote_probe(&remote) != 0) {
        skip();
    }
}

static void test_release_returns_the_owner_once(void **state)
{
    struct ivs_ticket ticket = take(ME, data, 100);
    void *owner = NULL;

    (void) state;
    assert_int_equal(ivs_expose_release(&table, ME, &ticket, &owner), 0);
    assert_ptr_equal(owner, data);
    assert_int_equal(ivs_expose_release(&table, ME, &ticket, &owner), -EBADMSG);
}

static void test_forged_releases(void **state)
{
    struct ivs_ticket good = take(ME, data, 100);
    struct ivs_ticket bad[] = { good, good, good, good, good };
    void *owner = NULL;

    (void) state;
    bad[0].number++;
    bad[1].number = 0;
    bad[2].entry = IVS_EXPOSED;
    bad[3].entry = UINT32_MAX;
    bad[4].entry = (good.entry + 1) % IVS_EXPOSED;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ivs_expose_release(&table, ME, &bad[i], &owner), -EBADMSG);
    }
    assert_int_equal(ivs_expose_release(&table, ME + 1, &good, &owner), -EBADMSG);
    assert_null(owner);
    assert_int_equal(ivs_expose_release(&table, ME, &good, &owner), 0);
}

/* Nothing is exposed under number 0, which is what free entries hold. */
static void test_free_entries_have_no_ticket(void **state)
{
    struct ivs_ticket ticket = { 0, 0, 0 };
    void *owner;

    (void) state;
    for (ticket.entry = 0; ticket.entry < IVS_EXPOSED; ticket.entry++) {
        assert_int_equal(ivs_expose_release(&table, 0, &ticket, &owner), -EBADMSG);
    }
}

static void test_full(void **state)
{
    struct ivs_ticket tickets[IVS_EXPOSED], more;
    void *owner;

    (void) state;
    for (uint32_t i = 0; i < IVS_EXPOSED; i++) {
        tickets[i] = take(ME, data, i + 1);
    }
    assert_false(ivs_expose_take(&table, ME, data, 1, data, &more));
    assert_int_equal(ivs_expose_release(&table, ME, &tickets[77], &owner), 0);
    more = take(ME, data, 1);
    assert_int_equal(more.entry, tickets[77].entry);
    assert_true(more.number != tickets[77].number);
    assert_int_equal(ivs_expose_release(&table, ME, &tickets[77], &owner), -EBADMSG);
}

static void test_numbers_skip_zero(void **state)
{
    struct ivs_ticket ticket;

    (void) state;
    ivs_expose_init(&table, UINT64_MAX);
    ticket = take(ME, data, 1);
    assert_true(ticket.number != 0);
}

/* ---- reading ---------------------------------------------------------------------------------- */

static void test_read(void **state)
{
    struct ivs_remote remote = self();
    struct ivs_ticket ticket = take(ME, data + 5, 1000);
    struct ivs_exposed found;
    char copy[1001] = { 0 };

    (void) state;
    need_reading();
    assert_int_equal(ivs_remote_find(&remote, &ticket, ME, 1000, &found), 0);
    assert_int_equal(ivs_remote_read(&remote, &ticket, &found, copy), 0);
    assert_memory_equal(copy, data + 5, 1000);
    assert_int_equal(copy[1000], 0);
}

static void test_read_in_pieces(void **state)
{
    const size_t bytes = (9 << 20) + 3;
    struct ivs_remote remote = self();
    char *from = malloc(bytes), *to = malloc(bytes + 1);
    struct ivs_ticket ticket = take(ME, from, bytes);
    struct ivs_exposed found;

    (void) state;
    need_reading();
    for (size_t i = 0; i < bytes; i++) {
        from[i] = (char) (i * 31 + (i >> 12));
    }
    to[bytes] = 'x';
    assert_int_equal(ivs_remote_find(&remote, &ticket, ME, bytes, &found), 0);
    assert_int_equal(ivs_remote_read(&remote, &ticket, &found, to), 0);
    assert_memory_equal(to, from, bytes);
    assert_int_equal(to[bytes], 'x');
    free(from);
    free(to);
}

static void test_forged_reads(void **state)
{
    struct ivs_remote remote = self();
    struct ivs_ticket good = take(ME, data, 1000);
    struct ivs_ticket bad[] = { good, good, good, good, good };
    struct ivs_exposed found = { 0 };

    (void) state;
    need_reading();
    bad[0].number--;
    bad[1].number = 0;
    bad[2].entry = IVS_EXPOSED;
    bad[3].entry = UINT32_MAX;
    bad[4].entry = (good.entry + 1) % IVS_EXPOSED;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ivs_remote_find(&remote, &bad[i], ME, 1000, &found), -EBADMSG);
    }
    assert_int_equal(ivs_remote_find(&remote, &good, ME + 1, 1000, &found), -EBADMSG);
    assert_int_equal(ivs_remote_find(&remote, &good, ME, 1001, &found), -EBADMSG);
    assert_int_equal(ivs_remote_find(&remote, &good, ME, 999, &found), -EBADMSG);
    assert_int_equal(found.number, 0);
}

/* The entry is used again, or freed, between the two looks at it. */
static void test_withdrawn_while_read(void **state)
{
    struct ivs_remote remote = self();
    struct ivs_ticket ticket = take(ME, data, 1000);
    struct ivs_exposed found;
    char copy[1000];
    void *owner;

    (void) state;
    need_reading();
    assert_int_equal(ivs_remote_find(&remote, &ticket, ME, 1000, &found), 0);
    assert_int_equal(ivs_expose_release(&table, ME, &ticket, &owner), 0);
    assert_int_equal(ivs_remote_read(&remote, &ticket, &found, copy), -EBADMSG);
    (void) take(ME, data, 1000);
    assert_int_equal(ivs_remote_read(&remote, &ticket, &found, copy), -EBADMSG);
}

static void test_buffer_with_a_hole(void **state)
{
    const size_t page = (size_t) sysconf(_SC_PAGESIZE);
    struct ivs_remote remote = self();
    struct ivs_ticket ticket;
    struct ivs_exposed found;
    char *pages, *copy = malloc(2 * page);

    (void) state;
    need_reading();
    pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    ticket = take(ME, pages, 2 * page);
    assert_int_equal(ivs_remote_find(&remote, &ticket, ME, 2 * page, &found), 0);
    assert_int_equal(ivs_remote_read(&remote, &ticket, &found, copy), -EFAULT);
    munmap(pages, 2 * page);
    free(copy);
}

static void test_probe(void **state)
{
    struct ivs_remote remote = self();

    (void) state;
    need_reading();
    remote.nonce++;
    assert_int_equal(ivs_remote_probe(&remote), -ESTALE);
    remote = self();
    remote.table = 8;
    assert_int_equal(ivs_remote_probe(&remote), -EFAULT);
    ivs_expose_init(&table, 0);
    remote = self();
    remote.nonce = 0;
    assert_int_equal(ivs_remote_probe(&remote), -ESTALE);
}

/* A child has its own table and data at the same addresses. */
static void test_another_process(void **state)
{
    struct ivs_remote remote = self();
    struct ivs_ticket ticket;
    struct ivs_exposed found;
    char copy[sizeof(data)];
    int pipes[2];

    (void) state;
    need_reading();
    assert_int_equal(pipe(pipes), 0);
    remote.pid = fork();
    if (remote.pid == 0) {
        alarm(60); /* should the test fail before it ends this process */
        memset(data, 'c', sizeof(data));
        (void) ivs_expose_take(&table, ME, data, sizeof(data), data, &ticket);
        (void) !write(pipes[1], &ticket, sizeof(ticket));
        pause();
        _exit(0);
    }
    assert_int_equal(read(pipes[0], &ticket, sizeof(ticket)), sizeof(ticket));
    assert_int_equal(ivs_remote_probe(&remote), 0);
    assert_int_equal(ivs_remote_find(&remote, &ticket, ME, sizeof(data), &found), 0);
    assert_int_equal(ivs_remote_read(&remote, &ticket, &found, copy), 0);
    for (size_t i = 0; i < sizeof(copy); i++) {
        assert_int_equal(copy[i], 'c');
    }
    kill(remote.pid, SIGKILL);
    waitpid(remote.pid, NULL, 0);
    assert_int_equal(ivs_remote_find(&remote, &ticket, ME, sizeof(data), &found), -ESRCH);
    assert_int_equal(ivs_remote_read(&remote, &ticket, &found, copy), -ESRCH);
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_release_returns_the_owner_once, prepare),
        cmocka_unit_test_setup(test_forged_releases, prepare),
        cmocka_unit_test_setup(test_free_entries_have_no_ticket, prepare),
        cmocka_unit_test_setup(test_full, prepare),
        cmocka_unit_test_setup(test_numbers_skip_zero, prepare),
        cmocka_unit_test_setup(test_read, prepare),
        cmocka_unit_test_setup(test_read_in_pieces, prepare),
        cmocka_unit_test_setup(test_forged_reads, prepare),
        cmocka_unit_test_setup(test_withdrawn_while_read, prepare),
        cmocka_unit_test_setup(test_buffer_with_a_hole, prepare),
        cmocka_unit_test_setup(test_probe, prepare),
        cmocka_unit_test_setup(test_another_process, prepare),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
