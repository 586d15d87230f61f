/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Ports of several ranks on one segment between guard pages, in one thread, and messages among
 * them: for the tests of the ports.
 */
#ifndef PORT_TEST_H_INCLUDED
#define PORT_TEST_H_INCLUDED

#include "ivs_test.h"

#define RANKS_MAX 80u
#define CELLS 8u
#define CELL_BYTES 1024u
#define ME 0u /* the port that receives in most tests */

static struct guarded memory;
static struct ivs_shape shape;
static struct ivs_port ports[RANKS_MAX];
static struct ivs_port *const me = &ports[ME];
static uint32_t rings_wanted = IVS_RINGS_MAX;

static inline void open_ports(uint32_t ranks, uint32_t cells)
{
    assert_int_equal(ivs_shape_make(ranks, rings_wanted, cells, CELL_BYTES, &shape), 0);
    guarded_make(&memory, shape.bytes);
    assert_int_equal(ivs_segment_format(guarded_front(&memory), shape.bytes, &shape), 0);
    for (uint32_t i = 0; i < ranks; i++) {
        assert_int_equal(ivs_port_open(&ports[i], guarded_front(&memory), shape.bytes, &shape, i),
                         0);
    }
}

static inline void close_ports(void)
{
    for (uint32_t i = 0; i < shape.ranks; i++) {
        ivs_port_close(&ports[i]);
    }
    guarded_free(&memory);
}

/* ---- the segment's words, as a hostile peer finds them -------------------------------------- */

static inline unsigned char *part_of(uint32_t rank)
{
    return (unsigned char *) guarded_front(&memory) + TEST_PAGE + rank * shape.part_bytes;
}

static inline ivl_sh64_t *wake_of(uint32_t rank, uint32_t index)
{
    return (ivl_sh64_t *) (void *) part_of(rank) + index;
}

static inline ivl_sh64_t *directory_of(uint32_t rank, uint32_t index)
{
    return (ivl_sh64_t *) (void *) (part_of(rank) + shape.directory_off) + index;
}

/* ---- messages ------------------------------------------------------------------------------ */

struct message {
    uint32_t from, number;
    uint32_t cell; /* IVS_NOBODY: none */
};

static inline int publish(uint32_t from, uint32_t to, uint32_t number, uint32_t cell)
{
    const struct message message = { from, number, cell };
    const struct ivs_head head = { .kind = KIND, .bytes = sizeof(message) };
    struct ivs_port *port = &ports[from];
    int rc = ivs_link_open(port, to);

    if (rc == 0) {
        rc = ivs_out_begin(&port->links[to].out, 1);
    }
    if (rc == 0) {
        ivs_out_write(&port->links[to].out, 0, &message, sizeof(message));
        ivs_out_publish(&port->links[to].out, &head, 1);
    }
    return rc;
}

static inline void send(uint32_t from, uint32_t to, uint32_t number)
{
    assert_int_equal(publish(from, to, number, IVS_NOBODY), 0);
    if (ivs_out_must_wake(&ports[from].links[to].out)) {
        ivs_link_wake(&ports[from], to);
    }
}

/* Takes one record from peer's ring; false: none there. */
static inline bool take_from(struct ivs_port *port, uint32_t peer, struct message *message)
{
    struct ivs_in *in = &port->ins[peer];
    struct ivs_head head;
    uint64_t word = in->ring == NULL ? 0 : ivs_in_peek(in);

    if (word == 0) {
        return false;
    }
    assert_int_equal(ivs_in_head(in, word, &head), 0);
    if (head.kind == IVS_KIND_CLOSE) {
        ivs_port_detach(port, peer);
        return false;
    }
    assert_int_equal(head.bytes, sizeof(*message));
    ivs_in_read(in, 0, message, sizeof(*message));
    assert_int_equal(message->from, peer);
    ivs_in_done(in, 1, message->cell != IVS_NOBODY);
    return true;
}

/* One poll as the transport does it: the hot rings, then the bells. Counts records by sender. */
static inline int poll(struct ivs_port *port, uint32_t *got)
{
    uint32_t hot[IVS_HOT], count = port->hot_count;
    struct message message;
    int records = 0;

    memcpy(hot, port->hot, sizeof(hot));
    for (uint32_t i = 0; i < count; i++) {
        while (take_from(port, hot[i], &message)) {
            assert_int_equal(message.number, got[hot[i]]++);
            records++;
        }
    }
    assert_true(ivs_port_listen(port) >= 0);
    return records;
}

static inline void expect_hot(const struct ivs_port *port, uint32_t count, const uint32_t *peers)
{
    assert_int_equal(port->hot_count, count);
    assert_memory_equal(port->hot, peers, count * sizeof(*peers));
}

static inline bool is_asleep(uint32_t from, uint32_t to)
{
    bool asleep = ivs_out_must_wake(&ports[from].links[to].out);

    assert_true(ports[to].ins[from].ring == NULL || ports[to].ins[from].asleep == asleep);
    return asleep;
}

#endif /* PORT_TEST_H_INCLUDED */
