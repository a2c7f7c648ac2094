// SPDX-License-Identifier: Apache-2.0
/** Zstandard (RFC 8878) for migration streams, with libzstd. Both buffers are native, so nothing is copied. */
@NullMarked
package io.vfio4j.zstd;

import org.jspecify.annotations.NullMarked;
