/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What programs may do with /dev/ivshmemN: the memory and the doorbells of one ivshmem device
 * (PCI 1af4:1110).
 *
 * Which PCI device it is: /sys/class/ivshmem/ivshmemN/device is a link to it, and the PCI
 * device's folder has ivshmem/ivshmemN, whose file "dev" holds the node's device number.
 *
 * mmap()  offset 0 is the start of the memory; offset and length lie within its size (EINVAL).
 *         MAP_SHARED only (EINVAL). The memory is cached, write-back, and has page structures:
 *         it can be registered for RDMA and used for O_DIRECT, vmsplice() and
 *         process_vm_readv(). A mapping cannot be grown by mremap() (EFAULT). When the device
 *         is unplugged, or the driver is unbound, mappings stay, and an access raises SIGBUS.
 * read()  waits for doorbells; see struct ivshmem_event. ENODEV: the device is gone.
 * poll()  POLLIN: read() has something to give. POLLERR | POLLHUP: the device is gone.
 * ioctl() below. ENODEV: the device is gone; ENOTTY: no such request; EFAULT: bad address.
 *
 * A process may keep the file open, or memory mapped, for as long as it likes: the module cannot
 * be unloaded meanwhile. Unplugging takes mappings away at once, but waits for pages that are
 * pinned (registered for RDMA, in a pipe, or in use by I/O) until they are given back.
 */
#ifndef IVSHMEM_UAPI_H
#define IVSHMEM_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * struct ivshmem_info - what the device is
 * @bytes:   size of the memory, a power of two
 * @flags:   IVSHMEM_INFO_*
 * @vectors: doorbells of this VM, 0 to IVSHMEM_VECTORS_MAX; 0 for ivshmem-plain
 * @peer:    this VM's number among those with a doorbell; IVSHMEM_NO_PEER if it has none
 * @reserved: 0
 */
struct ivshmem_info {
	__u64 bytes;
	__u32 flags;
	__u32 vectors;
	__u32 peer;
	__u32 reserved;
};

#define IVSHMEM_INFO_PAGES (1u << 0) /* has page structures: pages can be pinned */
#define IVSHMEM_INFO_HUGE  (1u << 1) /* mapped by 2 MiB where alignment and length allow */

#define IVSHMEM_NO_PEER	    0xffffffffu
#define IVSHMEM_VECTORS_MAX 32

/*
 * struct ivshmem_event - one doorbell that has rung, as read() gives it
 * @vector: which, below info.vectors
 * @count:  interrupts since this open file last read of it; several rings may be one interrupt
 *
 * read() gives as many whole records as fit, one for each vector that has rung since this open
 * file was opened or last read, each open file by itself. It waits until there is one, or fails
 * with EAGAIN if the file is O_NONBLOCK. EINVAL: no room for one record; EOPNOTSUPP: the device
 * has no doorbells; EINTR.
 */
struct ivshmem_event {
	__u32 vector;
	__u32 count;
};

/*
 * struct ivshmem_ring - whom to ring
 * @peer:   another VM's number, 0 to 65535
 * @vector: which of its doorbells, 0 to 65535
 *
 * The device ignores numbers that do not exist.
 */
struct ivshmem_ring {
	__u32 peer;
	__u32 vector;
};

#define IVSHMEM_IOC_MAGIC 0xe9

/* Fills *info. */
#define IVSHMEM_IOC_INFO _IOR(IVSHMEM_IOC_MAGIC, 0, struct ivshmem_info)

/*
 * Rings once. EBADF: not open for writing; EINVAL: a number above 65535; EOPNOTSUPP: the device
 * has no doorbells.
 */
#define IVSHMEM_IOC_RING _IOW(IVSHMEM_IOC_MAGIC, 1, struct ivshmem_ring)

#endif /* IVSHMEM_UAPI_H */
