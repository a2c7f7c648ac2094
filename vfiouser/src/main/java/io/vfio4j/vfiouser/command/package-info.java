// SPDX-License-Identifier: Apache-2.0
/** The commands of a client, executed at the device: one class for each group, and the table of them. Internal. */
@NullMarked
package io.vfio4j.vfiouser.command;

import org.jspecify.annotations.NullMarked;
