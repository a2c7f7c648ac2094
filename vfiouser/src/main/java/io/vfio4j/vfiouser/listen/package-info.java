// SPDX-License-Identifier: Apache-2.0
/** The listening socket of a server: which clients are admitted, and how the others are rejected. Internal. */
@NullMarked
package io.vfio4j.vfiouser.listen;

import org.jspecify.annotations.NullMarked;
