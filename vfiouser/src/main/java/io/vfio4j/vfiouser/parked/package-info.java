// SPDX-License-Identifier: Apache-2.0
/** What a VMM sees of a device that another VMM owns. Internal. */
@NullMarked
package io.vfio4j.vfiouser.parked;

import org.jspecify.annotations.NullMarked;
