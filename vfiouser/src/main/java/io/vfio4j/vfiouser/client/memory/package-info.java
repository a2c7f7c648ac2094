// SPDX-License-Identifier: Apache-2.0
/** The client's memory that a server reaches by DMA_READ and DMA_WRITE, and which of its pages the server wrote. */
@NullMarked
package io.vfio4j.vfiouser.client.memory;

import org.jspecify.annotations.NullMarked;
