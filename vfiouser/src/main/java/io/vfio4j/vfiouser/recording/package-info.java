// SPDX-License-Identifier: Apache-2.0
/**
 * Recordings of sessions: what came and went over the sockets of a server, with the descriptors and the times, in a
 * file. The format is described in {@code docs/recording.md}.
 */
@NullMarked
package io.vfio4j.vfiouser.recording;

import org.jspecify.annotations.NullMarked;
