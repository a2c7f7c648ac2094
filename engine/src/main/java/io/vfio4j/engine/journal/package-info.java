// SPDX-License-Identifier: Apache-2.0
/** Journals of migrations in files: they record who owns the devices if a process or host dies. */
@NullMarked
package io.vfio4j.engine.journal;

import org.jspecify.annotations.NullMarked;
