// SPDX-License-Identifier: Apache-2.0
/** Journals of migrations in files, and what is to be read from them. */
@NullMarked
package io.vfio4j.engine.journal;

import org.jspecify.annotations.NullMarked;
