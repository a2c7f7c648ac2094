// SPDX-License-Identifier: Apache-2.0
/**
 * The Linux system calls that this project needs, through the FFM API: descriptors with an owner, mappings
 * with the lifetime of an arena, UNIX sockets that pass descriptors, eventfds.
 *
 * <p>
 * Failed calls throw {@link io.vfio4j.linux.LinuxException}; so does the use of a closed descriptor (EBADF),
 * since another thread may close it at any time. Errors of the calling program are RuntimeExceptions.
 *
 * <p>
 * No call can be interrupted by {@link java.lang.Thread#interrupt}. Blocking calls are for platform threads:
 * a virtual thread would pin its carrier.
 *
 * <p>
 * Sources: sections 2, 3 and 7 of the Linux man pages; sizes and offsets are those of x86-64 and arm64, which
 * are the same except for struct epoll_event.
 */
@NullMarked
package io.vfio4j.linux;

import org.jspecify.annotations.NullMarked;
