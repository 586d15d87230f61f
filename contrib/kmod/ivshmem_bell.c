// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Doorbells: one MSI-X interrupt for each vector, which is counted; readers compare the counts
 * with what they have seen.
 */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "ivshmem.h"

/* Registers in BAR 0 */
#define IVSHMEM_REG_POSITION 8
#define IVSHMEM_REG_DOORBELL 12

static irqreturn_t ivshmem_interrupt(int irq, void *arg)
{
	struct ivshmem_vector *vector = arg;

	atomic_inc(&vector->rung);
	wake_up_interruptible(&vector->iv->wait);
	return IRQ_HANDLED;
}

static void ivshmem_bell_free(struct ivshmem *iv, unsigned int count)
{
	while (count-- > 0)
		pci_free_irq(iv->pdev, count, &iv->vector[count]);
	pci_free_irq_vectors(iv->pdev);
}

/* A device without interrupts, ivshmem-plain, has no doorbells; that is no error. */
int ivshmem_bell_init(struct ivshmem *iv)
{
	int count, i, ret;

	if (pci_msix_vec_count(iv->pdev) <= 0)
		return 0;
	pci_set_master(iv->pdev);
	count = pci_alloc_irq_vectors(iv->pdev, 1, IVSHMEM_VECTORS_MAX, PCI_IRQ_MSIX);
	if (count < 0) {
		dev_warn(&iv->pdev->dev, "no interrupts (%d), so no doorbells\n", count);
		return 0;
	}
	for (i = 0; i < count; i++) {
		iv->vector[i].iv = iv;
		ret = pci_request_irq(iv->pdev, i, ivshmem_interrupt, NULL,
				      &iv->vector[i], "%s-%d", dev_name(&iv->dev), i);
		if (ret) {
			ivshmem_bell_free(iv, i);
			return ret;
		}
	}
	iv->vectors = count;
	return 0;
}

void ivshmem_bell_fini(struct ivshmem *iv)
{
	if (iv->vectors)
		ivshmem_bell_free(iv, iv->vectors);
}

/* What has rung before is not news to this file. */
void ivshmem_bell_open(struct ivshmem_file *f)
{
	unsigned int i;

	for (i = 0; i < f->iv->vectors; i++)
		f->seen[i] = atomic_read(&f->iv->vector[i].rung);
}

/* Under the lock, the device not gone. */
u32 ivshmem_bell_peer(struct ivshmem *iv)
{
	return iv->vectors ? ioread32(iv->regs + IVSHMEM_REG_POSITION) : IVSHMEM_NO_PEER;
}

long ivshmem_bell_ring(struct file *file, const struct ivshmem_ring *ring)
{
	struct ivshmem_file *f = file->private_data;
	struct ivshmem *iv = f->iv;
	long ret = 0;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (ring->peer > U16_MAX || ring->vector > U16_MAX)
		return -EINVAL;
	down_read(&iv->lock);
	if (iv->gone)
		ret = -ENODEV;
	else if (!iv->vectors)
		ret = -EOPNOTSUPP;
	else /* orders the caller's stores to the memory before it */
		iowrite32(ring->peer << 16 | ring->vector,
			  iv->regs + IVSHMEM_REG_DOORBELL);
	up_read(&iv->lock);
	return ret;
}

static unsigned int ivshmem_collect(struct ivshmem_file *f, struct ivshmem_event *event,
				    unsigned int room)
{
	unsigned int i, count = 0;

	for (i = 0; i < f->iv->vectors && count < room; i++) {
		u32 rung = atomic_read(&f->iv->vector[i].rung);
		u32 news = rung - READ_ONCE(f->seen[i]);

		if (news) {
			event[count].vector = i;
			event[count].count = news;
			count++;
		}
	}
	return count;
}

static bool ivshmem_rung(struct ivshmem_file *f)
{
	struct ivshmem_event event;

	return ivshmem_collect(f, &event, 1) > 0;
}

/* Bytes given, 0 if there are none now. Events whose copy fails stay. */
static ssize_t ivshmem_give(struct ivshmem_file *f, char __user *buf, unsigned int room)
{
	struct ivshmem_event event[IVSHMEM_VECTORS_MAX];
	unsigned int i, count;
	ssize_t ret;

	mutex_lock(&f->lock);
	count = ivshmem_collect(f, event, room);
	ret = count * sizeof(event[0]);
	if (copy_to_user(buf, event, ret)) {
		ret = -EFAULT;
		count = 0;
	}
	for (i = 0; i < count; i++)
		WRITE_ONCE(f->seen[event[i].vector],
			   f->seen[event[i].vector] + event[i].count);
	mutex_unlock(&f->lock);
	return ret;
}

ssize_t ivshmem_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct ivshmem_file *f = file->private_data;
	struct ivshmem *iv = f->iv;
	unsigned int room =
		min_t(size_t, len / sizeof(struct ivshmem_event), IVSHMEM_VECTORS_MAX);
	ssize_t ret;

	if (!iv->vectors)
		return -EOPNOTSUPP;
	if (!room)
		return -EINVAL;
	for (;;) {
		if (READ_ONCE(iv->gone))
			return -ENODEV;
		ret = ivshmem_give(f, buf, room);
		if (ret)
			return ret;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(iv->wait,
					       READ_ONCE(iv->gone) || ivshmem_rung(f));
		if (ret)
			return ret;
	}
}

__poll_t ivshmem_poll(struct file *file, poll_table *table)
{
	struct ivshmem_file *f = file->private_data;

	poll_wait(file, &f->iv->wait, table);
	if (READ_ONCE(f->iv->gone))
		return EPOLLERR | EPOLLHUP;
	return ivshmem_rung(f) ? EPOLLIN | EPOLLRDNORM : 0;
}
