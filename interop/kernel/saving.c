// SPDX-License-Identifier: GPL-2.0-only
/*
 * Saving a state. The stream has a header and all pages, which are the initial data; then pages that changed after
 * they were read; and in STOP_COPY, when no page is left, the registers and an end record.
 */

#include <linux/bitmap.h>
#include <linux/crc32.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "testdev.h"

#define TD_RECORD_OF(payload) (sizeof(struct td_record) + (payload))

static void begin_record(struct td_session *session, enum td_kind kind, u64 index, const void *payload, u32 length)
{
	u32 crc = kind == TD_END ? session->chain : crc32_le(~0, payload, length);

	session->record = (struct td_record) {
		.magic = cpu_to_le32(lower_32_bits(TD_MAGIC)),
		.kind = cpu_to_le32(kind),
		.index = cpu_to_le64(index),
		.length = cpu_to_le32(length),
		.crc = cpu_to_le32(crc),
	};
	if (length)
		memcpy(session->payload, payload, length);
	session->chain = crc32_le(session->chain, (u8 *)&session->record, sizeof(session->record));
	session->records++;
	session->at = 0;
	session->size = TD_RECORD_OF(length);
}

static void begin_header(struct td_session *session)
{
	struct td_header header = {
		.magic = cpu_to_le64(TD_MAGIC),
		.version = cpu_to_le32(TD_VERSION),
		.state_bytes = cpu_to_le64(td_bytes(session->device)),
	};

	begin_record(session, TD_HEADER, 0, &header, sizeof(header));
	session->header_done = true;
}

static void begin_registers(struct td_session *session)
{
	struct td_device *device = session->device;
	struct td_registers registers = {
		.ticks = cpu_to_le64(device->ticks),
		.random = cpu_to_le64(device->random),
		.scratch = cpu_to_le32(device->scratch),
		.rate = cpu_to_le32(device->rate),
	};

	begin_record(session, TD_REGISTERS, 0, &registers, sizeof(registers));
	session->registers_done = true;
}

static void begin_page(struct td_session *session, u64 page)
{
	begin_record(session, TD_CONTENT, page, session->device->content + (page << TD_PAGE_SHIFT), TD_PAGE);
}

/* Prepares the next record. Returns false if there is none, for now or at all. */
static bool next_record(struct td_session *session)
{
	struct td_device *device = session->device;

	session->record_is_initial = false;
	if (!session->header_done) {
		begin_header(session);
		session->record_is_initial = true;
	} else if (session->cursor < device->pages) {
		begin_page(session, session->cursor++);
		session->record_is_initial = true;
	} else if (session->marked) {
		u64 page = find_first_bit(session->pages, device->pages);

		clear_bit(page, session->pages);
		session->marked--;
		begin_page(session, page);
	} else if (device->state != VFIO_DEVICE_STATE_STOP_COPY || session->end_done) {
		return false;
	} else if (!session->registers_done) {
		begin_registers(session);
	} else {
		begin_record(session, TD_END, session->records, NULL, 0);
		session->end_done = true;
	}
	return true;
}

static size_t rest_of_record(const struct td_session *session)
{
	return session->size - session->at;
}

/* Bytes after the current record. */
static u64 initial_left(const struct td_session *session)
{
	u64 left = (session->device->pages - session->cursor) * TD_RECORD_OF(TD_PAGE);

	return session->header_done ? left : left + TD_RECORD_OF(sizeof(struct td_header));
}

static u64 changed_left(const struct td_session *session)
{
	return session->marked * TD_RECORD_OF(TD_PAGE);
}

/* Bytes to be read if the device were stopped now. */
u64 td_bytes_left(const struct td_device *device)
{
	const struct td_session *session = device->session;
	u64 last = TD_RECORD_OF(sizeof(struct td_registers)) + TD_RECORD_OF(0);

	if (!session || session->is_resuming)
		return TD_RECORD_OF(sizeof(struct td_header)) + device->pages * TD_RECORD_OF(TD_PAGE) + last;
	if (session->registers_done)
		last = session->end_done ? 0 : TD_RECORD_OF(0);
	return rest_of_record(session) + initial_left(session) + changed_left(session) + last;
}

/* REINIT, as if the device had been reconfigured: all data read before is obsolete. */
void td_reinit(struct td_device *device)
{
	struct td_session *session = device->session;

	if (!session || session->is_resuming || !td_is_precopy(device->state))
		return;
	session->header_done = false;
	session->cursor = 0;
	bitmap_zero(session->pages, device->pages);
	session->marked = 0;
	session->reinit_done = true;
	session->reinit_pending = true;
	wake_up_all(&device->readable);
}

static bool is_readable(const struct td_session *session)
{
	return rest_of_record(session) || initial_left(session) || session->marked
		|| session->device->state == VFIO_DEVICE_STATE_STOP_COPY;
}

/* Copies the available records, up to a length. */
static ssize_t copy_records(struct td_session *session, char __user *buf, size_t length)
{
	size_t done = 0;

	while (done < length && (rest_of_record(session) || next_record(session))) {
		size_t header = sizeof(session->record);
		bool in_header = session->at < header;
		const u8 *from = in_header ? (u8 *)&session->record + session->at
					   : session->payload + session->at - header;
		size_t part = min(length - done, (in_header ? header : session->size) - session->at);

		if (copy_to_user(buf + done, from, part))
			return -EFAULT;
		session->at += part;
		done += part;
	}
	session->moved += done;
	return done;
}

static ssize_t read_locked(struct td_session *session, char __user *buf, size_t length)
{
	struct td_device *device = session->device;
	bool is_end;
	ssize_t done;
	int err;

	if (session->is_over)
		return -ENODEV;
	err = td_fault_read(session, &length, &is_end);
	if (err || !length)
		return err;
	if (td_is_precopy(device->state) && td_reinit_at() && !session->reinit_done) {
		if (session->moved < td_reinit_at())
			length = min_t(u64, length, td_reinit_at() - session->moved);
		else
			td_reinit(device);
	}
	done = is_end ? 0 : copy_records(session, buf, length);
	if (done || device->state == VFIO_DEVICE_STATE_STOP_COPY || td_ends_with_zero())
		return done;
	return -ENOMSG;
}

static ssize_t save_read(struct file *file, char __user *buf, size_t length, loff_t *pos)
{
	struct td_session *session = file->private_data;
	ssize_t done;

	mutex_lock(&session->device->lock);
	done = read_locked(session, buf, length);
	mutex_unlock(&session->device->lock);
	return done;
}

static int get_info(struct td_session *session, struct vfio_precopy_info *info)
{
	struct td_device *device = session->device;
	int err = td_fault_info(device);

	if (err)
		return err;
	if (session->is_over)
		return -ENODEV;
	if (!td_is_precopy(device->state))
		return -EINVAL;
	info->initial_bytes = initial_left(session) + (session->record_is_initial ? rest_of_record(session) : 0);
	info->dirty_bytes = changed_left(session) + (session->record_is_initial ? 0 : rest_of_record(session));
	if (device->reports_reinit) {
		info->flags = session->reinit_pending ? 1 /* VFIO_PRECOPY_INFO_REINIT */ : 0;
		session->reinit_pending = false;
	}
	return 0;
}

static long save_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct td_session *session = file->private_data;
	struct vfio_precopy_info info;
	size_t size = offsetofend(struct vfio_precopy_info, dirty_bytes);
	int err;

	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	if (copy_from_user(&info, (void __user *)arg, size))
		return -EFAULT;
	if (info.argsz < size)
		return -EINVAL;
	mutex_lock(&session->device->lock);
	err = get_info(session, &info);
	mutex_unlock(&session->device->lock);
	if (err)
		return err;
	return copy_to_user((void __user *)arg, &info, size) ? -EFAULT : 0;
}

static __poll_t save_poll(struct file *file, poll_table *wait)
{
	struct td_session *session = file->private_data;
	__poll_t events;

	mutex_lock(&session->device->lock);
	poll_wait(file, &session->device->readable, wait);
	events = session->is_over ? EPOLLHUP | EPOLLERR : is_readable(session) ? EPOLLIN | EPOLLRDNORM : 0;
	mutex_unlock(&session->device->lock);
	return events;
}

static const struct file_operations save_ops = {
	.owner = THIS_MODULE,
	.read = save_read,
	.poll = save_poll,
	.unlocked_ioctl = save_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = td_release_session,
};

struct file *td_save(struct td_device *device)
{
	return td_open_session(device, "vfio4j-testdev-saving", &save_ops, O_RDONLY);
}
