// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

/**
 * The two directions of one socket.
 *
 * @param reader receives messages
 * @param sender sends messages, and defers received ones while the socket is full
 */
public record MessageChannel(MessageReader reader, MessageSender sender) {
}
