/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Public interface of the locality library: the region, the locality table in it, who this VM
 * is, the job directory and the arena allocator. It knows nothing of MPI; the MPI library, the
 * host tools, tests and benchmarks link it.
 *
 * Errors: functions return 0 or a negative errno value; the first function that can name the
 * cause fills *diag (may be NULL). Nothing here prints, exits or calls abort.
 *   -EBADMSG   content of the region is corrupt or hostile
 *   -ENOMEM    the region (or an array of it) is full
 *   -ESTALE    the job, block or VM named has ended or was replaced
 *   -EAGAIN    a concurrent writer did not finish in a bounded number of tries
 *   -EROFS     the call writes, but the region was opened read-only
 * Out-parameters are set on success only.
 *
 * Thread safety: a struct ivl_region is immutable after open, and every function on it may be
 * called from several threads and processes at once, except ivl_region_close() and the host's
 * table writers (one host process at a time; a lock file enforces it for file: regions).
 *
 * Trust: everything in the region may be written at any time by anybody who maps it. Geometry
 * is copied and checked once at open and kept private; every later read is fetched once,
 * checked, then used. A hostile region can make a call fail, never touch memory outside it or
 * loop for ever.
 */
#ifndef LOCALITY_H_INCLUDED
#define LOCALITY_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "locality_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- diagnosis ---------------------------------------------------------------------------- */

/* One finding, ready to print as "WHERE: WHAT: REMEDY". Always NUL-terminated. */
struct ivl_diag {
    char where[160];  /* the thing at fault: a path, a URI, a knob, "job slot 3" */
    char what[200];   /* what was found and, where it helps, what was expected */
    char remedy[200]; /* what to do */
};

/* Fill *diag (NULL: nothing happens); returns err, so that "return ivl_fail(...)" reads well.
 * The texts are cut to fit. */
int ivl_fail(struct ivl_diag *diag, int err, const char *where, const char *remedy,
             const char *what_fmt, ...) __attribute__((format(printf, 5, 6)));

/* Writes "where: what: remedy" to buf (always terminated). */
void ivl_diag_format(const struct ivl_diag *diag, char *buf, size_t size);

/* ---- region ------------------------------------------------------------------------------- */

enum ivl_backend {
    IVL_BACKEND_FILE,  /* file:PATH        POSIX shm or hugetlbfs file; containers, tests */
    IVL_BACKEND_PCI,   /* pci:auto, pci:DDDD:BB:DD.F   BAR 2 of an ivshmem device by sysfs */
    IVL_BACKEND_DAX,   /* dax:/dev/daxX.Y  device DAX */
    IVL_BACKEND_DRIVER /* pci: likewise, but by the guest driver's /dev/ivshmemN */
};

/* Private copy of the checked geometry. Offsets in bytes from base. */
struct ivl_geometry {
    uint64_t region_bytes;
    uint64_t table_off, jobs_off, chunks_off, heap_off;
    uint32_t table_count, jobs_count, chunk_count, chunk_bytes;
    uint32_t chunk_shift; /* log2(chunk_bytes) */
    uint32_t lease_ms;
    uint64_t generation;
    uint16_t version_minor;
    uint8_t region_uuid[IVL_UUID_BYTES];
    uint8_t host_uuid[IVL_UUID_BYTES];
    uint8_t host_boot_id[IVL_UUID_BYTES];
};

struct ivl_region {
    uint8_t *base;      /* mapping, page aligned */
    uint64_t map_bytes; /* bytes mapped; at least geo.region_bytes */
    enum ivl_backend backend;
    bool writable;
    bool pages;     /* has page structures: can be registered for RDMA, used for O_DIRECT */
    char uri[256];  /* canonical: what was really opened, e.g. pci:0000:00:04.0 */
    char path[256]; /* the file mapped, e.g. /sys/bus/pci/devices/.../resource2_wc */
    /* IVL_BACKEND_PCI: -ENODEV no guest driver is bound, another: it could not be used, 0 it
     * was not wanted (?map=). Why, in no_driver_why. */
    int no_driver;
    struct ivl_diag no_driver_why;
    struct ivl_geometry geo;
};

#define IVL_OPEN_READONLY 1u

/* Opens, maps and checks a region.
 *
 * uri    file:PATH | pci:auto | pci:DDDD:BB:DD.F | dax:/dev/daxX.Y; for pci an optional suffix
 *        "?map=driver" (the guest driver's /dev/ivshmemN), "?map=wc" (resource2_wc), "?map=uc"
 *        (resource2); default: the first of them that can be mapped.
 *        pci:auto takes the only device 1af4:1110 whose BAR holds a valid superblock; none or
 *        several are errors that name them.
 * flags  IVL_OPEN_*
 * Errors: -EINVAL unknown scheme or malformed URI; -ENODEV no such device; -ENOENT; -EACCES,
 * -EPERM no permission (remedy names owner, mode, lockdown); -EBADMSG wrong magic, checksum or
 * geometry; -EPROTO other ABI major or unknown incompatible feature; -EMSGSIZE the backing is
 * smaller than the superblock says; -ENOTUNIQ pci:auto found several regions. The caller owns
 * *region: ivl_region_close(). */
int ivl_region_open(const char *uri, unsigned flags, struct ivl_region **region,
                    struct ivl_diag *diag);

/* Path of the guest driver's node for a PCI device ("0000:00:04.0"): "/dev/ivshmemN". -ENODEV: no
 * driver is bound to it; -ENAMETOOLONG. */
int ivl_driver_node(const char *device, char *path, size_t size);

/* Unmaps and frees. NULL is allowed. No other call on the region may be under way. */
void ivl_region_close(struct ivl_region *region);

/* Checks that the backing is still at least as large as the mapping and that the superblock
 * still names the same region (uuid, generation). 0, -EMSGSIZE (it shrank), -ESTALE. A file
 * is checked by fstat first, so that a shrunken one is found without touching it. */
int ivl_region_check(const struct ivl_region *region, struct ivl_diag *diag);

/* Parses and checks the superblock in the first 4096 bytes at buf against a backing of
 * backing_bytes; what ivl_region_open() uses, and a fuzz target. buf may change meanwhile. */
int ivl_super_fetch(const void *buf, uint64_t backing_bytes, const char *where,
                    struct ivl_geometry *geo, struct ivl_diag *diag);

/* The host daemon's heartbeat: grows while one runs, 0 = none ever did. */
uint64_t ivl_region_heartbeat(const struct ivl_region *region);

/* Measured sequential read speed of the mapping's heap, in MB/s (1e6), by reading up to `bytes`
 * bytes once untimed and once timed. Takes well under 10 ms when cached. Tells a write-back
 * mapping (thousands) from an uncached one (hundreds or less). */
double ivl_region_read_mbps(const struct ivl_region *region, size_t bytes);

/* What ivl_region_format() is to lay out. Zero means default. */
struct ivl_format {
    uint64_t region_bytes; /* required */
    uint32_t vms;          /* table entries, default 64, 1..IVL_VMS_MAX */
    uint32_t jobs;         /* job slots, default 64, 1..IVL_JOBS_MAX */
    uint32_t chunk_bytes;  /* default: 4096, doubled until at most 2^18 chunks are needed */
    uint32_t lease_ms;     /* default 10000, 1000..600000 */
};

/* Host: writes a fresh, empty region into memory base[0..region_bytes). The magic is written
 * last. generation is one more than that of a valid old superblock of ours there, else 1.
 * -EINVAL with the reason for impossible sizes. */
int ivl_region_format(void *base, const struct ivl_format *fmt, struct ivl_diag *diag);

/* Host: creates the file, reserves all its pages (posix_fallocate, so that nobody faults into a
 * hole), formats it. mode as in open(2). An existing file is refused (-EEXIST) unless force,
 * and then only if it is a regular file; its generation is continued and its size adjusted. */
int ivl_region_create_file(const char *path, const struct ivl_format *fmt, unsigned mode,
                           bool force, struct ivl_diag *diag);

/* Formats the backing that uri names (as for ivl_region_open(); pci:auto: the only device),
 * which stays as large as it is. region_bytes 0: all of it, else at most that. A valid region
 * there is refused (-EEXIST) unless force; its generation is continued. */
int ivl_region_create_at(const char *uri, const struct ivl_format *fmt, bool force,
                         struct ivl_diag *diag);

/* Looks for /sys, /proc and /dev below dir, for tests and containers that show the host's there.
 * The string is not copied. To be called before anything else; not thread-safe. */
void ivl_sysroot_set(const char *dir);

/* ---- locality table ----------------------------------------------------------------------- */

/* Checked private copy of a table entry: strings are terminated and printable, counts in
 * range, bits beyond counts zeroed. Same shape as the ABI struct. */
struct ivl_vm {
    uint32_t slot;
    struct ivl_abi_vm vm;
};

/* Reads entry `slot`. 0; -ENOENT slot free; -ERANGE slot outside the table; -EAGAIN the entry is
 * being rewritten or its writer died; -EBADMSG content out of range. */
int ivl_table_read(const struct ivl_region *region, uint32_t slot, struct ivl_vm *vm,
                   struct ivl_diag *diag);

/* Finds an active VM by its name, or by its slot when `name` is a decimal number. -ENOENT. */
int ivl_table_find(const struct ivl_region *region, const char *name, struct ivl_vm *vm,
                   struct ivl_diag *diag);

/* Checks the whole table: unreadable entries and any identity (name, uuid, MAC, CID, asset tag)
 * that two active entries share. 0, or -EBADMSG with the first finding in *diag. */
int ivl_table_check(const struct ivl_region *region, struct ivl_diag *diag);

/* Host: adds a VM (fields state and epoch of *vm are ignored, the rest is checked) in the
 * lowest free slot, or in slot `want` if it is not UINT32_MAX. Refuses (-EEXIST) an identity
 * that an active entry has already, naming both. *slot_out may be NULL. */
int ivl_table_add(struct ivl_region *region, const struct ivl_abi_vm *vm, uint32_t want,
                  uint32_t *slot_out, struct ivl_diag *diag);

/* Host: removes the VM in the slot. -ENOENT. */
int ivl_table_remove(struct ivl_region *region, uint32_t slot, struct ivl_diag *diag);

/* Checks and tidies a VM's description. NULL, or what is wrong with it ("a reserved vsock CID"). */
const char *ivl_vm_flaw(struct ivl_abi_vm *vm);

/* Whether two VMs share an identity; `what` gets its name and value. */
bool ivl_vm_clash(const struct ivl_abi_vm *a, const struct ivl_abi_vm *b, char *what, size_t size);

/* Parsers shared by tools and library: "aa:bb:cc:dd:ee:ff"; a UUID in the usual 36 characters
 * (or 32 hex digits). 0 or -EINVAL. The formatters always terminate. */
int ivl_mac_parse(const char *text, uint8_t mac[6]);
int ivl_uuid_parse(const char *text, uint8_t uuid[IVL_UUID_BYTES]);
void ivl_mac_format(const uint8_t mac[6], char text[18]);
void ivl_uuid_format(const uint8_t uuid[IVL_UUID_BYTES], char text[37]);
bool ivl_uuid_is_zero(const uint8_t uuid[IVL_UUID_BYTES]);

/* ---- the host's daemon -------------------------------------------------------------------- */

/* A daemon that owns a region keeps the truth about it in private memory: guests can write to all of
 * the region, and what they change of the host's part is put back. None of these takes the lock of
 * the table's writers, which anybody who has the file open could hold: the daemon is the only
 * writer, and what another one writes is put back too. The region is open for writing. */

#define IVL_SEAL_BYTES 512

/* Copies the sealed part of the superblock. */
void ivl_seal_read(const struct ivl_region *region, uint8_t seal[IVL_SEAL_BYTES]);

/* Puts the seal back if it differs; true if it did. */
bool ivl_seal_keep(struct ivl_region *region, const uint8_t seal[IVL_SEAL_BYTES]);

/* The same in a region file that cannot be opened any more, because its superblock was overwritten.
 * -EBADMSG: the seal is not one of a region that fits the file. */
int ivl_seal_restore(const char *path, const uint8_t seal[IVL_SEAL_BYTES], bool *restored,
                     struct ivl_diag *diag);

/* Writes the entry as *vm has it, state and epoch included, if it differs; true if it did. The slot
 * is in range and *vm is without a flaw, or all zero for a free entry. */
bool ivl_table_keep(struct ivl_region *region, uint32_t slot, const struct ivl_abi_vm *vm);

/* Puts table_epoch to this value; true if it differed. After the entries of a change. */
bool ivl_table_epoch_keep(struct ivl_region *region, uint64_t epoch);

/* Says that the daemon lives: beat grows by 1 from call to call. */
void ivl_region_beat(struct ivl_region *region, uint64_t beat);

/* Descriptor of the backing; it belongs to the region. */
int ivl_region_fd(const struct ivl_region *region);

/* ---- who am I ----------------------------------------------------------------------------- */

/* What an (unprivileged) process can see of its own VM. */
struct ivl_vmid {
    uint32_t mac_count; /* 0..32 */
    uint8_t macs[32][6];
    uint32_t vsock_cid;           /* 0 = none */
    uint8_t uuid[IVL_UUID_BYTES]; /* zeros = not readable */
    char asset_tag[IVL_VM_TAG_BYTES];
    uint8_t boot_id[IVL_UUID_BYTES]; /* kernel boot id: tells two claimants of a slot apart */
};

/* Collects the identity. sysroot is "" on a real system; tests give a directory that holds
 * sys/class/net/..., sys/class/dmi/id/..., proc/sys/kernel/random/boot_id. With a sysroot the
 * vsock device is not asked; the CID is read from SYSROOT/vsock_cid if that exists. Missing
 * facts are left zero; never fails. */
void ivl_vmid_probe(const char *sysroot, struct ivl_vmid *id);

/* Finds this VM in the table: by UUID, asset tag, vsock CID or any MAC. -ENOENT: no entry
 * matches (diag lists what was looked for); -ENOTUNIQ: entries contradict each other (names
 * them). *by (may be NULL) gets "uuid", "asset-tag", "vsock-cid" or "mac". */
int ivl_vmid_match(const struct ivl_region *region, const struct ivl_vmid *id, struct ivl_vm *vm,
                   const char **by, struct ivl_diag *diag);

/* ---- jobs --------------------------------------------------------------------------------- */

/* Names one job on the region for ever. Plain data; may be sent to other processes. */
struct ivl_job {
    uint32_t slot;
    uint64_t epoch; /* 1 .. 2^48 - 1 */
};

/* Claims a free slot and makes a member table with `members` lines (zeroed), state CLAIMED ->
 * ACTIVE. `key` may be NULL: random. *members_off gets its offset. Does not wait; -ENOMEM when
 * no slot or no room (diag: how much is there, who holds it). */
int ivl_job_create(struct ivl_region *region, uint32_t creator_vm, uint32_t members,
                   const uint8_t key[16], struct ivl_job *job, uint64_t *members_off,
                   struct ivl_diag *diag);

/* 0 if the job is active and has the member table at members_off with `members` lines. -ESTALE
 * it is not (its lease ran out, or the region was made anew); -EBADMSG offsets out of range. */
int ivl_job_check(const struct ivl_region *region, const struct ivl_job *job, uint64_t members_off,
                  uint32_t members, struct ivl_diag *diag);

/* Beats once: the job's heartbeat and, if member is not UINT32_MAX, the member's own line at
 * members_off (as checked by ivl_job_check). -ESTALE if the job is no longer active: the caller
 * must not touch its blocks any more. */
int ivl_job_beat(const struct ivl_region *region, const struct ivl_job *job, uint64_t members_off,
                 uint32_t member);

/* Ends the job: sweeps all its chunks back to the heap and frees the slot, whoever else still
 * uses them. For the last member. -ESTALE if it had ended already. */
int ivl_job_end(struct ivl_region *region, const struct ivl_job *job);

/* What show and gc see of a slot: a checked copy. */
struct ivl_job_info {
    struct ivl_job job;
    uint32_t state; /* IVL_JOB_* */
    uint8_t key[16];
    uint32_t creator_vm;
    uint32_t member_count; /* as written there; not trusted */
    uint64_t members_off;
    uint64_t heartbeat;
    uint64_t chunks; /* chunks it owns */
    uint64_t blocks; /* blocks with references */
};

/* -ERANGE; -ENOENT slot free; -EBADMSG. counts: fill chunks and blocks too (walks the heap). */
int ivl_job_read(const struct ivl_region *region, uint32_t slot, bool counts,
                 struct ivl_job_info *info, struct ivl_diag *diag);

/* Watches every job for signs of death: call now and then with a monotonic time in ms. A slot
 * whose (state, epoch, heartbeat) have not changed for lease_ms of the watcher's own time is
 * swept and freed; chunks whose owner names no living job are freed too. The watch is private
 * memory of the caller. *reclaimed (may be NULL): jobs freed by this call. */
struct ivl_watch;
int ivl_watch_create(const struct ivl_region *region, struct ivl_watch **watch);
void ivl_watch_destroy(struct ivl_watch *watch);
int ivl_watch_step(struct ivl_watch *watch, uint64_t now_ms, uint32_t *reclaimed,
                   struct ivl_diag *diag);

/* ---- arena allocator ---------------------------------------------------------------------- */

/* A block is a run of whole chunks (so at least page aligned) of one job, with a reference
 * count. There is no lock: chunks are claimed by compare-and-swap, so a process killed at any
 * instruction blocks nobody and leaks at most until its job's lease runs out.
 * A block is named by (offset, generation); both are public data and checked on use. */
struct ivl_block {
    uint64_t offset; /* bytes from the region's base */
    uint32_t generation;
    uint64_t bytes; /* as asked for */
};

/* Adds chunks for `bytes` bytes, contiguous, to the job's arena: reserved for its blocks. */
int ivl_arena_reserve(struct ivl_region *region, const struct ivl_job *job, uint64_t bytes,
                      struct ivl_diag *diag);

/* Allocates from the job's arena, else from the heap; zero-filled; one reference. bytes >= 1.
 * -ENOMEM; -ESTALE (the job ended). */
int ivl_block_alloc(struct ivl_region *region, const struct ivl_job *job, uint64_t bytes,
                    struct ivl_block *block, struct ivl_diag *diag);

/* Takes a reference by name: checks that (offset, generation) is a live block of this job with
 * at least min_bytes bytes, within the heap, all its chunks owned by the job. Fills *block.
 * -ESTALE, -EBADMSG (not such a block), -EOVERFLOW (references). */
int ivl_block_attach(struct ivl_region *region, const struct ivl_job *job, uint64_t offset,
                     uint32_t generation, uint64_t min_bytes, struct ivl_block *block,
                     struct ivl_diag *diag);

/* Takes another reference to a block that this process has had one to, if it still lives. Its chunks
 * were looked at then, and cannot have changed while it lived: for large blocks that is most of the
 * work. Errors as above. */
int ivl_block_attach_known(struct ivl_region *region, const struct ivl_job *job,
                           const struct ivl_block *block, struct ivl_diag *diag);

/* Drops a reference; the last one frees. A block that is not alive (double free) or not the
 * job's is refused: -ESTALE, -EBADMSG. */
int ivl_block_release(struct ivl_region *region, const struct ivl_job *job,
                      const struct ivl_block *block, struct ivl_diag *diag);

static inline void *ivl_block_addr(const struct ivl_region *region, const struct ivl_block *block)
{
    return region->base + block->offset;
}

/* Usage of the heap, from one walk over the descriptors. */
struct ivl_usage {
    uint64_t heap_bytes, free_bytes, largest_free_bytes;
    uint64_t chunks, free_chunks;
    uint64_t orphan_chunks; /* owner names no living job */
    uint64_t corrupt_chunks;
};
void ivl_usage_read(const struct ivl_region *region, struct ivl_usage *usage);

#ifdef __cplusplus
}
#endif

#endif /* LOCALITY_H_INCLUDED */
