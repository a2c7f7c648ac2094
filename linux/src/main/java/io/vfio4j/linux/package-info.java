// SPDX-License-Identifier: Apache-2.0
/**
 * The system calls of Linux that this project needs, over the FFM API: descriptors with an owner, mappings
 * with an arena's lifetime, UNIX sockets that pass descriptors, eventfds.
 *
 * <p>
 * A failing call is a {@link io.vfio4j.linux.LinuxException}; so is the use of a descriptor that was
 * closed (EBADF), since another thread may close it at any time. Wrong use by the program itself is a
 * RuntimeException.
 *
 * <p>
 * No call here ends through {@link java.lang.Thread#interrupt}. Calls that block are for platform
 * threads: a virtual thread would hold its carrier for as long.
 *
 * <p>
 * Sources: sections 2, 3 and 7 of the Linux man pages; sizes and offsets are those of x86-64 and arm64,
 * which agree but for struct epoll_event.
 */
@NullMarked
package io.vfio4j.linux;

import org.jspecify.annotations.NullMarked;
