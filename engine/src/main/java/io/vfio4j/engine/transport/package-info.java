// SPDX-License-Identifier: Apache-2.0
/**
 * Transports between the two sides: UNIX sockets, TCP with TLS 1.3, and ring buffers within a process.
 *
 * <p>
 * The connecting side uses {@link io.vfio4j.engine.transport.TransportConnector}, the listening side
 * {@link io.vfio4j.engine.transport.TransportListener}; {@link io.vfio4j.engine.transport.Connections} is what a
 * migration gets from either. A listener authenticates peers (TLS, or the user of a UNIX socket) and waits for the
 * first frame of each in parallel, so that a silent peer does not delay others.
 */
@NullMarked
package io.vfio4j.engine.transport;

import org.jspecify.annotations.NullMarked;
