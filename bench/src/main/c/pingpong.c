// SPDX-License-Identifier: Apache-2.0
/*
 * The least that a vfio-user server and client can be, as a baseline: blocking sockets, one sendmsg and one recvmsg for
 * a small message, no checks that a real peer would need.
 *
 *   pingpong server PATH BYTES         serves one client after the other; a state of so many bytes
 *   pingpong read PATH WARMUP COUNT    reads 4 bytes of BAR0 so often; prints the 50th and 99th percentile, nanoseconds
 *   pingpong post PATH WARMUP COUNT    posts so many writes of 4 bytes, then reads; prints their number and nanoseconds
 *   pingpong copy PATH                 reads the state in STOP_COPY; prints bytes and nanoseconds
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { VERSION = 1, GET_INFO = 4, REGION_READ = 9, REGION_WRITE = 10, DEVICE_FEATURE = 16, MIG_DATA_READ = 17 };
enum { REPLY = 1, NO_REPLY = 0x10, ERROR = 0x20 };
enum { REGISTER_ID = 0x564a3453, REGISTER_SCRATCH = 0x10 };
enum { FEATURE_MIGRATION = 1, FEATURE_DEVICE_STATE = 2, FEATURE_GET = 1 << 16, FEATURE_SET = 1 << 17 };
enum { STATE_RUNNING = 2, STATE_STOP_COPY = 3 };

#define PIECE (1u << 20)
/* As the Java side has it: a whole message fits. */
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

struct message {
	struct header header;
	union {
		struct region_access access;
		struct mig_data mig;
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

/* Receives what there is, at most size. Returns 0 at the end. */
static size_t receive(int fd, void *into, size_t size, int flags)
{
	struct iovec part = {into, size};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t received = recvmsg(fd, &m, flags);

	if (received < 0 && errno != ECONNRESET)
		die("recvmsg");
	return received < 0 ? 0 : received;
}

/* Receives a message, which is small. Returns false at the end. */
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

/* What was received, several messages maybe, of which those up to start have been taken. */
struct stream {
	size_t start, end;
	char bytes[8192];
};

/* Takes the next message, which is small. Returns false at the end. */
static int take_next(int fd, struct stream *s, struct message *m)
{
	for (;;) {
		size_t have = s->end - s->start, got;
		struct header *h = (struct header *)(s->bytes + s->start);

		if (have >= sizeof *h && have >= h->size) {
			memcpy(m, h, h->size);
			s->start += h->size;
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

static void feature(int fd, struct message *m, uint32_t *state)
{
	/* words: argsz, flags, then the feature's own */
	uint32_t index = m->words[1] & 0xffff;

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
			memcpy(&scratch, m.bytes + sizeof m.access, sizeof scratch);
			if (!(m.header.flags & NO_REPLY))
				reply(fd, &m, sizeof m.header + sizeof m.access, NULL, 0);
			break;
		case REGION_READ:
			m.words[4] = m.access.offset == REGISTER_SCRATCH ? scratch : REGISTER_ID;
			reply(fd, &m, sizeof m.header + sizeof m.access + m.access.count, NULL, 0);
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
		default:
			refuse(fd, &m);
		}
	}
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

static int run_copy(const char *path)
{
	int fd = connect_to(path);
	char *buffer = aligned_alloc(4096, PIECE);
	uint64_t bytes = 0, began;
	struct {
		struct header header;
		struct mig_data mig;
	} m;

	memset(buffer, 1, PIECE);
	set_state(fd, STATE_STOP_COPY);
	began = now();
	do {
		m.header = (struct header){.command = MIG_DATA_READ, .size = sizeof m};
		m.mig = (struct mig_data){sizeof m.mig + PIECE, PIECE};
		send_all(fd, &m, sizeof m, NULL, 0);
		if (receive(fd, &m, sizeof m, MSG_WAITALL) < sizeof m || m.header.flags & ERROR)
			die("MIG_DATA_READ");
		/* What follows the header may be more than is real: some servers fill it up. */
		for (size_t have = 0, all = m.header.size - sizeof m; have < all;)
			have += receive(fd, buffer + have, all - have, MSG_WAITALL);
		bytes += m.mig.size;
	} while (m.mig.size);
	printf("%lu %lu\n", (unsigned long)bytes, (unsigned long)(now() - began));
	set_state(fd, STATE_RUNNING);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "server"))
		run_server(argv[2], strtoul(argv[3], NULL, 0));
	if (argc == 5 && !strcmp(argv[1], "read"))
		return run_read(argv[2], atol(argv[3]), atol(argv[4]));
	if (argc == 5 && !strcmp(argv[1], "post"))
		return run_post(argv[2], atol(argv[3]), atol(argv[4]));
	if (argc == 3 && !strcmp(argv[1], "copy"))
		return run_copy(argv[2]);
	fprintf(stderr, "usage: pingpong server PATH BYTES | read PATH WARMUP COUNT | post PATH WARMUP COUNT | copy PATH\n");
	return 2;
}
