// SPDX-License-Identifier: Apache-2.0
/** The command {@code handover}: another VMM becomes the owner of a device that runs. */
@NullMarked
package io.vfio4j.cli.handover;

import org.jspecify.annotations.NullMarked;
