// SPDX-License-Identifier: Apache-2.0
/**
 * The transfer of memory by pages: dirty logs mark pages as pending, each channel sends the pending pages of its shards
 * as MEMORY frames, and the target writes them to its memory.
 */
@NullMarked
package io.vfio4j.engine.pages;

import org.jspecify.annotations.NullMarked;
