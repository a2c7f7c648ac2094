// SPDX-License-Identifier: Apache-2.0
/** Compression of the DATA and MEMORY frames of a stream; the algorithms are in other modules. */
@NullMarked
package io.vfio4j.engine.codec;

import org.jspecify.annotations.NullMarked;
