// SPDX-License-Identifier: Apache-2.0
/** The log of a server, with a bound on what a client can write to it. */
@NullMarked
package io.vfio4j.vfiouser.log;

import org.jspecify.annotations.NullMarked;
