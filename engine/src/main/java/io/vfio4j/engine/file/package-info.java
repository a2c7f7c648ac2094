// SPDX-License-Identifier: Apache-2.0
/** Saves the state of devices and memory to a file, checks such a file, and restores from it. */
@NullMarked
package io.vfio4j.engine.file;

import org.jspecify.annotations.NullMarked;
