// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading a state. An invalid record is refused when it is written, a corrupt or incomplete stream when the device
 * leaves RESUMING.
 */

#include <linux/bitmap.h>
#include <linux/crc32.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "testdev.h"

static bool has_length(const struct td_record *record, u32 length)
{
	return le32_to_cpu(record->length) == length;
}

static int check_record(const struct td_session *session)
{
	const struct td_record *record = &session->record;
	u32 kind = le32_to_cpu(record->kind);

	if (le32_to_cpu(record->magic) != lower_32_bits(TD_MAGIC) || (!session->has_header && kind != TD_HEADER))
		return -EINVAL;
	switch (kind) {
	case TD_HEADER:
		return has_length(record, sizeof(struct td_header)) ? 0 : -EINVAL;
	case TD_CONTENT:
		return has_length(record, TD_PAGE) && le64_to_cpu(record->index) < session->device->pages ? 0 : -EINVAL;
	case TD_REGISTERS:
		return has_length(record, sizeof(struct td_registers)) ? 0 : -EINVAL;
	case TD_END:
		return has_length(record, 0) ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int take_header(struct td_session *session)
{
	struct td_header header;

	memcpy(&header, session->payload, sizeof(header));
	if (le64_to_cpu(header.magic) != TD_MAGIC || le32_to_cpu(header.version) != TD_VERSION
	    || le64_to_cpu(header.state_bytes) != td_bytes(session->device))
		return -EINVAL;
	session->has_header = true;
	return 0;
}

/* Pages are stored immediately: the previous content of a device in RESUMING is lost in any case. */
static void take_page(struct td_session *session, u64 page)
{
	memcpy(session->device->content + (page << TD_PAGE_SHIFT), session->payload, TD_PAGE);
	if (!test_and_set_bit(page, session->pages))
		session->marked++;
}

static void take_end(struct td_session *session)
{
	session->has_end = true;
	if (le32_to_cpu(session->record.crc) != session->chain
	    || le64_to_cpu(session->record.index) != session->records)
		session->broken = -EBADMSG;
}

static int take_record(struct td_session *session)
{
	const struct td_record *record = &session->record;
	u32 kind = le32_to_cpu(record->kind);
	int err = 0;

	if (kind == TD_END) {
		take_end(session);
	} else if (crc32_le(~0, session->payload, le32_to_cpu(record->length)) != le32_to_cpu(record->crc)) {
		session->broken = -EBADMSG;
	} else if (kind == TD_HEADER) {
		err = take_header(session);
	} else if (kind == TD_CONTENT) {
		take_page(session, le64_to_cpu(record->index));
	} else {
		memcpy(&session->registers, session->payload, sizeof(session->registers));
		session->has_registers = true;
	}
	session->chain = crc32_le(session->chain, (const u8 *)record, sizeof(*record));
	session->records++;
	return err;
}

/* Takes bytes up to the end of the current record's header or payload. */
static ssize_t take_piece(struct td_session *session, const char __user *buf, size_t length)
{
	size_t header = sizeof(session->record);
	bool in_header = session->at < header;
	u8 *to = in_header ? (u8 *)&session->record + session->at : session->payload + session->at - header;
	int err = 0;

	if (session->has_end)
		return -EINVAL;
	length = min(length, (in_header ? header : session->size) - session->at);
	if (copy_from_user(to, buf, length))
		return -EFAULT;
	session->at += length;
	if (session->at == header) {
		err = check_record(session);
		session->size = err ? header : header + le32_to_cpu(session->record.length);
	}
	if (!err && session->at >= header && session->at == session->size) {
		err = take_record(session);
		session->at = 0;
	}
	return err ? err : length;
}

static ssize_t write_locked(struct td_session *session, const char __user *buf, size_t length)
{
	size_t done = 0;
	int err;

	if (session->is_over)
		return -ENODEV;
	if (session->refusal)
		return session->refusal;
	err = td_fault_write(session, &length);
	if (err)
		return err;
	while (done < length) {
		ssize_t part = take_piece(session, buf + done, length - done);

		if (part < 0) {
			session->refusal = part;
			return part;
		}
		done += part;
	}
	session->moved += done;
	return done;
}

static ssize_t resume_write(struct file *file, const char __user *buf, size_t length, loff_t *pos)
{
	struct td_session *session = file->private_data;
	ssize_t done;

	mutex_lock(&session->device->lock);
	done = write_locked(session, buf, length);
	mutex_unlock(&session->device->lock);
	return done;
}

static __poll_t resume_poll(struct file *file, poll_table *wait)
{
	struct td_session *session = file->private_data;
	__poll_t events;

	mutex_lock(&session->device->lock);
	poll_wait(file, &session->device->readable, wait);
	events = session->is_over ? EPOLLHUP | EPOLLERR : EPOLLOUT | EPOLLWRNORM;
	mutex_unlock(&session->device->lock);
	return events;
}

static const struct file_operations resume_ops = {
	.owner = THIS_MODULE,
	.write = resume_write,
	.poll = resume_poll,
	.release = td_release_session,
};

struct file *td_resume(struct td_device *device)
{
	struct file *file = td_open_session(device, "vfio4j-testdev-resuming", &resume_ops, O_WRONLY);

	if (!IS_ERR(file))
		device->session->is_resuming = true;
	return file;
}

/* Makes the written data the device's state, if it is complete and intact. */
int td_load(struct td_device *device)
{
	struct td_session *session = device->session;

	if (!session || session->refusal)
		return session ? session->refusal : -EINVAL;
	if (session->broken)
		return session->broken;
	if (!session->has_end || !session->has_registers || session->marked != device->pages)
		return -EINVAL;
	device->ticks = le64_to_cpu(session->registers.ticks);
	device->random = le64_to_cpu(session->registers.random);
	device->scratch = le32_to_cpu(session->registers.scratch);
	device->rate = le32_to_cpu(session->registers.rate);
	return 0;
}
