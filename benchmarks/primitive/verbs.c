/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * 8 bytes back and forth over a reliable connection of libibverbs: the data are in the send request
 * itself ("inline"); a device that cannot do that is not measured. The queue pairs' addresses are
 * exchanged over the TCP connection.
 */
#include <errno.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "primitive.h"

#define MESSAGE_BYTES sizeof(uint64_t)
#define RECEIVES 4
#define SENDS 64        /* places in the send queue */
#define SIGNAL_EVERY 16 /* sends for one completion */
#define GIDS_MAX 256

struct address {
    uint32_t qp_number;
    uint32_t lid;
    uint32_t mtu; /* enum ibv_mtu */
    uint32_t by_gid;
    uint8_t gid[16];
};

struct verbs {
    struct ibv_context *context;
    struct ibv_pd *pd;
    struct ibv_cq *cq;
    struct ibv_qp *qp;
    struct ibv_mr *mr;
    struct ibv_port_attr port;
    uint8_t port_number;
    int gid_index;
    struct address own;
    unsigned unsignaled, sends_open;
    uint64_t sent; /* ways so far, for the value of a message */
    uint64_t receive_buffer[RECEIVES], send_buffer;
};

/* ---- the device --------------------------------------------------------------------------- */

static bool find_port(struct verbs *verbs)
{
    struct ibv_device_attr device;

    if (ibv_query_device(verbs->context, &device) != 0) {
        return false;
    }
    for (unsigned port = 1; port <= device.phys_port_cnt; port++) {
        if (ibv_query_port(verbs->context, (uint8_t) port, &verbs->port) == 0 &&
            verbs->port.state == IBV_PORT_ACTIVE) {
            verbs->port_number = (uint8_t) port;
            return true;
        }
    }
    return false;
}

static bool open_one(struct verbs *verbs, struct ibv_device *device)
{
    verbs->context = ibv_open_device(device);
    if (verbs->context == NULL) {
        return false;
    }
    if (find_port(verbs)) {
        return true;
    }
    ibv_close_device(verbs->context);
    verbs->context = NULL;
    return false;
}

static bool open_device(struct verbs *verbs, const char *name, char why[WHY_BYTES])
{
    int count = 0;
    struct ibv_device **list = ibv_get_device_list(&count);

    for (int i = 0; list != NULL && i < count && verbs->context == NULL; i++) {
        if (name == NULL || strcmp(name, ibv_get_device_name(list[i])) == 0) {
            open_one(verbs, list[i]);
        }
    }
    if (list != NULL) {
        ibv_free_device_list(list);
    }
    if (verbs->context == NULL) {
        snprintf(why, WHY_BYTES, "no verbs device%s%.60s with an active port (%d devices)",
                 name != NULL ? " " : "", name != NULL ? name : "", count);
        return false;
    }
    return true;
}

static bool is_mapped_ipv4(const union ibv_gid *gid)
{
    static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

    return memcmp(gid->raw, prefix, sizeof(prefix)) == 0;
}

/* RoCE v2 over IPv4 if there is one, else the first. */
static int choose_gid(struct verbs *verbs)
{
    int count = verbs->port.gid_tbl_len < GIDS_MAX ? verbs->port.gid_tbl_len : GIDS_MAX;
    struct ibv_gid_entry entry;

    for (int i = 0; i < count; i++) {
        if (ibv_query_gid_ex(verbs->context, verbs->port_number, (uint32_t) i, &entry, 0) == 0 &&
            entry.gid_type == IBV_GID_TYPE_ROCE_V2 && is_mapped_ipv4(&entry.gid)) {
            return i;
        }
    }
    return 0;
}

static bool own_address(struct verbs *verbs, int gid_index)
{
    union ibv_gid gid;

    verbs->gid_index = gid_index >= 0 ? gid_index : choose_gid(verbs);
    if (ibv_query_gid(verbs->context, verbs->port_number, verbs->gid_index, &gid) != 0) {
        return false;
    }
    verbs->own.lid = verbs->port.lid;
    verbs->own.mtu = (uint32_t) verbs->port.active_mtu;
    verbs->own.by_gid = gid_index >= 0 || verbs->port.link_layer == IBV_LINK_LAYER_ETHERNET;
    memcpy(verbs->own.gid, gid.raw, sizeof(verbs->own.gid));
    return true;
}

static bool make_queues(struct verbs *verbs)
{
    struct ibv_qp_init_attr how = { .qp_type = IBV_QPT_RC,
                                    .cap = { .max_send_wr = SENDS,
                                             .max_recv_wr = RECEIVES,
                                             .max_send_sge = 1,
                                             .max_recv_sge = 1,
                                             .max_inline_data = MESSAGE_BYTES } };

    verbs->pd = ibv_alloc_pd(verbs->context);
    verbs->cq = ibv_create_cq(verbs->context, SENDS + RECEIVES, NULL, NULL, 0);
    if (verbs->pd == NULL || verbs->cq == NULL) {
        return false;
    }
    how.send_cq = how.recv_cq = verbs->cq;
    verbs->qp = ibv_create_qp(verbs->pd, &how);
    verbs->mr = ibv_reg_mr(verbs->pd, verbs->receive_buffer, sizeof(verbs->receive_buffer),
                           IBV_ACCESS_LOCAL_WRITE);
    if (verbs->qp == NULL || verbs->mr == NULL) {
        return false;
    }
    verbs->own.qp_number = verbs->qp->qp_num;
    return true;
}

struct verbs *verbs_open(const struct options *options, char why[WHY_BYTES])
{
    struct verbs *verbs = calloc(1, sizeof(*verbs));

    if (verbs == NULL) {
        snprintf(why, WHY_BYTES, "no memory left");
        return NULL;
    }
    if (!open_device(verbs, options->verbs_device, why)) {
        free(verbs);
        return NULL;
    }
    if (!own_address(verbs, options->verbs_gid) || !make_queues(verbs)) {
        snprintf(why, WHY_BYTES,
                 "%.60s: no GID, queue pair or registered memory: %s: see ulimit -l",
                 ibv_get_device_name(verbs->context->device), strerror(errno));
        verbs_close(verbs);
        return NULL;
    }
    return verbs;
}

void verbs_close(struct verbs *verbs)
{
    if (verbs->qp != NULL) {
        ibv_destroy_qp(verbs->qp);
    }
    if (verbs->mr != NULL) {
        ibv_dereg_mr(verbs->mr);
    }
    if (verbs->cq != NULL) {
        ibv_destroy_cq(verbs->cq);
    }
    if (verbs->pd != NULL) {
        ibv_dealloc_pd(verbs->pd);
    }
    ibv_close_device(verbs->context);
    free(verbs);
}

/* ---- the connection ----------------------------------------------------------------------- */

static void post_receive(struct verbs *verbs, unsigned at)
{
    struct ibv_sge place = { .addr = (uintptr_t) &verbs->receive_buffer[at],
                             .length = MESSAGE_BYTES,
                             .lkey = verbs->mr->lkey };
    struct ibv_recv_wr request = { .wr_id = at, .sg_list = &place, .num_sge = 1 }, *bad;
    int rc = ibv_post_recv(verbs->qp, &request, &bad);

    if (rc != 0) {
        die("verbs", "cannot post a receive: %s", strerror(rc));
    }
}

static void modify(struct verbs *verbs, struct ibv_qp_attr *to, int mask, const char *name)
{
    int rc = ibv_modify_qp(verbs->qp, to, mask);

    if (rc != 0) {
        die("verbs", "queue pair cannot go to %s: %s: see --verbs-device and --verbs-gid", name,
            strerror(rc));
    }
}

static void to_init(struct verbs *verbs)
{
    struct ibv_qp_attr to = { .qp_state = IBV_QPS_INIT, .port_num = verbs->port_number };

    modify(verbs, &to, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS,
           "INIT");
}

static void to_receive(struct verbs *verbs, const struct address *theirs)
{
    struct ibv_qp_attr to = { .qp_state = IBV_QPS_RTR,
                              .dest_qp_num = theirs->qp_number,
                              .max_dest_rd_atomic = 1,
                              .min_rnr_timer = 12,
                              .ah_attr = { .dlid = (uint16_t) theirs->lid,
                                           .port_num = verbs->port_number } };

    to.path_mtu = (enum ibv_mtu)(theirs->mtu < verbs->own.mtu ? theirs->mtu : verbs->own.mtu);
    if (verbs->own.by_gid != 0) {
        to.ah_attr.is_global = 1;
        to.ah_attr.grh.hop_limit = 64;
        to.ah_attr.grh.sgid_index = (uint8_t) verbs->gid_index;
        memcpy(to.ah_attr.grh.dgid.raw, theirs->gid, sizeof(theirs->gid));
    }
    modify(verbs, &to,
           IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
               IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER,
           "RTR");
}

static void to_send(struct verbs *verbs)
{
    struct ibv_qp_attr to = {
        .qp_state = IBV_QPS_RTS, .timeout = 14, .retry_cnt = 7, .rnr_retry = 7, .max_rd_atomic = 1
    };

    modify(verbs, &to,
           IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN |
               IBV_QP_MAX_QP_RD_ATOMIC,
           "RTS");
}

void verbs_join(struct verbs *verbs, int sock)
{
    struct address theirs;

    meet_swap(sock, &verbs->own, &theirs, sizeof(theirs));
    if (theirs.mtu < IBV_MTU_256 || theirs.mtu > IBV_MTU_4096 || theirs.lid > UINT16_MAX ||
        theirs.by_gid != verbs->own.by_gid) {
        die("verbs",
            "the partner's address (MTU %u, LID %u) does not fit this port's: name "
            "devices of one kind by --verbs-device",
            theirs.mtu, theirs.lid);
    }
    to_init(verbs);
    for (unsigned i = 0; i < RECEIVES; i++) {
        post_receive(verbs, i);
    }
    to_receive(verbs, &theirs);
    to_send(verbs);
    meet_barrier(sock);
}

/* ---- messages ----------------------------------------------------------------------------- */

/* Waits for a completion. True: a message has come, in *at. */
static bool complete_one(struct verbs *verbs, struct wait *wait, unsigned *at)
{
    struct ibv_wc done;
    int count = ibv_poll_cq(verbs->cq, 1, &done);

    if (count == 0) {
        wait_missed(wait);
        return false;
    }
    if (count < 0 || done.status != IBV_WC_SUCCESS) {
        die("verbs", "a message failed: %s",
            count < 0 ? "the completion queue cannot be read" : ibv_wc_status_str(done.status));
    }
    if (done.opcode != IBV_WC_RECV) {
        verbs->sends_open--;
        return false;
    }
    *at = (unsigned) done.wr_id % RECEIVES;
    return true;
}

/* The place of a send comes back with the completion of a later one that asked for it. No message
 * can come meanwhile: the partner waits for ours. */
static void await_room(struct verbs *verbs)
{
    struct wait wait = { 0 };
    unsigned at;

    while ((verbs->sends_open + 1) * SIGNAL_EVERY > SENDS - SIGNAL_EVERY) {
        if (complete_one(verbs, &wait, &at)) {
            die("verbs", "a message arrived that is not an answer");
        }
    }
}

static void send_one(struct verbs *verbs, uint64_t value)
{
    struct ibv_sge place = { .addr = (uintptr_t) &verbs->send_buffer, .length = MESSAGE_BYTES };
    struct ibv_send_wr request = { .sg_list = &place,
                                   .num_sge = 1,
                                   .opcode = IBV_WR_SEND,
                                   .send_flags = IBV_SEND_INLINE },
                       *bad;

    await_room(verbs);
    verbs->send_buffer = value;
    if (++verbs->unsignaled == SIGNAL_EVERY) {
        request.send_flags |= IBV_SEND_SIGNALED;
        verbs->unsignaled = 0;
        verbs->sends_open++;
    }
    int rc = ibv_post_send(verbs->qp, &request, &bad);
    if (rc != 0) {
        die("verbs", "cannot post a send: %s", strerror(rc));
    }
}

static void receive_one(struct verbs *verbs, uint64_t wanted)
{
    struct wait wait = { 0 };
    unsigned at = 0;

    while (!complete_one(verbs, &wait, &at)) {
    }
    if (verbs->receive_buffer[at] != wanted) {
        die("verbs", "message %llu arrived instead of %llu",
            (unsigned long long) verbs->receive_buffer[at], (unsigned long long) wanted);
    }
    post_receive(verbs, at);
}

void verbs_run(struct verbs *verbs, bool first, uint64_t iterations)
{
    for (uint64_t i = 0; i < 2 * iterations; i++, verbs->sent++) {
        if ((i % 2 == 0) == first) {
            send_one(verbs, verbs->sent);
        } else {
            receive_one(verbs, verbs->sent);
        }
    }
}
