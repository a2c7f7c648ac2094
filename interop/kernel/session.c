// SPDX-License-Identifier: GPL-2.0-only
/* Data sessions. Each has a file, which remains after the session has ended and then fails with ENODEV. */

#include <linux/anon_inodes.h>
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "testdev.h"

static void free_session(struct kref *users)
{
	struct td_session *session = container_of(users, struct td_session, users);

	td_put(session->device);
	kvfree(session->pages);
	kvfree(session);
}

/* Returns the file, with a reference for the caller. The device owns the session's reference. */
struct file *td_open_session(struct td_device *device, const char *name, const struct file_operations *ops,
			     int flags)
{
	struct td_session *session = kvzalloc(sizeof(*session), GFP_KERNEL);
	struct file *file;

	if (!session)
		return ERR_PTR(-ENOMEM);
	session->pages = kvcalloc(BITS_TO_LONGS(device->pages), sizeof(long), GFP_KERNEL);
	if (!session->pages) {
		kvfree(session);
		return ERR_PTR(-ENOMEM);
	}
	kref_init(&session->users);
	session->device = device;
	kref_get(&device->users);
	file = anon_inode_getfile(name, ops, session, flags);
	if (IS_ERR(file)) {
		kref_put(&session->users, free_session);
		return file;
	}
	stream_open(file->f_inode, file);
	kref_get(&session->users);
	device->session = session;
	return file;
}

void td_end_session(struct td_device *device)
{
	struct td_session *session = device->session;

	if (!session)
		return;
	session->is_over = true;
	device->session = NULL;
	wake_up_all(&device->readable);
	kref_put(&session->users, free_session);
}

int td_release_session(struct inode *inode, struct file *file)
{
	struct td_session *session = file->private_data;

	kref_put(&session->users, free_session);
	return 0;
}
