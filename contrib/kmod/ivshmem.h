/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Driver for QEMU's ivshmem device: what its files share.
 *
 * Lifetime. struct ivshmem is freed by the release function of its struct device, which the
 * character device, and thereby every open file and mapping, holds. What belongs to the PCI
 * device (registers, pages, interrupts) goes when that is removed: "gone" is set under the lock
 * for writing, and whoever touches these things holds it for reading and looks at "gone" first.
 *
 * The lock is taken under mmap_lock (page faults): no user memory is touched while it is held.
 */
#ifndef IVSHMEM_H
#define IVSHMEM_H

#include <linux/atomic.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/memremap.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/rwsem.h>
#include <linux/wait.h>

#include "ivshmem_uapi.h"

struct ivshmem;

struct ivshmem_vector {
	struct ivshmem *iv;
	atomic_t rung; /* interrupts so far; wraps */
};

struct ivshmem {
	struct device dev;
	struct cdev cdev;
	struct pci_dev *pdev;
	struct inode *inode; /* whose address space all mappings are in */

	struct rw_semaphore lock;
	bool gone;

	void __iomem *regs;
	struct dev_pagemap pgmap;
	unsigned long pfn;   /* first page */
	unsigned long pages; /* how many */
	bool huge;	     /* 2 MiB mappings stay write-back */

	unsigned int vectors;
	struct ivshmem_vector vector[IVSHMEM_VECTORS_MAX];
	wait_queue_head_t wait;
};

/* An open file. */
struct ivshmem_file {
	struct ivshmem *iv;
	struct mutex lock;	       /* of seen, among this file's readers */
	u32 seen[IVSHMEM_VECTORS_MAX]; /* value of rung that was last read */
};

/* Memory (ivshmem_mem.c) */
int ivshmem_mem_init(struct ivshmem *iv);
void ivshmem_mem_fini(struct ivshmem *iv);
int ivshmem_mmap(struct file *file, struct vm_area_struct *vma);

/* Doorbells (ivshmem_bell.c) */
int ivshmem_bell_init(struct ivshmem *iv);
void ivshmem_bell_fini(struct ivshmem *iv);
void ivshmem_bell_open(struct ivshmem_file *f);
u32 ivshmem_bell_peer(struct ivshmem *iv);
long ivshmem_bell_ring(struct file *file, const struct ivshmem_ring *ring);
ssize_t ivshmem_read(struct file *file, char __user *buf, size_t len, loff_t *pos);
__poll_t ivshmem_poll(struct file *file, poll_table *table);

#endif /* IVSHMEM_H */
