// SPDX-License-Identifier: Apache-2.0
/** Device states, arcs, paths and plans; what a migratable device is. No I/O. */
@NullMarked
package io.vfio4j.model;

import org.jspecify.annotations.NullMarked;
