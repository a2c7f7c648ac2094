// SPDX-License-Identifier: Apache-2.0
/** What emulated devices need for DMA: the dirty log, and the kinds of memory behind their addresses. */
@NullMarked
package io.vfio4j.model.dma;

import org.jspecify.annotations.NullMarked;
