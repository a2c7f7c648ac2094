// SPDX-License-Identifier: Apache-2.0
/** Files that output options name: replaced atomically, or written in place. */
@NullMarked
package io.vfio4j.engine.output;

import org.jspecify.annotations.NullMarked;
