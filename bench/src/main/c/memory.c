// SPDX-License-Identifier: Apache-2.0
/*
 * The minimum cost of moving memory: no checksums, no frames, no concurrent writer.
 *
 *   memory copy BYTES               copies BYTES with memcpy
 *   memory unix|tcp BYTES PIECE     one thread writes them to a local socket, another reads them
 *
 * Both print elapsed nanoseconds and nanoseconds of CPU time of all threads.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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

static uint64_t nanos(struct timeval t)
{
	return t.tv_sec * 1000000000ull + t.tv_usec * 1000ull;
}

static uint64_t processor(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return nanos(usage.ru_utime) + nanos(usage.ru_stime);
}

static char *memory(size_t bytes, int content)
{
	char *m = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED)
		die("mmap");
	memset(m, content, bytes);
	return m;
}

/* Creates both ends of a connection. */
static void connect_tcp(int ends[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int listening = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (listening < 0 || ends[0] < 0 || bind(listening, (struct sockaddr *)&address, size) || listen(listening, 1) ||
	    getsockname(listening, (struct sockaddr *)&address, &size) ||
	    connect(ends[0], (struct sockaddr *)&address, size))
		die("tcp");
	ends[1] = accept(listening, NULL, NULL);
	if (ends[1] < 0)
		die("accept");
	setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	close(listening);
}

struct end {
	int fd;
	char *memory;
	size_t bytes, piece;
};

static void *write_all(void *argument)
{
	struct end *end = argument;

	for (size_t at = 0; at < end->bytes;) {
		size_t left = end->bytes - at;
		ssize_t n = write(end->fd, end->memory + at, left < end->piece ? left : end->piece);

		if (n < 0)
			die("write");
		at += n;
	}
	return NULL;
}

static void read_all(struct end *end)
{
	for (size_t at = 0; at < end->bytes;) {
		size_t left = end->bytes - at;
		ssize_t n = read(end->fd, end->memory + at, left < end->piece ? left : end->piece);

		if (n <= 0)
			die("read");
		at += n;
	}
}

static void transfer(const char *kind, char *from, char *into, size_t bytes, size_t piece)
{
	int ends[2];
	pthread_t thread;

	if (strcmp(kind, "tcp") == 0)
		connect_tcp(ends);
	else if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		die("socketpair");
	struct end writer = {ends[0], from, bytes, piece}, reader = {ends[1], into, bytes, piece};
	if (pthread_create(&thread, NULL, write_all, &writer))
		die("pthread_create");
	read_all(&reader);
	if (pthread_join(thread, NULL))
		die("pthread_join");
}

int main(int argc, char **argv)
{
	size_t bytes = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	char *from = bytes ? memory(bytes, 0x5a) : NULL, *into = bytes ? memory(bytes, 1) : NULL;
	uint64_t processor_before = processor(), before = now(), took;

	if (argc == 3 && strcmp(argv[1], "copy") == 0) {
		memcpy(into, from, bytes);
	} else if (argc == 4) {
		transfer(argv[1], from, into, bytes, strtoull(argv[3], NULL, 10));
	} else {
		fputs("usage: memory copy BYTES | memory unix|tcp BYTES PIECE\n", stderr);
		return 2;
	}
	took = now() - before;
	printf("%lu %lu\n", (unsigned long)took, (unsigned long)(processor() - processor_before));
	if (memcmp(from, into, 4096) || memcmp(from + bytes - 4096, into + bytes - 4096, 4096))
		die("content");
	return 0;
}
