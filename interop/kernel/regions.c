// SPDX-License-Identifier: GPL-2.0-only
/* A device's config space, registers (BAR 0), content (BAR 2) and activity. */

#include <linux/crc32.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "testdev.h"

#define TD_REGION_SHIFT 40
#define TD_TICK_MS 10

enum td_register {
	TD_REG_ID = 0x00,		/* r: identifies the device */
	TD_REG_PAGES = 0x04,		/* r: size of the content in pages */
	TD_REG_CHECKSUM = 0x08,		/* r: of content and registers */
	TD_REG_TICKS = 0x0c,		/* r: number of ticks, lower half */
	TD_REG_SCRATCH = 0x10,		/* rw: no function */
	TD_REG_RATE = 0x14,		/* rw: pages changed each tick */
	TD_REG_SEED = 0x18,		/* w: fills the content */
	TD_REG_REINIT = 0x1c,		/* w: restarts initial data */
	TD_REG_DMA_IOVA_LOW = 0x20,	/* rw */
	TD_REG_DMA_IOVA_HIGH = 0x24,	/* rw */
	TD_REG_DMA_SEED = 0x28,		/* rw: the number that fills the first page */
	TD_REG_DMA_PAGES = 0x2c,	/* w: writes this many pages to memory at once */
};

#define TD_ID 0x34565644

void td_init_config(struct td_device *device)
{
	u8 *config = device->config;

	put_unaligned_le16(0x1234, config + PCI_VENDOR_ID);
	put_unaligned_le16(0x5635, config + PCI_DEVICE_ID);
	put_unaligned_le16(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, config + PCI_COMMAND);
	config[PCI_CLASS_DEVICE + 1] = 0x08;	/* system peripheral */
	config[PCI_CLASS_DEVICE] = 0x80;	/* other */
	put_unaligned_le16(0x1234, config + PCI_SUBSYSTEM_VENDOR_ID);
	put_unaligned_le16(0x0001, config + PCI_SUBSYSTEM_ID);
}

u64 td_region_size(const struct td_device *device, u32 index)
{
	switch (index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return PCI_CFG_SPACE_SIZE;
	case VFIO_PCI_BAR0_REGION_INDEX:
		return TD_PAGE;
	case VFIO_PCI_BAR2_REGION_INDEX:
		return td_bytes(device);
	default:
		return 0;
	}
}

u32 td_checksum(const struct td_device *device)
{
	__le64 words[] = {
		cpu_to_le64(device->ticks), cpu_to_le64(device->random),
		cpu_to_le64(device->scratch | (u64)device->rate << 32),
	};

	return crc32_le(crc32_le(~0, (const u8 *)words, sizeof(words)), device->content, td_bytes(device));
}

static u64 next_random(struct td_device *device)
{
	device->random ^= device->random << 13;
	device->random ^= device->random >> 7;
	device->random ^= device->random << 17;
	return device->random;
}

/* A page that a saving session has already read must be read again. */
void td_changed(struct td_device *device, u64 page)
{
	struct td_session *session = device->session;

	if (!session || session->is_resuming || page >= session->cursor || test_and_set_bit(page, session->pages))
		return;
	session->marked++;
	wake_up_all(&device->readable);
}

void td_fill(struct td_device *device, u32 seed)
{
	device->random = seed ? seed : 1;
	for (u64 at = 0; at < td_bytes(device); at += sizeof(u64))
		put_unaligned_le64(next_random(device), device->content + at);
	for (u64 page = 0; page < device->pages; page++)
		td_changed(device, page);
}

void td_work(struct work_struct *work)
{
	struct td_device *device = container_of(to_delayed_work(work), struct td_device, worker);

	mutex_lock(&device->lock);
	if (td_is_running(device->state) && device->rate) {
		device->ticks++;
		for (u32 i = 0; i < device->rate; i++) {
			u64 random = next_random(device);
			u64 page = random % device->pages;

			put_unaligned_le64(random, device->content + (page << TD_PAGE_SHIFT)
						   + (random >> 32) % (TD_PAGE / sizeof(u64)) * sizeof(u64));
			td_changed(device, page);
		}
		schedule_delayed_work(&device->worker, msecs_to_jiffies(TD_TICK_MS));
	}
	mutex_unlock(&device->lock);
}

static int read_register(struct td_device *device, u64 offset, u32 *value)
{
	switch (offset) {
	case TD_REG_ID:
		*value = TD_ID;
		return 0;
	case TD_REG_PAGES:
		*value = device->pages;
		return 0;
	case TD_REG_CHECKSUM:
		*value = td_checksum(device);
		return 0;
	case TD_REG_TICKS:
		*value = lower_32_bits(device->ticks);
		return 0;
	case TD_REG_SCRATCH:
		*value = device->scratch;
		return 0;
	case TD_REG_RATE:
		*value = device->rate;
		return 0;
	case TD_REG_DMA_IOVA_LOW:
		*value = lower_32_bits(device->dma_iova);
		return 0;
	case TD_REG_DMA_IOVA_HIGH:
		*value = upper_32_bits(device->dma_iova);
		return 0;
	case TD_REG_DMA_SEED:
		*value = device->dma_seed;
		return 0;
	default:
		return -EINVAL;
	}
}

static int write_register(struct td_device *device, u64 offset, u32 value)
{
	switch (offset) {
	case TD_REG_SCRATCH:
		device->scratch = value;
		return 0;
	case TD_REG_RATE:
		device->rate = min_t(u64, value, device->pages);
		mod_delayed_work(system_wq, &device->worker, 1);
		return 0;
	case TD_REG_SEED:
		td_fill(device, value);
		return 0;
	case TD_REG_REINIT:
		td_reinit(device);
		return 0;
	case TD_REG_DMA_IOVA_LOW:
		device->dma_iova = (device->dma_iova & ~0xffffffffULL) | value;
		return 0;
	case TD_REG_DMA_IOVA_HIGH:
		device->dma_iova = lower_32_bits(device->dma_iova) | (u64)value << 32;
		return 0;
	case TD_REG_DMA_SEED:
		device->dma_seed = value;
		return 0;
	case TD_REG_DMA_PAGES:
		return td_dma(device, value);
	default:
		return -EINVAL;
	}
}

static ssize_t access_register(struct td_device *device, char __user *buf, size_t count, u64 offset, bool is_write)
{
	__le32 word = 0;
	u32 value = 0;
	int err;

	if (count != sizeof(word) || !IS_ALIGNED(offset, sizeof(word)))
		return -EINVAL;
	if (is_write) {
		if (copy_from_user(&word, buf, sizeof(word)))
			return -EFAULT;
		err = write_register(device, offset, le32_to_cpu(word));
	} else {
		err = read_register(device, offset, &value);
		word = cpu_to_le32(value);
		if (!err && copy_to_user(buf, &word, sizeof(word)))
			return -EFAULT;
	}
	return err ? err : count;
}

/* BARs report their size as PCI specifies; nothing else in the config space is writable. */
static void settle_bars(struct td_device *device)
{
	for (u32 bar = VFIO_PCI_BAR0_REGION_INDEX; bar <= VFIO_PCI_BAR5_REGION_INDEX; bar++) {
		u8 *at = device->config + PCI_BASE_ADDRESS_0 + 4 * bar;
		u64 size = roundup_pow_of_two(td_region_size(device, bar) | 1);

		put_unaligned_le32(size > 1 ? get_unaligned_le32(at) & ~(size - 1) : 0, at);
	}
}

static ssize_t access_config(struct td_device *device, char __user *buf, size_t count, u64 offset, bool is_write)
{
	u8 before[PCI_CFG_SPACE_SIZE];

	if (!is_write)
		return copy_to_user(buf, device->config + offset, count) ? -EFAULT : count;
	memcpy(before, device->config, sizeof(before));
	if (copy_from_user(device->config + offset, buf, count))
		return -EFAULT;
	memcpy(device->config, before, PCI_COMMAND);
	memcpy(device->config + PCI_STATUS, before + PCI_STATUS, PCI_BASE_ADDRESS_0 - PCI_STATUS);
	memcpy(device->config + PCI_CARDBUS_CIS, before + PCI_CARDBUS_CIS, PCI_INTERRUPT_LINE - PCI_CARDBUS_CIS);
	settle_bars(device);
	return count;
}

static ssize_t access_content(struct td_device *device, char __user *buf, size_t count, u64 offset, bool is_write)
{
	if (!is_write)
		return copy_to_user(buf, device->content + offset, count) ? -EFAULT : count;
	if (copy_from_user(device->content + offset, buf, count))
		return -EFAULT;
	for (u64 page = offset >> TD_PAGE_SHIFT; page <= (offset + count - 1) >> TD_PAGE_SHIFT; page++)
		td_changed(device, page);
	return count;
}

static ssize_t access(struct td_device *device, char __user *buf, size_t count, loff_t *pos, bool is_write)
{
	u32 index = *pos >> TD_REGION_SHIFT;
	u64 offset = *pos & ((1ULL << TD_REGION_SHIFT) - 1);
	u64 size = td_region_size(device, index);
	ssize_t done;

	if (!count)
		return 0;
	if (offset >= size || count > size - offset)
		return -EINVAL;
	mutex_lock(&device->lock);
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		done = access_config(device, buf, count, offset, is_write);
	else if (index == VFIO_PCI_BAR0_REGION_INDEX)
		done = access_register(device, buf, count, offset, is_write);
	else
		done = access_content(device, buf, count, offset, is_write);
	mutex_unlock(&device->lock);
	if (done > 0)
		*pos += done;
	return done;
}

ssize_t td_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *pos)
{
	return access(td_of(vdev), buf, count, pos, false);
}

ssize_t td_write(struct vfio_device *vdev, const char __user *buf, size_t count, loff_t *pos)
{
	return access(td_of(vdev), (char __user *)buf, count, pos, true);
}
