// SPDX-License-Identifier: Apache-2.0
/**
 * Recordings of connections: the bytes that a server received and sent, call by call, with times and
 * descriptors. The format is documented in {@code docs/recording.md}.
 */
@NullMarked
package io.vfio4j.vfiouser.recording;

import org.jspecify.annotations.NullMarked;
