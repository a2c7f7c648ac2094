// SPDX-License-Identifier: Apache-2.0
/** Device addresses, and the devices and memory that a command has opened. */
@NullMarked
package io.vfio4j.cli.device;

import org.jspecify.annotations.NullMarked;
