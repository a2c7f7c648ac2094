// SPDX-License-Identifier: Apache-2.0
/*
 * A minimal vfio-user server and client, as a baseline: blocking sockets, one sendmsg and one recvmsg for a small
 * message, without the checks that a real peer needs.
 *
 *   pingpong server PATH BYTES         serves clients one by one; the state has BYTES bytes
 *   pingpong read PATH WARMUP COUNT    reads 4 bytes of BAR0 COUNT times; prints 50th and 99th percentile, nanoseconds
 *   pingpong post PATH WARMUP COUNT    posts COUNT writes of 4 bytes, then reads; prints their number and nanoseconds
 *   pingpong copy PATH                 reads the state in STOP_COPY; prints bytes and nanoseconds
 *   pingpong stream PATH PIECE         reads the state in pieces, then writes it; prints bytes per second of both
 *   pingpong map PATH LIVE WARMUP COUNT  maps and unmaps a page beside LIVE others; prints pairs and nanoseconds
 *   pingpong report PATH BYTES COUNT   requests dirty reports of BYTES of memory; prints the median nanoseconds of a
 *                                      report with no dirty pages, and of one with all pages dirty
 *   pingpong start PATH COMMAND...     starts a server; prints milliseconds until it accepts a connection, and kills it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { VERSION = 1, DMA_MAP = 2, DMA_UNMAP = 3, GET_INFO = 4, REGION_READ = 9, REGION_WRITE = 10 };
enum { DEVICE_RESET = 13, DEVICE_FEATURE = 16, MIG_DATA_READ = 17, MIG_DATA_WRITE = 18 };
enum { REPLY = 1, NO_REPLY = 0x10, ERROR = 0x20 };
enum { REGISTER_ID = 0x564a3453, REGISTER_SCRATCH = 0x10, REGISTER_MARK_DIRTY = 0x100 };
enum { FEATURE_MIGRATION = 1, FEATURE_DEVICE_STATE = 2, FEATURE_LOG_START = 6, FEATURE_LOG_STOP = 7 };
enum { FEATURE_LOG_REPORT = 8, FEATURE_GET = 1 << 16, FEATURE_SET = 1 << 17 };
enum { STATE_RUNNING = 2, STATE_STOP_COPY = 3, STATE_RESUMING = 4 };

#define PIECE (1u << 20)
/* As on the Java side: a complete message fits. */
#define SOCKET_BUFFER (2 << 20)

struct header {
	uint16_t id, command;
	uint32_t size, flags, error;
};

struct region_access {
	uint64_t offset;
	uint32_t region, count;
};

struct mig_data {
	uint32_t argsz, size;
};

struct dma_map {
	uint32_t argsz, flags;
	uint64_t offset, iova, size;
};

struct dma_unmap {
	uint32_t argsz, flags;
	uint64_t iova, size;
};

struct log_start {
	uint32_t argsz, flags;
	uint64_t page_size;
	uint32_t ranges, reserved;
	uint64_t iova, size;
};

struct log_report {
	uint32_t argsz, flags;
	uint64_t iova, size, page_size;
};

struct message {
	struct header header;
	union {
		struct region_access access;
		struct mig_data mig;
		struct dma_map map;
		struct dma_unmap unmap;
		struct log_start log_start;
		struct log_report log_report;
		uint32_t words[1024];
		uint8_t bytes[4096];
	};
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void prepare(int fd)
{
	const char *choice = getenv("PINGPONG_BUFFER");
	int size = choice ? atoi(choice) : SOCKET_BUFFER;

	if (size == 0)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

/* Sends all of head and tail. */
static void send_all(int fd, void *head, size_t head_size, void *tail, size_t tail_size)
{
	struct iovec parts[2] = {{head, head_size}, {tail, tail_size}};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = tail_size ? 2 : 1};

	for (size_t left = head_size + tail_size; left;) {
		ssize_t sent = sendmsg(fd, &m, MSG_NOSIGNAL);

		if (sent < 0)
			die("sendmsg");
		left -= sent;
		for (size_t i = 0; i < 2; i++) {
			size_t part = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;

			parts[i].iov_base = (char *)parts[i].iov_base + part;
			parts[i].iov_len -= part;
			sent -= part;
		}
	}
}

/* The descriptor that came with the last message, or -1. */
static int passed = -1;

/* Receives available bytes, at most size. Returns 0 at the end. */
static size_t receive(int fd, void *into, size_t size, int flags)
{
	struct iovec part = {into, size};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t received = recvmsg(fd, &m, flags | MSG_CMSG_CLOEXEC);

	if (received < 0 && errno != ECONNRESET)
		die("recvmsg");
	if (received > 0 && m.msg_controllen)
		memcpy(&passed, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof passed);
	return received < 0 ? 0 : received;
}

/* Receives a small message. Returns false at the end. */
static int take(int fd, struct message *m)
{
	size_t have = 0;

	do {
		size_t got = receive(fd, (char *)m + have, sizeof *m - have, 0);

		if (!got)
			return 0;
		have += got;
	} while (have < sizeof m->header || have < m->header.size);
	return 1;
}

/* Received bytes, possibly several messages; those up to start have been consumed. */
struct stream {
	size_t start, end;
	char bytes[8192];
};

/* Takes the next message. It is small, except for the data of MIG_DATA_WRITE, which stays. Returns false at the end. */
static int take_next(int fd, struct stream *s, struct message *m)
{
	for (;;) {
		size_t have = s->end - s->start, got;
		struct header *h = (struct header *)(s->bytes + s->start);
		size_t size = have >= sizeof *h ? h->size : sizeof *h;

		if (have >= sizeof *h && h->command == MIG_DATA_WRITE)
			size = sizeof *h + sizeof m->mig;
		if (have >= sizeof *h && have >= size) {
			memcpy(m, h, size);
			s->start += size;
			return 1;
		}
		memmove(s->bytes, s->bytes + s->start, have);
		s->start = 0;
		s->end = have;
		got = receive(fd, s->bytes + have, sizeof s->bytes - have, 0);
		if (!got)
			return 0;
		s->end += got;
	}
}

/* Takes the data after a message. */
static void take_data(int fd, struct stream *s, char *into, size_t size)
{
	size_t have = s->end - s->start;

	have = have < size ? have : size;
	memcpy(into, s->bytes + s->start, have);
	s->start += have;
	while (have < size) {
		size_t got = receive(fd, into + have, size - have, MSG_WAITALL);

		if (!got)
			return;
		have += got;
	}
}

static void reply(int fd, struct message *m, size_t head, void *tail, size_t tail_size)
{
	m->header.size = head + tail_size;
	m->header.flags = REPLY;
	m->header.error = 0;
	send_all(fd, m, head, tail, tail_size);
}

static void refuse(int fd, struct message *m)
{
	m->header.size = sizeof m->header;
	m->header.flags = REPLY | ERROR;
	m->header.error = ENOTTY;
	send_all(fd, m, sizeof m->header, NULL, 0);
}

/* Mappings by their first page, which suffices for clients that map single pages. */
static struct {
	void *address;
	size_t size;
} mappings[1 << 16];

static size_t slot(uint64_t iova)
{
	return iova / 4096 % (sizeof mappings / sizeof mappings[0]);
}

static void map(int fd, struct message *m)
{
	void *address = mmap(NULL, m->map.size, PROT_READ | PROT_WRITE, MAP_SHARED, passed, m->map.offset);

	if (address == MAP_FAILED)
		die("mmap");
	close(passed);
	passed = -1;
	mappings[slot(m->map.iova)].address = address;
	mappings[slot(m->map.iova)].size = m->map.size;
	reply(fd, m, sizeof m->header, NULL, 0);
}

static void unmap(int fd, struct message *m)
{
	size_t i = slot(m->unmap.iova);

	if (munmap(mappings[i].address, mappings[i].size))
		die("munmap");
	mappings[i].address = NULL;
	reply(fd, m, sizeof m->header + sizeof m->unmap, NULL, 0);
}

/* A client may disconnect without unmapping. */
static void unmap_all(void)
{
	for (size_t i = 0; i < sizeof mappings / sizeof mappings[0]; i++) {
		if (mappings[i].address && munmap(mappings[i].address, mappings[i].size))
			die("munmap");
		mappings[i].address = NULL;
	}
}

/* The dirty log of one range at address 0, and the part of it that is being sent. */
static unsigned char *dirty, *reported;
static size_t dirty_bytes;

static void start_log(int fd, struct message *m)
{
	dirty_bytes = m->log_start.size / 4096 / 8;
	dirty = calloc(1, dirty_bytes);
	reported = calloc(1, dirty_bytes);
	reply(fd, m, sizeof m->header + sizeof m->log_start, NULL, 0);
}

static void stop_log(int fd, struct message *m)
{
	free(dirty);
	free(reported);
	reply(fd, m, sizeof m->header + 8, NULL, 0);
}

static void report_log(int fd, struct message *m)
{
	memcpy(reported, dirty, dirty_bytes);
	memset(dirty, 0, dirty_bytes);
	reply(fd, m, sizeof m->header + sizeof m->log_report, reported, dirty_bytes);
}

static void feature(int fd, struct message *m, uint32_t *state)
{
	/* words: argsz, flags, then those of the feature */
	uint32_t index = m->words[1] & 0xffff;

	if (index == FEATURE_LOG_START && m->words[1] & FEATURE_SET) {
		start_log(fd, m);
		return;
	}
	if (index == FEATURE_LOG_STOP && m->words[1] & FEATURE_SET) {
		stop_log(fd, m);
		return;
	}
	if (index == FEATURE_LOG_REPORT && m->words[1] & FEATURE_GET) {
		report_log(fd, m);
		return;
	}
	if (index == FEATURE_MIGRATION && m->words[1] & FEATURE_GET) {
		m->words[2] = 1; /* STOP_COPY */
		m->words[3] = 0;
	} else if (index == FEATURE_DEVICE_STATE && m->words[1] & FEATURE_SET) {
		*state = m->words[2];
	} else if (index == FEATURE_DEVICE_STATE && m->words[1] & FEATURE_GET) {
		m->words[2] = *state;
		m->words[3] = -1;
	} else {
		refuse(fd, m);
		return;
	}
	reply(fd, m, sizeof m->header + 16, NULL, 0);
}

static void serve(int fd, char *memory, size_t bytes)
{
	static const char version[] = "\0\0\2\0{\"capabilities\":{}}";
	uint32_t state = STATE_RUNNING, scratch = 0;
	struct stream stream = {0};
	size_t at = 0;
	struct message m;

	while (take_next(fd, &stream, &m)) {
		switch (m.header.command) {
		case VERSION:
			memcpy(m.bytes, version, sizeof version);
			reply(fd, &m, sizeof m.header + sizeof version, NULL, 0);
			break;
		case GET_INFO:
			m.words[0] = 16;
			m.words[1] = 2; /* PCI */
			m.words[2] = 9;
			m.words[3] = 5;
			reply(fd, &m, sizeof m.header + 16, NULL, 0);
			break;
		case REGION_WRITE:
			if (m.access.offset == REGISTER_MARK_DIRTY)
				memset(dirty, 0xff, dirty_bytes);
			else
				memcpy(&scratch, m.bytes + sizeof m.access, sizeof scratch);
			if (!(m.header.flags & NO_REPLY))
				reply(fd, &m, sizeof m.header + sizeof m.access, NULL, 0);
			break;
		case REGION_READ:
			m.words[4] = m.access.offset == REGISTER_SCRATCH ? scratch : REGISTER_ID;
			reply(fd, &m, sizeof m.header + sizeof m.access + m.access.count, NULL, 0);
			break;
		case DMA_MAP:
			map(fd, &m);
			break;
		case DMA_UNMAP:
			unmap(fd, &m);
			break;
		case DEVICE_FEATURE:
			feature(fd, &m, &state);
			at = 0;
			break;
		case MIG_DATA_READ: {
			size_t left = bytes - at, size = m.mig.size < left ? m.mig.size : left;

			m.mig.argsz = sizeof m.mig + size;
			m.mig.size = size;
			reply(fd, &m, sizeof m.header + sizeof m.mig, memory + at, size);
			at += size;
			break;
		}
		case MIG_DATA_WRITE:
			if (at + m.mig.size > bytes)
				at = 0;
			take_data(fd, &stream, memory + at, m.mig.size);
			at += m.mig.size;
			reply(fd, &m, sizeof m.header, NULL, 0);
			break;
		case DEVICE_RESET:
			state = STATE_RUNNING;
			reply(fd, &m, sizeof m.header, NULL, 0);
			break;
		default:
			refuse(fd, &m);
		}
	}
	unmap_all();
}

static int open_socket(const char *path, struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	strncpy(address->sun_path, path, sizeof address->sun_path - 1);
	return fd;
}

_Noreturn static void run_server(const char *path, size_t bytes)
{
	struct sockaddr_un address;
	int listening = open_socket(path, &address);
	char *memory = mmap(NULL, bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	memset(memory, 0x5a, bytes);
	unlink(path);
	if (bind(listening, (struct sockaddr *)&address, sizeof address) || listen(listening, 1))
		die(path);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int fd = accept(listening, NULL, NULL);

		if (fd < 0)
			die("accept");
		prepare(fd);
		serve(fd, memory, bytes);
		close(fd);
	}
}

static int connect_to(const char *path)
{
	static const char version[] = "\0\0\2\0{\"capabilities\":{}}";
	struct sockaddr_un address;
	int fd = open_socket(path, &address);
	struct message m = {.header = {.command = VERSION, .size = sizeof m.header + sizeof version}};

	if (connect(fd, (struct sockaddr *)&address, sizeof address))
		die(path);
	prepare(fd);
	memcpy(m.bytes, version, sizeof version);
	send_all(fd, &m, m.header.size, NULL, 0);
	if (!take(fd, &m) || m.header.flags & ERROR)
		die("VERSION");
	return fd;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int run_read(const char *path, long warmup, long count)
{
	int fd = connect_to(path);
	uint32_t *took = malloc(count * sizeof *took);
	struct message m;

	for (long i = -warmup; i < count; i++) {
		uint64_t began = now();

		m.header = (struct header){.id = i, .command = REGION_READ, .size = sizeof m.header + sizeof m.access};
		m.access = (struct region_access){.count = 4};
		send_all(fd, &m, m.header.size, NULL, 0);
		if (!take(fd, &m) || m.header.flags & ERROR || m.words[4] != REGISTER_ID)
			die("REGION_READ");
		if (i >= 0)
			took[i] = now() - began;
	}
	qsort(took, count, sizeof *took, by_value);
	printf("%u %u\n", took[count / 2], took[count * 99 / 100]);
	return 0;
}

static int run_post(const char *path, long warmup, long count)
{
	int fd = connect_to(path);
	uint64_t began = 0;
	struct message m;

	for (long i = 1 - warmup; i <= count; i++) {
		if (i == 1)
			began = now();
		m.header = (struct header){.id = i, .command = REGION_WRITE, .size = sizeof m.header + sizeof m.access + 4,
					   .flags = NO_REPLY};
		m.access = (struct region_access){.offset = REGISTER_SCRATCH, .count = 4};
		m.words[4] = i;
		send_all(fd, &m, m.header.size, NULL, 0);
	}
	m.header = (struct header){.command = REGION_READ, .size = sizeof m.header + sizeof m.access};
	m.access = (struct region_access){.offset = REGISTER_SCRATCH, .count = 4};
	send_all(fd, &m, m.header.size, NULL, 0);
	if (!take(fd, &m) || m.header.flags & ERROR || m.words[4] != count)
		die("REGION_WRITE");
	printf("%ld %lu\n", count, (unsigned long)(now() - began));
	return 0;
}

static void set_state(int fd, uint32_t state)
{
	struct message m = {.header = {.command = DEVICE_FEATURE, .size = sizeof m.header + 16}};

	m.words[0] = 16;
	m.words[1] = FEATURE_DEVICE_STATE | FEATURE_SET;
	m.words[2] = state;
	m.words[3] = -1;
	send_all(fd, &m, m.header.size, NULL, 0);
	if (!take(fd, &m) || m.header.flags & ERROR)
		die("DEVICE_FEATURE");
}

static void reset(int fd)
{
	struct message m = {.header = {.command = DEVICE_RESET, .size = sizeof m.header}};

	send_all(fd, &m, m.header.size, NULL, 0);
	if (!take(fd, &m) || m.header.flags & ERROR)
		die("DEVICE_RESET");
}

struct mig_message {
	struct header header;
	struct mig_data mig;
};

/* Reads the state to its end, each piece to the same address or after the previous one. Returns its size. */
static uint64_t read_state(int fd, char *into, uint32_t piece, int keep)
{
	uint64_t bytes = 0;
	struct mig_message m;

	do {
		char *at = keep ? into + bytes : into;

		m.header = (struct header){.command = MIG_DATA_READ, .size = sizeof m};
		m.mig = (struct mig_data){sizeof m.mig + piece, piece};
		send_all(fd, &m, sizeof m, NULL, 0);
		if (receive(fd, &m, sizeof m, MSG_WAITALL) < sizeof m || m.header.flags & ERROR)
			die("MIG_DATA_READ");
		/* More data than announced may follow the header: some servers pad it. */
		for (size_t have = 0, all = m.header.size - sizeof m; have < all;)
			have += receive(fd, at + have, all - have, MSG_WAITALL);
		bytes += m.mig.size;
	} while (m.mig.size);
	return bytes;
}

static void write_state(int fd, char *from, uint64_t bytes, uint32_t piece)
{
	for (uint64_t at = 0; at < bytes;) {
		uint32_t size = bytes - at < piece ? bytes - at : piece;
		struct mig_message m = {{.command = MIG_DATA_WRITE, .size = sizeof m + size}, {sizeof m.mig + size, size}};

		send_all(fd, &m, sizeof m, from + at, size);
		if (receive(fd, &m.header, sizeof m.header, MSG_WAITALL) < sizeof m.header || m.header.flags & ERROR)
			die("MIG_DATA_WRITE");
		at += size;
	}
}

static int run_copy(const char *path)
{
	int fd = connect_to(path);
	char *buffer = aligned_alloc(4096, PIECE);
	uint64_t bytes, began;

	memset(buffer, 1, PIECE);
	set_state(fd, STATE_STOP_COPY);
	began = now();
	bytes = read_state(fd, buffer, PIECE, 0);
	printf("%lu %lu\n", (unsigned long)bytes, (unsigned long)(now() - began));
	set_state(fd, STATE_RUNNING);
	return 0;
}

static int run_stream(const char *path, uint32_t piece)
{
	int fd = connect_to(path);
	/* Space for any state; only the bytes read use memory. */
	char *state = mmap(NULL, 1ul << 36, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *buffer = aligned_alloc(4096, PIECE);
	uint64_t bytes, began, reading, writing;

	if (state == MAP_FAILED)
		die("mmap");
	memset(buffer, 1, PIECE);
	set_state(fd, STATE_STOP_COPY);
	bytes = read_state(fd, state, PIECE, 1);
	set_state(fd, STATE_RUNNING);
	set_state(fd, STATE_STOP_COPY);
	began = now();
	read_state(fd, buffer, piece, 0);
	reading = now() - began;
	reset(fd);
	set_state(fd, STATE_RESUMING);
	began = now();
	write_state(fd, state, bytes, piece);
	writing = now() - began;
	/* Loads the state, so that it can be read again. */
	set_state(fd, STATE_RUNNING);
	printf("%.0f %.0f\n", bytes * 1e9 / reading, bytes * 1e9 / writing);
	return 0;
}

/* Sends a command with a descriptor. */
static void send_with(int fd, struct message *m, int with)
{
	struct iovec part = {m, m->header.size};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};

	memcpy(CMSG_DATA(&control.header), &with, sizeof with);
	if (sendmsg(fd, &message, MSG_NOSIGNAL) != (ssize_t)m->header.size)
		die("sendmsg");
}

static void finish(int fd, struct message *m, const char *what)
{
	if (!take(fd, m) || m->header.flags & ERROR)
		die(what);
}

/* Pages have gaps between them, so that mappings are not merged. */
static void map_page(int fd, int memory, uint64_t page)
{
	struct message m = {.header = {.command = DMA_MAP, .size = sizeof m.header + sizeof m.map}};

	m.map = (struct dma_map){sizeof m.map, 7, page * 4096, page * 8192, 4096};
	send_with(fd, &m, memory);
	finish(fd, &m, "DMA_MAP");
}

static void unmap_page(int fd, uint64_t page)
{
	struct message m = {.header = {.command = DMA_UNMAP, .size = sizeof m.header + sizeof m.unmap}};

	m.unmap = (struct dma_unmap){sizeof m.unmap, 0, page * 8192, 4096};
	send_all(fd, &m, m.header.size, NULL, 0);
	finish(fd, &m, "DMA_UNMAP");
}

static int run_map(const char *path, long live, long warmup, long count)
{
	int fd = connect_to(path);
	int memory = memfd_create("guest", MFD_CLOEXEC);
	uint64_t began = 0;

	if (memory < 0 || ftruncate(memory, (live + 1) * 4096))
		die("memfd_create");
	for (long page = 0; page <= live; page++)
		if (page != live / 2)
			map_page(fd, memory, page);
	for (long i = -warmup; i < count; i++) {
		if (i == 0)
			began = now();
		map_page(fd, memory, live / 2);
		unmap_page(fd, live / 2);
	}
	printf("%ld %lu\n", count, (unsigned long)(now() - began));
	for (long page = 0; page <= live; page++)
		if (page != live / 2)
			unmap_page(fd, page);
	return 0;
}

static void mark_all_dirty(int fd, uint64_t bytes)
{
	struct message m = {.header = {.command = REGION_WRITE, .size = sizeof m.header + sizeof m.access + sizeof bytes}};

	m.access = (struct region_access){.offset = REGISTER_MARK_DIRTY, .count = sizeof bytes};
	memcpy(m.bytes + sizeof m.access, &bytes, sizeof bytes);
	send_all(fd, &m, m.header.size, NULL, 0);
	finish(fd, &m, "REGION_WRITE of MARK_DIRTY");
}

static uint32_t report(int fd, uint64_t bytes, char *bitmap)
{
	size_t size = bytes / 4096 / 8;
	uint64_t began = now();
	struct {
		struct header header;
		struct log_report report;
	} m = {.header = {.command = DEVICE_FEATURE, .size = sizeof m}};

	m.report = (struct log_report){sizeof m.report + size, FEATURE_LOG_REPORT | FEATURE_GET, 0, bytes, 4096};
	send_all(fd, &m, sizeof m, NULL, 0);
	if (receive(fd, &m, sizeof m, MSG_WAITALL) < sizeof m || m.header.flags & ERROR || m.header.size != sizeof m + size)
		die("DMA_LOGGING_REPORT");
	for (size_t have = 0; have < size;)
		have += receive(fd, bitmap + have, size - have, MSG_WAITALL);
	return now() - began;
}

static int run_report(const char *path, uint64_t bytes, long count)
{
	int fd = connect_to(path);
	int memory = memfd_create("guest", MFD_CLOEXEC);
	char *bitmap = malloc(bytes / 4096 / 8);
	uint32_t *clean = malloc(count * sizeof *clean), *all = malloc(count * sizeof *all);
	struct message m = {.header = {.command = DMA_MAP, .size = sizeof m.header + sizeof m.map}};

	if (memory < 0 || ftruncate(memory, bytes))
		die("memfd_create");
	m.map = (struct dma_map){sizeof m.map, 7, 0, 0, bytes};
	send_with(fd, &m, memory);
	finish(fd, &m, "DMA_MAP");
	m.header = (struct header){.command = DEVICE_FEATURE, .size = sizeof m.header + sizeof m.log_start};
	m.log_start = (struct log_start){sizeof m.log_start, FEATURE_LOG_START | FEATURE_SET, 4096, 1, 0, 0, bytes};
	send_all(fd, &m, m.header.size, NULL, 0);
	finish(fd, &m, "DMA_LOGGING_START");
	for (long i = 0; i < count; i++) {
		mark_all_dirty(fd, bytes);
		all[i] = report(fd, bytes, bitmap);
		if (bitmap[0] != (char)0xff || bitmap[bytes / 4096 / 8 - 1] != (char)0xff)
			die("dirty report");
		clean[i] = report(fd, bytes, bitmap);
		if (bitmap[0])
			die("clean report");
	}
	qsort(clean, count, sizeof *clean, by_value);
	qsort(all, count, sizeof *all, by_value);
	printf("%u %u\n", clean[count / 2], all[count / 2]);
	m.header = (struct header){.command = DEVICE_FEATURE, .size = sizeof m.header + 8};
	m.words[0] = 8;
	m.words[1] = FEATURE_LOG_STOP | FEATURE_SET;
	send_all(fd, &m, m.header.size, NULL, 0);
	finish(fd, &m, "DMA_LOGGING_STOP");
	return 0;
}

static int run_start(const char *path, char **command)
{
	struct sockaddr_un address;
	uint64_t began = now();
	pid_t server = fork();

	if (server < 0)
		die("fork");
	if (!server) {
		execvp(command[0], command);
		die(command[0]);
	}
	for (;;) {
		int fd = open_socket(path, &address);
		int refused = connect(fd, (struct sockaddr *)&address, sizeof address);

		close(fd);
		if (!refused)
			break;
		if (waitpid(server, NULL, WNOHANG) == server)
			die("the server exited");
		usleep(500);
	}
	printf("%.1f\n", (now() - began) / 1e6);
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "start"))
		return run_start(argv[2], argv + 3);
	if (argc == 4 && !strcmp(argv[1], "server"))
		run_server(argv[2], strtoul(argv[3], NULL, 0));
	if (argc == 5 && !strcmp(argv[1], "read"))
		return run_read(argv[2], atol(argv[3]), atol(argv[4]));
	if (argc == 5 && !strcmp(argv[1], "post"))
		return run_post(argv[2], atol(argv[3]), atol(argv[4]));
	if (argc == 3 && !strcmp(argv[1], "copy"))
		return run_copy(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "stream"))
		return run_stream(argv[2], strtoul(argv[3], NULL, 0));
	if (argc == 6 && !strcmp(argv[1], "map"))
		return run_map(argv[2], atol(argv[3]), atol(argv[4]), atol(argv[5]));
	if (argc == 5 && !strcmp(argv[1], "report"))
		return run_report(argv[2], strtoull(argv[3], NULL, 0), atol(argv[4]));
	fprintf(stderr, "usage: pingpong server PATH BYTES | read PATH WARMUP COUNT | post PATH WARMUP COUNT | copy PATH |"
		" stream PATH PIECE | map PATH LIVE WARMUP COUNT | report PATH BYTES COUNT |"
		" start PATH COMMAND...\n");
	return 2;
}
