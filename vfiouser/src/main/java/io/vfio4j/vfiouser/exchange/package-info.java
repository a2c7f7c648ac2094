// SPDX-License-Identifier: Apache-2.0
/** How the exchange of a command and its reply ends: by a refusal, or by a timeout. Internal. */
@NullMarked
package io.vfio4j.vfiouser.exchange;

import org.jspecify.annotations.NullMarked;
