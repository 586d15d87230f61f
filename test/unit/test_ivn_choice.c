/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The choice among verbs ports, by made-up ports: none, one, several of a network and of several
 * networks; what the table says, true or not; what the user set.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ivn_test.h"

#define SUBNET_A "fec0::2:c903:0:1"
#define DEFAULT_SUBNET "fe80::2:c903:0:1"
#define SUBNET_B "fec0:0:0:1:2:c903:0:1"

static struct ivn_request request_of(const struct ivn_port *ports, int count)
{
    struct ivn_request request = {
        .ports = ports, .port_count = count, .device = "auto", .local_shm = true, .user_gid = -1
    };
    return request;
}

static struct ivn_choice chosen(const struct ivn_request *request)
{
    struct ivn_choice choice;
    struct ivl_diag diag;

    assert_int_equal(ivn_choose(request, &choice, &diag), 0);
    return choice;
}

static void test_none(void **state)
{
    struct ivn_request request = request_of(NULL, 0);
    struct ivn_choice choice = chosen(&request);

    (void) state;
    assert_int_equal(choice.kept_count, 0);
    assert_false(choice.limits);
    assert_int_equal(choice.gid_index, -1);
    assert_string_equal(choice.text, "no verbs device");
}

/* Nothing to choose but the GID. */
static void test_one(void **state)
{
    struct ivn_port port = roce("rxe0", "10.0.0.1");
    struct ivn_request request = request_of(&port, 1);
    struct ivn_choice choice;

    (void) state;
    port.is_software = true;
    port.has_pci = false;
    choice = chosen(&request);
    assert_false(choice.limits);
    assert_int_equal(choice.gid_index, 3);
    assert_string_equal(choice.text, "rxe0:1 (software, RoCE v2, GID 3: 10.0.0.1), the only port");
}

static void test_one_gid_is_no_choice(void **state)
{
    struct ivn_port port = roce("mlx5_0", NULL);
    struct ivn_request request = request_of(&port, 1);

    (void) state;
    port.gid_count = 1;
    assert_int_equal(chosen(&request).gid_index, -1);
}

static void test_nearest(void **state)
{
    struct ivn_port ports[] = { roce("mlx5_0", "10.0.0.1"), roce("mlx5_1", "10.0.0.2") };
    struct ivn_request request = request_of(ports, 2);
    struct ivn_choice choice;

    (void) state;
    ports[0].distance = 21;
    ports[1].distance = 10;
    for (request.local_rank = 0; request.local_rank < 3; request.local_rank++) {
        choice = chosen(&request);
        assert_int_equal(choice.kept_count, 1);
        assert_int_equal(choice.kept[0], 1);
        assert_true(choice.limits);
        assert_string_equal(choice.text, "mlx5_1:1 (RoCE v2, GID 3: 10.0.0.2), the nearest of 2");
    }
}

static void test_ranks_take_turns(void **state)
{
    struct ivn_port ports[] = { infiniband("mlx5_0", SUBNET_A), infiniband("mlx5_1", SUBNET_A),
                                infiniband("mlx5_2", SUBNET_A) };
    struct ivn_request request = request_of(ports, 3);

    (void) state;
    ports[0].distance = ports[2].distance = 10;
    ports[1].distance = 20;
    for (request.local_rank = 0; request.local_rank < 6; request.local_rank++) {
        struct ivn_choice choice = chosen(&request);
        assert_int_equal(choice.kept_count, 1);
        assert_int_equal(choice.kept[0], request.local_rank % 2 == 0 ? 0 : 2);
        assert_non_null(strstr(choice.text, "(InfiniBand), one of 2 equally near"));
        assert_int_equal(choice.gid_index, -1);
    }
}

/* A peer may be in one of the networks only: a port of each is kept, the nearest named first. */
static void test_networks_are_kept(void **state)
{
    struct ivn_port ports[] = { infiniband("mlx5_0", SUBNET_A), infiniband("mlx5_1", SUBNET_B),
                                infiniband("mlx5_2", SUBNET_A), roce("mlx5_3", "10.0.0.1"),
                                roce("mlx5_4", "10.0.1.1") };
    struct ivn_request request = request_of(ports, 5);
    struct ivn_choice choice;

    (void) state;
    for (int i = 0; i < 5; i++) {
        ports[i].distance = 20;
    }
    ports[2].distance = 15;
    ports[4].distance = 10;
    choice = chosen(&request);
    assert_int_equal(choice.kept_count, 4);
    assert_int_equal(choice.kept[0], 4);
    assert_true(choice.limits); /* mlx5_0 is left out for mlx5_2 */
    assert_int_equal(choice.gid_index, -1);
    assert_string_equal(choice.text,
                        "mlx5_4:1 (RoCE v2, GID left to UCX), the only port of its network; also "
                        "mlx5_1:1, mlx5_3:1, mlx5_2:1");
}

/* RoCE by link-local addresses says nothing of the network. */
static void test_unknown_networks_are_kept(void **state)
{
    struct ivn_port ports[] = { roce("mlx5_0", NULL),          roce("mlx5_1", NULL),
                                roce("mlx5_2", "169.254.3.4"), roce("mlx5_3", "169.254.3.5"),
                                roce("mlx5_4", "10.0.0.1"),    roce("mlx5_5", "10.0.0.2") };
    struct ivn_request request = request_of(ports, 6);
    struct ivn_choice choice;

    (void) state;
    ports[4].gids[3].prefix_bits = 0; /* its address is on no interface */
    choice = chosen(&request);
    assert_int_equal(choice.kept_count, 6);
    assert_false(choice.limits);
}

/* Ranks of this machine might talk over verbs: UCX gets all RoCE ports of the best kind. */
static void test_no_shared_memory(void **state)
{
    struct ivn_port ports[] = { roce("mlx5_0", "10.0.0.1"), roce("mlx5_1", "10.0.0.2"),
                                roce("rxe2", "10.0.0.3"), infiniband("mlx5_3", SUBNET_A),
                                infiniband("mlx5_4", SUBNET_A) };
    struct ivn_request request = request_of(ports, 3);
    struct ivn_choice choice;

    (void) state;
    ports[0].distance = 20;
    ports[1].distance = ports[2].distance = 10;
    ports[2].is_software = true;
    request.local_shm = false;
    choice = chosen(&request);
    assert_int_equal(choice.kept_count, 2);
    assert_int_equal(choice.kept[0], 1);
    assert_int_equal(choice.kept[1], 0);
    assert_true(choice.limits);
    assert_int_equal(choice.gid_index, 3);
    assert_string_equal(choice.text,
                        "mlx5_1:1 (RoCE v2, GID 3: 10.0.0.2), one of 2 that UCX chooses "
                        "among; also mlx5_0:1");
    request.port_count = 5; /* InfiniBand ports can */
    choice = chosen(&request);
    assert_int_equal(choice.kept_count, 3);
}

/* Two rails on fabrics that nobody told apart: ranks must not take one each. */
static void test_default_subnet(void **state)
{
    struct ivn_port ports[] = { infiniband("mlx5_0", DEFAULT_SUBNET),
                                infiniband("mlx5_1", DEFAULT_SUBNET),
                                infiniband("mlx5_2", DEFAULT_SUBNET) };
    struct ivn_request request = request_of(ports, 2);
    struct ivn_choice choice;

    (void) state;
    ports[0].distance = ports[2].distance = 20;
    ports[1].distance = 10;
    for (request.local_rank = 0; request.local_rank < 2; request.local_rank++) {
        choice = chosen(&request);
        assert_int_equal(choice.kept_count, 2);
        assert_int_equal(choice.kept[0], 1);
        assert_false(choice.limits);
        assert_string_equal(choice.text, "mlx5_1:1 (InfiniBand), one of 2 that UCX chooses "
                                         "among; also mlx5_0:1");
    }
    request.port_count = 3;
    ports[2].has_physfn = true; /* a host's VF for a guest: another kind */
    choice = chosen(&request);
    assert_int_equal(choice.kept_count, 2);
    assert_true(choice.limits);
    ports[0].pkey = 0x8001; /* the other partition is no doubt */
    assert_int_equal(chosen(&request).kept_count, 2);
    ports[0].has_physfn = true;
    ports[0].pkey = 0;
    assert_int_equal(chosen(&request).kept_count, 1);
}

/* VFs of one fabric in partitions of their own. */
static void test_partitions_differ(void **state)
{
    struct ivn_port ports[] = { infiniband("mlx5_0", SUBNET_A), infiniband("mlx5_1", SUBNET_A),
                                infiniband("mlx5_2", SUBNET_A) };
    struct ivn_request request = request_of(ports, 3);

    (void) state;
    ports[0].pkey = ports[2].pkey = 0xffff;
    ports[1].pkey = 0x8001;
    assert_int_equal(chosen(&request).kept_count, 2);
    assert_true(chosen(&request).limits);
}

static void test_versions_and_prefixes_differ(void **state)
{
    struct ivn_port ports[] = { roce("mlx5_0", "10.0.0.1"), roce("mlx5_1", "10.0.0.2"),
                                roce("mlx5_2", "10.0.0.3") };
    struct ivn_request request = request_of(ports, 3);

    (void) state;
    ports[1].gids[3].v2 = ports[1].gids[1].v2 = false; /* speaks v1 only */
    ports[2].gids[3].prefix_bits = 96 + 16;
    assert_int_equal(chosen(&request).kept_count, 3);
}

static void test_ports_that_cannot(void **state)
{
    struct ivn_port ports[] = { roce("mlx5_0", "10.0.0.1"), roce("mlx5_1", "10.0.0.2"),
                                roce("mlx5_2", "10.0.0.3"), roce("mlx5_3", "10.0.0.4"),
                                roce("mlx5_4", "10.0.0.5") };
    struct ivn_request request = request_of(ports, 5);
    struct ivn_choice choice;

    (void) state;
    ports[0].state = IVN_DOWN;
    ports[1].state = IVN_CLOSED;
    ports[1].error = EACCES;
    ports[2].state = IVN_FOREIGN;
    ports[3].gid_count = 0;
    choice = chosen(&request);
    assert_int_equal(choice.kept_count, 1);
    assert_int_equal(choice.kept[0], 4);
    assert_int_equal(choice.gid_index, 3);
    assert_true(choice.limits); /* the index is not for mlx5_3, which UCX might open */
    assert_string_equal(choice.text,
                        "mlx5_4:1 (RoCE v2, GID 3: 10.0.0.5), the only port; mlx5_0:1 is down; "
                        "mlx5_1: Permission denied; mlx5_2:1 is neither InfiniBand nor RoCE; "
                        "mlx5_3:1 has no GID that can be used");
    ports[3].state = IVN_DOWN;
    assert_false(chosen(&request).limits); /* UCX does not use the others either */
    ports[4].state = IVN_DOWN;
    choice = chosen(&request);
    assert_int_equal(choice.kept_count, 0);
    assert_false(choice.limits);
    assert_ptr_equal(strstr(choice.text, "no verbs port that can be used; mlx5_0:1 is down"),
                     choice.text);
}

/* ---- kinds and the table ---------------------------------------------------------------------- */

static void test_kinds(void **state)
{
    struct ivn_port ports[] = { roce("mlx5_0", "10.0.0.1"), roce("mlx5_1", "10.0.0.2"),
                                roce("rxe2", "10.0.0.3") };
    struct ivn_request request = request_of(ports, 3);
    struct ivn_choice choice;

    (void) state;
    ports[0].distance = ports[2].distance = 10;
    ports[0].has_physfn = true; /* the host's view of a guest's VF */
    ports[1].distance = 20;
    ports[2].is_software = true;
    choice = chosen(&request);
    assert_int_equal(choice.kept[0], 1);
    assert_non_null(strstr(choice.text, "the best of 3 by kind"));
    request.port_count = 1; /* in a container that has no other */
    choice = chosen(&request);
    assert_int_equal(choice.kept[0], 0);
    assert_non_null(strstr(choice.text, "mlx5_0:1 (VF, RoCE v2"));
}

static void test_table(void **state)
{
    struct ivn_port ports[] = { roce("mlx5_0", "10.0.0.1"), roce("mlx5_1", "10.0.0.2") };
    struct ivl_abi_vf vfs[] = { { .pci_bus = 2 }, { .pci_bus = 9, .node_guid = 0x1234 } };
    struct ivn_request request = request_of(ports, 2);
    struct ivn_choice choice;

    (void) state;
    ports[0].distance = 10;
    ports[1].distance = 20;
    request.vfs = vfs;
    request.vf_count = 2;
    choice = chosen(&request);
    assert_int_equal(choice.kept[0], 1);
    assert_string_equal(choice.text,
                        "mlx5_1:1 (VF of the table, RoCE v2, GID 3: 10.0.0.2), the best of 2 by "
                        "kind; VF 0000:09:00.0 of the table is not here");
    vfs[1].node_guid = 1; /* mlx5_0, wherever the table says it is */
    vfs[0].node_guid = 77;
    assert_int_equal(chosen(&request).kept[0], 0);
}

/* Whatever others have written there, networks are kept and the ports are this VM's. */
static void test_hostile_table(void **state)
{
    struct ivn_port ports[] = { infiniband("mlx5_0", SUBNET_A), roce("mlx5_1", "10.0.0.2") };
    struct ivl_abi_vf vfs[IVL_VM_VFS_MAX];
    struct ivn_request request = request_of(ports, 2);
    struct ivn_choice choice;

    (void) state;
    ports[0].has_pci = ports[1].has_pci = false;
    request.vfs = vfs;
    request.vf_count = IVL_VM_VFS_MAX;
    for (int byte = 0; byte < 256; byte++) {
        memset(vfs, byte, sizeof(vfs));
        choice = chosen(&request);
        assert_int_equal(choice.kept_count, 2);
        assert_false(choice.limits);
        assert_true(strlen(choice.text) < sizeof(choice.text));
    }
}

static void test_vf_models(void **state)
{
    struct ivn_port port = roce("mlx5_0", "10.0.0.1");
    struct ivn_request request = request_of(&port, 1);

    (void) state;
    assert_true(ivn_is_vf_model(0x15b3, 0x101e));
    assert_true(ivn_is_vf_model(0x15b3, 0x1004));
    assert_false(ivn_is_vf_model(0x15b3, 0x101d));
    assert_false(ivn_is_vf_model(0x8086, 0x101e));
    port.model = 0x101e;
    assert_non_null(strstr(chosen(&request).text, "mlx5_0:1 (VF, RoCE v2"));
}

/* ---- settings --------------------------------------------------------------------------------- */

static void test_users_devices(void **state)
{
    struct ivn_port ports[] = { roce("mlx5_0", "10.0.0.1"), roce("mlx5_1", "10.0.0.2") };
    struct ivn_request request = request_of(ports, 2);
    struct ivn_choice choice;

    (void) state;
    request.user_devices = "eth0,mlx5_1:1";
    choice = chosen(&request);
    assert_int_equal(choice.kept_count, 1);
    assert_int_equal(choice.kept[0], 1);
    assert_false(choice.limits);
    assert_int_equal(choice.gid_index, 3); /* that was not set */
    assert_non_null(strstr(choice.text, "set by UCX_NET_DEVICES"));
    ports[0].gid_count = 0; /* the index would be forced on it */
    assert_int_equal(chosen(&request).gid_index, 3);
    request.user_devices = "all";
    assert_int_equal(chosen(&request).gid_index, -1);
    assert_false(chosen(&request).limits);
    ports[0].gid_count = 4;
    request.user_devices = "^eth0,mlx5_1:1"; /* mlx5_0 is what UCX opens */
    assert_int_equal(chosen(&request).gid_index, -1);
    request.user_devices = "mlx5_10:1,mlx5,eth0,";
    choice = chosen(&request);
    assert_int_equal(choice.kept_count, 0);
    assert_false(choice.limits);
    assert_string_equal(choice.text, "no verbs port in UCX_NET_DEVICES");
}

static void test_users_gid(void **state)
{
    struct ivn_port ports[] = { roce("mlx5_0", "10.0.0.1"), roce("mlx5_1", "10.0.0.2") };
    struct ivn_request request = request_of(ports, 2);
    struct ivn_choice choice;

    (void) state;
    request.user_gid = 2;
    choice = chosen(&request);
    assert_int_equal(choice.kept_count, 1);
    assert_int_equal(choice.gid_index, -1);
    assert_non_null(strstr(choice.text, "RoCE v1, GID 2: 10.0.0.1, set by UCX_IB_GID_INDEX"));
    request.user_gid = 1; /* link-local: not known to be one network */
    assert_int_equal(chosen(&request).kept_count, 2);
    request.user_gid = 9;
    assert_non_null(strstr(chosen(&request).text, "mlx5_1:1 has no GID that can be used"));
}

/* UCX refuses an index beside subnets. */
static void test_users_subnets(void **state)
{
    struct ivn_port port = roce("mlx5_0", "10.0.0.1");
    struct ivn_request request = request_of(&port, 1);
    char set[] = "UCX_IB_ROCE_SUBNET_LIST=10.0.0.0/24",
         some[] = "UCX_RC_ROCE_SUBNET_LIST=^10.1.0.0/16";
    char all[] = "UCX_IB_ROCE_SUBNET_LIST=all", other[] = "MY_IB_ROCE_SUBNET_LIST=10.0.0.0/24";
    char longer[] = "UCX_IB_ROCE_SUBNET_LISTS=1", bare[] = "UCX_IB_ROCE_SUBNET_LIST";

    (void) state;
    assert_int_equal(chosen(&request).gid_index, 3);
    request.user_subnets = true;
    assert_int_equal(chosen(&request).gid_index, -1);
    assert_non_null(strstr(chosen(&request).text, "GID left to UCX"));
    assert_true(ivn_env_has_subnets((char *[]){ other, set, NULL }));
    assert_true(ivn_env_has_subnets((char *[]){ some, NULL }));
    assert_false(ivn_env_has_subnets((char *[]){ all, other, longer, bare, NULL }));
    assert_false(ivn_env_has_subnets((char *[]){ NULL }));
}

/* Whoever asks for rails gets all ports that are as near; one rail is none. */
static void test_users_rails(void **state)
{
    struct ivn_port ports[] = { roce("mlx5_0", "10.0.0.1"), roce("mlx5_1", "10.0.0.2"),
                                roce("mlx5_2", "10.0.0.3") };
    struct ivn_request request = request_of(ports, 3);
    struct ivn_choice choice;
    char rndv[] = "UCX_MAX_RNDV_RAILS=2", eager[] = "UCX_MAX_EAGER_RAILS=4";
    char lanes[] = "UCX_MAX_EAGER_LANES=2", one[] = "UCX_MAX_RNDV_RAILS=1";
    char other[] = "MAX_RNDV_RAILS=2", bare[] = "UCX_MAX_RNDV_RAILS";

    (void) state;
    ports[0].distance = ports[1].distance = 10;
    ports[2].distance = 20;
    assert_int_equal(chosen(&request).kept_count, 1);
    request.user_rails = true;
    choice = chosen(&request);
    assert_int_equal(choice.kept_count, 2);
    assert_int_equal(choice.kept[0], 0);
    assert_int_equal(choice.kept[1], 1);
    assert_true(choice.limits);
    assert_int_equal(choice.gid_index, 3);
    assert_string_equal(choice.text, "mlx5_0:1 (RoCE v2, GID 3: 10.0.0.1), one of 2 equally near, "
                                     "all kept for UCX's rails; also mlx5_1:1");
    ports[1].distance = 30;
    assert_int_equal(chosen(&request).kept_count, 1);
    assert_true(ivn_env_has_rails((char *[]){ one, rndv, NULL }));
    assert_true(ivn_env_has_rails((char *[]){ eager, NULL }));
    assert_true(ivn_env_has_rails((char *[]){ lanes, NULL }));
    assert_false(ivn_env_has_rails((char *[]){ one, other, bare, NULL }));
}

static void test_named(void **state)
{
    struct ivn_port ports[] = { roce("mlx5_0", "10.0.0.1"), hardware("mlx5_1", 1),
                                infiniband("mlx5_1", SUBNET_A), infiniband("mlx5_2", SUBNET_A) };
    struct ivn_request request = request_of(ports, 4);
    struct ivn_choice choice;
    struct ivl_diag diag;

    (void) state;
    ports[1].state = IVN_DOWN;
    ports[2].number = 2;
    request.device = "mlx5_1";
    choice = chosen(&request);
    assert_int_equal(choice.kept_count, 1);
    assert_int_equal(choice.kept[0], 2); /* its first port that can be used */
    assert_true(choice.limits);
    assert_non_null(strstr(choice.text, "set by MPIR_CVAR_IVSHMEM_NET_DEVICE"));
    request.device = "mlx5_1:2";
    assert_int_equal(chosen(&request).kept[0], 2);
    request.device = "mlx5_1:1";
    assert_int_equal(ivn_choose(&request, &choice, &diag), -ENODEV);
    assert_non_null(strstr(diag.what, "'mlx5_1:1' is no verbs device that can be used here"));
    assert_non_null(strstr(diag.what, "mlx5_1:1 is down"));
    request.device = "mlx5";
    assert_int_equal(ivn_choose(&request, &choice, &diag), -ENODEV);
    request.device = "";
    assert_int_equal(ivn_choose(&request, &choice, &diag), -ENODEV);
    request.port_count = 0;
    assert_int_equal(ivn_choose(&request, &choice, &diag), -ENODEV);
    assert_non_null(strstr(diag.what, "there is no verbs device"));
}

static void test_transports(void **state)
{
    (void) state;
    assert_true(ivn_tls_has_verbs(""));
    assert_true(ivn_tls_has_verbs("all"));
    assert_true(ivn_tls_has_verbs("self,ud_verbs"));
    assert_true(ivn_tls_has_verbs("tcp,rc_x"));
    assert_true(ivn_tls_has_verbs("^tcp"));
    assert_false(ivn_tls_has_verbs("tcp,self,sm"));
    assert_false(ivn_tls_has_verbs("tcp,"));
    assert_true(ivn_tls_has_shm(""));
    assert_true(ivn_tls_has_shm("rc,posix"));
    assert_true(ivn_tls_has_shm("sm,rc"));
    assert_false(ivn_tls_has_shm("rc,self"));
    assert_false(ivn_tls_has_shm("^tcp"));
    assert_false(ivn_tls_has_shm("^ud,sm"));
}

/* More ports than UCX can be told of: nothing is left out. */
static void test_too_many(void **state)
{
    static struct ivn_port ports[IVN_PORTS_MAX + 1];
    struct ivn_request request = request_of(ports, IVN_PORTS_MAX + 1);
    struct ivn_choice choice;

    (void) state;
    for (int i = 0; i <= IVN_PORTS_MAX; i++) {
        ports[i] = infiniband("mlx5_0", SUBNET_A);
        ports[i].number = (uint32_t) i + 1;
    }
    choice = chosen(&request);
    assert_false(choice.limits);
    request.port_count = IVN_PORTS_MAX;
    choice = chosen(&request);
    assert_true(choice.limits);
    assert_int_equal(choice.kept_count, 1);
}

/* No index without a list: it would be forced on ports that were not looked at. */
static void test_too_many_for_an_index(void **state)
{
    static struct ivn_port ports[IVN_PORTS_MAX + 1];
    struct ivn_request request = request_of(ports, IVN_PORTS_MAX + 1);

    (void) state;
    for (int i = 0; i <= IVN_PORTS_MAX; i++) {
        ports[i] = roce("mlx5_0", "10.0.0.1");
        ports[i].number = (uint32_t) i + 1;
    }
    assert_int_equal(chosen(&request).gid_index, -1);
    assert_false(chosen(&request).limits);
    request.port_count = IVN_PORTS_MAX;
    assert_int_equal(chosen(&request).gid_index, 3);
    assert_true(chosen(&request).limits);
}

static void test_sorted(void **state)
{
    struct ivn_port ports[] = { infiniband("mlx5_1", SUBNET_A), infiniband("mlx5_0", SUBNET_A),
                                infiniband("mlx5_0", SUBNET_A) };

    (void) state;
    ports[1].number = 2;
    ivn_ports_sort(ports, 3);
    assert_int_equal(ports[0].number, 1);
    assert_int_equal(ports[1].number, 2);
    assert_string_equal(ports[2].device, "mlx5_1");
    assert_true(ivn_has_several(ports, 3));
    ports[0].state = ports[1].state = IVN_DOWN;
    assert_false(ivn_has_several(ports, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_one_gid_is_no_choice),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_ranks_take_turns),
        cmocka_unit_test(test_networks_are_kept),
        cmocka_unit_test(test_unknown_networks_are_kept),
        cmocka_unit_test(test_no_shared_memory),
        cmocka_unit_test(test_default_subnet),
        cmocka_unit_test(test_partitions_differ),
        cmocka_unit_test(test_versions_and_prefixes_differ),
        cmocka_unit_test(test_ports_that_cannot),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_hostile_table),
        cmocka_unit_test(test_vf_models),
        cmocka_unit_test(test_users_devices),
        cmocka_unit_test(test_users_gid),
        cmocka_unit_test(test_users_subnets),
        cmocka_unit_test(test_users_rails),
        cmocka_unit_test(test_named),
        cmocka_unit_test(test_transports),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_too_many_for_an_index),
        cmocka_unit_test(test_sorted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
