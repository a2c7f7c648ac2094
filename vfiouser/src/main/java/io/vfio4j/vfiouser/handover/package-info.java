// SPDX-License-Identifier: Apache-2.0
/** A VMM's connection as a value that another server can continue: docs/control-socket.md. */
@NullMarked
package io.vfio4j.vfiouser.handover;

import org.jspecify.annotations.NullMarked;
