// SPDX-License-Identifier: Apache-2.0
/** How the exchange of a command and its reply ends, and in which ways a server deviates. Internal. */
@NullMarked
package io.vfio4j.vfiouser.exchange;

import org.jspecify.annotations.NullMarked;
